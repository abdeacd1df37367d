"""SQLite databases of a profile, read from a copy in memory: values of cookies reach no disk, and no lock is taken.

The file formats are those of https://www.sqlite.org/fileformat2.html and https://www.sqlite.org/walformat.html.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from checks.browser.stored.files import UnreadableError, opened, read
from diagnose.model.deadline import Deadline
from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    import sqlite3

LARGEST = 32_000_000
"""Bytes of a database, and of its log; a browser keeps some thousand cookies of at most 4 KB."""
MOST_MEMORY = 64_000_000
"""Bytes that SQLite may take for its copy, and for what a damaged or hostile database makes it do."""
TRIES, PAUSE_SECONDS = 4, 0.05
"""A transaction of the running browser is over by then."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WAL_MAGIC = (0x377F0682, 0x377F0683)
_WAL_HEADER, _FRAME_HEADER = 32, 24
_INSTRUCTIONS = 10_000
"""Of SQLite's virtual machine, between two looks at the clock."""


@contextlib.contextmanager
def reading(path: Path, deadline: Deadline) -> Iterator[sqlite3.Connection | None]:
    """The database at *path* as it was last committed, write-ahead log included; None where the file is missing.

    Raises UnreadableError: not permitted, in use, larger than 32 MB, no database, *deadline* passed.
    """
    with one_at_a_time:
        import sqlite3

    image = _image(path, deadline)
    if image is None:
        yield None
        return
    connection = sqlite3.connect(":memory:")
    try:
        connection.text_factory = lambda octets: octets.decode("utf-8", "replace")
        connection.set_progress_handler(deadline.passed, _INSTRUCTIONS)
        connection.execute(f"PRAGMA hard_heap_limit = {MOST_MEMORY}")
        connection.execute("PRAGMA temp_store = MEMORY")  # where the limit holds
        if image:
            connection.deserialize(image)  # a copy
            image.clear()
        connection.execute("PRAGMA query_only = 1")
        yield connection
    except MemoryError as error:
        raise UnreadableError("too_large") from error
    except sqlite3.Error as error:
        raise UnreadableError("no_time" if deadline.passed() else "damaged") from error
    finally:
        connection.close()


def _image(path: Path, deadline: Deadline) -> bytearray | None:
    for _ in range(TRIES):
        before = _changed(path)
        content = read(path, LARGEST)
        if content is None:
            return None
        main = bytearray(content)
        del content
        log = read(path.with_name(path.name + "-wal"), LARGEST) or b""
        if not _has_journal(path) and before == _changed(path):
            return _rolled_forward(main, log)
        if deadline.passed():
            raise UnreadableError("no_time")
        time.sleep(min(PAUSE_SECONDS, deadline.left()))
    raise UnreadableError("in_use")


def _has_journal(path: Path) -> bool:
    """Whether a transaction is under way, or was broken off."""
    try:
        with opened(path.with_name(path.name + "-journal")) as (file, _size):
            return file.read(len(_JOURNAL_MAGIC)) == _JOURNAL_MAGIC
    except UnreadableError as error:
        if error.why == "missing":
            return False
        raise


def _changed(path: Path) -> tuple[int, ...]:
    found = []
    for name in (path.name, path.name + "-wal"):
        try:
            state = path.with_name(name).stat()
            found += [state.st_mtime_ns, state.st_size]
        except OSError:
            found.append(0)
    return tuple(found)


def _rolled_forward(image: bytearray, log: bytes) -> bytearray:
    """*image* with the committed pages of its write-ahead log, and marked as a database without one."""
    if len(log) > _WAL_HEADER:
        magic, _version, size, _sequence, *salt = struct.unpack(">6I", log[:24])
        if magic in _WAL_MAGIC and 512 <= size <= 65536:
            _apply(image, log, size, salt)
    if len(image) >= 100:
        image[18:20] = b"\x01\x01"  # file format versions: 2 would ask for the log, which memory has not
    return image


def _apply(image: bytearray, log: bytes, size: int, salt: list[int]) -> None:
    pending: dict[int, int] = {}
    for place in range(_WAL_HEADER, len(log) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        number, pages, *of_frame = struct.unpack(">4I", log[place : place + 16])
        if of_frame != salt or not 1 <= number <= LARGEST // size:  # left over from an earlier round of the log
            break
        pending[number] = place + _FRAME_HEADER
        if not pages:
            continue
        for page, start in pending.items():
            end = page * size
            if len(image) < end:
                image.extend(bytes(end - len(image)))
            image[end - size : end] = log[start : start + size]
        del image[min(pages, LARGEST // size) * size :]
        pending.clear()
