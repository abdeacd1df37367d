"""Message submission (RFC 6409, RFC 4954, RFC 3207) by smtplib, on a connection of ours."""

from __future__ import annotations

import contextlib
import smtplib

import msgspec

from checks.sessions.sasl import SERVER_FIRST, SaslExchange
from checks.sessions.session import (
    LONGEST_LINE,
    MOST_LINES,
    Credentials,
    MailSession,
    Reply,
    Resource,
    UnaskedError,
    base64_line,
    ended_by_server,
    readable_challenge,
    shown,
    something_unread,
)
from diagnose.model import ClosedError, Deadline, Subject
from diagnose.network import Stream
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import decode

smtplib._MAXLINE = LONGEST_LINE  # type: ignore[attr-defined]  # an EHLO answer may hold long lines, too

HELO_NAME = "[127.0.0.1]"
"""An address literal (RFC 5321 §4.1.3): tells the server nothing about this computer."""


class SmtpSession(MailSession):
    """A submission session; no mail is ever sent in it."""

    protocol = "smtp"
    greeting = lazy_pattern(rb"(220|421|450|454|5\d\d)(?=[ -]|\r?\n)")
    beginnings = (b"220", b"421", b"450", b"454", *(b"5%02d" % number for number in range(100)))
    refusal = lazy_pattern(rb"[45]\d\d")
    farewell = lazy_pattern(rb"421(?=[ -]|\r?\n|$)")  # RFC 5321 §3.8
    lasting = lazy_pattern(rb"5\d\d")  # RFC 5321 §4.2.1
    passing = lazy_pattern(rb"(?:\{.*\n)*4\d\d(?=[ -]|\r?\n|$)")  # RFC 5321 §4.2.1, behind an OAuth 2 error
    no_verdict = lazy_pattern(rb"[23]\d\d(?=[ -]|\r?\n|$)")  # but for 235, which accepts (RFC 4954 §4)
    _in_mail = False
    """A transaction was begun, and is to be taken back: no mail is sent."""

    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Take the greeting and say EHLO. Raises OSError."""
        self.stream = stream
        stream.deadline, stream.most_lines = deadline, MOST_LINES
        self._client = smtplib.SMTP(local_hostname=HELO_NAME)
        self._client.sock = stream  # type: ignore[assignment]  # has what smtplib uses of a socket
        code, words = self._ask(None)
        if code != 220:
            raise ClosedError(f"{code} {shown(words)}")
        self._hello()

    def _ask(self, line: bytes | None) -> tuple[int, bytes]:
        """Send *line*, if any, and the reply to it. Raises OSError."""
        try:
            if line is not None:
                self.stream.sendall(line + b"\r\n")
            return self._client.getreply()
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, OSError):  # smtplib calls every failure an end
                raise error.__context__ from None
            raise ClosedError("closed by the server") from None
        except smtplib.SMTPResponseException as error:
            words = error.smtp_error  # a text where it is smtplib's own
            raise ClosedError(shown(words, self.sent) if isinstance(words, bytes) else words) from None

    def _hello(self) -> None:
        code, words = self._ask(b"EHLO " + HELO_NAME.encode())
        if code != 250:
            if not 400 <= code < 500:  # such a reply is about the moment, and no word against EHLO (RFC 5321 §4.1.4)
                code, words = self._ask(b"HELO " + HELO_NAME.encode())
            if code != 250:
                raise ClosedError(f"{code} {shown(words)}")
            words = b""
        lines = decode(words).upper().splitlines()[1:]
        # "AUTH=PLAIN" is an old spelling that some servers still send beside the right one
        self.capabilities = tuple(dict.fromkeys(line.strip().replace("AUTH=", "AUTH ") for line in lines))

    @property
    def starttls(self) -> bool:
        return "STARTTLS" in self.capabilities

    @property
    def mechanisms(self) -> tuple[str, ...]:
        found: list[str] = []
        for line in self.capabilities:
            if line.startswith("AUTH "):
                found += line.split()[1:]
        return tuple(dict.fromkeys(found))

    def ask_for_tls(self, deadline: Deadline) -> str | None:
        self.stream.deadline = deadline
        code, words = self._ask(b"STARTTLS")
        return None if code == 220 else f"{code} {shown(words)}"

    def after_tls(self, deadline: Deadline) -> None:
        self.stream.deadline = deadline
        self._client.file = None  # what was buffered in clear is not looked at again
        self._hello()

    def _ask_with_secret(self, line: bytes) -> tuple[int, bytes]:
        if something_unread(self.stream, self._client.file):
            raise UnaskedError
        self.secret_is_out = True
        return self._ask(line)

    def log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        exchange = SaslExchange(credentials, mechanism)
        heard = []
        if mechanism in SERVER_FIRST:
            code, words = self._ask(b"AUTH " + mechanism.encode())
        else:
            first = exchange.answer() or b""
            ask = self._ask_with_secret if exchange.carries_secret else self._ask
            code, words = ask(b"AUTH " + mechanism.encode() + b" " + base64_line(first))
        while code == 334 and (inputs := exchange.answer(words)) is not None:
            heard.append(readable_challenge(words))
            ask = self._ask_with_secret if exchange.carries_secret else self._ask
            code, words = ask(base64_line(inputs) if inputs else b"")
        challenges = [line for line in heard if line.startswith(b"{")]
        lines = [line for part in words.splitlines() or [b""] if (line := f"{code} ".encode() + part)]
        return Reply(ok=code == 235, words=shown(b"\n".join([*challenges, *lines]), credentials.secret))

    def forms_of(self, subject: Subject) -> tuple[str, ...]:
        """The ways to write the address that this server takes, the best known first; none where it takes none.

        Without SMTPUTF8 (RFC 6531) an address is ASCII: its domain as A-labels, and nothing stands for its local part.
        """
        known = [form for form in (subject.ascii_address, subject.address) if form is not None]
        return tuple(dict.fromkeys(form for form in known if form.isascii() or "SMTPUTF8" in self.capabilities))

    def begin_mail(self, sender: str = "", *, utf8: bool = False) -> Reply:
        """MAIL; without a *sender* the null reverse-path, as for a notice (RFC 5321 §4.5.5). Raises OSError.

        *utf8*: an address beyond ASCII is to follow, where the server takes that.
        """
        self._in_mail = True
        return self._reply(self._mail(sender, utf8=utf8))

    def ask_recipient(self, address: str) -> Reply:
        """RCPT for *address*. Raises OSError."""
        return self._reply(self._rcpt(address))

    def try_sender(self, address: str) -> Reply:
        """MAIL and RCPT for *address*, in one go where the server takes that (RFC 2920): the first refusal, or the
        last agreement. Raises OSError.
        """
        if "PIPELINING" not in self.capabilities:
            reply = self.begin_mail(address)
            return _to_recipient(self.ask_recipient(address)) if reply.ok else reply
        self._in_mail = True
        mail = self._reply(self._mail(address) + b"\r\n" + self._rcpt(address))
        recipient = self._reply(None)
        return _to_recipient(recipient) if mail.ok else mail

    def _mail(self, sender: str, *, utf8: bool = False) -> bytes:
        declared = b" SMTPUTF8" if utf8 or not sender.isascii() else b""  # RFC 6531 §3.4
        return b"MAIL FROM:<" + sender.encode() + b">" + declared

    def _rcpt(self, address: str) -> bytes:
        return b"RCPT TO:<" + address.encode() + b">"

    def _reply(self, line: bytes | None) -> Reply:
        code, words = self._ask(line)
        lines = (f"{code} ".encode() + part for part in words.splitlines() or [b""])
        return Reply(ok=200 <= code < 300, words=shown(b"\r\n".join(lines), self.sent))

    def open_mailbox(self, deadline: Deadline) -> None:
        """Submission has no mailbox."""

    def has_ended(self) -> bool:
        return ended_by_server(self.stream, self.farewell, before_end=True)

    def say_goodbye(self) -> None:
        with contextlib.suppress(ClosedError):
            self.stream.sendall(b"RSET\r\nQUIT\r\n" if self._in_mail else b"QUIT\r\n")


def _to_recipient(reply: Reply) -> Reply:
    return msgspec.structs.replace(reply, to_recipient=True)
