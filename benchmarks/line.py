"""Lines of a chosen round trip in front of servers on loopback: for DNS over UDP, and for any TCP service.

On loopback a TCP handshake takes no time. Over a real line it costs the client one round trip before its first
byte leaves; here that round trip is added to what the client sends before it has heard anything, so that whatever the
client computes after the handshake still counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

LOOPBACK = "127.0.0.1"
LARGEST_PIECE = 65536
"""Bytes; also more than any datagram holds."""
DNS_PATIENCE = 10.0
"""Seconds; a question without an answer is then forgotten."""


class Line:
    """One port of loopback, and the server behind it; runs in the current event loop until that ends."""

    port: int
    server_port: int
    """Set before the first client comes."""

    def __init__(self) -> None:
        self.round_trip = 0.0
        """Seconds; may be changed between clients."""
        self._underway: set[asyncio.Task[None]] = set()

    def carry_out(self, call: Coroutine[Any, Any, None]) -> None:
        """Serve one client beside the others."""
        task = asyncio.create_task(call)
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)


class DatagramLine(Line):
    """Questions and answers over UDP."""

    _heard: Callable[[], None] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bytes] = []
        """All questions that have come."""

    async def open(self) -> None:
        """Take a free port and serve it. Raises OSError when there is none."""
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.setblocking(False)
        self._near.bind((LOOPBACK, 0))
        self.port = self._near.getsockname()[1]
        self.carry_out(self._serve())

    def tell_next(self, heard: Callable[[], None]) -> None:
        """Call *heard* when the next question comes."""
        self._heard = heard

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            question, asker = await loop.sock_recvfrom(self._near, LARGEST_PIECE)
            self.asked.append(question)
            if self._heard is not None:
                self._heard()
                self._heard = None
            self.carry_out(self._ask(question, asker))

    async def _ask(self, question: bytes, asker: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.round_trip / 2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far, contextlib.suppress(OSError, TimeoutError):
            far.setblocking(False)
            far.connect((LOOPBACK, self.server_port))
            await loop.sock_sendall(far, question)
            answer = await asyncio.wait_for(loop.sock_recv(far, LARGEST_PIECE), DNS_PATIENCE)
            await asyncio.sleep(self.round_trip / 2)
            await loop.sock_sendto(self._near, answer, asker)


class StreamLine(Line):
    """TCP connections."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[int] = []
        """Of each connection that has ended: how often the client spoke first, or after it had heard something."""

    async def open(self, address: str = LOOPBACK, port: int = 0) -> None:
        """Take a *port* of *address*, a free one, and serve it. Raises OSError when there is none."""
        self._server = await asyncio.start_server(
            lambda near_in, near_out: self.carry_out(self._connect(near_in, near_out)), address, port, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def all_ended(self) -> None:
        """Wait for the connections that there are."""
        while self._underway:
            await asyncio.wait(self._underway)

    async def _connect(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        call = _Call(self.round_trip / 2, near_in, near_out)
        with contextlib.suppress(OSError):
            await call.carry(self.server_port)
        near_out.close()
        self.exchanges.append(call.exchanges)


class _Call:
    """One connection through a line."""

    def __init__(self, one_way: float, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        self._one_way = one_way
        self._near_in = near_in
        self._near_out = near_out
        self._answered = False
        """Whether the client has received anything."""
        self._heard_last = True
        """The client has said nothing since it last received something, or since the connection began."""
        self.exchanges = 0

    async def carry(self, server_port: int) -> None:
        """Carry bytes both ways until both sides have ended. Raises OSError when the server refuses the connection."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        listening = asyncio.create_task(self._listen(self._near_in, underway))
        try:
            await asyncio.sleep(3 * self._one_way)  # SYN, SYN-ACK, ACK: then the server knows of the connection
            far_in, far_out = await asyncio.open_connection(LOOPBACK, server_port)
            acknowledge_at_once(far_out)
            back: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            try:
                await asyncio.gather(
                    self._hand_over(underway, far_out),
                    self._listen(far_in, back, far_out),
                    self._hand_over(back, self._near_out, to_client=True),
                )
            finally:
                far_out.close()
        finally:
            listening.cancel()

    async def _listen(
        self,
        source: asyncio.StreamReader,
        underway: asyncio.Queue[tuple[float, bytes]],
        server: asyncio.StreamWriter | None = None,
    ) -> None:
        """Note each piece with the moment when it is due at the other end; an empty one is the end.

        *server* is where the pieces come from; None: the client.
        """
        clock = asyncio.get_running_loop()
        piece = b"-"
        while piece:
            try:
                piece = await source.read(LARGEST_PIECE)
            except OSError:
                piece = b""
            if piece and not server and self._heard_last:
                self.exchanges, self._heard_last = self.exchanges + 1, False
            delay = self._one_way if self._answered or server else 3 * self._one_way
            underway.put_nowait((clock.time() + delay, piece))
            if piece and server:
                acknowledge_at_once(server)

    async def _hand_over(
        self, underway: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter, *, to_client: bool = False
    ) -> None:
        clock = asyncio.get_running_loop()
        while True:
            due, piece = await underway.get()
            await asyncio.sleep(due - clock.time())
            if not piece:
                break
            if to_client:
                self._answered = self._heard_last = True
            sink.write(piece)
        with contextlib.suppress(OSError):
            sink.write_eof()


def acknowledge_at_once(connection: asyncio.StreamWriter) -> None:
    """Keep delayed acknowledgements out of the next piece (RFC 9293 §3.8.6.3), where the system allows.

    A server that writes twice and keeps to Nagle's algorithm would be held up by them for 40 ms, whatever the line.
    """
    if sys.platform == "linux":  # and it forgets this whenever it likes
        connection.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
