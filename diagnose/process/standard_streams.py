"""The standard streams, also when they are closed or full, or their reader has gone."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

from diagnose.process.encodings import LIKENESS


def open_closed_ones() -> None:
    """Open the null device in place of each standard stream that is closed: no connection may get its number.

    What is written to a standard output that was closed still fails, as it has to.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # which takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - it stays open
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    for stream in (sys.stdout, sys.stderr):  # libraries write to them, too, and may know no encoding but UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=LIKENESS)


def write(words: str) -> None:
    """Write *words* to standard output; what its encoding lacks becomes something alike, or a question mark.

    Nothing is written once its reader has gone. Raises OSError.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(words.encode(encoding, LIKENESS).decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError:
        _silence(sys.stdout)
        raise


def tell(sentence: str) -> None:
    """Write *sentence* as a line to standard error. Never raises: no other stream is left for an error."""
    try:
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _silence(sys.stderr)


def settle() -> OSError | None:
    """Flush the streams. Returns why standard output failed; a reader that has gone is not a failure."""
    failed = None
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        failed = error
        _silence(sys.stdout)
    try:
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)
    return failed


def _silence(stream: TextIO) -> None:
    """Let what *stream* holds, and all that follows, go nowhere: it would fail again at the process's end."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
