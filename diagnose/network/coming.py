"""What is yet to come out of another thread: as `concurrent.futures.Future`, at a third of its cost.

A run has some 120, and most of them have come before anybody waits. So none has a condition of its own. Once it is
told it keeps nobody alive who was to hear of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

R = TypeVar("R")

_lock = threading.RLock()
"""Held while one of them changes: for some instructions, of which none waits. What is thrown away meanwhile, and has
a last word, may change another one."""


class CameError(Exception):
    """It has come already."""


class Coming(Generic[R]):
    """A value or an error that comes once; any thread may bring it, and any number may wait for it."""

    __slots__ = ("_came", "_error", "_followers", "_value")

    _value: R

    def __init__(self) -> None:
        self._came = False
        self._error: BaseException | None = None
        self._followers: list[Callable[[Coming[R]], object]] = []

    def done(self) -> bool:
        """Whether it has come."""
        return self._came

    def set_result(self, value: R) -> None:
        """It comes as *value*. Raises CameError."""
        with _lock:
            if self._came:
                raise CameError
            self._value, self._came = value, True
            followers, self._followers = self._followers, []
        self._tell(followers)

    def set_exception(self, error: BaseException) -> None:
        """It comes as *error*, which `result` raises. Raises CameError."""
        with _lock:
            if self._came:
                raise CameError
            self._error, self._came = error, True
            followers, self._followers = self._followers, []
        self._tell(followers)

    def result(self, timeout: float | None = None) -> R:
        """What has come by *timeout* seconds from now, None: whenever it does. Raises TimeoutError, and the error."""
        if not self.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            try:
                raise self._error
            finally:
                self = None  # type: ignore[assignment]  # noqa: PLW0642 - the error knows this frame: no ring
        return self._value

    def exception(self) -> BaseException | None:
        """The error as which it came, None where it came as a value. It has come."""
        return self._error

    def add_done_callback(self, follower: Callable[[Coming[R]], object]) -> None:
        """Have *follower*, which raises nothing, called once it has come: now, or by the thread that brings it."""
        with _lock:
            if not self._came:
                self._followers.append(follower)
                return
        follower(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it has come by *timeout* seconds from now; None: wait until it has."""
        if self._came:
            return True
        came = threading.Lock()
        came.acquire()

        def told(_: Coming[R]) -> None:
            came.release()

        self.add_done_callback(told)
        if not came.acquire(timeout=-1 if timeout is None else min(max(0.0, timeout), threading.TIMEOUT_MAX)):
            with _lock, contextlib.suppress(ValueError):
                self._followers.remove(told)
        return self._came

    def _tell(self, followers: Iterable[Callable[[Coming[R]], object]]) -> None:
        for follower in followers:
            with contextlib.suppress(Exception):  # what one does wrong is nothing to the others, nor to who brings it
                follower(self)


def come_within(seconds: float, coming: Iterable[Coming[R]]) -> list[Coming[R]]:
    """Those of *coming* that have come in so many *seconds* at most."""
    until = time.monotonic() + seconds
    return [one for one in list(coming) if one.wait(until - time.monotonic())]
