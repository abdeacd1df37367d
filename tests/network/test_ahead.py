"""Connections that begin before a check asks for them: it gets the same as if it had begun them itself."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from diagnose.model import Deadline, DeadlineError
from diagnose.network import Network, Stream, in_background
from tests.core.loopback import PATIENCE, closed_port, tcp, wait_for_end

HOST, LOOPBACK = "localhost", "127.0.0.1"


@pytest.fixture
def network(authority: trustme.CA, tmp_path: Path) -> Network:
    """Which trusts the authority of `server_tls`."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Network(ca_file=tmp_path / "ca.pem").for_run()


class Counting:
    """A server that greets under TLS, and counts its clients."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.clients = 0
        self.shaken = threading.Semaphore(0)

    def talk(self, connected: socket.socket) -> None:
        self.clients += 1
        with self.context.wrap_socket(connected, server_side=True) as secured:
            self.shaken.release()
            secured.sendall(b"hello")
            wait_for_end(secured)


def taken(network: Network, port: int, addresses: tuple[str, ...] = (LOOPBACK,)) -> Stream | None:
    """What a check takes."""
    return network.connect_service(HOST, addresses, port, Deadline(PATIENCE)).winner(Deadline(PATIENCE))


def test_the_handshake_is_over_before_anybody_asks_for_the_connection(
    network: Network, server_tls: ssl.SSLContext
) -> None:
    """And is the one that is gone on with: there is no second connection."""
    server = Counting(server_tls)
    with tcp(server.talk) as port:
        network.connect_ahead(HOST, port, Deadline(PATIENCE), tls=True)
        assert server.shaken.acquire(timeout=PATIENCE)
        race = network.connect_service(
            HOST, network.addresses(HOST, Deadline(PATIENCE)).addresses, port, Deadline(PATIENCE)
        )
        stream = race.winner(Deadline(PATIENCE))
        assert stream is not None
        stream.start_tls(network.trust(), HOST)

        assert stream.tls is not None
        assert stream.recv(5) == b"hello"
        assert server.clients == 1
        network.close()


def test_it_is_handed_out_once(network: Network, server_tls: ssl.SSLContext) -> None:
    """Who asks for another connection to the same place gets one."""
    server = Counting(server_tls)
    with tcp(server.talk) as port:
        network.connect_ahead(HOST, port, Deadline(PATIENCE), tls=True)
        network.connect_ahead(HOST, port, Deadline(PATIENCE), tls=True)
        addresses = network.addresses(HOST, Deadline(PATIENCE)).addresses
        streams = [taken(network, port, addresses) for _ in range(2)]
        for stream in streams:
            assert stream is not None
            stream.start_tls(network.trust(), HOST)
        assert server.clients == 2
        network.close()


@pytest.mark.parametrize("tls", [True, False])
def test_what_does_not_connect_is_told_as_ever(tls: bool, network: Network) -> None:
    port = closed_port()
    network.connect_ahead(LOOPBACK, port, Deadline(PATIENCE), tls=tls)
    race = network.connect_service(LOOPBACK, (LOOPBACK,), port, Deadline(PATIENCE))

    assert race.winner(Deadline(PATIENCE)) is None
    assert [one.failure.name for one in race.attempts(PATIENCE) if one.failure] == ["connection_refused"]


def test_a_host_without_address_leaves_nothing(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that knows an address connects to that."""
    with tcp(wait_for_end) as port:
        found = network.addresses(LOOPBACK, Deadline(PATIENCE))
        monkeypatch.setattr(network, "addresses", lambda *_: type(found)(host=HOST, addresses=()))
        network.connect_ahead(HOST, port, Deadline(PATIENCE), tls=False)

        assert taken(network, port) is not None
        network.close()


def test_other_addresses_than_those_begun_with_are_connected_to_anew(network: Network) -> None:
    """What was begun is let go."""
    ended = threading.Event()

    def talk(connected: socket.socket) -> None:
        wait_for_end(connected)
        ended.set()

    with tcp(talk) as port:
        network.connect_ahead(LOOPBACK, port, Deadline(PATIENCE), tls=False)
        race = network.connect_service(LOOPBACK, ("127.0.0.2",), port, Deadline(PATIENCE))

        assert race.addresses == ("127.0.0.2",)
        assert ended.wait(PATIENCE)
        network.close()


def refuse(connected: socket.socket) -> None:
    connected.recv(1)
    connected.sendall(b"* OK this is no TLS\r\n")
    wait_for_end(connected)


def test_a_handshake_that_fails_is_told_when_it_is_asked_for(network: Network) -> None:
    with tcp(refuse) as port:
        network.connect_ahead(LOOPBACK, port, Deadline(PATIENCE), tls=True)
        stream = network.connect_service(LOOPBACK, (LOOPBACK,), port, Deadline(PATIENCE)).winner(Deadline(PATIENCE))
        assert stream is not None
        with pytest.raises(ssl.SSLError):
            stream.start_tls(network.trust(), LOOPBACK)
        stream.abort()


def test_a_certificate_is_verified_as_ever(network: Network, server_tls: ssl.SSLContext) -> None:
    """That of localhost is not that of the address."""
    with tcp(Counting(server_tls).talk) as port:
        network.connect_ahead(LOOPBACK, port, Deadline(PATIENCE), tls=True)
        stream = network.connect_service(LOOPBACK, (LOOPBACK,), port, Deadline(PATIENCE)).winner(Deadline(PATIENCE))
        assert stream is not None
        with pytest.raises(ssl.SSLCertVerificationError):
            stream.start_tls(network.trust(), LOOPBACK)
        stream.abort()


def test_a_silent_handshake_ends_with_the_patience_of_who_asks_for_it(network: Network) -> None:
    """Though it was begun with more."""
    with tcp(wait_for_end) as port:
        network.connect_ahead(LOOPBACK, port, Deadline(PATIENCE), tls=True)
        stream = network.connect_service(LOOPBACK, (LOOPBACK,), port, Deadline(PATIENCE)).winner(Deadline(PATIENCE))
        assert stream is not None
        stream.deadline = Deadline(0.1)
        with pytest.raises(DeadlineError):
            stream.start_tls(network.trust(), LOOPBACK)
        stream.abort()


@pytest.mark.parametrize("tls", [True, False])
def test_what_nobody_asks_for_ends_with_the_run(tls: bool, network: Network, server_tls: ssl.SSLContext) -> None:
    came, ended = threading.Event(), threading.Event()

    def held(connected: socket.socket) -> None:
        came.set()
        wait_for_end(connected)
        ended.set()

    talk: Callable[[socket.socket], None] = held
    with tcp(talk) as port:
        network.connect_ahead(LOOPBACK, port, Deadline(2 * PATIENCE), tls=tls)
        assert came.wait(PATIENCE)
        network.close()
        assert ended.wait(PATIENCE)


def test_a_connection_that_is_ended_as_its_socket_changes_hands_does_not_wait_for_its_handshake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, ended = ssl.create_default_context(), threading.Event()
    wrap_socket = context.wrap_socket

    def late(connected: socket.socket, **options: Any) -> ssl.SSLSocket:
        wrapped = wrap_socket(connected, **options)
        stream.abort()
        return wrapped

    def held(connected: socket.socket) -> None:
        wait_for_end(connected)
        ended.set()

    monkeypatch.setattr(context, "wrap_socket", late)
    with tcp(held) as port:
        stream = Stream(socket.create_connection((LOOPBACK, port)), Deadline(2 * PATIENCE))
        in_background(stream.begin_tls(context, LOOPBACK), "handshake")
        assert ended.wait(PATIENCE)


def test_a_connection_whose_handshake_was_begun_is_not_over(network: Network) -> None:
    came = threading.Event()

    def held(connected: socket.socket) -> None:
        came.set()
        wait_for_end(connected)

    with tcp(held) as port:
        stream = Stream(socket.create_connection((LOOPBACK, port)), Deadline(PATIENCE))
        in_background(stream.begin_tls(network.trust(), LOOPBACK), "handshake")
        assert came.wait(PATIENCE)
        assert not stream.is_over()
        stream.abort()
        with pytest.raises(OSError, match=r"."):
            stream.start_tls(network.trust(), LOOPBACK)
        assert stream.is_over()
