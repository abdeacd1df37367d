"""Files of a browser: read with a bound, never waited for, never written to."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

Why = Literal["missing", "in_use", "not_permitted", "too_large", "damaged", "no_time"]
"""Why something could not be read; ``in_use``: the running browser keeps it to itself."""

SHARING_VIOLATION = 32
"""ERROR_SHARING_VIOLATION of Windows."""


class UnreadableError(Exception):
    """A file is there and could not be read."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


def reason(error: OSError) -> Why:
    """*error* of opening or reading as one of few words."""
    if getattr(error, "winerror", None) == SHARING_VIOLATION:
        return "in_use"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "missing"
    return "not_permitted" if isinstance(error, PermissionError) else "damaged"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """*path* to read from, and its size. Raises UnreadableError, for what is no regular file (a pipe, a device) too."""
    try:
        # a pipe without a writer would otherwise be waited for
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise UnreadableError("damaged")
            yield file, state.st_size
    except OSError as error:
        raise UnreadableError(reason(error)) from error


def read(path: Path, largest: int) -> bytes | None:
    """The whole of *path*; None where there is no such file. Raises UnreadableError, from *largest* bytes on too."""
    try:
        with opened(path) as (file, size):
            if size <= largest:
                return file.read(largest)
    except UnreadableError as error:
        if error.why == "missing":
            return None
        raise
    raise UnreadableError("too_large")


def inside(root: Path, name: str) -> Path | None:
    """The folder called *name* within *root*; None where *name* leads, or links, out of it, or is no name."""
    parts = Path(name).parts
    if not parts or ".." in parts or not name.isprintable() or Path(name).is_absolute() or Path(name).drive:
        return None
    return within(root, root / name)


def within(root: Path, folder: Path) -> Path | None:
    """*folder* where it really lies within *root*, all links followed; else None."""
    try:
        real, base = Path(os.path.realpath(folder)), Path(os.path.realpath(root))
    except (OSError, ValueError):
        return None
    return folder if real.is_relative_to(base) and ".." not in folder.parts else None


def is_folder(path: Path) -> bool:
    """Whether *path* is a folder; not where it cannot be told: a circle of links, a place that may not be entered."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def files(folder: Path, most: int) -> Iterator[Path]:
    """The files directly in *folder*, *most* of them; none where it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            for entry in islice(found, most):
                yield Path(entry.path)
    except OSError:
        return
