"""Answers that say that there is nothing, read without dnspython: most of those that a run gets, and the shortest.

To take them apart into objects is thirty times the work. What is in any way unusual is left to the library.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from diagnose.network.message import (
    ANSWER,
    CODE,
    EXTENDED,
    HEADER,
    INTERNET,
    KIND,
    NAME_NOT_FOUND,
    NEGATIVE_TTL,
    NO_ERROR,
    OPT,
    QUESTION,
    RECORD,
    lowered,
    name_at,
)
from diagnose.network.question import NUMBERS

_SOA_END = struct.Struct("!5I")


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
    number, flags, questions, answers, authorities, more = HEADER.unpack_from(message)
    code = flags & CODE
    if flags & KIND != ANSWER or code not in {NO_ERROR, NAME_NOT_FOUND}:
        return None
    if number != HEADER.unpack_from(asked)[0] or (questions, answers) != (1, 0) or authorities > 1 or more > 1:
        return None
    name, at = name_at(asked, HEADER.size)
    at += QUESTION.size
    if message[HEADER.size : at] != asked[HEADER.size : at]:
        return None
    seconds = None
    if authorities:
        owner, at = name_at(message, at)
        kind, group, lasts, length = RECORD.unpack_from(message, at)
        at += RECORD.size
        if (
            (kind, group) != (NUMBERS["SOA"], INTERNET)
            or lasts >= NEGATIVE_TTL
            or lowered(name[len(name) - len(owner) :]) != lowered(owner)
        ):
            return None
        end, last = at + length, name_at(message, name_at(message, at)[1])[1]
        seconds = min(lasts, _SOA_END.unpack_from(message, last)[-1])
        at = last + _SOA_END.size
        if at != end:
            return None
    if more:
        kind, _size, extended, length = RECORD.unpack_from(message, at + 1)
        if message[at] or kind != OPT or extended & EXTENDED or length:
            return None
        at += 1 + RECORD.size
    return Nothing(code, seconds) if at == len(message) else None
