"""Servers on loopback for tests of discovery, and a network that finds them under their public ports."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from diagnose.model import Deadline
from diagnose.model.failures import Failure, NamedError
from diagnose.network import NameNotFoundError, Nameserver, Network, Stream

LONGEST_WAIT = 30.0
"""Seconds after which a gate that a test forgot to open opens by itself."""


class LoopbackNetwork(Network):
    """A Network whose connections to (host, port) end at a port of 127.0.0.1; all others are refused."""

    def __init__(self, nameserver: Nameserver, ca_file: Path, ports: Mapping[tuple[str, int], int]) -> None:
        super().__init__(nameserver, ca_file)
        self.ports = ports
        self.connects: list[tuple[str, int]] = []

    def connect(self, host: str, port: int, deadline: Deadline) -> Stream:
        if not self.addresses(host, deadline).addresses:
            raise NameNotFoundError(host)
        self.connects.append((host, port))
        real = self.ports.get((host, port))
        if real is None:
            raise NamedError(Failure(name="connection_refused", operation="connect", text="Connection refused"))
        return super().connect("127.0.0.1", real, deadline)


@dataclass
class Page:
    """What a web server answers."""

    body: bytes = b""
    status: int = 200
    location: str | None = None
    gate: threading.Event | None = None
    """Answer only once this is set."""


@dataclass
class Web:
    """One HTTPS server for many hosts: pages by URL without query; every URL that was asked for is kept."""

    port: int
    pages: dict[str, Page]
    asked: list[str] = field(default_factory=list)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def served(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """The port of 127.0.0.1 where *handler* serves."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(ca: trustme.CA, *hosts: str) -> ssl.SSLContext:
    """A server context whose certificate by *ca* is for *hosts*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*hosts).configure_cert(context)
    return context


@contextlib.contextmanager
def web(context: ssl.SSLContext, pages: dict[str, Page]) -> Iterator[Web]:
    """An HTTPS server for *pages*."""
    kept = Web(0, pages)

    class Handler(http.server.BaseHTTPRequestHandler):
        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                super().handle()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            kept.asked.append(f"https://{self.headers['Host']}{self.path}")
            page = kept.pages.get(f"https://{self.headers['Host']}{path}", Page(status=404))
            if page.gate is not None:
                page.gate.wait(LONGEST_WAIT)
            self.send_response(page.status)
            if page.location:
                self.send_header("Location", page.location)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *_: Any) -> None:
            pass

    with served(_quiet(Handler)) as port:
        kept.port = port
        yield kept


def _quiet(handler: type[socketserver.BaseRequestHandler]) -> type[socketserver.BaseRequestHandler]:
    """*handler* whose handshakes may fail without a traceback on standard error: clients refuse certificates here."""

    class Quiet(handler):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        def __init__(self, *args: Any) -> None:
            with contextlib.suppress(OSError):
                super().__init__(*args)

    return Quiet


def implicit_tls(context: ssl.SSLContext) -> type[socketserver.BaseRequestHandler]:
    """A server that does the handshake and waits for the client to go."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as secured:
                secured.recv(1)

    return Handler


def starttls(
    context: ssl.SSLContext, talk: Callable[[socketserver.StreamRequestHandler], bool]
) -> type[socketserver.BaseRequestHandler]:
    """A server that holds the dialogue *talk*, and does the handshake where that returns True."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                if talk(self):
                    with context.wrap_socket(self.request, server_side=True) as secured:
                        secured.recv(1)

    return Handler
