"""POP3 (RFC 1939, RFC 2449, RFC 5034) by poplib, on a connection of ours."""

from __future__ import annotations

import poplib
import re

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
from diagnose.model import ClosedError, Deadline
from diagnose.network import Stream
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import decode

_COUNTED = lazy_pattern(rb"\+OK[ \t]+\d")
"""How STAT is answered (RFC 1939 §5): with the number of messages."""

poplib._MAXLINE = LONGEST_LINE  # type: ignore[attr-defined]  # servers list many capabilities in long lines


class _Client(poplib.POP3):
    """poplib on a stream that stands already."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        super().__init__("localhost")

    def _create_socket(self, timeout: float) -> Stream:
        return self._stream

    def renew_reader(self) -> None:
        """Drop what was buffered before TLS."""
        self.file = self._stream.makefile("rb")

    def say(self, line: bytes) -> bytes:
        """Send *line*, and the one line that answers, its status in upper case (RFC 1939 §3). Raises OSError."""
        self._stream.sendall(line + b"\r\n")
        answer = self.hear()
        status = next((one for one in (b"+OK", b"-ERR") if answer[: len(one)].upper() == one), b"")
        return status + answer[len(status) :]

    def list_capabilities(self) -> list[list[str]] | None:
        """The words of each line of CAPA (RFC 2449 §5), upper case; None where it is refused. Raises OSError."""
        if not self.say(b"CAPA").startswith(b"+OK"):
            return None
        lines = []
        while (line := self.hear()) != b".":
            if words := decode(line).upper().split():
                lines.append(words)
        return lines

    def hear(self) -> bytes:
        """One line. Raises ClosedError at the end."""
        try:
            line, _ = self._getline()  # type: ignore[attr-defined]  # poplib's own reader, bounded by its _MAXLINE
        except poplib.error_proto as error:
            ended = str(error) == "-ERR EOF"  # poplib's own words, and no server's
            raise ClosedError("closed by the server" if ended else str(error)) from None
        return bytes(line)


class Pop3Session(MailSession):
    """A POP3 conversation."""

    protocol = "pop3"
    greeting = lazy_pattern(rb"(\+OK|-ERR)\b", re.IGNORECASE)
    beginnings = (b"+OK", b"-ERR")
    refusal = lazy_pattern(rb"-ERR", re.IGNORECASE)
    no_verdict = lazy_pattern(rb"(?!\+OK|-ERR)", re.IGNORECASE)  # RFC 1939 §3
    lasting = lazy_pattern(rb"-ERR \[SYS/PERM\]", re.IGNORECASE)  # RFC 3206

    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Take the greeting and ask for the capabilities. Raises OSError."""
        self.stream = stream
        stream.deadline, stream.most_lines = deadline, MOST_LINES
        try:
            self._client = _Client(stream)
        except poplib.error_proto as error:
            raise ClosedError(shown(error.args[0]) if isinstance(error.args[0], bytes) else str(error)) from None
        self._ask_capabilities()

    def _ask_capabilities(self) -> None:
        lines = self._client.list_capabilities()
        if lines is None:  # a server from before RFC 2449: USER and PASS is what it has
            lines = [["USER"]]
        self._listed = {name: values for name, *values in lines}
        self.capabilities = tuple(" ".join([name, *values]) for name, values in self._listed.items())

    @property
    def starttls(self) -> bool:
        return "STLS" in self._listed

    @property
    def mechanisms(self) -> tuple[str, ...]:
        offered = tuple(self._listed.get("SASL", []))
        # many servers take USER without listing it; those that list SASL alone mean it (RFC 2449 §6.3)
        plain = "USER" in self._listed or not offered
        return (*offered, *(("LOGIN-COMMAND",) if plain else ()))

    @property
    def lists_logins(self) -> bool:
        return "USER" in self._listed or "SASL" in self._listed

    def ask_for_tls(self, deadline: Deadline) -> str | None:
        self.stream.deadline = deadline
        reply = self._client.say(b"STLS")
        return None if reply.startswith(b"+OK") else shown(reply)

    def after_tls(self, deadline: Deadline) -> None:
        self.stream.deadline = deadline
        self._client.renew_reader()
        self._ask_capabilities()

    def _say_secret(self, line: bytes) -> bytes:
        if something_unread(self.stream, self._client.file):  # type: ignore[arg-type]  # what makefile gives
            raise UnaskedError
        self.secret_is_out = True
        return self._client.say(line)

    def log_in(self, credentials: Credentials, mechanism: str) -> Reply:
        secret = credentials.secret
        if mechanism == "LOGIN-COMMAND":
            reply = self._client.say(b"USER " + credentials.username.encode())
            if reply.startswith(b"+OK"):
                reply = self._say_secret(b"PASS " + secret.reveal().encode("utf-8", "surrogateescape"))
            return Reply(ok=reply.startswith(b"+OK"), words=shown(reply, secret))
        exchange = SaslExchange(credentials, mechanism)
        heard = []
        if mechanism in SERVER_FIRST:
            reply = self._client.say(b"AUTH " + mechanism.encode())
        else:
            first = exchange.answer() or b""
            say = self._say_secret if exchange.carries_secret else self._client.say
            reply = say(b"AUTH " + mechanism.encode() + b" " + base64_line(first))
        while (reply.startswith(b"+ ") or reply == b"+") and (inputs := exchange.answer(reply[2:])) is not None:
            heard.append(readable_challenge(reply[2:]))
            say = self._say_secret if exchange.carries_secret else self._client.say
            reply = say(base64_line(inputs) if inputs else b"")
        challenges = [line for line in heard if line.startswith(b"{")]
        return Reply(ok=reply.startswith(b"+OK"), words=shown(b"\n".join([*challenges, reply]), secret))

    def lets_everybody_in(self, deadline: Deadline) -> bool:
        """STAT is for those alone who are in (RFC 1939 §5)."""
        self.stream.deadline = deadline
        return self._client.say(b"STAT").startswith(b"+OK")

    def open_mailbox(self, deadline: Deadline) -> Reply:
        self.stream.deadline = deadline
        reply = self._client.say(b"STAT")
        yes, counted = reply.startswith(b"+OK"), _COUNTED.match(reply) is not None
        return Reply(ok=yes and counted, words=shown(reply, self.sent), hollow=yes and not counted)

    def has_ended(self) -> bool:
        return ended_by_server(self.stream, self.refusal, before_end=False)

    def say_goodbye(self) -> None:
        self.stream.sendall(b"QUIT\r\n")
