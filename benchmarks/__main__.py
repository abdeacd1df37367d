"""Measure, and print tables, or write them to a file, too. Always exits with 0: these are figures to read, no test."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks import floor
from benchmarks.bounds import Bounds
from benchmarks.line import LOOPBACK, DatagramLine, Line, StreamLine
from benchmarks.mailbox import Mailbox
from benchmarks.page import Written
from benchmarks.pairs import Contestant, in_turn
from benchmarks.process import MEASURED, RSS_UNIT, Ended, ProcessError, ended, processor_time_of
from benchmarks.profile import show_profile
from benchmarks.results import load, say, write
from benchmarks.timeline import timeline

SERVICES = ("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "webmail")
AT_HOME = 20
ROUND_TRIPS = (0, AT_HOME, 50, 150, 300)
"""Milliseconds: none, a good line at home, a phone, another continent, the other side of the world."""
FEWER_PAIRS = {300: 3}
"""Where a pair takes long, and the processor's time and its chances are little beside it."""
RUN_AIM, START_AIM, MEMORY_AIM = 1.3, 1.3, 50.0
"""Times the bare script; times an interpreter that does nothing; MiB."""
WHOLE_RUN_AIMS = {AT_HOME: 1.3, 50: 1.15, 150: 1.05, 300: 1.05}
"""Whole process by whole process, by the milliseconds of a round trip."""
SHOWN_AT = 50
"""Milliseconds of a round trip of the run whose checks are shown one by one."""
LONG_ROUND_TRIPS = (500, 1000)
"""Milliseconds, beside which the processor's time is little, and its chances less."""
LEAST_OF = 3
"""Runs of each, of which the quickest counts: nothing makes one shorter than its round trips."""
HELP_AIM, EXPLAIN_AIM, WHOLE_RUN_AIM, QUESTION_AIM, KNOWLEDGE_AIM = 0.15, 0.25, 0.45, 0.15, 0.04
"""Seconds of processor time."""
PAGE_AIM, PAGE_SIZE_AIM, REPLIES_AIM = 30.0, 200.0, 20_000.0
"""Of an HTML report, milliseconds and kB; replies that `explain --jsonl` reads in a second of processor time."""
WORDS = "authentication failed"
REPLY = f"535 5.7.8 {WORDS}"
MANY = 20_000
"""Replies in a file."""
ENDING_SECONDS = 30
"""How long connections of a run that is over are waited for."""
LABELLED = sorted(Path(__file__).parent.parent.joinpath("tests", "replies").glob("*.jsonl"))

BOUNDS = Bounds()
LATE = re.compile(r"later than their bound .*: (\d+) of \d+")
"""What `benchmarks.faults` says in the end."""
WRAPPER_WITH_RE = """
import re, sys
from diagnose.__main__ import main
sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
sys.exit(main())
"""
"""What an installer writes that imports `re`, which takes longer than all that is ours; pip did until 25.2."""

READING_KNOWLEDGE = """
import os, sys, threading, time
from diagnose.knowledge import compiled
from diagnose.process import first_use

taken, end, here = [], os._exit, threading.local()

def timed(read):
    def reading(*given):
        if getattr(here, 'within', False):
            return read(*given)
        here.within, begun = True, time.thread_time()
        try:
            return read(*given)
        finally:
            taken.append(time.thread_time() - begun)
            here.within = False
    return reading

def ended(code):
    print(sum(taken), file=sys.stderr, flush=True)
    end(code)

compiled.kept, first_use.unpack, os._exit = timed(compiled.kept), timed(first_use.unpack), ended
del sys.argv[0]
from diagnose.__main__ import main
main()
"""
"""Put before a command as what Python is to do, it tells in the end how many seconds knowledge was read for."""

PYTHON = sys.executable
COMMAND = str(Path(PYTHON).with_name("diagnose"))
PASSWORD_VARIABLE = "BENCHMARK_PASSWORD"


class Place:
    """The estate behind its lines."""

    def __init__(self, mailbox: Mailbox, nameserver: DatagramLine, services: dict[str, StreamLine]) -> None:
        self.mailbox = mailbox
        self.nameserver = nameserver
        self._lines: list[Line] = [nameserver, *services.values()]
        self.services = services

    def at(self, milliseconds: int) -> None:
        """Make every round trip last *milliseconds* from now on."""
        for line in self._lines:
            line.round_trip = milliseconds / 1000


@contextlib.asynccontextmanager
async def estate() -> AsyncIterator[Place]:
    """The estate in a process of its own, its lines in this one, which does nothing else meanwhile."""
    nameserver, services = DatagramLine(), {name: StreamLine() for name in SERVICES}
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
        yield Place(msgspec.convert(up["mailbox"], Mailbox), nameserver, services)
    finally:
        process.stdin.close()
        await process.wait()


async def inside(module: str, mailbox: Mailbox) -> float:
    """Seconds that *module* counts for itself, its start-up aside, in a fresh process."""
    return float((await ended([PYTHON, "-m", module], msgspec.json.encode(mailbox))).output)


async def command_line(
    mailbox: Mailbox,
    *options: str,
    begun: Callable[[int], None] = lambda _process: None,
    behind: Sequence[str] = (),
) -> Ended:
    """A whole run by the command line, *behind* the start of another; *begun* is told its process id."""
    if not mailbox.discover:
        options = ("--imap", f"imaps://{mailbox.imap_host}:{mailbox.imap_port}", *options)
    return await ended(
        [
            *(
                *behind,
                COMMAND,
                mailbox.address,
                "--password-env",
                PASSWORD_VARIABLE,
                "--no-third-party",
                "--no-history",
            ),
            *("--resolver", f"{LOOPBACK}:{mailbox.nameserver_port}", "--ca-file", mailbox.ca_file),
            *("--webmail", mailbox.webmail, *options),
        ],
        environment={PASSWORD_VARIABLE: mailbox.password},
        begun=begun,
    )


async def until_first_question(place: Place) -> float:
    """Seconds of processor time of a whole run until its first question to a name server has come."""
    processes, taken = list[int](), list[float]()
    place.nameserver.tell_next(lambda: taken.append(processor_time_of(processes[0])))
    await command_line(place.mailbox, begun=processes.append)
    return taken[0]


async def reading_knowledge(place: Place) -> float:
    """Seconds of processor time for which a whole run reads knowledge."""
    python = str(Path(COMMAND).with_name("python"))
    done = await command_line(place.mailbox, "--quiet", behind=(python, "-P", "-c", READING_KNOWLEDGE))
    return float(done.complaints.split()[-1])


async def row(
    what: str,
    yardstick: Contestant,
    candidate: Contestant,
    count: int,
    aim: float | None = None,
    *,
    bound: str | None = None,
) -> None:
    """Print *count* pairs as one line of a table. *bound*: what the table of bounds calls it, if it stands there."""
    try:
        pairs = await in_turn(yardstick, candidate, count)
    except ProcessError as error:
        say(f"  {what:<34} not measured: {error}")
        return
    least, middle, most = pairs.ratios
    verdict = ""
    if aim is not None:
        held = told_of(middle, aim) if bound is None else BOUNDS.held(bound, middle, aim, "times")
        verdict = f"  {held}"
    times = f"{1000 * pairs.yardstick:8.0f} {1000 * pairs.candidate:8.0f}"
    say(f"  {what:<34} {times}   {least:5.2f} {middle:5.2f} {most:5.2f}{verdict}")


def head(title: str) -> None:
    """Print the head of a table of pairs."""
    say(f"\n{title}\n  {'':<34} {'bare ms':>8} {'our ms':>8}   {'ratio least, median, most':<17}")


async def start_up(count: int) -> None:
    """`diagnose --version` beside an interpreter that does nothing."""
    head("Start-up: `python -c pass`, `diagnose --version`")

    async def nothing() -> float:
        return (await ended([PYTHON, "-c", "pass"])).seconds

    async def version() -> float:
        return (await ended([COMMAND, "--version"])).seconds

    async def version_with_re() -> float:
        python, folder = str(Path(COMMAND).with_name("python")), tempfile.gettempdir()
        return (await ended([python, "-c", WRAPPER_WITH_RE, "--version"], folder=folder)).seconds

    await row("whole process", nothing, version, count, START_AIM, bound="`--version`, by `python -c pass`")
    await row("the same where pip is older than 25.2", nothing, version_with_re, count)


def told_of(figure: float, aim: float) -> str:
    """The *aim* of a *figure* that should be low, and whether it is met."""
    return f"aim {aim:g}: {'met' if figure <= aim else 'missed'}"


async def processor_time(count: int, place: Place) -> None:
    """What commands cost, the median of *count* processes each, beside an interpreter that does nothing."""
    place.at(0)
    completing = {"_DIAGNOSE_COMPLETE": "bash_complete", "COMP_WORDS": "diagnose --no", "COMP_CWORD": "1"}

    async def nothing() -> Ended:
        return await ended([PYTHON, "-c", "pass"])

    async def shown_help() -> Ended:
        return await ended([COMMAND, "--help"])

    async def completed() -> Ended:
        return await ended([COMMAND], environment=completing)

    async def explained() -> Ended:
        return await ended([COMMAND, "explain", REPLY])

    async def ran() -> Ended:
        return await command_line(place.mailbox)

    rows = (
        ("python -c pass", nothing, None),
        ("diagnose --help", shown_help, HELP_AIM),
        ("completion of an option", completed, HELP_AIM),
        ("diagnose explain TEXT", explained, EXPLAIN_AIM),
        ("a whole run, healthy, at 0 ms", ran, WHOLE_RUN_AIM),
    )
    say(f"\nProcessor time of whole processes\n  {'':<34} {'least s':>8} {'median s':>8}   times bare Python")
    bare = None
    for what, process, aim in rows:
        taken = [(await process()).processor for _ in range(count)]
        middle = statistics.median(taken)
        bare = bare or middle
        verdict = "" if aim is None else f"  {BOUNDS.held(what, middle, aim, 's of processor time')}"
        say(f"  {what:<34} {min(taken):8.3f} {middle:8.3f}   {middle / bare:5.1f}{verdict}")
    if sys.platform == "linux":
        taken = [await until_first_question(place) for _ in range(count)]
        middle = statistics.median(taken)
        times = f"{min(taken):8.3f} {middle:8.3f}   {middle / (bare or 1):5.1f}"
        told = BOUNDS.held("of it, until the first question", middle, QUESTION_AIM, "s of processor time")
        say(f"  {'of it, until the first question':<34} {times}  {told}")
    taken = [await reading_knowledge(place) for _ in range(count)]
    middle = statistics.median(taken)
    told = BOUNDS.held("of it, reading knowledge", middle, KNOWLEDGE_AIM, "s of processor time")
    say(f"  {'of it, reading knowledge':<34} {min(taken):8.3f} {middle:8.3f}   {middle / (bare or 1):5.1f}  {told}")


async def page(place: Place) -> None:
    """The HTML report of one run."""
    place.at(0)
    report = (await command_line(place.mailbox, "--format", "json")).output
    written = msgspec.json.decode((await ended([PYTHON, "-m", "benchmarks.page"], report)).output, type=Written)
    taken = BOUNDS.held("the HTML report of one run", written.milliseconds, PAGE_AIM, "ms")
    size = BOUNDS.held("its size", written.kilobytes, PAGE_SIZE_AIM, "kB")
    say(f"\nThe HTML report of one run: {written.milliseconds:.0f} ms  {taken}")
    say(f"  {written.kilobytes:.0f} kB  {size}")


async def replies() -> None:
    """How many replies `explain --jsonl` reads in a second of processor time, start-up aside: alike, and each another.

    What it remembers helps with replies that are alike, and with those that come again; so the others are told, too.
    """
    corpora = [msgspec.json.decode(line) for file in LABELLED for line in file.read_bytes().splitlines()]
    labelled = list(dict.fromkeys(one["reply"] for one in corpora))
    say("\nReplies that explain --jsonl reads in a second and core")
    for what, given, aim in (
        ("another name at the end of each", [f"{REPLY} for user{one}" for one in range(MANY)], REPLIES_AIM),
        ("another name within each", [f"535 5.7.8 user{one}: {WORDS}" for one in range(MANY)], REPLIES_AIM),
        ("a log, each line another", [*_log()], REPLIES_AIM),
        ("labelled texts, no two the same", labelled, REPLIES_AIM),
        ("one reply again and again", [REPLY] * MANY, None),
    ):
        rate = await _rate(given)
        bound = f"`explain --jsonl`: {what}"
        told = f"  {BOUNDS.held(bound, rate, aim, 'replies a second', at_least=True)}" if aim else ""
        say(f"  {what:<34} {rate:8.0f}{told}")


def _log() -> Iterator[str]:
    """The lines of a server's log: each of another time, process, client and mailbox."""
    draw = random.Random(MANY)
    for second in range(MANY):
        time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        name = "".join(draw.choice("bdfgklmnprst") + draw.choice("aeiou") for _ in range(draw.randint(2, 4)))
        yield (
            f"Nov 30 {time} mx postfix/smtpd[{draw.randint(1_000, 99_999)}]: warning: "
            f"unknown[198.51.{draw.randint(1, 254)}.{draw.randint(1, 254)}]: SASL LOGIN authentication failed: "
            f"authentication failure, sasl_username={name}@corp.example"
        )


async def _rate(given: Sequence[str]) -> float:
    lines = [msgspec.json.encode({"id": str(one), "reply": reply}) + b"\n" for one, reply in enumerate(given)]
    few = (await ended([COMMAND, "explain", "--jsonl", "-"], lines[0])).processor
    many = (await ended([COMMAND, "explain", "--jsonl", "-"], b"".join(lines))).processor
    return (len(lines) - 1) / (many - few)


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

        await row(f"{what}, start-up aside", bare, run, count, RUN_AIM if milliseconds else None)
        aim, bound = WHOLE_RUN_AIMS.get(milliseconds), f"a healthy login, {milliseconds} ms a round trip, {what}"
        await row(f"{what}, whole process", whole_bare, whole_run, count, aim, bound=bound)


async def beside_a_walk(place: Place) -> None:
    """What of a run is the network's and Python's, and what is ours."""
    mailbox = msgspec.structs.replace(place.mailbox, discover=False)

    async def bare() -> Ended:
        return await ended([PYTHON, "-m", "benchmarks.bare"], msgspec.json.encode(mailbox))

    async def walk() -> Ended:
        return await floor.walked(COMMAND, mailbox)

    async def walk_with_what_is_needed() -> Ended:
        return await floor.walked(COMMAND, mailbox, with_what_is_needed=True)

    async def run() -> Ended:
        return await command_line(mailbox)

    place.at(floor.SAID_AT)
    walks, runs = [await floor.said_by(one, place.nameserver, place.services) for one in (walk, run)]
    if different := floor.differences(walks, runs):
        say(f"\nThe walk does not say what a run says, and is not measured: {'; '.join(different)}")
        return
    floor.head()
    for milliseconds in floor.ROUNDS:
        place.at(milliseconds)
        await floor.row(milliseconds, (bare, walk, walk_with_what_is_needed, run))


async def round_trips(place: Place) -> None:
    """How many round trips one after the other a whole process takes: by how much it is longer where they are."""
    say(f"\nRound trips one after the other, whole process\n  {'':<34} {'bare':>8} {'ours':>8}")
    shorter, longer = LONG_ROUND_TRIPS
    for what, discover in (("--imap URL", False), ("address only", True)):
        mailbox = msgspec.structs.replace(place.mailbox, discover=discover)
        least = dict[tuple[bool, int], float]()
        for milliseconds in LONG_ROUND_TRIPS * LEAST_OF:
            place.at(milliseconds)
            bare = await ended([PYTHON, "-m", "benchmarks.bare"], msgspec.json.encode(mailbox))
            for ours, seconds in ((False, bare.seconds), (True, (await command_line(mailbox)).seconds)):
                least[ours, milliseconds] = min(seconds, least.get((ours, milliseconds), seconds))
        counts = [1000 * (least[ours, longer] - least[ours, shorter]) / (longer - shorter) for ours in (False, True)]
        say(f"  {what:<34} {counts[0]:8.1f} {counts[1]:8.1f}")


async def exchanges(place: Place) -> dict[str, int]:
    """The most that a client of one whole run had to wait for an answer, by service: in all but TCP's own handshake."""
    for line in place.services.values():
        line.exchanges.clear()
    await command_line(place.mailbox)
    for line in place.services.values():  # what a connection had is known when it is over, a moment after the run
        await asyncio.wait_for(line.all_ended(), ENDING_SECONDS)
    return {name: max(line.exchanges, default=0) for name, line in place.services.items()}


async def memory(place: Place) -> None:
    """The most memory that a whole run with reports needs, web page and all."""
    place.at(AT_HOME)
    with tempfile.TemporaryDirectory() as folder:
        reports = [option for suffix in ("html", "json") for option in ("--report", f"{folder}/report.{suffix}")]
        told = (await command_line(place.mailbox, *reports, behind=MEASURED)).output
    peak = int(told.split()[-1]) * RSS_UNIT / 2**20
    what = "peak memory of a run that opens a web page, and writes HTML and JSON"
    say(f"\n{what[0].upper()}{what[1:]}: {peak:.1f} MiB  {BOUNDS.held(what, peak, MEMORY_AIM, 'MiB')}")


async def show_timeline(place: Place, milliseconds: int) -> None:
    """When each check of one run began and ended."""
    place.at(milliseconds)
    report = (await command_line(place.mailbox, "--format", "json")).output
    say(f"\nThe checks of one run, in round trips of {milliseconds} ms")
    say(timeline(report, milliseconds))
    told = ", ".join(f"{name} {count}" for name, count in (await exchanges(place)).items())
    say(f"  exchanges on one connection, the goodbye included: {told}")


async def measure(chosen: argparse.Namespace) -> None:
    """Everything that was asked for."""
    if not chosen.timeline:
        await start_up(2 * chosen.pairs)
    async with estate() as place:
        for milliseconds in chosen.round_trip:
            if chosen.timeline:
                await show_timeline(place, milliseconds)
            else:
                await runs(place, milliseconds, min(chosen.pairs, FEWER_PAIRS.get(milliseconds, chosen.pairs)))
        if not chosen.timeline:
            if not chosen.quick:
                await beside_a_walk(place)
                await round_trips(place)
                if BOUNDS.run == 1:
                    await show_timeline(place, SHOWN_AT)
            await processor_time(chosen.pairs, place)
            await memory(place)
            await page(place)
            await replies()
            if not chosen.quick:
                await show_profile(COMMAND, place.mailbox)
    if not chosen.timeline and not chosen.quick:
        told = (await ended([PYTHON, "-m", "benchmarks.faults", COMMAND])).output.decode().rstrip("\n")
        say(told)
        if late := LATE.search(told):
            BOUNDS.held("faults of the lab told late", int(late[1]), 0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=9, metavar="N", help="pairs a row (default: %(default)s)")
    parser.add_argument(
        "--round-trip", type=int, action="append", metavar="MS", help=f"instead of {', '.join(map(str, ROUND_TRIPS))}"
    )
    parser.add_argument("--quick", action="store_true", help="three pairs, at 50 ms")
    parser.add_argument("--timeline", action="store_true", help="only show when each check of one run began and ended")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="measure all that N times (default: 1)")
    parser.add_argument("--command", type=Path, metavar="FILE", help="the installed command to measure")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write all that to FILE, in Markdown")
    chosen = parser.parse_args()
    if chosen.command is not None:
        global COMMAND  # noqa: PLW0603 - one process measures one command
        COMMAND = str(chosen.command.absolute())
    if chosen.quick:
        chosen.pairs, chosen.round_trip = 3, [50]
    chosen.round_trip = chosen.round_trip or ROUND_TRIPS
    for run in range(1, chosen.runs + 1):
        BOUNDS.run = run
        if chosen.runs > 1:
            say(f"\n--- Run {run} of {chosen.runs} (load {load()}) ---")
        try:
            asyncio.run(measure(chosen))
        except ProcessError as error:
            say(f"\nnot measured: {error}")
        if chosen.write is not None:  # after each: what was measured is kept, whatever becomes of the next
            write(chosen.write, summary=None if chosen.quick or chosen.timeline else tuple(BOUNDS.table()))


if __name__ == "__main__":
    main()
