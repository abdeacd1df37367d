"""How slow this machine is right now, and limits of time that follow it.

A limit is written for a machine that has nothing else to do. What a test may take is that, times how much longer a
piece of plain work takes now: so that a test fails for what the code does, and not for what else runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

ROUNDS = 200_000
"""Of a loop that does nothing: the plain work."""
USUAL_SECONDS = 0.01
"""What they take on an ordinary machine with nothing else to do."""
_LOAD = Path("/proc/loadavg")


def slowness() -> float:
    """How many times longer work takes now than on an ordinary idle machine; at least 1. It takes some milliseconds."""
    began = time.monotonic()
    for _ in range(ROUNDS):
        pass
    return max(1.0, (time.monotonic() - began) / USUAL_SECONDS, _waiting() / (os.cpu_count() or 1))


def _waiting() -> int:
    """Threads of all programs that run or wait for a processor; 0 where the system does not tell."""
    try:
        return int(_LOAD.read_text(encoding="ascii").split()[3].partition("/")[0])
    except OSError:
        return 0


def by_the_hundred(times: int) -> range:
    """So many times the same: for a test that finds what goes wrong once in a while, or only in a crowd."""
    return range(times)


def patient(seconds: float) -> float:
    """*seconds* of an idle machine, as long as they are here and now."""
    return seconds * slowness()


@contextlib.contextmanager
def within(seconds: float, waits: float = 0.0) -> Iterator[None]:
    """Fails where the block takes longer than *seconds* of an idle machine, as slow as this one was meanwhile.

    *waits*: seconds that it may wait beside that, which are as long on any machine.
    """
    before = slowness()
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    limit = waits + seconds * max(before, slowness())
    assert took < limit, (
        f"took {took:.2f} s, where {limit:.2f} s are allowed ({waits} s, and {seconds} s of an idle machine)"
    )


@contextlib.contextmanager
def working(seconds: float) -> Iterator[None]:
    """Fails where this process works for longer than *seconds*, whatever else runs: time of its own on a processor."""
    began = time.process_time()
    yield
    took = time.process_time() - began
    assert took < seconds, f"worked for {took:.2f} s, where {seconds} s are allowed"
