"""A SOCKS 5 server on loopback (RFC 1928): the connections of another program go through the run's own network.

So they follow the run's resolver, reach only the hosts they may, and keep its bounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Self

from diagnose.model.deadline import Deadline
from diagnose.model.failures import Failure, FailureName, failure
from diagnose.network import CrowdedError, Network, NoThreadError, Stream, in_background
from diagnose.network.coming import Coming
from diagnose.network.resolver import is_local

VERSION, NO_AUTHENTICATION, CONNECT = 5, 0, 1
IPV4, NAME, IPV6 = 1, 3, 4
SUCCEEDED, FAILED, NOT_ALLOWED, NETWORK_UNREACHABLE, HOST_UNREACHABLE, REFUSED, COMMAND_UNKNOWN = 0, 1, 2, 3, 4, 5, 7
"""Reply codes of RFC 1928 §6."""
CODES: dict[FailureName, int] = {
    "network_unreachable": NETWORK_UNREACHABLE,
    "host_unreachable": HOST_UNREACHABLE,
    "name_not_found": HOST_UNREACHABLE,
    "connection_refused": REFUSED,
}
PIECE = 65536


class Gateway:
    """Serves from entering the context to leaving it, where every connection ends; to be used in one event loop."""

    def __init__(
        self, network: Network, deadline: Deadline, *, limit: int, local: bool, admits: Callable[[str], Awaitable[bool]]
    ) -> None:
        """At most *limit* bytes are received in all.

        *admits* says which hosts may be reached, and may take its time; without *local*, none that has an address of
        loopback or of a private network (RFC 1918, 4193), whatever its name.
        """
        self._network = network
        self._deadline = deadline
        self._limit = limit
        self._local = local
        self._admits = admits
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.received = 0
        """Bytes received so far."""
        self.failures: dict[tuple[str, int], Failure] = {}
        """Why there was no connection, by host and port."""

    @property
    def exhausted(self) -> bool:
        """Whether more came than is taken."""
        return self.received > self._limit

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._break_off()

    def _break_off(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, EOFError, ValueError):
            host, port = await _request(reader, writer)
            stream, code = await self._connect(host, port)
            writer.write(_answer(code))
            if stream is None:
                await writer.drain()
                return
            far_reader, far_writer = await asyncio.open_connection(sock=stream.release())
            with contextlib.closing(far_writer):
                await asyncio.gather(self._pass_on(far_reader, writer, counts=True), self._pass_on(reader, far_writer))

    async def _connect(self, host: str, port: int) -> tuple[Stream | None, int]:
        """The connection, or None and why in a code."""
        if self.exhausted or not await self._admits(host):
            return None, NOT_ALLOWED
        try:
            stream = await _awaited(in_background(lambda: self._network.connect(host, port, self._deadline), host))
        except OSError as error:
            self.failures[host, port] = why = failure(error, "connect")
            return None, CODES.get(why.name, FAILED)
        except (CrowdedError, NoThreadError):
            return None, FAILED
        if not self._local and is_local(stream.peer):
            stream.abort()
            self.failures[host, port] = Failure(name="not_permitted", operation="connect", text="a private address")
            return None, NOT_ALLOWED
        return stream, SUCCEEDED

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool = False
    ) -> None:
        while data := await reader.read(PIECE):
            self.received += len(data) if counts else 0
            if self.exhausted:
                self._break_off()
                return
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _awaited(connecting: Coming[Stream]) -> Stream:
    """What *connecting* brings from its thread; once this is cancelled, a connection that still comes is closed."""
    loop = asyncio.get_running_loop()
    awaited: asyncio.Future[None] = loop.create_future()

    def told() -> None:
        if awaited.cancelled():
            _abort(connecting)
        else:
            awaited.set_result(None)

    def done(_: Coming[Stream]) -> None:
        try:
            loop.call_soon_threadsafe(told)
        except RuntimeError:  # the loop is closed
            _abort(connecting)

    connecting.add_done_callback(done)
    await awaited
    return connecting.result()


def _abort(connected: Coming[Stream]) -> None:
    if connected.exception() is None:
        connected.result().abort()


def _answer(code: int) -> bytes:
    """What a client is told; no address is named."""
    return bytes((VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0))


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """Host and port that are asked for. Raises EOFError, ValueError when it is no such request."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != VERSION:
        raise ValueError("another protocol")
    writer.write(bytes((VERSION, NO_AUTHENTICATION)))
    _, command, _, kind = await reader.readexactly(4)
    if kind == NAME:
        (length,) = await reader.readexactly(1)
        host = (await reader.readexactly(length)).decode("ascii")
    else:
        host = str(ipaddress.ip_address(await reader.readexactly(16 if kind == IPV6 else 4)))
    port = int.from_bytes(await reader.readexactly(2))
    if command != CONNECT:
        writer.write(_answer(COMMAND_UNKNOWN))
        raise ValueError("another command")
    return host.rstrip(".").lower(), port
