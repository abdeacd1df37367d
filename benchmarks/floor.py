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
from typing import NamedTuple

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
PIECES = 1
"""By so many exchanges it matters whether tickets (RFC 8446 §4.6.1) come before the client speaks, or after."""
HEADER = 12
"""Octets of a question (RFC 1035 §4.1.1), of which the first two are its number."""

Contestant = Callable[[], Awaitable[Ended]]


async def walked(command: str, mailbox: Mailbox, *, with_what_is_needed: bool = False) -> Ended:
    """One walk, as a process."""
    python = str(Path(command).with_name("python"))
    options = ["needed"] if with_what_is_needed else []
    with tempfile.TemporaryDirectory() as elsewhere:  # where no checkout is in the way of what is installed
        return await ended([python, "-c", WALKING, *options], msgspec.json.encode(mailbox), folder=elsewhere)


class Said(NamedTuple):
    """What a process has asked the name server, and said on its connections."""

    questions: list[bytes]
    exchanges: dict[str, list[int]]
    """Of each connection, by service."""


async def said_by(contestant: Contestant, nameserver: DatagramLine, services: dict[str, StreamLine]) -> Said:
    """What *contestant* says."""
    for line in services.values():
        await line.all_ended()  # or what ends late of a process before counts as said by this one
        line.exchanges.clear()
    nameserver.asked.clear()
    await contestant()
    for line in services.values():
        await line.all_ended()
    questions = sorted(one[HEADER:] for one in nameserver.asked)
    return Said(questions, {name: sorted(line.exchanges) for name, line in services.items()})


def differences(walk: Said, run: Said) -> list[str]:
    """In what they differ, but for what may come in one piece or in two."""
    found = [] if walk.questions == run.questions else [f"questions: {walk.questions}, and not {run.questions}"]
    for name, ours in run.exchanges.items():
        theirs = walk.exchanges[name]
        if len(ours) != len(theirs) or any(abs(a - b) > PIECES for a, b in zip(ours, theirs, strict=True)):
            found.append(f"{name}: {theirs}, and not {ours}")
    return found


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
