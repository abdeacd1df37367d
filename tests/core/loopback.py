"""Sockets on loopback that do what a test says, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from diagnose.model import Deadline
from diagnose.network import Nameserver, Stream
from diagnose.network.stream import BYTES_A_CONNECTION

PATIENCE = 30.0
"""Seconds that no test waits for unless it fails."""

Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def tcp(*talks: Talk, family: socket.AddressFamily = socket.AF_INET, port: int = 0) -> Iterator[int]:
    """The port of a server that holds one of *talks* after the other, one a connection; the last one is repeated."""
    address = "127.0.0.1" if family == socket.AF_INET else "::1"
    listener = socket.create_server((address, port), family=family)
    open_ones: list[socket.socket] = []

    def one(connected: socket.socket, talk: Talk) -> None:
        connected.settimeout(PATIENCE)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            talk(connected)
        with contextlib.suppress(OSError):
            connected.close()

    def serve() -> None:
        count = 0
        with contextlib.suppress(OSError):
            while True:
                connected, _ = listener.accept()
                open_ones.append(connected)
                talk = talks[min(count, len(talks) - 1)]
                count += 1
                threading.Thread(target=one, args=(connected, talk), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)
        for connected in open_ones:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def stream_to(port: int, seconds: float = PATIENCE, limit: int = BYTES_A_CONNECTION) -> Stream:
    """A connection of ours."""
    return Stream(socket.create_connection(("127.0.0.1", port), PATIENCE), Deadline(seconds), limit)


def closed_port(family: socket.AddressFamily = socket.AF_INET) -> int:
    """A port that nobody listens on."""
    with socket.socket(family) as one:
        one.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """A port where connects get no answer: its queue of connections is full, and nobody accepts any."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        waiting.append(one)
    try:
        yield port
    finally:
        for one in waiting:
            one.close()
        listener.close()


def sends(*parts: bytes) -> Talk:
    """Send *parts*, and wait for the client to go."""

    def talk(connected: socket.socket) -> None:
        for part in parts:
            connected.sendall(part)
        wait_for_end(connected)

    return talk


def sends_and_ends(*parts: bytes) -> Talk:
    """Send *parts*, and end."""

    def talk(connected: socket.socket) -> None:
        for part in parts:
            connected.sendall(part)
        connected.shutdown(socket.SHUT_WR)
        wait_for_end(connected)

    return talk


def wait_for_end(connected: socket.socket) -> None:
    """Read until the client is gone."""
    while connected.recv(65536):
        pass


def reset(connected: socket.socket) -> None:
    """End at once, with a reset."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()


def drip(data: bytes, pause: float = 0.01) -> Talk:
    """Send *data* over and over, slowly, until the client goes."""

    def talk(connected: socket.socket) -> None:
        connected.settimeout(pause)
        while True:
            connected.sendall(data)
            with contextlib.suppress(TimeoutError):
                if not connected.recv(65536):
                    return

    return talk


def flood(data: bytes) -> Talk:
    """Send *data* over and over, until the client goes."""

    def talk(connected: socket.socket) -> None:
        while True:
            connected.sendall(data)

    return talk


Answer = Callable[[bytes], Sequence[bytes]]
"""A question in wire format to the datagrams that answer it."""


class DnsServer:
    """A name server on loopback: UDP answers by *udp*, TCP answers by *tcp* (none: nobody listens there)."""

    def __init__(self, udp: Answer, over_tcp: Answer | None = None) -> None:
        self.asked: list[bytes] = []
        self.asked_by_tcp: list[bytes] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp: socket.socket | None = None
        while True:
            self._udp.bind(("127.0.0.1", 0))
            port = self._udp.getsockname()[1]
            if over_tcp is None:
                break
            try:
                self._tcp = socket.create_server(("127.0.0.1", port))
                break
            except OSError:  # taken: another port for both
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = Nameserver("127.0.0.1", port)
        self._threads = [threading.Thread(target=self._serve_udp, args=(udp,), daemon=True)]
        if over_tcp is not None:
            self._threads.append(threading.Thread(target=self._serve_tcp, args=(over_tcp,), daemon=True))
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> DnsServer:
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.address.port))
        if self._tcp is not None:
            self._tcp.shutdown(socket.SHUT_RDWR)
            self._tcp.close()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._udp.close()

    def _serve_udp(self, answer: Answer) -> None:
        while True:
            question, client = self._udp.recvfrom(4096)
            if not question:
                return
            self.asked.append(question)
            for datagram in answer(question):
                self._udp.sendto(datagram, client)

    def _serve_tcp(self, answer: Answer) -> None:
        assert self._tcp is not None
        with contextlib.suppress(OSError):
            while True:
                connected, _ = self._tcp.accept()
                connected.settimeout(PATIENCE)
                with connected, contextlib.suppress(OSError):
                    (size,) = struct.unpack("!H", connected.recv(2))
                    question = connected.recv(size)
                    self.asked_by_tcp.append(question)
                    for message in answer(question):
                        connected.sendall(struct.pack("!H", len(message)) + message)
                    wait_for_end(connected)


def say(connected: socket.socket, parts: Iterable[bytes | Talk]) -> None:
    """Send *parts*, no more behind them, and wait for the other's end."""
    for part in parts:
        if isinstance(part, bytes):
            connected.sendall(part)
        else:
            part(connected)
    connected.shutdown(socket.SHUT_WR)
    wait_for_end(connected)
