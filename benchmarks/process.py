"""A process from start to end: how long, how much memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes; getrusage counts in these."""


class ProcessError(Exception):
    """A process ended with an exit code that was not expected."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What is known of a process afterwards."""

    seconds: float
    processor: float
    """Seconds of processor time; other load of the machine weighs less on it than on `seconds`."""
    peak_memory: float
    """MiB resident at most. The kernel counts from before exec, so never less than this program itself has."""
    output: bytes


async def ended(command: list[str], given: bytes = b"", environment: dict[str, str] | None = None) -> Ended:
    """Run *command* with *given* as standard input, to its end. Raises ProcessError unless it exits with 0."""
    return await asyncio.to_thread(_run, command, given, environment or {})


def _run(command: list[str], given: bytes, environment: dict[str, str]) -> Ended:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink, tempfile.TemporaryFile() as complaints:
        source.write(given)
        source.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=source, stdout=sink, stderr=complaints, env={**_inherited(), **environment}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        sink.seek(0)
        complaints.seek(0)
        if process.returncode:
            words = complaints.read().decode("utf-8", "replace").strip()
            raise ProcessError(f"{command[0]} exited with {process.returncode}: {words}")
        processor = usage.ru_utime + usage.ru_stime
        return Ended(
            seconds=seconds, processor=processor, peak_memory=usage.ru_maxrss * RSS_UNIT / 2**20, output=sink.read()
        )


def _inherited() -> dict[str, str]:
    """This process's environment; but bytecode is kept, as an installed package brings it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
