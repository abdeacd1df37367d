"""The deadline holds: what a server sends is counted before it is taken apart, and the end closes every connection."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from checks.sessions import open_session
from checks.web.html import read_page
from diagnose.har.reader import read_har
from diagnose.har.stream import HarError
from diagnose.model import ClosedError, Deadline, TooMuchDataError
from diagnose.network import Network
from diagnose.network.http import LARGEST_BODY, fetch
from diagnose.network.resolver import Resolver
from diagnose.network.stream import Stream
from diagnose.running.context import ConnectionPool
from tests.core.loopback import DnsServer, drip, flood, sends, stream_to, tcp, wait_for_end

PATIENCE = 60.0
"""Seconds that no test waits for unless it fails."""
NAMES = [f"n{number}.corp.example" for number in range(20)]


def processor_seconds(call: Callable[[], object]) -> float:
    """What *call* costs this process, however busy the machine is."""
    began = time.process_time()
    call()
    return time.process_time() - began


# -- DNS


def header(question: bytes, *counts: int, flags: int = 0x8180) -> bytes:
    return question[:2] + struct.pack("!H4H", flags, *counts)


def records(question: bytes, count: int) -> bytes:
    """An answer of *count* address records, each with a name of 127 labels, by a pointer to the first one."""
    long = b"\x01a" * 126 + b"\0"
    first = long + struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
    asked = question[12 : question.index(b"\0", 12) + 5]
    return header(question, 1, count, 0, 0) + asked + first + b"".join(
        struct.pack("!HHHIH", 0xC000 | (12 + len(asked)), 1, 1, 60, 4) + bytes(4) for _ in range(count - 1)
    )  # fmt: skip


def truncated(question: bytes) -> list[bytes]:
    return [header(question, 1, 0, 0, 0, flags=0x8380) + question[12 : question.index(b"\0", 12) + 5]]


NONSENSE: dict[str, tuple[Callable[[bytes], list[bytes]], Callable[[bytes], list[bytes]] | None]] = {
    "64 KB by UDP": (lambda q: [records(q, 1) + bytes(60_000)], None),
    "many records by UDP": (lambda q: [header(q, 1, 60_000, 0, 0) + q[12:]], None),
    "many records by TCP": (truncated, lambda q: [records(q, 3000)]),
    "more records than there are": (truncated, lambda q: [header(q, 1, 1, 30_000, 30_000) + q[12:]]),
    "a flood of strays": (lambda q: [b"\0\0" + q[2:]] * 200, None),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_a_name_server_that_sends_nonsense_is_asked_no_more(kind: str) -> None:
    """Neither the same question nor another one, and nothing of it is parsed."""
    udp, over_tcp = NONSENSE[kind]
    with DnsServer(udp, over_tcp) as server:
        resolver = Resolver(server.address)
        # strays are passed over until there are too many: the first question may take its tries
        first = resolver.query("first.corp.example", "A", Deadline(PATIENCE))
        asked = len(server.asked)
        cost = processor_seconds(lambda: [resolver.query(name, "A", Deadline(PATIENCE)) for name in NAMES])

        assert first.status == "malformed", first
        assert len(server.asked) == asked <= 3
        assert len(server.asked_by_tcp) <= 1
        assert cost < 2.0
        assert "127.0.0.1" in first.text


def test_the_largest_message_that_is_parsed_is_parsed_in_no_time() -> None:
    """The bound is one that keeps the promise: records with the longest names there are."""
    with DnsServer(truncated, lambda q: [records(q, 500)]) as server:
        cost = processor_seconds(lambda: Resolver(server.address).query("a.corp.example", "A", Deadline(PATIENCE)))
    assert cost < 1.0


def test_long_answers_of_real_servers_are_read() -> None:
    """A near-miss: many records by TCP, and a datagram somewhat longer than was asked for."""

    def answer(count: int) -> Callable[[bytes], list[bytes]]:
        def made(question: bytes) -> list[bytes]:
            asked = dns.message.from_wire(question)
            reply = dns.message.make_response(asked)
            addresses = [f"192.0.{n // 250}.{n % 250}" for n in range(count)]
            reply.answer.append(dns.rrset.from_text_list(asked.question[0].name, 60, "IN", "A", addresses))
            return [reply.to_wire(max_size=65535)]

        return made

    with DnsServer(answer(100)) as server:
        assert len(Resolver(server.address).query("a.corp.example", "A", Deadline(PATIENCE)).records) == 50
    with DnsServer(truncated, answer(400)) as server:
        assert len(Resolver(server.address).query("a.corp.example", "A", Deadline(PATIENCE)).records) == 50


def test_an_answer_that_drips_by_tcp_ends_at_the_deadline() -> None:
    """A byte at a time is no reason to wait on."""

    class Dripping(DnsServer):
        def _serve_tcp(self, answer: object) -> None:
            assert self._tcp is not None
            with contextlib.suppress(OSError):
                while True:
                    connected, _ = self._tcp.accept()
                    threading.Thread(target=self._drip, args=(connected,), daemon=True).start()

        @staticmethod
        def _drip(connected: socket.socket) -> None:
            with connected, contextlib.suppress(OSError):
                connected.sendall(b"\xff\xff")
                while True:
                    time.sleep(0.05)
                    connected.sendall(b"\0")

    with Dripping(truncated, lambda _: []) as server:
        began = time.monotonic()
        found = Resolver(server.address).query("a.corp.example", "A", Deadline(0.4))
    assert found.status == "timed_out"
    assert time.monotonic() - began < 15


# -- mail servers

ENDLESS = {
    "smtp": b"220 mail.corp.example ESMTP\r\n" + b"250-X\r\n" * 100_000,
    "smtp greeting": b"220-hello\r\n" * 100_000,
    "pop3": b"+OK ready\r\n+OK capabilities\r\n" + b"X\r\n" * 100_000,
    "imap": b"* OK ready\r\n" + b"+ go on\r\n" * 100_000,
    "imap tagged": b"* OK ready\r\n" + b"XXXX1 OK\r\n" * 100_000,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_lines_of_a_mail_server_are_counted(kind: str) -> None:
    """The conversation ends with a failure that has a name, after work that has a bound."""
    with tcp(sends(ENDLESS[kind])) as port:
        stream = stream_to(port)

        def talk() -> None:
            with pytest.raises((TooMuchDataError, ClosedError)):
                open_session(kind.split()[0], stream, Deadline(PATIENCE))  # type: ignore[arg-type]  # a protocol

        assert processor_seconds(talk) < 3.0
        stream.abort()


def test_idle_talk_of_an_imap_server_costs_little() -> None:
    """40,000 untagged lines between greeting and answer: read, and not looked at one by one."""

    def talk(connected: socket.socket) -> None:
        connected.sendall(b"* OK [CAPABILITY IMAP4rev1 ID] ready\r\n")
        tag = connected.recv(4096).split()[0]
        connected.sendall(b"* OK still there\r\n" * 40_000 + tag + b" OK done\r\n")
        wait_for_end(connected)

    with tcp(talk) as port:
        session = open_session("imap", stream_to(port), Deadline(PATIENCE))
        assert processor_seconds(session.introduce) < 3.0  # type: ignore[attr-defined]  # of IMAP alone
        session.close()


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
@pytest.mark.parametrize(
    "talk", [drip(b"x", 0.05), flood(b"x" * 1000), drip(b"\0", 0.05)], ids=["drip", "flood", "NUL"]
)
def test_a_line_without_an_end_ends(protocol: str, talk: Callable[[socket.socket], None]) -> None:
    """By the deadline, or by the bytes."""
    with tcp(talk) as port:
        stream = stream_to(port)
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - which one is not promised
            open_session(protocol, stream, Deadline(0.4))  # type: ignore[arg-type]  # a protocol
        stream.abort()
    assert time.monotonic() - began < 20


# -- pages


def page(port: int, seconds: float = PATIENCE) -> tuple[bytes, bool, str]:
    def opened(_host: str, _port: int, _tls: bool, until: Deadline) -> Stream:
        stream = stream_to(port)
        stream.deadline = until
        return stream

    found = fetch(f"http://127.0.0.1:{port}/", Deadline(seconds), opened)
    return found.body, found.truncated, found.last.failure.name if found.last.failure else ""


def packed_answer(
    body: bytes, encoding: str, status: str = "200 OK", more: str = ""
) -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Encoding: {encoding}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return sends(head.encode() + body)


@pytest.mark.parametrize(
    ("pack", "encoding"), [(gzip.compress, "gzip"), (gzip.compress, "X-GZIP"), (zlib.compress, "deflate")]
)
def test_a_packed_page_is_unpacked_no_further_than_it_is_read(pack: Callable[[bytes], bytes], encoding: str) -> None:
    """Sixty-four million bytes in sixty thousand; and an ordinary one is read whole."""
    with tcp(packed_answer(pack(b"<p>hello"), encoding)) as port:
        assert page(port) == (b"<p>hello", False, "")
    with tcp(packed_answer(pack(bytes(64_000_000)), encoding)) as port:
        found: list[tuple[bytes, bool, str]] = []
        cost = processor_seconds(lambda: found.append(page(port)))
    assert (len(found[0][0]), found[0][1]) == (LARGEST_BODY, True)
    assert cost < 3.0


@pytest.mark.parametrize("encoding", ["gzip, gzip, gzip", "br", "gzip;x"])
def test_a_page_packed_in_a_way_nobody_asked_for_is_not_unpacked_layer_by_layer(encoding: str) -> None:
    with tcp(packed_answer(gzip.compress(gzip.compress(gzip.compress(bytes(1000)))), encoding)) as port:
        assert page(port) == (b"", False, "")


def test_the_page_of_a_redirect_is_not_unpacked() -> None:
    """The library would read it whole to be polite to the connection."""
    bomb = packed_answer(gzip.compress(bytes(64_000_000)), "gzip", "302 Found", "Location: ftp://127.0.0.1/\r\n")
    with tcp(bomb) as port:
        found: list[tuple[bytes, bool, str]] = []
        cost = processor_seconds(lambda: found.append(page(port)))
    assert len(found[0][0]) <= LARGEST_BODY
    assert cost < 3.0


HEADS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "header lines": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10_000),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
}


@pytest.mark.parametrize("kind", HEADS)
def test_an_endless_answer_has_an_end(kind: str) -> None:
    """Where it is not the page that is endless, too."""
    first, again = HEADS[kind]

    def talk(connected: socket.socket) -> None:
        connected.sendall(first)
        flood(again)(connected)

    with tcp(talk) as port:
        assert processor_seconds(lambda: page(port)) < 10.0


@pytest.mark.parametrize("part", ["<", "<a", "<!--", "<![CDATA[", "</", "<title>", "<a ", '<a x="', "<?", "&", "<div>"])
def test_no_page_takes_long_to_read(part: str) -> None:
    """As long as any that is read, and of what a parser likes least."""
    body = part * (LARGEST_BODY // len(part))
    assert processor_seconds(lambda: read_page(body.encode())) < 5.0


def test_a_page_of_many_tags_is_read() -> None:
    """A near-miss: a long list, and the form behind it."""
    found = read_page(b"<ul>" + b"<li>x</li>" * 4000 + b"</ul><form><input type=password></form>")
    assert (found.password_field, found.forms) == (True, 1)


# -- recordings


def recording(file: Path, begins: bytes, goes_on: bytes, times: int) -> Path:
    """Packed piece by piece: the whole is 300 million bytes."""
    with gzip.open(file, "wb", compresslevel=1) as packed:
        packed.write(begins)
        for _ in range(100):
            packed.write(goes_on * (times // 100))
    return file


BOMBS = {
    "one string": (b'{"log": {"entries": [{"x": "', b"a", 300_000_000),
    "blanks": (b'{"log": {"entries": [', b" ", 300_000_000),
    "numbers": (b'{"log": {"entries": [', b"1,", 20_000_000),
    "keys": (b'{"log": {"entries": [{', b'"a":{"b":1},', 3_000_000),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_packed_recording_is_read_by_the_clock(kind: str, tmp_path: Path) -> None:
    """Be it that a single value is longer than all the time there is."""
    file = recording(tmp_path / "x.har", *BOMBS[kind])

    def read() -> None:
        with contextlib.suppress(HarError):
            read_har(file, Deadline(0.3))

    assert processor_seconds(read) < 3.0


def test_a_million_empty_members_are_read_by_the_clock(tmp_path: Path) -> None:
    """gzip's own reader goes through them without coming back."""
    file = tmp_path / "x.har"
    file.write_bytes(gzip.compress(b"") * 1_000_000)

    def read() -> None:
        with pytest.raises(HarError):
            read_har(file, Deadline(0.3))

    assert processor_seconds(read) < 3.0


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("padding", [b"", b"\0" * 1000])
def test_packed_recordings_are_read(members: int, padding: bytes, tmp_path: Path) -> None:
    """In one member or several, padded or not; one that is cut off is no HAR, or a part of one."""
    text = json.dumps({"log": {"version": "1.2", "entries": []}}).encode()
    step = len(text) // members + 1
    packed = b"".join(gzip.compress(text[at : at + step]) for at in range(0, len(text), step))
    (tmp_path / "x.har").write_bytes(packed + padding)
    assert read_har(tmp_path / "x.har", Deadline(PATIENCE)).facts.requests == 0
    (tmp_path / "y.har").write_bytes(packed[:15])
    with pytest.raises(HarError):
        read_har(tmp_path / "y.har", Deadline(PATIENCE))


# -- the end


def test_the_end_of_a_run_breaks_off_every_connection() -> None:
    """Those that stand, and those that are made afterwards by a check that was left behind."""
    network = Network()
    with tcp(wait_for_end) as port:
        stands = network.connect("127.0.0.1", port, Deadline(PATIENCE))
        ended = threading.Event()

        def read() -> None:
            with contextlib.suppress(OSError):
                stands.recv(1)
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        network.close()
        assert ended.wait(PATIENCE)
        assert network.connect("127.0.0.1", port, Deadline(PATIENCE)).fileno() < 0


def test_a_farewell_that_hangs_holds_nobody() -> None:
    """However many there are."""
    let_go = threading.Event()

    class Slow:
        def close(self) -> None:
            let_go.wait(PATIENCE)

    connections = ConnectionPool()
    for number in range(10):
        connections.put(str(number), Slow())
    began = time.monotonic()
    connections.close()
    let_go.set()
    assert time.monotonic() - began < 10
