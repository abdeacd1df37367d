from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

Conversation = Callable[["socketserver.StreamRequestHandler"], None]
Serve = Callable[[Conversation], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers on loopback: what each connection gets is the function given; the port is returned."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(conversation: Conversation) -> int:
        class Handler(socketserver.StreamRequestHandler):
            timeout = 5

            def handle(self) -> None:
                conversation(self)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        port: int = server.server_address[1]
        return port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def tcp_port(serve: Serve) -> int:
    """Of a server that accepts connections and says nothing."""
    return serve(lambda _: None)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback that is bound by this test and refuses."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
