"""Ports behind which no service answers as it should."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnose.lab.listener import PATIENCE

if TYPE_CHECKING:
    from diagnose.lab.listener import Conversation

_MOST_READS = 1000
_LONGEST_LINE = 8192
_MOST_QUEUED = 16
_DROPPED_SECONDS = 0.25
"""On loopback, what is not accepted by then was dropped."""


@contextlib.contextmanager
def refusing_port(address: str) -> Iterator[int]:
    """A port of *address* that refuses connections: bound, so that no other program takes it, and never listened on."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as reserved:
        reserved.bind((address, 0))
        yield reserved.getsockname()[1]


@contextlib.contextmanager
def dropping_port(address: str) -> Iterator[int]:
    """A port of *address* that answers no connect: it listens, accepts no connection, and its queue is full.

    Raises OSError where this system does not drop what comes beyond the queue.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket(family))
        listening.bind((address, 0))
        listening.listen(0)
        stack.enter_context(_filled(listening))
        yield listening.getsockname()[1]


@contextlib.contextmanager
def _filled(listening: socket.socket) -> Iterator[None]:
    """Meanwhile the queue of *listening* is full. Raises OSError where it cannot be filled."""
    with contextlib.ExitStack() as stack:
        for _connect in range(_MOST_QUEUED):
            waiting = stack.enter_context(socket.socket(listening.family))
            waiting.settimeout(_DROPPED_SECONDS)
            try:
                waiting.connect(listening.getsockname())
            except TimeoutError:
                break
        else:
            raise OSError("this system drops no connection")
        yield


def silent(connection: socket.socket, *_: object) -> None:
    """Take what comes and say nothing until the client goes."""
    connection.settimeout(PATIENCE)
    for _read in range(_MOST_READS):
        if not connection.recv(4096):
            return


def hangs_up(*_: object) -> None:
    """Close at once."""


def breaks_off(connection: socket.socket, *_: object) -> None:
    """Read the client's first bytes, its half of a TLS handshake, and close."""
    connection.recv(4096)


def passing(fault: Conversation, times: int, usual: Conversation) -> Conversation:
    """The *fault* for the first so many connections, and *usual* for those that follow."""
    numbers = itertools.count()

    def converse(connection: socket.socket, peer: object, listener: object) -> object:
        return (fault if next(numbers) < times else usual)(connection, peer, listener)

    return converse


def turns_away(words: str) -> Conversation:
    """Say *words* instead of a greeting, and close."""

    def say(connection: socket.socket, *_: object) -> None:
        connection.sendall(b"".join(line.encode() + b"\r\n" for line in words.splitlines()))

    return say


def answers(words: str) -> Conversation:
    """Read a request's head and say *words*, whatever was asked."""

    def say(connection: socket.socket, *_: object) -> None:
        with connection.makefile("rb") as lines:
            for _line in range(_MOST_READS):
                if not lines.readline(_LONGEST_LINE).strip():
                    break
        connection.sendall(b"".join(line.encode() + b"\r\n" for line in words.splitlines()) + b"\r\n")

    return say
