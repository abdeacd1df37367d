"""What a mail session can do, whatever its protocol."""

from __future__ import annotations

import base64
import contextlib
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator

import msgspec

from diagnose.model import Deadline
from diagnose.network import Stream
from diagnose.secret import Secret

SERVER_FIRST = ("LOGIN",)
"""Mechanisms in which the server speaks first: one that takes no first answer would get the password as the name."""
LONGEST_REPLY = 4000
"""Characters of a reply that are kept."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What to log in with."""

    username: str
    secret: Secret
    is_token: bool = False
    """The secret is an OAuth 2 access token."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A server's answer to a command."""

    ok: bool
    words: str
    """As sent, the secret masked, cut to `LONGEST_REPLY` characters."""


class MailSession(ABC):
    """A conversation with a mail server, from its greeting on. One thread at a time."""

    stream: Stream
    capabilities: tuple[str, ...] = ()
    """As the server lists them, upper case; those heard last (they change with STARTTLS)."""
    logged_in = False
    """The server has let this client in without any login."""
    sent: Secret | None = None
    """What `login` has sent: from then on it is masked in whatever the server says."""

    @property
    @abstractmethod
    def starttls(self) -> bool:
        """Whether the server offers STARTTLS."""

    @property
    @abstractmethod
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms offered, upper case; and ``LOGIN-COMMAND`` where the protocol's own login is allowed."""

    @property
    def initial_response(self) -> bool:
        """Whether the first SASL answer may go with the command (RFC 4959; always for POP3 and SMTP)."""
        return True

    @abstractmethod
    def ask_for_tls(self, deadline: Deadline) -> str | None:
        """Send STARTTLS; None when the server agrees, else its words. Raises OSError."""

    @abstractmethod
    def after_tls(self, deadline: Deadline) -> None:
        """Forget what was said in clear and ask for the capabilities anew. Raises OSError."""

    @abstractmethod
    def login(self, credentials: Credentials, mechanism: str, deadline: Deadline) -> Reply:
        """Send the secret, once, by *mechanism*. Raises OSError when no answer comes."""

    @abstractmethod
    def open_mailbox(self, deadline: Deadline) -> Reply | None:
        """Look into the mailbox without changing anything; None where the protocol has none. Raises OSError."""

    def ask_quota(self, deadline: Deadline) -> tuple[int, int] | None:
        """Storage used and allowed, in units of 1024 octets (RFC 9208); None where nobody says."""
        return None

    @abstractmethod
    def say_goodbye(self) -> None:
        """The protocol's last word."""

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> str | None:
        """STARTTLS with a verified handshake; None when it holds, else the server's refusal.

        Raises ssl.SSLError, OSError.
        """
        if refusal := self.ask_for_tls(deadline):
            return refusal
        self.stream.deadline = deadline
        self.stream.start_tls(context, host)
        self.after_tls(deadline)
        return None

    def close(self) -> None:
        """Say goodbye, without waiting for an answer, and let go of the connection."""
        self.stream.deadline = Deadline(0.3)
        with contextlib.suppress(OSError, ValueError):
            self.say_goodbye()
        self.stream.abort()


def shown(raw: bytes | str, secret: Secret | None = None) -> str:
    """A reply fit to be kept: decoded, the secret masked, bounded."""
    words = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
    if secret is not None:  # before anything is cut: a part of it would not be found
        words = secret.masked_in(words)
    return words.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")[:LONGEST_REPLY].rstrip("\r\n")


def sasl_answers(credentials: Credentials, mechanism: str) -> Iterator[bytes]:
    """What the client says in *mechanism*, answer by answer: PLAIN (RFC 4616), LOGIN, XOAUTH2, OAUTHBEARER (RFC 7628).

    The last answer is the one that RFC 7628 §3.2.3 wants after a failure, so that the server may end the exchange.
    """
    name, secret = credentials.username.encode(), credentials.secret.reveal().encode("utf-8", "surrogateescape")
    match mechanism:
        case "PLAIN":
            yield b"\0" + name + b"\0" + secret
        case "LOGIN":
            yield name
            yield secret
        case "XOAUTH2":
            yield b"user=" + name + b"\1auth=Bearer " + secret + b"\1\1"
        case "OAUTHBEARER":
            escaped = name.replace(b"=", b"=3D").replace(b",", b"=2C")
            yield b"n,a=" + escaped + b",\1auth=Bearer " + secret + b"\1\1"
    yield b"\1" if mechanism == "OAUTHBEARER" else b""


def base64_line(data: bytes) -> bytes:
    """*data* as SASL profiles send it; "=" stands for an empty first answer."""
    return base64.b64encode(data) or b"="


def readable_challenge(line: bytes) -> bytes:
    """A challenge of an OAuth mechanism is JSON in base64 (RFC 7628 §3.2.2): shown readable, others as they are."""
    with contextlib.suppress(ValueError):
        decoded = base64.b64decode(line, validate=True)
        if decoded.startswith(b"{"):
            return decoded
    return line
