"""What systems' sockets differ in: zones of addresses, numbers of errors, and what select(2) says of a closed one."""

from __future__ import annotations

import ctypes
import errno
import selectors
import socket
import sys
from typing import Any, NoReturn

import pytest

from diagnose.model import ClosedError, Deadline
from diagnose.model.failures import failure
from diagnose.network import Nameserver, resolver
from diagnose.network.asking import Asker
from diagnose.network.connector import Race
from diagnose.network.datagrams import GuardedSocket
from diagnose.network.resolver import Resolver
from diagnose.network.sockets import socket_address, socket_error
from tests.core.loopback import PATIENCE, stream_to, tcp, wait_for_end

LOOPBACK_NUMBER, LOOPBACK_NAME = next((n, name) for n, name in socket.if_nameindex() if name.startswith("lo"))
NOT_A_SOCKET = 10038
"""WSAENOTSOCK."""


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::1", "fe80::1"])
def test_an_address_without_a_zone_is_told_as_it_is(address: str) -> None:
    assert socket_address(address, 993) == (address, 993)


@pytest.mark.parametrize(
    ("address", "number"),
    [
        (f"fe80::1%{LOOPBACK_NAME}", LOOPBACK_NUMBER),
        ("fe80::1%7", 7),
        (f"ff02::fb%{LOOPBACK_NUMBER}", LOOPBACK_NUMBER),
        ("fe80::1%0", 0),
    ],
)
def test_a_zone_becomes_the_scope_of_the_socket_address(address: str, number: int) -> None:
    """RFC 4007 §11: by the name of the interface, or by its number, as Windows writes it."""
    assert socket_address(address, 53) == (address.partition("%")[0], 53, 0, number)


@pytest.mark.parametrize("zone", ["no-such-if0", "", "-1"])
def test_a_zone_that_this_computer_has_not_is_an_error_of_the_system(zone: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - each system has its own
        socket_address(f"fe80::1%{zone}", 53)


def test_a_nameserver_on_the_link_is_asked_in_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As routers announce themselves (RFC 8106), and as resolv.conf has it then."""
    asked = list[Any]()

    def connect(_: socket.socket, place: Any) -> NoReturn:
        asked.append(place)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

    monkeypatch.setattr(resolver, "asker", Asker())
    monkeypatch.setattr(GuardedSocket, "connect", connect)
    answer = Resolver(Nameserver(f"fe80::1%{LOOPBACK_NAME}")).query("corp.example", "A", Deadline(PATIENCE))
    assert answer.failure == "connection_refused"
    assert set(asked) == {("fe80::1", 53, 0, LOOPBACK_NUMBER)}


def test_a_connect_to_a_zone_that_is_not_there_is_an_attempt_that_failed() -> None:
    race = Race(("fe80::1%no-such-if0",), 993, Deadline(PATIENCE))
    (attempt,) = race.attempts(PATIENCE)
    assert attempt.failure is not None
    assert race.winner(Deadline(PATIENCE)) is None
    race.close()


def reset(*_: object) -> NoReturn:
    raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_a_datagrams_reset_means_that_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows: WSAECONNRESET where an earlier datagram was answered by ICMP "port unreachable"."""
    monkeypatch.setattr(socket.socket, "recv", reset, raising=False)
    with GuardedSocket.to("127.0.0.1", socket.SOCK_DGRAM) as one, pytest.raises(ConnectionRefusedError):
        one.datagram()


def test_by_tcp_a_reset_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "recv", reset, raising=False)
    with GuardedSocket.to("127.0.0.1", socket.SOCK_STREAM) as one, pytest.raises(ConnectionResetError):
        one.recv(10)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.ECONNREFUSED, "connection_refused"),
        (errno.EHOSTUNREACH, "host_unreachable"),
        (errno.EACCES, "not_permitted"),
    ],
)
def test_an_errors_number_brings_its_name_and_words(number: int, name: str) -> None:
    told = failure(socket_error(number), "connect")
    assert (told.name, bool(told.text)) == (name, True)


def test_windows_tells_its_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """WSAEACCES is EACCES to Python, which only its own maker of errors knows; strerror() has no words for it."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(
        ctypes, "WinError", lambda number: PermissionError(errno.EACCES, "blocked", None, number), raising=False
    )
    told = failure(socket_error(10013), "connect")
    assert (told.name, told.text) == ("not_permitted", "blocked")


def test_a_wait_for_what_was_closed_here_ends_as_closed_also_by_select(monkeypatch: pytest.MonkeyPatch) -> None:
    """select(2) finds no socket; poll(2), epoll(7) and kqueue(2) say nothing."""
    with tcp(wait_for_end) as port:
        stream = stream_to(port)

        class Closing(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> NoReturn:
                stream.abort()
                raise OSError(NOT_A_SOCKET, "An operation was attempted on something that is not a socket")

        monkeypatch.setattr(selectors, "DefaultSelector", Closing)
        with pytest.raises(ClosedError):
            stream.recv(1)


def test_a_wait_that_fails_otherwise_fails_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with tcp(wait_for_end) as port:
        stream = stream_to(port)

        class Failing(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> NoReturn:
                raise OSError(errno.ENOMEM, "no memory")

        monkeypatch.setattr(selectors, "DefaultSelector", Failing)
        with pytest.raises(OSError, match="no memory"):
            stream.recv(1)
        stream.abort()
