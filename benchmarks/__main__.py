"""Measure, and print tables. Always exits with 0: these are figures to read, no test."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from benchmarks.line import LOOPBACK, DatagramLine, Line, StreamLine
from benchmarks.mailbox import Mailbox
from benchmarks.pairs import Contestant, in_turn
from benchmarks.process import Ended, ProcessError, ended
from benchmarks.timeline import timeline

SERVICES = ("imaps", "imap", "pop3s", "pop3", "submissions", "submission")
ROUND_TRIPS = (20, 50, 150)
"""Milliseconds: a good line at home, a phone, another continent."""
RUN_AIM, START_AIM, MEMORY_AIM = 1.3, 2.0, 80.0
"""Times the bare script; times an interpreter that does nothing; MiB."""

PYTHON = sys.executable
COMMAND = str(Path(PYTHON).with_name("diagnose"))
PASSWORD_VARIABLE = "BENCHMARK_PASSWORD"


class Place:
    """The estate behind its lines."""

    def __init__(self, mailbox: Mailbox, lines: list[Line]) -> None:
        self.mailbox = mailbox
        self._lines = lines

    def at(self, milliseconds: int) -> None:
        """Make every round trip last *milliseconds* from now on."""
        for line in self._lines:
            line.round_trip = milliseconds / 1000


@contextlib.asynccontextmanager
async def estate() -> AsyncIterator[Place]:
    """The estate in a process of its own, its lines in this one, which does nothing else meanwhile."""
    nameserver, services = DatagramLine(), {name: StreamLine() for name in SERVICES}
    lines: list[Line] = [nameserver, *services.values()]
    await nameserver.open()
    for line in services.values():
        await line.open()
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-m", "benchmarks.estate", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("a process without pipes")
    try:
        ports = {"nameserver": nameserver.port, "services": {name: line.port for name, line in services.items()}}
        process.stdin.write(msgspec.json.encode(ports) + b"\n")
        up = msgspec.json.decode(await process.stdout.readline())
        nameserver.server_port = up["ports"]["nameserver"]
        for name, line in services.items():
            line.server_port = up["ports"]["services"][name]
        yield Place(msgspec.convert(up["mailbox"], Mailbox), lines)
    finally:
        process.stdin.close()
        await process.wait()


async def inside(module: str, mailbox: Mailbox) -> float:
    """Seconds that *module* counts for itself, its start-up aside, in a fresh process."""
    return float((await ended([PYTHON, "-m", module], msgspec.json.encode(mailbox))).output)


async def command_line(mailbox: Mailbox, *options: str) -> Ended:
    """A whole run by the command line."""
    if not mailbox.discover:
        options = ("--imap", f"imaps://{mailbox.imap_host}:{mailbox.imap_port}", *options)
    return await ended(
        [
            *(COMMAND, mailbox.address, "--password-env", PASSWORD_VARIABLE, "--no-third-party", "--no-history"),
            *("--resolver", f"{LOOPBACK}:{mailbox.nameserver_port}", "--ca-file", mailbox.ca_file, *options),
        ],
        environment={PASSWORD_VARIABLE: mailbox.password},
    )


async def row(what: str, yardstick: Contestant, candidate: Contestant, count: int, aim: float | None = None) -> None:
    """Print *count* pairs as one line of a table."""
    try:
        pairs = await in_turn(yardstick, candidate, count)
    except ProcessError as error:
        print(f"  {what:<34} not measured: {error}", flush=True)
        return
    least, middle, most = pairs.ratios
    verdict = "" if aim is None else f"  aim {aim:.1f}: {'met' if middle <= aim else 'missed'}"
    times = f"{1000 * pairs.yardstick:8.0f} {1000 * pairs.candidate:8.0f}"
    print(f"  {what:<34} {times}   {least:5.2f} {middle:5.2f} {most:5.2f}{verdict}", flush=True)


def head(title: str) -> None:
    """Print the head of a table of pairs."""
    print(f"\n{title}\n  {'':<34} {'bare ms':>8} {'our ms':>8}   {'ratio least, median, most':<17}")


async def start_up(count: int) -> None:
    """`diagnose --version` beside an interpreter that does nothing."""
    head("Start-up: `python -c pass`, `diagnose --version`")

    async def nothing() -> float:
        return (await ended([PYTHON, "-c", "pass"])).seconds

    async def version() -> float:
        return (await ended([COMMAND, "--version"])).seconds

    await row("whole process", nothing, version, count, START_AIM)


async def runs(place: Place, milliseconds: int, count: int) -> None:
    """The run beside the bare script, with IMAP's URL given and with the address alone."""
    place.at(milliseconds)
    head(f"A round trip of {milliseconds} ms")
    for what, discover in (("--imap URL", False), ("address only", True)):
        mailbox = msgspec.structs.replace(place.mailbox, discover=discover)

        async def bare(to: Mailbox = mailbox) -> float:
            return await inside("benchmarks.bare", to)

        async def run(to: Mailbox = mailbox) -> float:
            return await inside("benchmarks.run", to)

        async def whole_bare(to: Mailbox = mailbox) -> float:
            return (await ended([PYTHON, "-m", "benchmarks.bare"], msgspec.json.encode(to))).seconds

        async def whole_run(to: Mailbox = mailbox) -> float:
            return (await command_line(to)).seconds

        await row(f"{what}, start-up aside", bare, run, count, RUN_AIM)
        await row(f"{what}, whole process", whole_bare, whole_run, count)


async def memory(place: Place) -> None:
    """The most memory that a whole run with reports needs."""
    place.at(ROUND_TRIPS[0])
    with tempfile.TemporaryDirectory() as folder:
        reports = [option for suffix in ("html", "json") for option in ("--report", f"{folder}/report.{suffix}")]
        peak = (await command_line(place.mailbox, *reports)).peak_memory
    print(f"\nPeak memory of a run that writes HTML and JSON: {peak:.1f} MiB  ", end="")
    print(f"aim {MEMORY_AIM:.0f}: {'met' if peak < MEMORY_AIM else 'missed'}")


async def show_timeline(place: Place, milliseconds: int) -> None:
    """When each check of one run began and ended."""
    place.at(milliseconds)
    report = (await command_line(place.mailbox, "--format", "json")).output
    print(f"\nThe checks of one run, in round trips of {milliseconds} ms")
    print(timeline(report, milliseconds))


async def measure(chosen: argparse.Namespace) -> None:
    """Everything that was asked for."""
    if not chosen.timeline:
        await start_up(2 * chosen.pairs)
    async with estate() as place:
        for milliseconds in chosen.round_trip:
            if chosen.timeline:
                await show_timeline(place, milliseconds)
            else:
                await runs(place, milliseconds, chosen.pairs)
        if not chosen.timeline:
            await memory(place)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=9, metavar="N", help="pairs a row (default: %(default)s)")
    parser.add_argument(
        "--round-trip", type=int, action="append", metavar="MS", help=f"instead of {', '.join(map(str, ROUND_TRIPS))}"
    )
    parser.add_argument("--quick", action="store_true", help="three pairs, at 50 ms")
    parser.add_argument("--timeline", action="store_true", help="only show when each check of one run began and ended")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.pairs, chosen.round_trip = 3, [50]
    chosen.round_trip = chosen.round_trip or ROUND_TRIPS
    try:
        asyncio.run(measure(chosen))
    except ProcessError as error:
        print(f"\nnot measured: {error}")


if __name__ == "__main__":
    main()
