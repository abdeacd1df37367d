"""A stream that tells before more of it is waited for."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest

from diagnose.process.awaited import AT_ONCE, awaited


class Coming(io.RawIOBase):
    """A stream that has each of some pieces only once it is asked again, as a pipe does."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = list(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        piece = self._pieces.pop(0) if self._pieces else b""
        room[: len(piece)] = piece
        return len(piece)


def lines_and_waits(pieces: Iterable[bytes]) -> list[bytes]:
    """What is read line by line, an empty one for each wait."""
    told: list[bytes] = []
    stream = awaited(io.BufferedReader(Coming(pieces)), lambda: told.append(b""))
    while line := stream.readline():
        told.append(line)
    return told


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], [b""]),
        ([b"a\n"], [b"", b"a\n", b""]),
        ([b"a\nb\n"], [b"", b"a\n", b"b\n", b""]),
        ([b"a\n", b"b\n"], [b"", b"a\n", b"", b"b\n", b""]),
        ([b"a\nb", b"c\n"], [b"", b"a\n", b"", b"bc\n", b""]),
        ([b"a\nb"], [b"", b"a\n", b"", b"b", b""]),
    ],
)
def test_it_tells_before_each_wait_and_not_between_what_came_together(
    pieces: list[bytes], expected: list[bytes]
) -> None:
    assert lines_and_waits(pieces) == expected


def test_all_of_a_long_stream_comes_out() -> None:
    whole = b"".join(b"%d\n" % number for number in range(60_000))
    waits: list[None] = []

    assert awaited(io.BytesIO(whole), lambda: waits.append(None)).read() == whole
    assert len(waits) >= len(whole) / AT_ONCE


def test_what_it_raises_reaches_whoever_reads() -> None:
    def fail() -> None:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        awaited(io.BytesIO(b"a\n"), fail).readline()
