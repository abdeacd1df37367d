"""What the line-based mail servers of an estate share: their settings, bounded lines, pauses, STARTTLS."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from diagnose.lab.account import Account
from diagnose.lab.listener import Listener
from diagnose.model.protocols import ProtocolName, TlsMode

LONGEST_LINE = 8192
"""Bytes, line end included; RFC 7162 §4 recommends this for IMAP."""
MOST_COMMANDS = 200
TOKEN_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
TOKEN_ERROR = json.dumps({"status": "invalid_token", "schemes": "Bearer", "scope": "https://mail.corp.example/"})
"""The error message of RFC 7628 §3.2.2."""


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How one mail server behaves."""

    host: str
    tls: TlsMode
    context: ssl.SSLContext
    account: Account
    mechanisms: tuple[str, ...]
    """SASL mechanisms on offer where logins are taken."""
    examine: str | None
    needs_id: bool
    delay: float
    sender: str | None = None
    """The reply to MAIL after a login; None takes the sender."""


class Session(ABC):
    """One connection to a line-based mail server; creating it holds the conversation."""

    protocol: ClassVar[ProtocolName]

    def __init__(self, connection: socket.socket, _: object, listener: Listener, *, settings: ServerSettings) -> None:
        self.settings = settings
        self._listener = listener
        self._connection = connection
        self._lines = connection.makefile("rb")
        try:
            self.converse()
        finally:
            self._lines.close()

    @abstractmethod
    def converse(self) -> None:
        """Greet, then answer commands to the end."""

    @property
    def encrypted(self) -> bool:
        """Whether TLS is up."""
        return isinstance(self._connection, ssl.SSLSocket)

    @property
    def takes_logins(self) -> bool:
        """Whether a login may be sent now; a server without any TLS takes it in clear."""
        return self.encrypted or self.settings.tls == "none"

    @property
    def takes_passwords(self) -> bool:
        """Whether a plain password would do now."""
        return self.takes_logins and "PLAIN" in self.settings.mechanisms

    def read_line(self) -> bytes:
        """The next line without its end. Raises OSError at the end of the stream, or for a line that is too long."""
        line = self._lines.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError("no complete line")
        return line.rstrip(b"\r\n")

    def read_bytes(self, count: int) -> bytes:
        """The next *count* bytes. Raises OSError when there are not so many."""
        found = self._lines.read(count)
        if len(found) < count:
            raise ConnectionAbortedError("fewer bytes than announced")
        return found

    def say(self, *lines: str) -> None:
        """Send *lines* after the pause that the scenario asks for."""
        time.sleep(self.settings.delay)
        self._connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def start_tls(self) -> None:
        """Go over to TLS; what the client sent ahead of the handshake is dropped (RFC 9051 §11.1)."""
        self._lines.close()
        self._connection = self._listener.secure(self._connection, self.settings.context)
        self._lines = self._connection.makefile("rb")

    def log_in(self, name: bytes, password: bytes) -> bool:
        """Whether the account lets them in."""
        return self.settings.account.log_in(self.protocol, name, password, encrypted=self.encrypted)

    def authenticate(self, mechanism: str, initial: bytes | None) -> bool | None:
        """Hold the exchange of the SASL *mechanism*, *initial* being the client's initial response in base64.

        Whether the account lets them in, or None when there was no proper exchange.
        """
        if not self.takes_logins and initial is not None:
            self.settings.account.refuse(self.protocol, encrypted=self.encrypted)
        if not self.takes_logins or mechanism not in self.settings.mechanisms:
            return None
        try:
            if mechanism == "LOGIN":
                return self.log_in(self._challenge("User Name"), self._challenge("Password"))
            message = self._challenge("") if initial is None else from_base64(initial)
            if mechanism in TOKEN_MECHANISMS:
                self.settings.account.refuse(self.protocol, encrypted=self.encrypted)
                self._challenge(TOKEN_ERROR)
                return False
            _, name, password = message.split(b"\0")  # RFC 4616 §2
        except ValueError:
            return None
        return self.log_in(name, password)

    def _challenge(self, words: str) -> bytes:
        self.say(f"+ {base64.b64encode(words.encode()).decode('ascii')}")
        return from_base64(self.read_line())


def from_base64(line: bytes) -> bytes:
    """*line* decoded, ``=`` being the empty response (RFC 4954 §4). Raises ValueError when it is no base64."""
    return b"" if line == b"=" else base64.b64decode(line, validate=True)
