"""The first words of a server: read up to a line end, in bounds, with the error where no line came."""

from __future__ import annotations

import unicodedata

import msgspec

from checks.server.spoken import longest_beginning, may_become
from checks.sessions.session import LONGEST_LINE
from diagnose.model import ClosedError, ProtocolName, TooMuchDataError
from diagnose.network import Stream

STRANGE_SECONDS = 1.0
"""For the rest of what can be no greeting any more."""


class FirstWords(msgspec.Struct, frozen=True, kw_only=True):
    """What came."""

    data: bytes
    error: OSError | None = None
    """Why no more came than that; None: the line is whole, or more would not make a greeting of it."""


def first_words(stream: Stream, protocol: ProtocolName) -> FirstWords:
    """Read a line byte-wise, so that nothing behind it is taken; on what is strange to *protocol* no time is spent."""
    data = bytearray()
    strange = binary = False
    error: OSError | None = None
    while not data.endswith(b"\n") or binary:
        try:
            byte = stream.recv(1)
            if not byte:
                raise ClosedError("closed in the middle of a line" if data else "closed without a word")
            if len(data) == LONGEST_LINE:
                raise TooMuchDataError(f"a line of more than {LONGEST_LINE} bytes")
        except OSError as ended:
            error = None if strange and data else ended
            break
        data += byte
        if not strange and len(data) <= longest_beginning() and not may_become(bytes(data), protocol):
            strange = True
            stream.deadline = stream.deadline.within(STRANGE_SECONDS)
        binary = binary or (strange and byte == b"\n" and not is_text(data))
    return FirstWords(data=bytes(data), error=error)


def is_text(data: bytes | bytearray) -> bool:
    """Whether *data* can be read by people: no control characters but those that lay out a text."""
    words = bytes(data).decode("utf-8", "replace")
    return not any(unicodedata.category(letter) in {"Cc", "Cn"} and letter not in "\t\r\n\f\x1b" for letter in words)
