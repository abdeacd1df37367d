"""The estate's resolver: DNS over UDP and TCP at one port of loopback (RFC 1035, 7766)."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from diagnose.lab.listener import POLL, Listener

Responder = Callable[[bytes, bool], bytes | None]
"""Makes the answer to a query's bytes; True for UDP, where the size of an answer is limited; None sends no answer."""

_MOST_TRIES = 20
_MOST_QUERIES = 100
"""On one TCP connection."""


class _UdpServer(socketserver.UDPServer):
    """Answers one datagram after the other in its one thread, which suffices for answers made from memory."""

    max_packet_size = 65535

    def __init__(self, responder: Responder, address: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.crashes: list[BaseException] = []
        self._responder = responder
        super().__init__((address, port), socketserver.BaseRequestHandler)
        self._thread = threading.Thread(target=self.serve_forever, args=(POLL,), name=f"lab-{port}-udp")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        query, ours = request
        answer = self._responder(query, True)
        if answer is not None:
            ours.sendto(answer, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.crashes.append(error)


def _converse(connection: socket.socket, _: object, __: Listener, *, responder: Responder) -> None:
    """Answer the queries of one TCP connection."""
    with connection.makefile("rb") as stream:
        for _query in range(_MOST_QUERIES):
            head = stream.read(2)
            if len(head) < 2:
                return
            answer = responder(stream.read(int.from_bytes(head)), False)
            if answer is None:
                return
            connection.sendall(struct.pack("!H", len(answer)) + answer)


class DnsServer:
    """Serves DNS from entering the context to leaving it."""

    def __init__(self, responder: Responder, address: str) -> None:
        """Listen at *address*, at any port that is free for both UDP and TCP. Raises OSError if no port is free."""
        for tries_left in reversed(range(_MOST_TRIES)):
            self._tcp = Listener(partial(_converse, responder=responder), address)
            self.port = self._tcp.port
            try:
                self._udp = _UdpServer(responder, address, self.port)
            except OSError:
                self._tcp.server_close()
                if not tries_left:
                    raise
            else:
                return

    def __enter__(self) -> Self:
        self._exit = contextlib.ExitStack()
        self._exit.enter_context(self._tcp)
        self._exit.enter_context(self._udp)
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    @property
    def crashes(self) -> list[BaseException]:
        """Mistakes of ours that kept a query from its answer."""
        return self._tcp.crashes + self._udp.crashes
