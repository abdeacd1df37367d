"""The gateway lets another program out by the run's resolver, to whom it may, and no further than the limit."""

from __future__ import annotations

import asyncio
import socket

import pytest

from diagnose.model import Deadline
from diagnose.network import Network
from diagnose.network.gateway import Gateway
from diagnose.network.resolver import is_local
from tests.core.loopback import tcp

from .site import DOMAIN, name_server

HOST = f"service.{DOMAIN}"


def echo(connected: socket.socket) -> None:
    while data := connected.recv(1000):
        connected.sendall(data)


def ask(
    host: bytes, port: int, *, limit: int = 1000, local: bool = True, admits: bool = True, send: bytes = b"hello"
) -> tuple[int, bytes, Gateway]:
    """The gateway's reply code, what came back through it, and the gateway."""

    async def admit(_: str) -> bool:
        return admits

    async def run() -> tuple[int, bytes, Gateway]:
        with name_server(HOST) as resolver:
            gateway = Gateway(Network(resolver), Deadline(10), limit=limit, local=local, admits=admit)
            async with gateway:
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                writer.write(b"\5\1\0" + b"\5\1\0\3" + bytes((len(host),)) + host + port.to_bytes(2))
                reply = await asyncio.wait_for(reader.readexactly(12), 10)
                came = b""
                if reply[3] == 0:
                    writer.write(send)
                    writer.write_eof()
                    came = await asyncio.wait_for(reader.read(-1), 10)
                writer.close()
            return reply[3], came, gateway

    return asyncio.run(run())


def test_a_name_is_looked_up_by_the_runs_resolver() -> None:
    with tcp(echo) as port:
        assert ask(HOST.encode(), port)[:2] == (0, b"hello")


def test_why_there_is_no_connection_is_kept() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        code, _, gateway = ask(HOST.encode(), port)

    assert code == 5
    assert gateway.failures[HOST, port].name == "connection_refused"
    code, _, gateway = ask(b"unknown.corp.example", 443)
    assert (code, gateway.failures["unknown.corp.example", 443].name) == (4, "name_not_found")


def test_whom_the_run_may_not_contact_is_not_even_looked_up() -> None:
    code, _, gateway = ask(HOST.encode(), 443, admits=False)

    assert (code, gateway.failures) == (2, {})


def test_a_page_of_the_internet_reaches_no_private_address() -> None:
    with tcp(echo) as port:
        code, came, gateway = ask(HOST.encode(), port, local=False)

    assert (code, came) == (2, b"")
    assert gateway.failures[HOST, port].name == "not_permitted"


def test_more_than_the_limit_is_cut_off() -> None:
    with tcp(echo) as port:
        code, came, gateway = ask(HOST.encode(), port, limit=1000, send=b"x" * 5000)

    assert code == 0
    assert len(came) <= 1000
    assert gateway.exhausted


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\n\r\n", b"\4\1", b"\5\1\0\5\2\0\3\1a\0\1", b"\5"])
def test_another_protocol_is_hung_up_on(words: bytes) -> None:
    async def admit(_: str) -> bool:
        return True

    async def run() -> bytes:
        async with Gateway(Network(), Deadline(5), limit=1000, local=True, admits=admit) as gateway:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            writer.write(words)
            writer.write_eof()
            return await asyncio.wait_for(reader.read(-1), 5)

    assert len(asyncio.run(run())) <= 12


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.1", True),
        ("fe80::1%eth0", True),
        ("9.9.9.9", False),
        ("2620:fe::fe", False),
        ("", False),
    ],
)
def test_which_addresses_are_local(address: str, local: bool) -> None:
    assert is_local(address) is local
