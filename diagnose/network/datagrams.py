"""Sockets for DNS questions that look at an answer before it is taken apart: size, records, and how many.

A message of 64 KB can hold thousands of records, each with a name of 127 labels; parsing it would hold up all threads.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any, Self

LARGEST_DATAGRAM = 4096
"""Bytes; what is asked for is a third of that (EDNS payload), and what goes beyond comes by TCP."""
LARGEST_POSSIBLE = 65_535
"""Bytes of a datagram (RFC 768)."""
MOST_RECORDS_SENT = 600
"""In all sections of one message."""
MOST_DATAGRAMS = 20
"""For one question: strays and late answers are a few."""
_HEADER, _LENGTH = 12, 2


class NonsenseError(Exception):
    """No proper server sends that; one that does is not asked again."""


class GuardedSocket(socket.socket):
    """A socket for one question to one server, UDP or TCP, that waits for nothing. Its reads raise NonsenseError."""

    _datagrams = 0
    _begun = b""

    @classmethod
    def to(cls, address: str, kind: socket.SocketKind) -> Self:
        """For a server at *address*. Raises OSError."""
        made = cls(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        made.setblocking(False)
        return made

    def datagram(self) -> bytes:
        """The next datagram, which may be parsed. Raises OSError (BlockingIOError: none yet), NonsenseError."""
        try:
            data = super().recv(LARGEST_POSSIBLE)
        except ConnectionResetError as error:  # Windows calls "nobody listens there" (ICMP port unreachable) a reset
            raise ConnectionRefusedError(errno.ECONNREFUSED, error.strerror) from None
        self._datagrams += 1
        if self._datagrams > MOST_DATAGRAMS:
            raise NonsenseError("more datagrams than any answer has")
        if len(data) > LARGEST_DATAGRAM:
            raise NonsenseError(f"a datagram of {len(data)} bytes")
        _look_at(data)
        return data

    def recv(self, *args: Any) -> bytes:  # noqa: ANN401 - as socket has it
        """As socket.recv, of a message that may be parsed."""
        data = super().recv(*args)
        if len(self._begun) < _LENGTH + _HEADER:
            self._begun += data
            _look_at(self._begun[_LENGTH:])
        return data


def _look_at(message: bytes) -> None:
    if len(message) >= _HEADER and (count := sum(struct.unpack("!4H", message[4:_HEADER]))) > MOST_RECORDS_SENT:
        raise NonsenseError(f"a message of {count} records")
