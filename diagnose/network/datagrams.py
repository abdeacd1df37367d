"""Sockets for DNS questions that look at an answer before it is taken apart: size, records, how many, and the clock.

A message of 64 KB can hold thousands of records, each with a name of 127 labels; parsing it would hold up all threads.
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Self

import dns.exception

from diagnose.model.deadline import Deadline

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
    """A socket for one question to one server, UDP or TCP. Its reads raise NonsenseError, Timeout."""

    _deadline: Deadline
    _datagrams = 0
    _begun = b""

    @classmethod
    def to(cls, address: str, kind: socket.SocketKind, deadline: Deadline) -> Self:
        """For a server at *address*; reads end by *deadline*. Raises OSError."""
        made = cls(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        made.setblocking(False)
        made._deadline = deadline
        return made

    def datagram(self) -> bytes:
        """The next datagram, which may be parsed. Raises OSError, NonsenseError, Timeout."""
        left = self._deadline.left()
        if not left:
            raise dns.exception.Timeout
        self.settimeout(left)  # waits within the system; the library makes a selector for each question
        try:
            data = super().recv(LARGEST_POSSIBLE)
        except TimeoutError:
            raise dns.exception.Timeout from None
        self._datagrams += 1
        if self._datagrams > MOST_DATAGRAMS:
            raise NonsenseError("more datagrams than any answer has")
        if len(data) > LARGEST_DATAGRAM:
            raise NonsenseError(f"a datagram of {len(data)} bytes")
        _look_at(data)
        return data

    def recv(self, *args: Any) -> bytes:  # noqa: ANN401 - as socket has it
        """As socket.recv, of a message that may be parsed."""
        if self._deadline.passed():  # the library looks at the clock only when it has to wait
            raise dns.exception.Timeout
        data = super().recv(*args)
        if len(self._begun) < _LENGTH + _HEADER:
            self._begun += data
            _look_at(self._begun[_LENGTH:])
        return data


def _look_at(message: bytes) -> None:
    if len(message) >= _HEADER and (count := sum(struct.unpack("!4H", message[4:_HEADER]))) > MOST_RECORDS_SENT:
        raise NonsenseError(f"a message of {count} records")
