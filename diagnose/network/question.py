"""A question as it is sent to a name server: written here, so that it is under way before dnspython is loaded."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from diagnose.network.message import HEADER, INTERNET, LONGEST_LABEL, LONGEST_NAME, OPT, QUESTION, RECORD

RecordType = Literal["A", "AAAA", "MX", "SRV", "NS", "SOA", "CNAME", "TXT"]
NUMBERS: dict[RecordType, int] = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
}  # fmt: skip
"""RFC 1035 §3.2.2, RFC 3596, RFC 2782."""
EDNS_PAYLOAD = 1232
"""Bytes; the size that crosses every path unfragmented (DNS flag day 2020)."""
_RECURSION_DESIRED, _CHECKING_DISABLED = 0x0100, 0x0010


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question; asking it again keeps its number."""

    name: str
    """Without its final dot; "" is the root."""
    record_type: RecordType
    checking_disabled: bool = False
    """CD (RFC 4035 §3.2.2)."""
    edns: bool = True
    """Whether it says how large an answer may be (RFC 6891)."""
    number: int = msgspec.field(default_factory=lambda: int.from_bytes(os.urandom(2), "big"))

    def written(self) -> bytes:
        """The message (RFC 1035 §4.1). Raises ValueError for what is no name of DNS."""
        flags = _RECURSION_DESIRED | (_CHECKING_DISABLED if self.checking_disabled else 0)
        header = HEADER.pack(self.number, flags, 1, 0, 0, 1 if self.edns else 0)
        asked = _name(self.name) + QUESTION.pack(NUMBERS[self.record_type], INTERNET)
        size = b"\0" + RECORD.pack(OPT, EDNS_PAYLOAD, 0, 0) if self.edns else b""
        return header + asked + size


def _name(name: str) -> bytes:
    """*name* as labels with their lengths (RFC 1035 §3.1). Raises ValueError."""
    try:
        labels = name.encode("ascii").split(b".") if name else []
    except UnicodeEncodeError:
        raise ValueError("a name of DNS is written in ASCII") from None
    for label in labels:
        if not label:
            raise ValueError("a label is empty")
        if len(label) > LONGEST_LABEL:
            raise ValueError(f"a label is longer than {LONGEST_LABEL} octets")
    written = b"".join(bytes((len(label),)) + label for label in (*labels, b""))
    if len(written) > LONGEST_NAME:
        raise ValueError(f"the name is longer than {LONGEST_NAME} octets")
    return written
