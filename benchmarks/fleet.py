"""Measure `diagnose fleet` over many domains on loopback, beside a bare pool of threads and beside checkdmarc.

    python -m benchmarks.fleet [--domains 100 --domains 1000] [--of 100000] [--round-trip 20] [--checkdmarc PROGRAM]
        [--write FILE]

Each domain is one of its own, so that no row shares a look with another. The limits on connections, which a fleet keeps
for the sake of other people's servers, are out of the way: here all domains have one server.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from benchmarks.fleet_estate import Seen, Up
from benchmarks.fleet_pool import Work
from benchmarks.process import RSS_UNIT
from benchmarks.results import say, write
from diagnose.fleet.rows import Readers, Rows

READERS = Readers(service=lambda _protocol, _word: None, provider=str)  # type: ignore[arg-type,return-value]  # lists name none
THREADS = 8
POOL_AIM, CHECKDMARC_AIM, MEMORY_AIM = 1.5, 20.0, 300.0
"""Times the pool's processor time; times checkdmarc's domains a second and core; MiB."""
MODELS = 100
"""Results of which those are made that a run to be resumed takes as its own."""
LONG = 1_000
"""Domains of a run of which it is told how its memory grows."""
MANY, DAY = 1_000_000, 24 * 3600
UNLIMITED = (
    *("--host-connections", "1000", "--provider-connections", "1000"),
    *("--host-rate", "10000", "--provider-rate", "10000", "--pace", "1000"),
)


@dataclass(frozen=True)
class Took:
    """What a program needed."""

    domains: int
    seconds: float
    processor: float
    peak: float
    """MiB."""
    resident: tuple[float, ...] = ()
    """MiB after each fifth of the time."""

    @property
    def milliseconds(self) -> float:
        """Of processor time, a domain."""
        return 1000 * self.processor / self.domains

    @property
    def rate(self) -> float:
        """Domains in a second of one core."""
        return self.domains / self.processor


class Estate:
    """The domains, in a process of their own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.up = msgspec.json.decode(self._line(), type=Up)

    def seen(self) -> Seen:
        """What was asked since the last look."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=Seen)

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextlib.contextmanager
def estate(round_trip: float = 0) -> Iterator[Estate]:
    """Up until the end of the block, behind lines of so many milliseconds where that is not 0."""
    words = [sys.executable, "-m", "benchmarks.fleet_estate", *([str(round_trip)] if round_trip else [])]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Estate(process)


def took(
    domains: int,
    words: list[str],
    given: bytes = b"",
    codes: tuple[int, ...] = (0,),
    environment: Mapping[str, str] | None = None,
) -> Took:
    """Run *words* to the end. Raises RuntimeError for an exit code that is none of *codes*."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as told:
        source.write(given)
        source.seek(0)
        began = time.perf_counter()
        around = {**os.environ, **(environment or {})}
        process = subprocess.Popen(words, stdin=source, stdout=subprocess.DEVNULL, stderr=told, env=around)
        resident = list[float]()
        watching = threading.Thread(target=_watch, args=(process.pid, resident), daemon=True)
        watching.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        watching.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            told.seek(0)
            raise RuntimeError(f"{words[0]} exited with {process.returncode}: {told.read()[-500:]!r}")
    fifths = tuple(resident[len(resident) * part // 5 - 1] for part in range(1, 6)) if len(resident) >= 5 else ()
    peak = usage.ru_maxrss * RSS_UNIT / 2**20
    return Took(domains, seconds, usage.ru_utime + usage.ru_stime, peak, fifths)


def _watch(process: int, resident: list[float]) -> None:
    """Note once a second how many MiB *process* has, until it has ended; Linux tells."""
    while True:
        try:
            pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
        except (OSError, IndexError):
            return
        if not pages:
            return
        resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        time.sleep(1)


def names(domains: int) -> list[str]:
    """The domains of the estate."""
    return [f"d{number}.example" for number in range(domains)]


def fleet(up: Up, folder: Path, domains: int, run: int, *more: str) -> Took:
    """`diagnose fleet` over *domains*, of which *run* are run now."""
    (folder / "list").write_text("\n".join(names(domains)) + "\n", "utf-8")
    words = [
        *(sys.executable, "-m", "diagnose", "fleet", str(folder / "list"), "-q", "--no-third-party", "--no-history"),
        *("--resolver", f"{up.nameserver}:{up.nameserver_port}", "--ca-file", up.ca_file, "--at-once", str(THREADS)),
        *("--results", str(folder / "results.jsonl"), "--report", str(folder / "fleet.html"), *UNLIMITED, *more),
    ]
    return took(run, words, codes=(0, 1, 3), environment={"PYTHONDONTWRITEBYTECODE": ""})


def pool(up: Up, domains: int, seen: Seen) -> Took:
    """The bare pool, with what *domains* domains were *seen* to be asked."""
    work = Work(
        domains=domains,
        questions=tuple(name for name, times in seen.questions.items() for _ in range(round(times / domains))),
        sessions=round(seen.sessions / domains),
        nameserver=up.nameserver,
        nameserver_port=up.nameserver_port,
        imap_port=up.imap_port,
        ca_file=up.ca_file,
        threads=THREADS,
    )
    say(f"  of each domain: {len(work.questions)} questions of DNS, {work.sessions} IMAP sessions")
    return took(domains, [sys.executable, "-m", "benchmarks.fleet_pool"], msgspec.json.encode(work))


def line(what: str, one: Took) -> None:
    """One line of the table."""
    figures = f"{one.seconds:9.1f} {one.processor:9.1f} {one.milliseconds:10.1f} {one.rate:10.1f} {one.peak:8.0f}"
    say(f"  {what:<34} {figures}")
    if one.domains >= LONG:
        say(f"    MiB after each fifth of its time: {', '.join(f'{size:.0f}' for size in one.resident)}")


def aim(what: str, figure: float, wanted: float, *, met: bool) -> None:
    """Say whether an aim is met."""
    say(f"  {what}: {figure:.1f}  aim {wanted:g}: {'met' if met else 'missed'}")


def prefilled(folder: Path, domains: int, run: int) -> None:
    """Results of all *domains* but the last *run*, made of the first ones, so that --resume takes them as done."""
    with (folder / "results.jsonl").open("rb") as stream:
        made = [msgspec.json.decode(one) for one in islice(stream, MODELS)]
    (folder / "list").write_text("\n".join(names(domains)) + "\n", "utf-8")
    with (folder / "results.jsonl").open("wb") as stream:
        for number, row in enumerate(Rows(folder / "list", READERS)):
            if number >= domains - run:
                return
            one = made[number % len(made)]
            one["row"].update(id=row.id, line=row.line)
            one["report"]["subject"]["domain"] = f"d{number}.example"
            stream.write(msgspec.json.encode(one) + b"\n")


def measure(chosen: argparse.Namespace) -> None:
    """All that was asked for."""
    heads = ("seconds", "CPU s", "CPU ms each", "each s·core", "peak MiB")
    say(f"  {'':<34} {heads[0]:>9} {heads[1]:>9} {heads[2]:>10} {heads[3]:>10} {heads[4]:>8}")
    with estate() as servers, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        fleet(servers.up, folder, 1, 1)  # which compiles the modules, as an installation does
        for domains in chosen.domains:
            (folder / "results.jsonl").unlink(missing_ok=True)
            servers.seen()
            ours = fleet(servers.up, folder, domains, domains)
            line(f"diagnose fleet, {domains} domains", ours)
            seen = servers.seen()
            with (folder / "results.jsonl").open("rb") as stream:
                rows = sum(1 for _ in stream)  # not read at once: what this process has is counted with its children
            say(f"    {rows} rows in the results" + ("" if rows == domains else ": NOT ALL"))
            bare = pool(servers.up, domains, seen)
            line(f"bare pool, {domains} domains", bare)
        times = ours.processor / bare.processor
        aim("processor time, times the pool's", times, POOL_AIM, met=times <= POOL_AIM)
        if chosen.of:
            prefilled(folder, chosen.of, chosen.run)
            part = fleet(servers.up, folder, chosen.of, chosen.run, "--resume")
            say(f"  --resume over {chosen.of} domains, {chosen.run} of them run now, page and summary of all:")
            line(f"diagnose fleet, {chosen.of} domains", part)
            aim("peak MiB", part.peak, MEMORY_AIM, met=part.peak <= MEMORY_AIM)
        if chosen.checkdmarc:
            servers.seen()
            other = checkdmarc(servers.up, chosen.checkdmarc, min(chosen.domains), folder)
            line(f"checkdmarc, {other.domains} domains", other)
            told = servers.seen()
            questions = sum(told.questions.values()) / other.domains
            say(
                f"  of each domain: {questions:.0f} questions of DNS, {told.mail_sessions / other.domains:.0f} sessions"
            )
            times = ours.rate / other.rate
            aim("domains a second and core, times checkdmarc's", times, CHECKDMARC_AIM, met=times >= CHECKDMARC_AIM)
    if chosen.round_trip:
        waiting(chosen)
    cores = MANY / DAY / ours.rate
    say(f"\nA million domains a day are {MANY / DAY:.1f} a second.")
    say(f"At {ours.milliseconds:.0f} ms each that is {cores:.1f} such cores,")
    say("beside what waiting for real servers takes, which needs rows at once and no processor.")


def waiting(chosen: argparse.Namespace) -> None:
    """The fewest of the domains again, over lines where each look-up waits: there the clock decides."""
    domains = min(chosen.domains)
    say(f"\n  Over lines of {chosen.round_trip:g} ms a round trip, {domains} domains, one row or eight at once:")
    with estate(chosen.round_trip) as servers, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ran = dict[str, Took]()
        for at_once in (1, THREADS):
            (folder / "results.jsonl").unlink(missing_ok=True)
            servers.seen()
            ran[f"diagnose fleet, {at_once} at once"] = fleet(
                servers.up, folder, domains, domains, "--at-once", str(at_once)
            )
            seen = servers.seen()
        ran["bare pool"] = pool(servers.up, domains, seen)
        if chosen.checkdmarc:
            ran["checkdmarc"] = checkdmarc(servers.up, chosen.checkdmarc, domains, folder)
    for what, one in ran.items():
        line(what, one)
        say(f"    {one.domains / one.seconds:.1f} domains a second by the clock")
    if "checkdmarc" in ran:
        times = ran["checkdmarc"].seconds / ran[f"diagnose fleet, {THREADS} at once"].seconds
        say(f"  domains a second by the clock, times checkdmarc's: {times:.1f}")


def checkdmarc(up: Up, program: str, domains: int, folder: Path) -> Took:
    """checkdmarc over the same domains, their mail servers' STARTTLS included.

    It looks hosts up by the system: so it gets a view of the file system in which this estate's nameserver is that of
    the system. That needs rights that not everybody has.
    """
    (folder / "resolv.conf").write_text(f"nameserver {up.nameserver}\n", "ascii")
    view = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
    own = ["unshare", "--mount", "sh", "-c", view, "sh", str(folder / "resolv.conf")]
    (folder / "domains").write_text("\n".join(names(domains)) + "\n", "utf-8")
    words = [program, "-n", up.nameserver, "--check-mx-tls", "-f", "json", str(folder / "domains")]
    return took(domains, [*own, *words], environment={"SSL_CERT_FILE": up.ca_file})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--domains", type=int, action="append", metavar="N", help="instead of 100 and 1000")
    parser.add_argument("--of", type=int, default=100_000, metavar="N", help="domains of a run to be resumed (0: none)")
    parser.add_argument("--run", type=int, default=100, metavar="N", help="how many of those are run")
    parser.add_argument("--round-trip", type=float, default=0, metavar="MS", help="also over lines of so many ms")
    parser.add_argument("--checkdmarc", metavar="PROGRAM", help="where it is installed; it asks DNS at port 53 alone")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write all that to FILE, in Markdown")
    chosen = parser.parse_args()
    chosen.domains = chosen.domains or [100, 1000]
    measure(chosen)
    if chosen.write is not None:
        write(chosen.write, "python -m benchmarks.fleet")


if __name__ == "__main__":
    main()
