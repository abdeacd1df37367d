"""Whatever clients do, an estate serves the others and leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS, ServiceName
from diagnose.lab.zone import Zone, record_sets

from .clients import Imap, Pop3, Smtp, browse, connect, trust
from .conftest import BringUp

SERVICES: tuple[ServiceName, ...] = ("imaps", "imap", "pop3s", "pop3", "submissions", "submission")
OPEN_FILES = Path("/dev/fd")


def serves(estate: Estate, service: ServiceName) -> bool:
    """Whether *service* greets a client (and goes over to TLS with it) as it should."""
    if service == "webmail":
        return browse(estate).status_code == 200
    protocol = estate.scenario.protocol(service)
    if protocol == "imap":
        return Imap(estate, service).logout()[0] == "BYE"
    if protocol == "pop3":
        return Pop3(estate, service).quit().startswith(b"+OK")
    return Smtp(estate, service).quit()[0] == 221


def test_twenty_connections_at_once_to_each_service(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    together = threading.Barrier(20, timeout=30)

    def log_in(number: int) -> str:
        client = (Imap, Pop3, Smtp)[number % 3](estate)
        together.wait()  # all twenty are connected before any goes on
        if isinstance(client, Imap):
            client.login(estate.address, estate.password)
            client.logout()
        elif isinstance(client, Pop3):
            client.user(estate.address)
            client.pass_(estate.password)
            client.quit()
        else:
            client.login(estate.address, estate.password)
            client.quit()
        return ("imap", "pop3", "smtp")[number % 3]

    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(log_in, range(20)))

    assert estate.logins_ok == {name: done.count(name) for name in set(done)}


def test_twenty_pages_at_once(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with ThreadPoolExecutor(20) as pool:
        pages = list(pool.map(lambda _: browse(estate).status_code, range(20)))

    assert pages == [200] * 20


@pytest.mark.parametrize("service", [*SERVICES, "webmail"])
@pytest.mark.parametrize(
    "garbage",
    [
        b"A" * 1_000_000,
        b"\0" * 5000 + b"\r\n",
        b"\r\n" * 300,
        b"a LOGIN {999999999}\r\n",
        b'a LOGIN {3}\r\n{3+}\r\n\xff\xff\xff {1}\r\n"\r\n',
        b"a AUTHENTICATE PLAIN ====\r\nAUTH PLAIN ====\r\n",
        b"a AUTHENTICATE PLAIN\r\n*\r\nAUTH PLAIN\r\n\xff\r\n",
        b"EHLO \xff\xfe\r\nAUTH PLAIN \xff\r\nAUTH LOGIN =\r\n=\r\n=\r\n",
        b"USER \xff\r\nPASS \0\r\n\xff\xff\xff\r\n",
    ],
    ids=lambda garbage: repr(garbage[:20]),
)
def test_garbage_ends_that_connection_only(service: ServiceName, garbage: bytes, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    port = estate.ports[service]
    implicit = estate.scenario.tls(service) == "implicit"
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        connection: socket.socket = plain
        if implicit:
            connection = trust(estate).wrap_socket(plain, server_hostname=estate.scenario.host(service))
        with connection, contextlib.suppress(OSError):  # the server may hang up while we still send
            connection.sendall(garbage)
            socket.socket.shutdown(connection, socket.SHUT_WR)
            while connection.recv(65536):
                pass

    assert serves(estate, service)
    assert not estate.logins_ok


@pytest.mark.parametrize("service", ["imaps", "pop3s", "submissions", "webmail"])
def test_a_broken_handshake_ends_that_connection_only(service: ServiceName, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    for first in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00" + b"\0" * 512):
        with (
            socket.create_connection(("127.0.0.1", estate.ports[service]), 10) as connection,
            contextlib.suppress(OSError),
        ):
            connection.sendall(first)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    with socket.create_connection(("127.0.0.1", estate.ports[service]), 10) as plain, pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(plain, server_hostname="elsewhere.example")  # trusts nobody of ours

    assert serves(estate, service)


def test_a_handshake_that_fails_after_starttls(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    commands: dict[ServiceName, bytes] = {"imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n", "submission": b"STARTTLS\r\n"}
    for service, starttls in commands.items():
        with socket.create_connection(("127.0.0.1", estate.ports[service]), 10) as plain:
            lines = plain.makefile("rb")
            lines.readline()
            plain.sendall(starttls)
            lines.readline()
            with pytest.raises(ssl.SSLError):
                ssl.create_default_context().wrap_socket(plain, server_hostname="elsewhere.example")
            lines.close()


@given(packet=st.binary(max_size=120), limited=st.booleans())
def test_no_packet_breaks_the_zone(packet: bytes, limited: bool) -> None:
    answer = ZONE.respond(packet, limited)

    assert answer is None or answer[:2] == packet[:2]


ZONE = Zone("corp.example", record_sets(SCENARIOS["no-mx"], {}, None), "answers")


def test_an_answer_that_is_too_long_for_udp_is_cut() -> None:
    zone = Zone("corp.example", {"@ TXT": tuple(f'"{number:0200}"' for number in range(10))}, "answers")
    query = dns.message.make_query("corp.example", "TXT", use_edns=0, payload=4096)
    query.id = 7

    over_udp, over_tcp = zone.respond(query.to_wire(), True), zone.respond(query.to_wire(), False)

    assert over_udp is not None
    assert over_tcp is not None
    assert len(over_udp) <= 1232
    assert dns.message.from_wire(over_udp, raise_on_truncation=False).flags & dns.flags.TC
    assert len(dns.message.from_wire(over_tcp).answer[0]) == 10


def test_open_connections_do_not_keep_an_estate_up() -> None:
    """Clients that wait, in the greeting, in the middle of a command or of a handshake, lose their connection."""
    before = set(threading.enumerate())
    estate = Estate(SCENARIOS["healthy"])
    with contextlib.ExitStack() as stack:
        with estate:
            waiting = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for port in estate.ports.values()
            ]
            waiting += [stack.enter_context(connect(estate, service)) for service in SERVICES]
            for connection in waiting[-len(SERVICES) :]:
                connection.sendall(b"a LOG")
        assert not set(threading.enumerate()) - before
        for connection in waiting:
            with contextlib.suppress(OSError):  # a reset is an end as well
                while connection.recv(65536):
                    pass


@pytest.mark.parametrize(
    "scenario",
    ["healthy", "refused", "timeout", "line-unstable", "proxy-wants-sign-in", "server-silent", "healthy-slow"],
)
def test_no_socket_is_left(scenario: str) -> None:
    def open_files() -> int:
        gc.collect()
        return len(os.listdir(OPEN_FILES))  # noqa: PTH208 - Path.iterdir is lazy and counts itself

    with Estate(SCENARIOS[scenario]):
        pass  # what is imported at first use may keep a file open
    before = open_files()
    for _ in range(3):
        with Estate(SCENARIOS[scenario]) as estate, connect(estate, "submissions"):
            pass
    assert open_files() == before


def test_an_error_within_takes_the_estate_down() -> None:
    with pytest.raises(RuntimeError, match="within"), Estate(SCENARIOS["healthy"]) as estate:
        raise RuntimeError("within")
    assert not estate.ca_file.exists()


def test_an_estate_that_cannot_be_had_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nameserver comes last, so everything else is up by then."""
    from diagnose.lab import estate as module

    def none_free(*_: object) -> None:
        raise OSError("no port is free")

    monkeypatch.setattr(module, "Nameserver", none_free)
    with pytest.raises(module.EstateError, match="healthy: no port is free"), Estate(SCENARIOS["healthy"]):
        pass


def test_nothing_is_printed(bring_up: BringUp, capfd: pytest.CaptureFixture[str]) -> None:
    estate = bring_up("wrong-password")
    with Smtp(estate) as smtp:
        smtp.docmd("NONSENSE")
        smtp.docmd("AUTH", "PLAIN AGEAYg==")
    browse(estate)

    assert capfd.readouterr() == ("", "")
