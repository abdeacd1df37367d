"""A stream that tells when more of it is going to be waited for."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, cast

AT_ONCE = 64 * 1024
"""Bytes that are taken from the stream at once, where there are as many."""


def awaited(stream: IO[bytes], before: Callable[[], None]) -> IO[bytes]:
    """*stream*, which calls *before* each time that what was taken of it is used up, and no later."""
    return io.BufferedReader(_Awaited(cast("io.BufferedIOBase", stream), before), AT_ONCE)


class _Awaited(io.RawIOBase):
    def __init__(self, stream: io.BufferedIOBase, before: Callable[[], None]) -> None:
        self._stream = stream
        self._before = before

    def readable(self) -> bool:
        """As any stream that is read."""
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]  # always of this kind here
        """Put what has come into *room*, and return how much that is. Raises OSError, and what *before* raises."""
        self._before()
        taken = self._stream.read1(len(room))
        room[: len(taken)] = taken
        return len(taken)
