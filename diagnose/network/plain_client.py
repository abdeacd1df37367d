"""The HTTP client for plain pages: Python's own, which a run has loaded anyhow for a hundredth of what requests takes.

It knows no cookies, and sends no address that would have to be rewritten first. Answers that are framed in an unusual
way it leaves to `cookie_client`. A `BothClients` has the two.
"""

from __future__ import annotations

import errno
import http.client
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Self

from diagnose.model.failures import ClosedError, TooMuchDataError
from diagnose.network.web_client import Connect

_PLAIN_URL = re.compile(
    r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9]\d{0,4})?"
    r"([/?]([\w.~/?=&+;:,@!$*()'-]|%(?!2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])[\dA-F]{2})*)?",
    re.ASCII,
)
"""Sent as it stands (RFC 3986 §6.2.2): a host in lower case, and nothing packed that need not be."""
_DOTS = re.compile(r"/\.{1,2}([/?]|$)")
"""Segments that lead upwards (RFC 3986 §5.2.4)."""
_PLAIN_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_LARGEST_PORT = 65535
_LENGTH = re.compile(r"\d{1,15}", re.ASCII)
_UNSENT = {errno.EPIPE, errno.EPROTOTYPE, errno.ECONNRESET}
"""The server has answered before it was asked, and read no more: the answer counts."""


class BrokenAnswerError(ValueError):
    """An answer that breaks HTTP's rules; the message is that of the library that noticed."""


class PlainAnswer:
    """What came for one request."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self.response = response
        self.status = response.status

    @property
    def is_plain(self) -> bool:
        """Whether its body has an end that `pieces` finds: by length, by chunks, or by the connection's."""
        length, coding = self.header("Content-Length"), self.header("Transfer-Encoding")
        if coding is not None:
            return coding.lower() == "chunked" and length is None
        return length is None or _LENGTH.fullmatch(length) is not None

    def header(self, name: str) -> str | None:
        """The value of a header, several joined by commas."""
        return self.response.getheader(name)

    def each(self, name: str) -> list[str]:
        """The value of every header of that name."""
        return self.response.msg.get_all(name, [])

    def names(self) -> list[str]:
        """Of the headers."""
        return self.response.msg.keys()

    def pieces(self, size: int) -> Iterator[bytes]:
        """The body as sent. Raises OSError, HTTPException."""
        response = self.response
        due = None if response.chunked else response.length  # None: up to the connection's end
        came = 0
        while due is None or came < due:
            piece = response.read1(size) if response.chunked else response.read(size)
            if not piece:
                break
            came += len(piece)
            yield piece
        if due is not None and came < due:
            raise http.client.IncompleteRead(bytes(came), due - came)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connection, however much was read."""
        self.response.close()
        self._connection.close()


class _OverTls(http.client.HTTPConnection):
    default_port = http.client.HTTPS_PORT


class PlainClient:
    """Sends requests by `http.client`, each on a connection of its own."""

    errors: tuple[type[Exception], ...] = (OSError, http.client.HTTPException)
    cookies: tuple[tuple[str, ...], ...] = ()

    def __init__(self, connect: Connect, headers: Mapping[str, str]) -> None:
        self._connect = connect
        self._headers = headers

    def takes(self, url: str) -> bool:
        """Whether *url*, and the headers that go with it, can be sent as they are."""
        found = _PLAIN_URL.fullmatch(url)
        port = int((found[2] or ":1")[1:]) if found else 0
        values = self._headers.values()
        return 0 < port <= _LARGEST_PORT and not _DOTS.search(url[8:]) and all(map(_PLAIN_VALUE.fullmatch, values))

    def ask(self, url: str) -> PlainAnswer:
        """GET *url*. Raises OSError, HTTPException."""
        parts = urllib.parse.urlsplit(url)
        tls, host = parts.scheme == "https", parts.hostname or ""
        kind = _OverTls if tls else http.client.HTTPConnection
        connection = kind(host, parts.port or kind.default_port)
        connection.sock = self._connect(host, connection.port, tls)
        try:
            self._send(connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
            return PlainAnswer(connection, connection.getresponse())
        except BaseException:
            connection.close()
            raise

    def _send(self, connection: http.client.HTTPConnection, target: str) -> None:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in self._headers.items():
            connection.putheader(name, value)
        try:
            connection.endheaders()
        except OSError as error:
            if error.errno not in _UNSENT:
                raise

    def root(self, error: Exception) -> Exception:
        """The error itself, with the words that go with it."""
        if isinstance(error, http.client.RemoteDisconnected):  # which calls itself a reset
            return ClosedError("closed without an answer")
        if not isinstance(error, http.client.HTTPException) or isinstance(error, OSError):
            return error
        if "header" in str(error):
            return TooMuchDataError("headers too large")
        during = (
            f"Connection broken: {error!r}" if isinstance(error, http.client.IncompleteRead) else "Connection aborted."
        )
        return BrokenAnswerError(f"({during!r}, {error!r})")

    def close(self) -> None:
        """Nothing: each answer closes its own connection."""
