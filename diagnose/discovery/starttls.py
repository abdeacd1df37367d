"""From a plain greeting to TLS: IMAP (RFC 9051 §6.2.1), POP3 (RFC 2595 §4), SMTP (RFC 3207)."""

from __future__ import annotations

import ssl

from diagnose.model.targets import Protocol
from diagnose.network import Stream, read_line

MOST_LINES = 50
"""Lines of one reply; a greeting of many lines is legal, an endless one is not."""
LONGEST_LINE = 131_072
"""Bytes; servers with many extensions list them in lines of tens of thousands."""


class RefusedError(OSError):
    """The server does not take up TLS on this connection, or speaks another protocol."""


def upgrade(stream: Stream, protocol: Protocol, context: ssl.SSLContext, host: str) -> None:
    """Ask for TLS and do the verified handshake. Raises OSError (RefusedError, ssl.SSLError, DeadlineError)."""
    match protocol:
        case "imap":
            _expect(stream, b"* OK")
            _say(stream, b"a STARTTLS", b"a OK", unless=b"a ")
        case "pop3":
            _expect(stream, b"+OK")
            _say(stream, b"STLS", b"+OK", unless=b"-")
        case "smtp":
            _expect(stream, b"220 ", unless=b"5")
            _say(stream, b"EHLO localhost", b"250 ", unless=b"5")
            _say(stream, b"STARTTLS", b"220 ", unless=b"5")
        case "webmail":
            raise RefusedError("HTTP has no STARTTLS")
    stream.start_tls(context, host)


def _say(stream: Stream, command: bytes, good: bytes, *, unless: bytes) -> None:
    stream.sendall(command + b"\r\n")
    _expect(stream, good, unless=unless)


def _expect(stream: Stream, good: bytes, *, unless: bytes = b"-") -> None:
    """Read up to the line that begins with *good*; one that begins with *unless* before it is a refusal."""
    for _ in range(MOST_LINES):
        line = read_line(stream, LONGEST_LINE).upper()
        if line.startswith(good.upper()):
            return
        if line.startswith(unless.upper()):
            break
    raise RefusedError("TLS was not taken up")
