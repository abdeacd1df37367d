"""Answers that say that there is nothing, read without dnspython: most of those that a run gets, and the shortest.

To take them apart into objects is thirty times the work. What is in any way unusual is left to the library.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from diagnose.network.question import LONGEST_NAME

NO_ERROR, NAME_NOT_FOUND = 0, 3
_HEADER, _QUESTION, _RECORD, _SOA_END = (struct.Struct(form) for form in ("!6H", "!2H", "!2HIH", "!5I"))
_INTERNET, _SOA, _OPT = 1, 6, 41
_KIND, _ANSWER, _CODE = 0xFA00, 0x8000, 0x000F
"""Of the flags: QR, the opcode and TC, and what an answer has there that is whole; the code (RFC 1035 §4.1.1)."""
_EXTENDED = 0xFFFF0000
"""In place of an OPT record's TTL: the rest of the code, and a version (RFC 6891 §6.1.3)."""
_LABEL, _POINTER = 64, 192
_NEGATIVE_TTL = 1 << 31
"""A TTL of so many seconds or more counts as zero (RFC 2181 §8)."""


class Nothing(NamedTuple):
    """That there is no such record, or no such name."""

    code: int
    """`NO_ERROR` or `NAME_NOT_FOUND`."""
    seconds: int | None
    """For how long, by the SOA record (RFC 2308 §5); None without one."""


def nothing_in(message: bytes, asked: bytes) -> Nothing | None:
    """What *message* says, where it is a plain answer to *asked* that there is nothing; None for all others.

    *asked*: the question as it was sent.
    """
    try:
        return _read(message, asked)
    except (struct.error, IndexError):  # it ends too early, or holds what is no name
        return None


def _read(message: bytes, asked: bytes) -> Nothing | None:
    number, flags, questions, answers, authorities, more = _HEADER.unpack_from(message)
    code = flags & _CODE
    if flags & _KIND != _ANSWER or code not in {NO_ERROR, NAME_NOT_FOUND}:
        return None
    if number != _HEADER.unpack_from(asked)[0] or (questions, answers) != (1, 0) or authorities > 1 or more > 1:
        return None
    name, at = _name(asked, _HEADER.size)
    at += _QUESTION.size
    if message[_HEADER.size : at] != asked[_HEADER.size : at]:
        return None
    seconds = None
    if authorities:
        owner, at = _name(message, at)
        kind, group, lasts, length = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        if (kind, group) != (_SOA, _INTERNET) or lasts >= _NEGATIVE_TTL or name[len(name) - len(owner) :] != owner:
            return None
        end, last = at + length, _name(message, _name(message, at)[1])[1]
        seconds = min(lasts, _SOA_END.unpack_from(message, last)[-1])
        at = last + _SOA_END.size
        if at != end:
            return None
    if more:
        kind, _size, extended, length = _RECORD.unpack_from(message, at + 1)
        if message[at] or kind != _OPT or extended & _EXTENDED or length:
            return None
        at += 1 + _RECORD.size
    return Nothing(code, seconds) if at == len(message) else None


def _name(message: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """The labels of the name at *at*, in lower case, and where it ends. Raises IndexError for what is no name."""
    labels, room, furthest = list[bytes](), LONGEST_NAME - 1, at
    end = 0
    while length := message[at]:
        if length < _LABEL:
            labels.append(message[at + 1 : at + 1 + length].lower())
            at += 1 + length
            room -= 1 + length
            if room < 0:
                raise IndexError(at)
        else:
            end = end or at + 2
            at = (length - _POINTER) << 8 | message[at + 1]
            if length < _POINTER or at >= furthest:  # a pointer leads backwards, or in a circle
                raise IndexError(at)
            furthest = at
    return tuple(labels), end or at + 1
