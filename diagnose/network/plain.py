"""Answers with records, read without dnspython where they are as almost all are: an alias or none, then the records.

To load the library costs a run more than a tenth of its processor time. What is in any way unusual is left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from socket import AF_INET6, inet_ntop
from typing import NamedTuple

from diagnose.network.message import (
    ANSWER,
    CODE,
    EXTENDED,
    HEADER,
    INTERNET,
    KIND,
    NEGATIVE_TTL,
    NO_ERROR,
    OPT,
    QUESTION,
    RECORD,
    Labels,
    lowered,
    name_at,
)
from diagnose.network.question import NUMBERS

MOST_ALIASES, MOST_BESIDE = 8, 30
"""Beyond that a chain, or what comes with an answer, is unusual."""
_PREFERENCE, _SRV, _SOA = struct.Struct("!H"), struct.Struct("!3H"), struct.Struct("!5I")
_IPV4, _IPV6 = 4, 16
_LOOPBACK = b"\0" * 15 + b"\1"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
"""Of labels that are written as they are; to escape others is the library's."""
_PRINTED = bytes(octet for octet in range(0x20, 0x7F) if octet not in b'"\\')


class UnusualError(Exception):
    """It is for the library to read."""


class Records(NamedTuple):
    """The records that answer a question."""

    words: tuple[str, ...]
    """Presentation format (RFC 1035 §5.1), names with their final dot, in the order in which they came."""
    canonical_name: str | None
    """Where a chain of CNAMEs ended, in lower case; None when there was no alias."""
    seconds: int
    """For how long: the shortest TTL of all of them."""


def records_in(message: bytes, asked: bytes) -> Records | None:
    """The records in *message*, where it is a plain answer to *asked*; None for all others.

    *asked*: the question as it was sent.
    """
    try:
        return _read(message, asked)
    except (UnusualError, struct.error, IndexError):  # it ends too early, or holds what is no name
        return None


def _read(message: bytes, asked: bytes) -> Records | None:
    number, flags, questions, answers, authorities, more = HEADER.unpack_from(message)
    if flags & KIND != ANSWER or flags & CODE != NO_ERROR or number != HEADER.unpack_from(asked)[0]:
        return None
    if questions != 1 or not answers or authorities + more > MOST_BESIDE:
        return None
    name, end = name_at(asked, HEADER.size)
    kind, _group = QUESTION.unpack_from(asked, end)
    at = end + QUESTION.size
    if message[HEADER.size : at] != asked[HEADER.size : at]:
        return None
    found, aliases, lasts = list[str](), list[Labels](), NEGATIVE_TTL
    owners = [lowered(name)]
    for _ in range(answers):
        owner, of, seconds, at, end = _record(message, at)
        lasts = min(lasts, seconds)
        if lowered(owner) != owners[-1]:
            return None
        if of == kind:
            found.append(_words(message, of, at, end))
        elif of == NUMBERS["CNAME"] and not found and len(aliases) < MOST_ALIASES:
            aliases.append(_name(message, at, end))
            owners.append(lowered(aliases[-1]))
        else:
            return None
        at = end
    if not found or len(set(owners)) < len(owners) or len({word.lower() for word in found}) < len(found):
        return None
    if kind in _ALONE and len(found) > 1:
        return None
    at = _beside(message, _beside(message, at, authorities, opt=False), more, opt=True)
    if at != len(message):
        return None
    canonical = _written(aliases[-1]).rstrip(".").lower() if aliases else None
    return Records(tuple(found), canonical, lasts)


def _record(message: bytes, at: int) -> tuple[Labels, int, int, int, int]:
    """Owner, type, TTL, and where the data of the record at *at* begin and end. Raises UnusualError."""
    owner, at = name_at(message, at)
    of, group, seconds, length = RECORD.unpack_from(message, at)
    at += RECORD.size
    if group != INTERNET or seconds >= NEGATIVE_TTL or at + length > len(message):
        raise UnusualError
    return owner, of, seconds, at, at + length


def _beside(message: bytes, at: int, count: int, *, opt: bool) -> int:
    """Where *count* records that come with an answer end; they are known types. Raises UnusualError.

    *opt*: whether one of them, the last, may be the OPT record.
    """
    for left in range(count, 0, -1):
        if opt and left == 1 and not message[at] and RECORD.unpack_from(message, at + 1)[0] == OPT:
            _kind, _size, extended, length = RECORD.unpack_from(message, at + 1)
            if extended & EXTENDED or length:
                raise UnusualError
            return at + 1 + RECORD.size
        _owner, of, _seconds, at, end = _record(message, at)
        _words(message, of, at, end)
        at = end
    return at


def _words(message: bytes, of: int, at: int, end: int) -> str:
    read = _READERS.get(of)
    if read is None:
        raise UnusualError
    return read(message, at, end)


def _name(message: bytes, at: int, end: int) -> Labels:
    """The name from *at* to *end*. Raises UnusualError, IndexError."""
    labels, ends = name_at(message, at)
    if ends != end:
        raise UnusualError
    return labels


def _written(labels: Labels) -> str:
    """*labels* with their final dot. Raises UnusualError where one would have to be escaped."""
    if any(label.translate(None, _LETTERS) for label in labels):
        raise UnusualError
    return b".".join((*labels, b"")).decode("ascii") or "."


def _target(message: bytes, at: int, end: int) -> str:
    return _written(_name(message, at, end))


def _ipv4(message: bytes, at: int, end: int) -> str:
    if end - at != _IPV4:
        raise UnusualError
    return "{}.{}.{}.{}".format(*message[at:end])


def _ipv6(message: bytes, at: int, end: int) -> str:
    octets = message[at:end]
    if len(octets) != _IPV6 or (not any(octets[:10]) and octets != _LOOPBACK):  # which systems write in two ways
        raise UnusualError
    return inet_ntop(AF_INET6, octets)


def _mx(message: bytes, at: int, end: int) -> str:
    (preference,) = _PREFERENCE.unpack_from(message, at)
    return f"{preference} {_target(message, at + _PREFERENCE.size, end)}"


def _srv(message: bytes, at: int, end: int) -> str:
    priority, weight, port = _SRV.unpack_from(message, at)
    return f"{priority} {weight} {port} {_target(message, at + _SRV.size, end)}"


def _soa(message: bytes, at: int, end: int) -> str:
    server, at = name_at(message, at)
    mailbox, at = name_at(message, at)
    if at + _SOA.size != end:
        raise UnusualError
    return " ".join((_written(server), _written(mailbox), *map(str, _SOA.unpack_from(message, at))))


def _txt(message: bytes, at: int, end: int) -> str:
    found = []
    while at < end:
        begin = at + 1
        at = begin + message[at]
        string = message[begin:at]
        if at > end or string.translate(None, _PRINTED):
            raise UnusualError
        found.append(f'"{string.decode("ascii")}"')
    if not found:
        raise UnusualError
    return " ".join(found)


_READERS: dict[int, Callable[[bytes, int, int], str]] = {
    NUMBERS["A"]: _ipv4, NUMBERS["AAAA"]: _ipv6, NUMBERS["CNAME"]: _target, NUMBERS["MX"]: _mx, NUMBERS["NS"]: _target,
    NUMBERS["SOA"]: _soa, NUMBERS["SRV"]: _srv, NUMBERS["TXT"]: _txt,
}  # fmt: skip
_ALONE = {NUMBERS["CNAME"], NUMBERS["SOA"]}
"""Types of which a name has one record."""
