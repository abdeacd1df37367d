"""Calls that run side by side in daemon threads, and are left behind when they do not come back.

concurrent.futures joins its workers when the interpreter ends, so one stuck look-up would hold the
whole program; a daemon thread does not.

The threads of all runs in this process are bounded. A call that does not come back keeps its thread, so the living
ones are counted. Where many runs follow each other, a thread whose call has come back takes the next (`threads_kept`).
Each run has a share of its own, set aside before the run begins, and waits for its share alone. A run that has begun
never waits for a thread: it may keep a connection that other runs wait for, and would hold them up.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from diagnose.model.deadline import Deadline
from diagnose.model.failures import NO_THREAD, FaultError
from diagnose.model.text import Text, text
from diagnose.network.coming import Coming

R = TypeVar("R")

MOST_OF_A_RUN = 128
"""Living threads of one run. The lab's busiest run, with a silent resolver, keeps 62; most keep 40."""
MOST_OF_ALL_RUNS = 32 * MOST_OF_A_RUN
"""Living threads of all runs, those that are left behind included: 32 runs at once, of which each keeps some ten. Of
more, on one processor, look-ups come too late."""
SLICE_SECONDS = 0.25
"""How often a run that waits for its share looks whether it was interrupted."""


class NoThreadError(FaultError):
    """No further thread starts: this computer lets none start, or the run has used up its share."""

    def __init__(self, sentence: Text | None = None) -> None:
        super().__init__(sentence or NO_THREAD)


class Share:
    """The threads that one run may keep."""

    def __init__(self, shares: Shares, most: int) -> None:
        self._shares = shares
        self._most = most
        self.living = 0

    def begin(self) -> None:
        """Count one thread more. Raises NoThreadError where the run keeps all that it may."""
        with self._shares.changed:
            if self.living >= self._most:
                raise NoThreadError(text("this run keeps as many threads as it may"))
            self.living += 1

    def end(self) -> None:
        """Count one thread less."""
        with self._shares.changed:
            self.living -= 1
            self._shares.changed.notify_all()

    def close(self) -> None:
        """Give back the unused share; from now on no further thread begins."""
        with self._shares.changed:
            self._most = 0
            self._shares.changed.notify_all()

    @property
    def kept(self) -> int:
        """How many threads are set aside for the run, or left behind by it."""
        return max(self._most, self.living)


class Shares:
    """The shares of all runs that are under way, and of those that left threads behind."""

    def __init__(self, most: int = MOST_OF_ALL_RUNS, most_of_a_run: int = MOST_OF_A_RUN) -> None:
        """*most*: living threads of all runs, at least *most_of_a_run*, which is at least 1."""
        if not 1 <= most_of_a_run <= most:
            raise ValueError("no room for one run")
        self.changed = threading.Condition()
        self._most = most
        self._most_of_a_run = most_of_a_run
        self._shares: list[Share] = []

    def take(self, deadline: Deadline, is_over: Callable[[], bool] = lambda: False) -> Share:
        """A share for one more run, which closes it. Where none is free by *deadline*, or it *is_over*, an empty one.

        With an empty share no thread begins.
        """
        with self.changed:
            while not self._has_room():
                if deadline.passed() or is_over():
                    return Share(self, 0)
                self.changed.wait(min(deadline.left(), SLICE_SECONDS))
            share = Share(self, self._most_of_a_run)
            self._shares.append(share)
            return share

    def living(self) -> int:
        """How many threads of runs are living."""
        with self.changed:
            return sum(share.living for share in self._shares)

    def _has_room(self) -> bool:
        self._shares = [share for share in self._shares if share.kept]
        return sum(share.kept for share in self._shares) + self._most_of_a_run <= self._most


_SHARES = Shares()
_own = threading.local()
"""Of each thread: ``share``, that of its run. A thread outside of all runs has none, and is not bounded."""


@contextlib.contextmanager
def share_of_run(deadline: Deadline, is_over: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Within the block, this thread and those that it starts keep to one run's share of all threads.

    Waits for the share until *deadline*, or until it *is_over*, and yields whether it came. Without one no thread
    begins. A run within another run has that one's share, and does not wait.
    """
    if getattr(_own, "share", None) is not None:
        yield True
        return
    _own.share = share = _SHARES.take(deadline, is_over)
    try:
        yield share.kept > 0
    finally:
        _own.share = None
        share.close()


class Kept:
    """Threads whose call has come back, for the calls to come: to start one costs more than most calls do."""

    def __init__(self, most: int = MOST_OF_A_RUN) -> None:
        """*most*: threads that wait for a call; a further one ends."""
        self._most = most
        self._lock = threading.Lock()
        self._users = 0
        self._idle: list[_Calls] = []

    @property
    def idle(self) -> int:
        """How many threads wait for a call."""
        return len(self._idle)

    def begin(self, call: Callable[[], None]) -> None:
        """Have *call*, which raises nothing, made by a daemon thread. Raises RuntimeError, MemoryError."""
        with self._lock:
            calls = self._idle.pop() if self._idle else None
        if calls is not None:
            calls.put(call)
            return
        calls = queue.SimpleQueue()
        calls.put(call)  # not handed to the thread, which would keep it as long as it lives
        del call
        threading.Thread(target=self._live, args=(calls,), daemon=True).start()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Within the block threads are kept; after the last such block those that wait end."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                ending, self._idle = ([], self._idle) if self._users else (self._idle, [])
            for calls in ending:
                calls.put(None)

    def _live(self, calls: _Calls) -> None:
        while (call := calls.get()) is not None:
            call()
            del call  # nothing of a run that is over is kept by who waits for the next
            with self._lock:
                if not self._users or len(self._idle) >= self._most:
                    return
                self._idle.append(calls)


_Calls: TypeAlias = queue.SimpleQueue[Callable[[], None] | None]
"""What one thread is to do, one after the other; None: it ends."""
_KEPT = Kept()
threads_kept = _KEPT.used
"""Within such a block threads are kept for later calls, in the whole process: for many runs one after the other."""


def outside_runs(call: Callable[[], None], name: str) -> None:
    """Start *call*, which serves all runs and raises nothing, in a daemon thread. Raises NoThreadError."""

    def run() -> None:
        threading.current_thread().name = name
        call()

    try:
        _KEPT.begin(run)
    except (RuntimeError, MemoryError) as error:
        raise NoThreadError from error


def in_background(call: Callable[[], R], name: str) -> Coming[R]:
    """Start *call* in a daemon thread called *name*; its result or error is in the future. Raises NoThreadError."""
    future: Coming[R] = Coming()
    share: Share | None = getattr(_own, "share", None)

    def run() -> None:
        threading.current_thread().name = name
        _own.share = share
        try:
            result = call()
        except BaseException as error:  # handed on to whoever asks for the result
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            _own.share = None
            if share is not None:
                share.end()

    if share is not None:
        share.begin()
    try:
        _KEPT.begin(run)
    except (RuntimeError, MemoryError) as error:
        if share is not None:
            share.end()
        raise NoThreadError from error
    return future
