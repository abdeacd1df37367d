"""What a mail session can do, in every protocol."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import msgspec

from diagnose.account.secret import MASK, MASKED, Secret
from diagnose.model import Deadline, ProtocolName, Subject
from diagnose.model.internal import Internal
from diagnose.network import Stream
from diagnose.replies import decode

EARLY_SECONDS = 0.02
"""For an answer that was sent along with the one before to arrive, counted from when that came."""
MOST_LINES = 5000
"""Of a whole session; a mailbox of a thousand folders and the mails looked at stay below."""
LONGEST_LINE = 131_072
"""Bytes; servers with many extensions list them in lines of tens of thousands."""
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
    unasked: bool = False
    """It says yes, and came before the secret had been sent: it means another question, or none."""
    hollow: bool = False
    """It says yes, and lacks what its protocol has such a yes hold: whoever answers does not know the question."""
    to_recipient: bool = False
    """It answers RCPT, and so MAIL was taken."""


class UnaskedError(Exception):
    """An answer lies there before the secret was sent."""


class TurnedAwayError(OSError):
    """A server of the protocol takes no client now; the message is what it says."""


class StrangerError(OSError):
    """What answers is no server of the protocol; the message is what it says."""


class Resource(Internal, frozen=True):
    """Where a session that is held in HTTP begins."""

    url: str
    connect: Callable[[str, int, Deadline], Stream]
    """Makes a connection to a host and port, with verified TLS. Raises OSError."""


class MailSession(ABC):
    """A conversation with a mail server, from its greeting on. One thread at a time."""

    protocol: ClassVar[ProtocolName]
    greeting: ClassVar[re.Pattern[bytes] | None] = None
    """What a greeting of the protocol begins with; None: the client speaks first."""
    beginnings: ClassVar[tuple[bytes, ...]] = ()
    """The first bytes of all such greetings, upper case."""
    refusal: ClassVar[re.Pattern[bytes] | None] = None
    """What a greeting begins with that tells the client to go; None: a greeting of the protocol cannot."""
    farewell: ClassVar[re.Pattern[bytes] | None] = None
    """What a reply begins with by which the server ends the session; None: no reply alone does."""
    lasting: ClassVar[re.Pattern[bytes] | None] = None
    """What one begins with that means it for good; None: a greeting does not say."""

    passing: ClassVar[re.Pattern[bytes] | None] = None
    """What a refusal begins with that is about the moment, and not about what was asked; None: words alone tell."""
    no_verdict: ClassVar[re.Pattern[bytes] | None] = None
    """What the last answer to a login begins with that neither accepts nor refuses it; None: there is no such one."""

    said = ""
    """What the server answered first, where it was the client that began."""

    @abstractmethod
    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Take the greeting on *stream*, or begin with *resource*, and ask what the server can do.

        Raises OSError; of those that are held in HTTP, TurnedAwayError, StrangerError.
        """

    stream: Stream
    capabilities: tuple[str, ...] = ()
    """As the server lists them, upper case; those heard last (they change with STARTTLS)."""
    logged_in = False
    """The server has let this client in without any login."""
    sent: Secret | None = None
    """The secret that `login` has sent; it is masked in all later words of the server."""
    secret_is_out = False
    """Whether `login` came as far as sending the secret."""

    @property
    @abstractmethod
    def starttls(self) -> bool:
        """Whether the server offers STARTTLS."""

    @property
    @abstractmethod
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms offered, upper case; and ``LOGIN-COMMAND`` where the protocol's own login is allowed."""

    @property
    def lists_logins(self) -> bool:
        """Whether `mechanisms` are the server's own words, and not what is tried where it names none."""
        return True

    @property
    def takes_no_login(self) -> bool:
        """Whether there is no way to log in, though there is a need for one."""
        return not self.mechanisms and not self.logged_in

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

    def login(self, credentials: Credentials, mechanism: str, deadline: Deadline) -> Reply:
        """Send the secret, once, by *mechanism*; a yes counts only as the answer to it.

        Raises OSError when no answer comes.
        """
        self.stream.deadline = deadline
        self.sent, self.secret_is_out = credentials.secret, False
        try:
            reply = self.log_in(credentials, mechanism)
        except UnaskedError:
            return Reply(ok=False, words="", unasked=True)
        early = reply.ok and not self.secret_is_out
        return msgspec.structs.replace(reply, ok=False, unasked=True) if early else reply

    def log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        """As `login`, which sees to the rest. Raises OSError, UnaskedError."""
        raise NotImplementedError

    def lets_everybody_in(self, deadline: Deadline) -> bool:
        """Whether the session turns out to need no login, after one was refused. Raises OSError."""
        return False

    @abstractmethod
    def open_mailbox(self, deadline: Deadline) -> Reply | None:
        """Look into the mailbox without changing anything; None where the protocol has none. Raises OSError."""

    def ask_quota(self, deadline: Deadline) -> tuple[int, int] | None:
        """Storage used and allowed, in units of 1024 octets (RFC 9208); None where the server does not say."""
        return None

    def forms_of(self, subject: Subject) -> tuple[str, ...]:
        """The ways to write the address that this server takes as a sender, best known first; none: it takes none."""
        return ()

    def try_sender(self, address: str) -> Reply:
        """Whether the server would take mail from *address*; none is sent. Raises OSError."""
        raise NotImplementedError

    def has_ended(self) -> bool:
        """Whether the server has ended the session meanwhile, as it may with a client that has nothing to say."""
        return False

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


def shown(octets: bytes, secret: Secret | None = None) -> str:
    """A reply fit to be kept: the secret masked, before and after it is decoded, and bounded."""
    if secret is None:
        words = decode(octets)
    else:  # before anything is cut: a part of it would not be found
        words = decode(secret.masked_in_octets(octets)).replace(MASKED.decode("ascii"), MASK)
        words = secret.masked_in(words)
    return words[:LONGEST_REPLY].rstrip("\r\n")


def time_for_more(stream: Stream) -> float:
    """Seconds in which what was sent along with the server's last words may still arrive."""
    return max(0.0, EARLY_SECONDS - stream.silence)


def something_unread(stream: Stream, file: io.BufferedReader | None) -> bool:
    """Whether the server has said more than was asked for; *file* reads from *stream*."""
    patience = time_for_more(stream)
    deadline, stream.deadline = stream.deadline, stream.deadline.within(patience)
    try:
        return bool(file.peek(1)) if file is not None else stream.wait_readable(patience)
    except TimeoutError:
        return False
    finally:
        stream.deadline = deadline


def next_byte(stream: Stream, seconds: float) -> bytes | None:
    """What can be read within *seconds*, and still can be after that; b"" at the end, None where nothing comes.

    A descriptor alone does not tell: TLS sends records of its own after the handshake (RFC 8446 §4.6.1).
    """
    deadline, stream.deadline = stream.deadline, stream.deadline.within(seconds)
    try:
        byte = stream.recv(1)
    except TimeoutError:
        return None
    finally:
        stream.deadline = deadline
    stream.unread(byte)
    return byte


def ended_by_server(stream: Stream, farewell: re.Pattern[bytes], *, before_end: bool) -> bool:
    """Whether the server has ended the conversation, without a word or with a *farewell*; that can be read again.

    *before_end*: a farewell needs no end behind it. What was sent for another reason is looked at by others.
    """
    said, over = b"", False
    deadline, stream.deadline = stream.deadline, Deadline(time_for_more(stream))
    try:
        while len(said) < LONGEST_REPLY and not over:
            part = stream.recv(LONGEST_REPLY)
            said, over = said + part, not part
    except TimeoutError:
        pass
    except OSError:
        over = True
    finally:
        stream.deadline = deadline
        stream.unread(said)
    parting = farewell.match(said) is not None
    return (over and not said) or (parting and (over or before_end))


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
