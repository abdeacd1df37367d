"""Whether anything listens at all, before a library that waits long for it is asked."""

from __future__ import annotations

import socket


def probe_port(host: str, port: int, seconds: float) -> None:
    """Connect to *port* of *host*, and leave. Raises OSError. The operating system's look-up has no bound."""
    socket.create_connection((host, port), seconds).close()
