"""All threads of this program on one processor, for a while: that which has the most time to spare.

They pass one interpreter lock around. A second processor does little of their work, and makes each hand-over dear:
a thread has to be woken on it, and finds the lock taken again.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

LOOK_SECONDS = (1.0, 2.0)
"""Between two looks, by chance: two programs that share a processor would else move on together."""
FIRST_SECONDS = 0.3
"""Until the first look: what is over by then need not be moved."""
WORTH = 0.25
"""A share of a processor: so much more has another to have to spare to be worth a move."""
LEAST = 0.25
"""A share of a processor: where other programs leave no more, threads get further on all of them."""
_TIMES, _THREADS = Path("/proc/stat"), Path("/proc/self/task")
_IDLE = slice(4, 6)
"""Of a line of /proc/stat: idle, and waiting for disks."""


def chosen(spare: Mapping[int, float], now: int | None) -> int | None:
    """The processor to run on, of those that *spare* tells the free share of; *now*: that which it is.

    None: all of them.
    """
    best = max(spare, key=lambda one: spare[one], default=None)
    if best is None or spare[best] < LEAST:
        return None
    if now is None or now not in spare:
        return best
    return best if spare[best] > spare[now] + WORTH else now


class Keeper:
    """Keeps the threads of this program to one of the processors that they may use; Linux tells which is free."""

    def __init__(self, allowed: frozenset[int]) -> None:
        self.now: int | None = None
        """Where all threads run; None: wherever they may."""
        self._allowed = allowed
        self._before = self._times()

    def look(self) -> None:
        """Move all threads to where the most time was to spare since the last look. Raises OSError, ValueError."""
        (idle, own, at), self._before = self._before, self._times()
        seconds = self._before[2] - at
        if seconds <= 0:
            return
        spare = {one: (self._before[0][one] - idle[one]) / seconds for one in idle.keys() & self._before[0].keys()}
        taken = (self._before[1] - own) / seconds
        if self.now in spare:  # what this program itself took there, it would take elsewhere, too
            spare[self.now] += taken
        else:
            spare = {one: share + taken / len(spare) for one, share in spare.items()}
        self.now = chosen(spare, self.now)
        _keep_to({self.now} if self.now is not None else self._allowed)

    def release(self) -> None:
        """Let all threads run wherever they may."""
        self.now = None
        _keep_to(self._allowed)

    def _times(self) -> tuple[dict[int, float], float, float]:
        """Idle seconds of each processor, processor time of this program, and the moment."""
        idle = dict[int, float]()
        if sys.platform == "win32":
            return idle, time.process_time(), time.monotonic()
        tick = os.sysconf("SC_CLK_TCK")
        for line in _TIMES.read_text("ascii").splitlines():
            words = line.split()
            number = words[0].removeprefix("cpu") if words else ""
            if number.isdecimal() and int(number) in self._allowed:
                idle[int(number)] = sum(map(int, words[_IDLE])) / tick
        return idle, time.process_time(), time.monotonic()


def _keep_to(processors: frozenset[int] | set[int]) -> None:
    if sys.platform == "linux":
        for thread in _THREADS.iterdir():
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(int(thread.name), processors)


@contextlib.contextmanager
def one_processor() -> Iterator[None]:
    """Within the block the threads of this program keep to one processor at a time, where the system lets them."""
    keeper = _keeper()
    if keeper is None:
        yield
        return
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(keeper, over), name="processor", daemon=True)
    try:
        watching.start()
    except (RuntimeError, MemoryError):  # no further thread starts; then all stays as it is
        yield
        return
    try:
        yield
    finally:
        over.set()
        watching.join()


def _keeper() -> Keeper | None:
    """None where there is but one processor, or nobody tells how busy each is."""
    if sys.platform != "linux":
        return None
    try:
        allowed = frozenset(os.sched_getaffinity(0))
        return Keeper(allowed) if len(allowed) > 1 else None
    except (OSError, ValueError):
        return None


def _watch(keeper: Keeper, over: threading.Event) -> None:
    try:
        patience = FIRST_SECONDS
        while not over.wait(patience):
            keeper.look()
            patience = random.uniform(*LOOK_SECONDS)  # noqa: S311 - no secret
    except (OSError, ValueError):  # as in a container that forbids it: then all stays as it is
        pass
    finally:
        with contextlib.suppress(OSError):
            keeper.release()
