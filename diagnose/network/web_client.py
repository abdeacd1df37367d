"""What fetches a page needs of an HTTP client: one request, and its answer piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, Self

from diagnose.model.deadline import Deadline
from diagnose.network.stream import Stream

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses that lead elsewhere (RFC 9110 §15.4)."""

Connect = Callable[[str, int, bool], Stream]
"""Opens a connection: host, port, and whether TLS is wanted, whose verified handshake is done then."""
Open = Callable[[str, int, bool, Deadline], Stream]
"""The same with a deadline."""


class Answer(Protocol):
    """What came for one request; its headers are here, its body is still to be read."""

    @property
    def status(self) -> int:
        """As sent."""

    def header(self, name: str) -> str | None:
        """The value of a header, several joined by commas; None where none came."""

    def each(self, name: str) -> list[str]:
        """The value of every header of that name."""

    def names(self) -> list[str]:
        """Of the headers, as sent."""

    def pieces(self, size: int) -> Iterator[bytes]:
        """The body as sent, in pieces of *size* bytes at most. Raises one of its client's `errors`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...


class Client(Protocol):
    """Sends requests, one after the other."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises for what servers and the network do."""

    @property
    def cookies(self) -> tuple[tuple[str, ...], ...]:
        """Domain, path, name and value of each cookie that it would send on."""

    def ask(self, url: str) -> Answer:
        """GET *url*, whatever it answers. Raises one of `errors`."""

    def root(self, error: Exception) -> Exception:
        """The error of the network beneath *error*, or what says best what was wrong with an answer."""

    def close(self) -> None:
        """Close what is open."""
