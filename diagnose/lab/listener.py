"""A TCP server on loopback at a port of the system's choosing that leaves nothing behind."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Self

PATIENCE = 300.0
"""Seconds that a server waits for the next bytes of a client."""
POLL = 0.01
"""Seconds between two looks at whether to end, and so the longest that ending takes."""

Conversation = Callable[[Any, Any, Any], object]
"""Called with socket, peer address and listener for each connection; returns when it is over."""


class Listener(socketserver.ThreadingTCPServer):
    """Serves each connection in a thread, from entering the context to leaving it, where all of them end.

    What a client does wrong ends that client's connection only; a mistake of ours is kept in `crashes`.
    """

    request_queue_size = 128
    daemon_threads = False
    block_on_close = True

    def __init__(
        self,
        conversation: Conversation,
        address: str,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        takes: int | None = None,
    ) -> None:
        """Listen at *address* and *port* (0: any that is free); with *tls*, TLS comes before the conversation.

        After *takes* connections none is accepted any more, and the queue for more holds one.
        Raises OSError when address or port cannot be had.
        """
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.crashes: list[BaseException] = []
        self._conversation = conversation
        self._tls = tls
        self._left = takes
        if takes is not None:
            self.request_queue_size = 0
        self._lock = threading.Lock()
        self._connections: dict[int, socket.socket] = {}  # by the thread that serves it
        self._ending = False
        super().__init__((address, port), socketserver.BaseRequestHandler)
        self.port: int = self.socket.getsockname()[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL,), name=f"lab-{self.port}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        with self._lock:
            self._ending = True
            for connection in self._connections.values():
                _interrupt(connection)
        self.server_close()

    def secure(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Do the server's part of a TLS handshake; *connection* is then replaced by what is returned.

        Raises OSError (ssl.SSLError among them) when the handshake fails.
        """
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._keep(wrapped)
        wrapped.do_handshake()
        return wrapped

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises OSError while none is to be accepted: the server goes on without one then."""
        if self._left == 0:
            time.sleep(POLL)
            raise ConnectionAbortedError("no more connections are taken")
        accepted = super().get_request()
        if self._left is not None:
            self._left -= 1
        return accepted

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Hold the conversation, in the connection's own thread."""
        connection: socket.socket = request
        connection.settimeout(PATIENCE)
        self._keep(connection)
        try:
            if self._tls is not None:
                connection = self.secure(connection, self._tls)
            self._conversation(connection, client_address, self)
        finally:
            with self._lock:
                _close(self._connections.pop(threading.get_ident()))

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Keep what ended a conversation, unless it was the client or the line, which OSError stands for."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.crashes.append(error)

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections[threading.get_ident()] = connection
            if self._ending:
                _interrupt(connection)


def _interrupt(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, whose state another thread is using


def _close(connection: socket.socket) -> None:
    """Close in order: TLS close_notify (without waiting for the answer), end of data, socket."""
    with contextlib.suppress(OSError, ValueError):
        connection.settimeout(0)
        if isinstance(connection, ssl.SSLSocket):
            with contextlib.suppress(ssl.SSLWantReadError):
                connection.unwrap()
        socket.socket.shutdown(connection, socket.SHUT_WR)
    connection.close()
