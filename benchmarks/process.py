"""A process from start to end: how long, how much memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes; getrusage counts in these."""
_CLOCK_OF_ALL_THREADS = 2
"""CPUCLOCK_SCHED of the Linux kernel, by which a clock's number is made of a process id."""


MEASURED = (
    *(sys.executable, "-S", "-c"),
    "import os, sys\n"
    "process = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])\n"
    "_, status, usage = os.wait4(process, 0)\n"
    "print(usage.ru_maxrss, flush=True)\n"
    "sys.exit(os.waitstatus_to_exitcode(status))",
)
"""Put before a command, it tells in a last line how much was resident at most, in units of `RSS_UNIT`.

The kernel counts from before exec: a process never has less than the one that starts it, and this one is small.
"""


class ProcessError(Exception):
    """A process ended with an exit code that was not expected."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What is known of a process afterwards."""

    seconds: float
    processor: float
    """Seconds of processor time; other load of the machine weighs less on it than on `seconds`."""
    output: bytes
    complaints: bytes
    """What it wrote to standard error."""


async def ended(
    command: list[str],
    given: bytes = b"",
    environment: dict[str, str] | None = None,
    *,
    exit_codes: Collection[int] = (0,),
    begun: Callable[[int], None] = lambda _process: None,
    folder: str | None = None,
) -> Ended:
    """Run *command* with *given* as standard input, to its end. Raises ProcessError for another exit code.

    *begun* is told its process id, in another thread. *folder*: where it is run, if not here.
    """
    return await asyncio.to_thread(_run, command, given, environment or {}, exit_codes, begun, folder)


def processor_time_of(process: int) -> float:
    """Seconds of processor time that a process has had that still runs; Linux tells."""
    return time.clock_gettime((~process << 3) | _CLOCK_OF_ALL_THREADS)


def _run(
    command: list[str],
    given: bytes,
    environment: dict[str, str],
    exit_codes: Collection[int],
    begun: Callable[[int], None],
    folder: str | None,
) -> Ended:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink, tempfile.TemporaryFile() as complaints:
        source.write(given)
        source.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=source, stdout=sink, stderr=complaints, env={**_inherited(), **environment}, cwd=folder
        )
        begun(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        sink.seek(0)
        complaints.seek(0)
        words = complaints.read()
        if process.returncode not in exit_codes:
            told = words.decode("utf-8", "replace").strip()
            raise ProcessError(f"{command[0]} exited with {process.returncode}: {told}")
        processor = usage.ru_utime + usage.ru_stime
        return Ended(
            seconds=seconds,
            processor=processor,
            output=sink.read(),
            complaints=words,
        )


def _inherited() -> dict[str, str]:
    """This process's environment; but bytecode is kept, as an installed package brings it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
