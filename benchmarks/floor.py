"""How much of a run is the network's, and Python's: beside it, a walk that asks the same, and does nothing else.

Four whole processes in turn: the bare script, the walk (`benchmarks.walk`), the walk with what a run cannot do
without, and the run. Below what the walk takes no program in Python goes that says all this. What a run takes beyond
it is ours.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from benchmarks.line import DatagramLine, StreamLine
from benchmarks.mailbox import Mailbox
from benchmarks.process import Ended, ended
from benchmarks.results import say

ROUNDS = {0: 5, 20: 7, 50: 5, 150: 3}
"""Of all four, by the milliseconds of a round trip."""
WALKING = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from benchmarks.walk import main
del sys.path[0]
main()
"""
"""By the interpreter of the installed command, where what is installed is found first."""
SAID_AT = 20
"""Milliseconds of a round trip at which what is said is compared."""
LEAST_OF = 3
HEADER = 12
"""Octets of a question (RFC 1035 §4.1.1), of which the first two are its number."""

Contestant = Callable[[], Awaitable[Ended]]


async def walked(command: str, mailbox: Mailbox, *, with_what_is_needed: bool = False) -> Ended:
    """One walk, as a process."""
    python = str(Path(command).with_name("python"))
    options = ["needed"] if with_what_is_needed else []
    with tempfile.TemporaryDirectory() as elsewhere:  # where no checkout is in the way of what is installed
        return await ended([python, "-c", WALKING, *options], msgspec.json.encode(mailbox), folder=elsewhere)


class Said:
    """What has been asked of the name server, and said on each service's connections."""

    def __init__(self, nameserver: DatagramLine, services: dict[str, StreamLine]) -> None:
        self._nameserver = nameserver
        self._services = services

    async def by(self, contestant: Contestant) -> dict[str, list[bytes] | list[int]]:
        """All questions, and of each service the least exchanges of its connections: an answer may come in pieces."""
        told = [await self._once(contestant) for _ in range(LEAST_OF)]
        least = {name: min(one[name] for one in told) for name in self._services}
        return {"questions": sorted(one[HEADER:] for one in self._nameserver.asked), **least}

    async def _once(self, contestant: Contestant) -> dict[str, list[int]]:
        self._nameserver.asked.clear()
        for line in self._services.values():
            line.exchanges.clear()
        await contestant()
        for line in self._services.values():
            await line.all_ended()
        return {name: sorted(line.exchanges) for name, line in self._services.items()}


async def differences(said: Said, walk: Contestant, run: Contestant) -> list[str]:
    """In what *walk* and *run* differ, of all that they ask and say."""
    walks, runs = await said.by(walk), await said.by(run)
    return [f"{name}: {walks[name]}, and not {runs[name]}" for name in walks if walks[name] != runs[name]]


async def row(milliseconds: int, four: Sequence[Contestant]) -> None:
    """Print one line of the table: medians, and the ratios to the bare script in each round."""
    taken = list[list[float]]()
    for number in range(ROUNDS[milliseconds]):
        seconds = [0.0] * len(four)
        for place in range(len(four)):
            at = (place + number) % len(four)  # none is always the first
            seconds[at] = (await four[at]()).seconds
        taken.append(seconds)
    middle = [1000 * statistics.median(column) for column in zip(*taken, strict=True)]
    ratios = [statistics.median(one[at] / one[0] for one in taken) for at in range(1, len(four))]
    times = "".join(f"{one:8.0f}" for one in middle)
    say(f"  {f'a round trip of {milliseconds} ms':<34} {times}   {'  '.join(f'{one:.2f}' for one in ratios)}")


def head() -> None:
    """Print the head of the table."""
    say("\nWhole processes with IMAP's URL: bare script, walk, walk with what a run cannot do without, run")
    say(f"  {'':<34} {'bare ms':>8}{'walk':>8}{'needed':>8}{'run':>8}   ratios to bare")
