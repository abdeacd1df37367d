"""A HAR file as a stream of entries: bounded in memory and time, whatever it holds.

The parser builds each string and each number whole, so over-long ones are cut, or refused, before it sees them.
"""

from __future__ import annotations

import codecs
import os
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TypeAlias

from diagnose.model import Deadline, TextError, text
from diagnose.process.first_use import lazy_pattern, one_at_a_time
from diagnose.process.regular_file import open_regular

LARGEST_FILE = 1 << 30
"""Bytes of JSON that are read, unpacked; a file that holds more is refused."""
LONGEST_STRING = 1 << 18
"""Bytes of one JSON string that are kept; the rest is skipped."""
LONGEST_NUMBER = 400
MOST_VALUES = 20_000
"""JSON values of one entry; an entry with more is skipped."""
MOST_ENTRIES = 50_000
DEEPEST = 64
_CHUNK = 1 << 18
_EVENTS_A_LOOK = 4096

_WHOLE = lazy_pattern(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""From outside a string: all that is complete."""
_INSIDE = lazy_pattern(rb"(?:[^\"\\]++|\\u[0-9a-fA-F]{4}|\\[^u])*+", re.DOTALL)
"""From inside a string: what can be cut off there without tearing an escape sequence."""
_REST = lazy_pattern(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_NUMBER = lazy_pattern(rb"[-+.0-9eE]{%d}" % LONGEST_NUMBER)

Event: TypeAlias = "tuple[str, Any]"


class HarError(TextError):
    """The file is no HAR, or none that can be read; the message says why."""


def no_har(file: Path) -> HarError:
    """What to raise where *file* is something else."""
    return HarError(
        text("{file} is not a HAR file; save one in the network tab of the browser's developer tools.", file=file.name)
    )


class Entries:
    """The raw entries of a HAR file, in order; None stands for one that is too large.

    After the iteration `broken_off` tells whether there was, or may be, more.
    """

    def __init__(self, file: Path, deadline: Deadline) -> None:
        self.broken_off = False
        self.out_of_time = False
        self._file = file
        self._deadline = deadline

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        """Raises HarError when there is no list of entries, OSError when the file cannot be read."""
        with one_at_a_time:
            import ijson

        found = False
        with _opened(self._file) as raw:
            try:
                text_of_it = _Utf8(_Unpacked(raw, self._deadline), self._file.name)
                watched = self._watched(ijson.basic_parse(_ShortStrings(text_of_it), use_float=False))
                _find_entries(watched)
                found = True
                yield from self._entries(watched)
            except _OutOfTimeError:
                self.broken_off = self.out_of_time = True
            except (ijson.JSONError, _TooDeepError, ValueError, ArithmeticError, EOFError, zlib.error) as error:
                self.broken_off = True
                if not found:
                    raise no_har(self._file) from error
        if not found:
            raise self.too_slow()

    def too_slow(self) -> HarError:
        """What to raise where all of the file was needed and time ran out."""
        return HarError(text("{file} could not be read in time.", file=self._file.name))

    def _watched(self, events: Iterator[Event]) -> Iterator[Event]:
        for number, event in enumerate(events):
            if number % _EVENTS_A_LOOK == 0 and self._deadline.passed():
                raise _OutOfTimeError
            yield event

    def _entries(self, events: Iterator[Event]) -> Iterator[dict[str, Any] | None]:
        for number, (event, value) in enumerate(events):
            if event == "end_array":
                return
            if self._deadline.passed():  # what is made of an entry takes time, too
                raise _OutOfTimeError
            if number >= MOST_ENTRIES:
                self.broken_off = True
                return
            builder = _Builder(events)
            built = builder.take(event, value)
            yield built if isinstance(built, dict) and builder.left >= 0 else None


class _OutOfTimeError(Exception):
    pass


class _TooDeepError(Exception):
    pass


class _NumberTooLongError(ValueError):
    pass


class _Builder:
    """Builds one value from events; past its budget it only reads on to the value's end."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.left = MOST_VALUES
        self._events = events

    def take(self, event: str, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
        self.left -= 1
        if depth > DEEPEST:
            raise _TooDeepError
        if event == "start_map":
            fields: dict[str, Any] = {}
            for kind, key in self._events:
                if kind == "end_map":
                    break
                field = self.take(*next(self._events), depth + 1)
                if self.left >= 0:
                    fields[key] = field
            return fields
        if event == "start_array":
            items = []
            for kind, item in self._events:
                if kind == "end_array":
                    break
                built = self.take(kind, item, depth + 1)
                if self.left >= 0:
                    items.append(built)
            return items
        return float(value) if isinstance(value, Decimal) else value


def _find_entries(events: Iterator[Event]) -> None:
    """Go to the first of ``log.entries``. Raises ValueError if it is missing."""
    for name, opening in (("", "start_map"), ("log", "start_map"), ("entries", "start_array")):
        if name and not _find_field(events, name):
            raise ValueError(name)
        event, _ = next(events, ("", None))
        if event != opening:
            raise ValueError(name)


def _find_field(events: Iterator[Event], name: str) -> bool:
    """Go to the value of the field *name* of the object that was begun."""
    depth = 0
    for event, value in events:
        if depth == 0 and event == "map_key" and value == name:
            return True
        depth += event.startswith("start") - event.startswith("end")
        if depth < 0:
            return False
        if depth > DEEPEST:
            raise _TooDeepError
    return False


# -- bytes


def _opened(file: Path) -> IO[bytes]:
    """The bytes of *file*, packed or not. Raises OSError, HarError."""
    raw = open_regular(file)
    if os.fstat(raw.fileno()).st_size > LARGEST_FILE:
        raw.close()
        raise _too_large(file.name)
    return raw


class _Unpacked:
    """Pieces of what *raw* holds, unpacked where it is packed with gzip: never much more at a time than is asked for.

    gzip's own reader looks at no clock, be it over a million empty members or a member of a gigabyte.
    """

    def __init__(self, raw: IO[bytes], deadline: Deadline) -> None:
        self._raw = raw
        self._deadline = deadline
        self._packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        self._unpacker = zlib.decompressobj(wbits=31)
        self._left = b""

    def read(self, size: int) -> bytes:
        """Some bytes; none at the end. Raises EOFError in the middle of a member, zlib.error, _OutOfTimeError."""
        while True:
            if self._deadline.passed():  # one string may be longer than all the time there is
                raise _OutOfTimeError
            if not self._packed:
                return self._raw.read(size)
            sent = self._left or self._raw.read(size)
            if sent and self._unpacker.eof:
                self._unpacker = zlib.decompressobj(wbits=31)
            if not sent and self._unpacker.eof:
                return b""
            unpacked = self._unpacker.decompress(sent, size)
            if not sent and not unpacked:
                raise EOFError
            self._left = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                self._left = self._left.lstrip(b"\0")  # padding, as gzip's own reader takes it
            if unpacked:
                return unpacked


def _too_large(name: str) -> HarError:
    return HarError(
        text("{file} holds more than {count} MB; record the login alone.", file=name, count=LARGEST_FILE >> 20)
    )


class _Utf8:
    """Bytes in UTF-8, from what may be UTF-16 with a byte order mark; what is wrong becomes U+FFFD."""

    def __init__(self, raw: _Unpacked, name: str) -> None:
        self._raw = raw
        self._name = name
        self._read = 0
        first = raw.read(_CHUNK)
        self._first: bytes | None = first
        wide = first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("replace")

    def read(self) -> bytes:
        """Some bytes; none at the end. Raises HarError past `LARGEST_FILE`, _OutOfTimeError."""
        while True:
            chunk, self._first = (self._raw.read(_CHUNK) if self._first is None else self._first), None
            self._read += len(chunk)
            if self._read > LARGEST_FILE:
                raise _too_large(self._name)
            words = self._decoder.decode(chunk, not chunk)
            if words or not chunk:
                return words.encode("utf-8", "replace")


class _ShortStrings:
    """JSON with every string cut to `LONGEST_STRING`; a file object, as far as the parser needs one."""

    def __init__(self, source: _Utf8) -> None:
        self._source = source
        self._carry = b""
        self._skipping = False

    def read(self, _size: int = -1) -> bytes:
        """Some bytes, more or fewer than asked for; none at the end. Raises ValueError for an endless number."""
        if _size == 0:
            return b""
        while True:
            chunk = self._source.read()
            if not chunk:
                rest, self._carry = self._carry, b""
                return rest
            passed = self._pass(self._carry + chunk)
            if passed:
                return passed

    def _pass(self, buffer: bytes) -> bytes:
        if self._skipping:
            end = _end(_REST, buffer, 0)
            if end >= len(buffer) or buffer[end : end + 1] != b'"':
                self._carry = buffer[end:]
                return b""
            self._skipping = False
            buffer = buffer[end + 1 :]
        if _NUMBER.search(buffer):
            raise _NumberTooLongError
        end = _end(_WHOLE, buffer, 0)
        passed, self._carry = buffer[:end], buffer[end:]
        if len(self._carry) > LONGEST_STRING:
            cut = _end(_INSIDE, self._carry[:LONGEST_STRING], 1)
            head = self._carry[:cut].decode("utf-8", "ignore").encode()
            passed += head + b'"'
            self._carry = self._carry[_end(_REST, self._carry, cut) :]
            self._skipping = True
        return passed


def _end(pattern: re.Pattern[bytes], buffer: bytes, start: int) -> int:
    found = pattern.match(buffer, start)
    return found.end() if found else start
