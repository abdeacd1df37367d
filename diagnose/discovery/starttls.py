"""From a plain greeting to TLS, by the lines that the protocol lays down for it."""

from __future__ import annotations

import ssl

from diagnose.model.protocols import Line, Protocol
from diagnose.network import Stream, read_line

MOST_LINES = 50
"""Lines of one reply; a greeting of many lines is legal, an endless one is not."""
LONGEST_LINE = 131_072
"""Bytes; servers with many extensions list them in lines of tens of thousands."""


class RefusedError(OSError):
    """The server does not take up TLS on this connection, or speaks another protocol."""


def upgrade(stream: Stream, protocol: Protocol, context: ssl.SSLContext, host: str) -> None:
    """Ask for TLS and do the verified handshake. Raises OSError (RefusedError, ssl.SSLError, DeadlineError)."""
    if not protocol.starttls:
        raise RefusedError(f"{protocol.name} has no STARTTLS")
    for line in protocol.starttls:
        _take(stream, line)
    stream.start_tls(context, host)


def _take(stream: Stream, step: Line) -> None:
    """Say what is to be said, and read up to the line that agrees. Raises RefusedError where another one refuses."""
    if step.say is not None:
        stream.sendall(step.say + b"\r\n")
    for _ in range(MOST_LINES):
        line = read_line(stream, LONGEST_LINE).upper()
        if line.startswith(step.good.upper()):
            return
        if line.startswith(step.bad.upper()):
            break
    raise RefusedError("TLS was not taken up")
