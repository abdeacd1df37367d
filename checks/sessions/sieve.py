"""ManageSieve (RFC 5804), up to where a client would log in: there is no library for it that is handed a connection."""

from __future__ import annotations

import re

from checks.sessions.session import LONGEST_LINE, MOST_LINES, MailSession, Resource, next_byte, shown
from diagnose.model import ClosedError, Deadline, TooMuchDataError
from diagnose.network import Stream, read_exactly, read_line
from diagnose.process.first_use import lazy_pattern
from diagnose.replies import decode

UNASKED_SECONDS = 2.0
"""For the capabilities that a server sends by itself after TLS (RFC 5804 §2.2); some older ones wait to be asked."""
MOST_ANSWER_LINES = 200
"""Of one answer."""
_NAMES = rb"IMPLEMENTATION|LANGUAGE|MAXREDIRECTS|NOTIFY|OWNER|RENAME|SASL|SIEVE|STARTTLS|UNAUTHENTICATE|VERSION"
"""Capabilities (RFC 5804 §1.7), of which any may come first."""
_ENDS = lazy_pattern(rb"(OK|NO|BYE)\b", re.IGNORECASE)
_LITERAL = lazy_pattern(rb"\{(\d{1,9})\+?\}\r?\n\Z")
_CAPABILITY = lazy_pattern(rb'"([^"\r\n]{1,100})"(?: "((?:[^"\\\r\n]|\\.)*)")?')


class SieveSession(MailSession):
    """A conversation about mail filters, without a login."""

    protocol = "sieve"
    greeting = lazy_pattern(rb'"(%s)"|(NO|BYE) ["({]' % _NAMES, re.IGNORECASE)
    beginnings = (b'"', b"NO", b"BYE", b"OK")
    refusal = lazy_pattern(rb'(NO|BYE) ["({]', re.IGNORECASE)

    def __init__(self, stream: Stream, deadline: Deadline, resource: Resource | None = None) -> None:
        """Take the capabilities that are the greeting. Raises OSError."""
        self.stream = stream
        stream.deadline, stream.most_lines = deadline, MOST_LINES
        self._take_capabilities()

    def _take_capabilities(self) -> None:
        *lines, last = self._answer()
        if not last.upper().startswith(b"OK"):
            raise ClosedError(shown(last))
        listed = [found for line in lines if (found := _CAPABILITY.match(line))]
        self._listed = {decode(found[1]).upper(): decode(found[2] or b"") for found in listed}
        self.capabilities = tuple(f"{name} {value}".strip().upper() for name, value in self._listed.items())

    def _answer(self) -> list[bytes]:
        """The lines up to the one that says how it went, strings of several lines in one. Raises OSError."""
        lines: list[bytes] = []
        while len(lines) < MOST_ANSWER_LINES:
            line = read_line(self.stream, LONGEST_LINE)
            while literal := _LITERAL.search(line):  # a string that is told by its length (RFC 5804 §4)
                if int(literal[1]) > LONGEST_LINE:
                    raise TooMuchDataError(f"a string of {literal[1].decode()} bytes")
                line += read_exactly(self.stream, int(literal[1]), "a string") + read_line(self.stream, LONGEST_LINE)
            lines.append(line.rstrip(b"\r\n"))
            if _ENDS.match(line):
                return lines
        raise TooMuchDataError(f"more than {MOST_ANSWER_LINES} lines of an answer")

    @property
    def starttls(self) -> bool:
        return "STARTTLS" in self._listed

    @property
    def mechanisms(self) -> tuple[str, ...]:
        return tuple(self._listed.get("SASL", "").upper().split())

    def ask_for_tls(self, deadline: Deadline) -> str | None:
        self.stream.deadline = deadline
        self.stream.sendall(b"STARTTLS\r\n")
        last = self._answer()[-1]
        return None if last.upper().startswith(b"OK") else shown(last)

    def after_tls(self, deadline: Deadline) -> None:
        self.stream.deadline = deadline
        if next_byte(self.stream, UNASKED_SECONDS) is None:
            self.stream.sendall(b"CAPABILITY\r\n")
        self._take_capabilities()

    def open_mailbox(self, deadline: Deadline) -> None:
        """Mail filters lie beside the mailbox, which opens by another protocol."""

    def say_goodbye(self) -> None:
        self.stream.sendall(b"LOGOUT\r\n")
