"""The parts of a DNS message (RFC 1035 §4.1), as far as a plain one is read without dnspython."""

from __future__ import annotations

import struct

LONGEST_LABEL, LONGEST_NAME = 63, 255
"""Octets (RFC 1035 §2.3.4)."""
NO_ERROR, FORMAT_ERROR, NAME_NOT_FOUND, NOT_IMPLEMENTED = 0, 1, 3, 4
BAD_VERSION = 16
"""Codes (RFC 1035 §4.1.1, RFC 6891 §9)."""
HEADER, QUESTION, RECORD = (struct.Struct(form) for form in ("!6H", "!2H", "!2HIH"))
INTERNET, OPT = 1, 41
KIND, ANSWER, CODE = 0xFA00, 0x8000, 0x000F
"""Of the flags: QR, the opcode and TC, and what an answer has there that is whole; the code."""
EXTENDED = 0xFFFF0000
"""In place of an OPT record's TTL: the rest of the code, and a version (RFC 6891 §6.1.3)."""
NEGATIVE_TTL = 1 << 31
"""A TTL of so many seconds or more counts as zero (RFC 2181 §8)."""
_LABEL, _POINTER = 64, 192

Labels = tuple[bytes, ...]


def name_at(message: bytes, at: int) -> tuple[Labels, int]:
    """The labels of the name at *at*, and where it ends. Raises IndexError for what is no name."""
    labels, room, furthest = list[bytes](), LONGEST_NAME - 1, at
    end = 0
    while length := message[at]:
        if length < _LABEL:
            labels.append(message[at + 1 : at + 1 + length])
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


def lowered(labels: Labels) -> Labels:
    """*labels* as they are compared (RFC 4343)."""
    return tuple(map(bytes.lower, labels))
