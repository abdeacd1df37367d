"""A server that waits for its client to speak first: no mail server does, and web servers do."""

from __future__ import annotations

from checks.server.spoken import HTTP, spoken_protocol
from diagnose.model import Deadline
from diagnose.network import Stream, read_line

ANSWER_SECONDS = 2.0
ENDING_SECONDS = 0.5
"""Left for the rest of the run, so that it still reports the silence."""
REQUEST = b"HEAD / HTTP/1.0\r\n\r\n"
"""The request names no person. A server of another protocol takes it for an unknown command."""


def web_servers_words(stream: Stream, deadline: Deadline) -> bytes:
    """The first line of the answer to an HTTP request; b"" where none comes in time or it is no HTTP.

    To be asked of a server that mail programs would wait for no longer: some take early words for spam (postscreen(8)).
    """
    stream.deadline = deadline.within(min(ANSWER_SECONDS, deadline.left() - ENDING_SECONDS))
    try:
        stream.sendall(REQUEST)
        line = read_line(stream)
    except OSError:
        return b""
    return line if spoken_protocol(line) == HTTP else b""
