"""A stream: one deadline and one byte bound, whatever the other side does, in clear and under TLS."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from diagnose.model import ClosedError, Deadline, DeadlineError, TooMuchDataError
from diagnose.network import CaFileError, Stream, read_line, trust_context
from tests.core.loopback import (
    PATIENCE,
    drip,
    flood,
    reset,
    sends,
    sends_and_ends,
    stream_to,
    tcp,
    wait_for_end,
)

SOON = 0.3


def until_the_end(stream: Stream) -> bytes:
    parts = []
    while part := stream.recv(1000):
        parts.append(part)
    return b"".join(parts)


def test_what_is_sent_arrives_and_ends() -> None:
    """b"" is the end; what was received is counted."""
    with tcp(sends_and_ends(b"hello ", b"world")) as port:
        stream = stream_to(port)
        assert until_the_end(stream) == b"hello world"
        assert (stream.received, stream.peer) == (11, "127.0.0.1")
        stream.abort()


def test_what_is_written_arrives_whole() -> None:
    """More than any buffer holds, to a reader that starts late."""
    data, got, begin = bytes(range(256)) * 40_000, bytearray(), threading.Event()

    def talk(connected: socket.socket) -> None:
        begin.wait(PATIENCE)
        while part := connected.recv(65536):
            got.extend(part)
        connected.sendall(b".")

    with tcp(talk) as port:
        stream = stream_to(port)
        threading.Timer(0.05, begin.set).start()
        stream.sendall(data)
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(1) == b"."
        stream.abort()
    assert got == data


@pytest.mark.parametrize("pause", [0.01, 0.0001])
def test_a_dripping_server_does_not_get_past_the_deadline(pause: float) -> None:
    """Each byte comes in good time; the whole does not."""
    with tcp(drip(b"x", pause)) as port:
        stream = stream_to(port, SOON)
        before = time.monotonic()
        with pytest.raises(DeadlineError):
            read_line(stream, 10**9)
        assert time.monotonic() - before < PATIENCE / 3
        stream.abort()


def test_a_server_that_stops_reading_does_not_hold_up_a_write() -> None:
    """Nor does one that reads on, but too slowly."""
    stop = threading.Event()

    def talk(_: socket.socket) -> None:
        stop.wait(PATIENCE)

    with tcp(talk) as port:
        stream = stream_to(port, SOON)
        with pytest.raises(DeadlineError, match="stopped reading"):
            stream.sendall(b"x" * 50_000_000)
        stop.set()
        stream.abort()


def test_silence_ends_at_the_deadline_and_a_new_deadline_begins_anew() -> None:
    """Each step sets its own."""
    more = threading.Event()

    def talk(connected: socket.socket) -> None:
        more.wait(PATIENCE)
        connected.sendall(b"late")
        wait_for_end(connected)

    with tcp(talk) as port:
        stream = stream_to(port, 0.05)
        with pytest.raises(DeadlineError):
            stream.recv(10)
        more.set()
        stream.deadline = Deadline(PATIENCE)
        assert stream.recv(10) == b"late"
        stream.abort()


def test_more_than_the_bound_ends_the_connection() -> None:
    """With that as the reason, and nothing more is read."""
    with tcp(flood(b"x" * 1000)) as port:
        stream = stream_to(port, limit=5000)
        with pytest.raises(TooMuchDataError, match="5000"):
            until_the_end(stream)
        with pytest.raises(OSError):  # noqa: PT011 - whichever: it is closed
            stream.recv(1)
        assert stream.fileno() == -1


def test_a_bound_that_is_just_kept_is_kept() -> None:
    """Exactly so many bytes are fine."""
    with tcp(sends_and_ends(b"x" * 5000)) as port:
        stream = stream_to(port, limit=5000)
        assert len(until_the_end(stream)) == 5000
        stream.abort()


def test_what_is_put_back_is_read_first_and_not_counted_again() -> None:
    """In the order of the bytes, by any way of reading."""
    with tcp(sends(b"defg")) as port:
        stream = stream_to(port)
        assert stream.recv(4) == b"defg"
        stream.unread(b"defg")
        stream.unread(b"abc")
        assert stream.wait_readable(0)
        assert stream.recv(2) == b"ab"
        buffer = bytearray(3)
        assert stream.recv_into(buffer) == 3
        assert buffer == b"cde"
        assert stream.take_unread() == b"fg"
        assert stream.take_unread() == b""
        assert stream.received == 4
        assert not stream.wait_readable(0)
        stream.abort()


def test_reset_by_the_other_side_is_told_as_such() -> None:
    """ConnectionResetError, as from a socket."""

    def talk(connected: socket.socket) -> None:
        connected.recv(1)
        reset(connected)

    with tcp(talk) as port:
        stream = stream_to(port)
        stream.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            stream.recv(1)
        stream.abort()


def test_a_connection_that_is_reset_at_once_still_has_an_address() -> None:
    """A server that turns away by a reset connects first; that is no fault of the program."""
    listener = socket.create_server(("127.0.0.1", 0))
    connected = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    reset(accepted)
    listener.close()
    with pytest.raises(ConnectionResetError):
        connected.recv(1)

    stream = Stream(connected, Deadline(PATIENCE), peer="127.0.0.1")

    assert stream.peer == "127.0.0.1"
    stream.abort()


def test_use_after_closing_is_an_expected_failure() -> None:
    """ClosedError or another OSError; closing again is fine."""
    with tcp(wait_for_end) as port:
        stream = stream_to(port)
        stream.abort()
        stream.abort()
        stream.close()
        for use in (lambda: stream.recv(1), lambda: stream.sendall(b"x"), lambda: stream.wait_readable(1)):
            with pytest.raises(OSError):  # noqa: PT011 - whichever
                use()


def test_another_threads_wait_ends_with_the_connection() -> None:
    """imaplib2 closes from one thread while another one reads."""
    ended = threading.Event()
    with tcp(wait_for_end) as port:
        stream = stream_to(port)

        def read() -> None:
            with contextlib.suppress(OSError):
                stream.recv(1)
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        stream.abort()
        assert ended.wait(PATIENCE)


# -- lines


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (b"one\r\ntwo\nthree\r\n", [b"one\r\n", b"two\n", b"three\r\n"]),
        (b"\n\r\n", [b"\n", b"\r\n"]),
        (b"a\rb\r\n", [b"a\rb\r\n"]),
    ],
)
def test_lines_keep_their_ends_and_take_nothing_behind(sent: bytes, lines: list[bytes]) -> None:
    """So that what follows, a handshake say, is still there."""
    with tcp(sends(sent + b"rest")) as port:
        stream = stream_to(port)
        assert [read_line(stream) for _ in lines] == lines
        assert stream.recv(100) == b"rest"
        stream.abort()


@pytest.mark.parametrize(("sent", "words"), [(b"", "without a word"), (b"half", "in the middle")])
def test_an_end_is_no_line(sent: bytes, words: str) -> None:
    """Whether something was said before it is part of the fact."""
    with tcp(sends_and_ends(sent)) as port:
        stream = stream_to(port)
        with pytest.raises(ClosedError, match=words):
            read_line(stream)
        stream.abort()


def test_a_line_has_a_bound() -> None:
    """Long before the connection's."""
    with tcp(flood(b"x" * 1000)) as port:
        stream = stream_to(port)
        with pytest.raises(TooMuchDataError, match="100 bytes"):
            read_line(stream, 100)
        stream.abort()


# -- as a socket for the libraries


def test_readers_are_only_for_reading_and_keep_the_stream_open() -> None:
    """http.client closes the socket before it reads the body."""
    with tcp(sends_and_ends(b"line\r\nbody")) as port:
        stream = stream_to(port)
        reader = stream.makefile("rb")
        assert isinstance(reader, io.BufferedReader)
        stream.close()
        assert reader.readline() == b"line\r\n"
        assert reader.read() == b"body"
        assert stream.fileno() != -1
        reader.close()
        reader.close()
        assert stream.fileno() == -1
        with pytest.raises(ValueError, match="only for reading"):
            stream_to(port).makefile("w")


def test_a_second_reader_keeps_it_open_too() -> None:
    """The last one closes."""
    with tcp(wait_for_end) as port:
        stream = stream_to(port)
        first, second = stream.makefile(), stream.makefile()
        stream.close()
        first.close()
        assert stream.fileno() != -1
        second.close()
        assert stream.fileno() == -1


def test_http_client_reads_a_page_over_it() -> None:
    """Connection: close, and Content-Length."""
    for head in (b"Content-Length: 5\r\n\r\nhello", b"Connection: close\r\n\r\nhello"):

        def talk(connected: socket.socket, head: bytes = head) -> None:
            connected.recv(65536)
            connected.sendall(b"HTTP/1.1 200 OK\r\n" + head)
            connected.shutdown(socket.SHUT_WR)
            wait_for_end(connected)

        with tcp(talk) as port:
            connection = http.client.HTTPConnection("localhost")
            stream: Any = stream_to(port)
            connection.sock = stream
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"hello")
            connection.close()
            assert stream.fileno() == -1


def test_time_outs_and_options_of_a_socket_change_nothing() -> None:
    """The deadline rules."""
    with tcp(wait_for_end) as port:
        stream = stream_to(port, SOON)
        stream.settimeout(None)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        assert 0 < stream.gettimeout() <= SOON
        with pytest.raises(DeadlineError):
            stream.recv(1)
        stream.abort()


# -- TLS


def tls(context: ssl.SSLContext, *parts: bytes, clean: bool = True) -> Any:
    def talk(connected: socket.socket) -> None:
        with context.wrap_socket(connected, server_side=True) as secured:
            for part in parts:
                secured.sendall(part)
            if clean:
                wait_for_end(secured)

    return talk


def test_a_verified_handshake_and_what_is_said_then(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """Bytes that OpenSSL holds already count as readable."""
    with tcp(tls(server_tls, b"hello world")) as port:
        stream = stream_to(port)
        assert stream.tls is None
        stream.start_tls(client_tls, "localhost")
        assert stream.tls is not None
        assert stream.recv(5) == b"hello"
        assert stream.tls.pending() == 6
        assert stream.wait_readable(0)
        assert stream.recv(50) == b" world"
        stream.abort()


def test_an_end_without_goodbye_is_an_end(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """Many servers leave close_notify out."""

    def talk(connected: socket.socket) -> None:
        secured = server_tls.wrap_socket(connected, server_side=True)
        secured.sendall(b"x")
        raw = secured.detach()
        plain = socket.socket(fileno=raw)
        plain.shutdown(socket.SHUT_RDWR)
        plain.close()

    with tcp(talk) as port:
        stream = stream_to(port)
        stream.start_tls(client_tls, "localhost")
        assert until_the_end(stream) == b"x"
        stream.abort()


@pytest.mark.parametrize("talk", [wait_for_end, drip(b"\x16")], ids=["silent", "dripping"])
def test_a_handshake_ends_at_the_deadline(talk: Any, client_tls: ssl.SSLContext) -> None:
    """One deadline for all of it."""
    with tcp(talk) as port:
        stream = stream_to(port, SOON)
        before = time.monotonic()
        with pytest.raises((DeadlineError, ssl.SSLError)):
            stream.start_tls(client_tls, "localhost")
        assert time.monotonic() - before < PATIENCE / 3
        stream.abort()


def test_no_handshake_begins_after_the_deadline(client_tls: ssl.SSLContext) -> None:
    """Nor does it wait for ever, as a socket without a time-out would."""
    with tcp(wait_for_end) as port:
        stream = stream_to(port, 0)
        with pytest.raises(DeadlineError):
            stream.start_tls(client_tls, "localhost")
        stream.abort()


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_wrong_name_is_not_accepted(name: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """And the connection is useless afterwards: nothing can go over it in clear."""
    with tcp(tls(server_tls)) as port:
        stream = stream_to(port)
        with pytest.raises(ssl.SSLCertVerificationError):
            stream.start_tls(client_tls, name)
        with pytest.raises(OSError):  # noqa: PT011 - whichever
            stream.sendall(b"x")
        stream.abort()


def test_what_was_put_back_before_the_handshake_is_forgotten(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """RFC 3207 §4.2."""
    with tcp(tls(server_tls, b"secure")) as port:
        stream = stream_to(port)
        stream.unread(b"in clear")
        stream.start_tls(client_tls, "localhost")
        assert stream.recv(100) == b"secure"
        stream.abort()


def test_reading_and_writing_at_once_under_tls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """Two threads share one TLS object: neither stalls, and no byte is lost."""
    count = 2000

    def talk(connected: socket.socket) -> None:
        with server_tls.wrap_socket(connected, server_side=True) as secured:
            while data := secured.recv(65536):
                secured.sendall(data)

    with tcp(talk) as port:
        stream = stream_to(port)
        stream.start_tls(client_tls, "localhost")

        def write() -> None:
            for _ in range(count):
                stream.sendall(b"0123456789")

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        got = b""
        while len(got) < 10 * count:
            got += stream.recv(65536)
        writer.join(PATIENCE)
        stream.abort()
    assert got == b"0123456789" * count


# -- authorities


def test_the_persons_authorities_are_added(authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path) -> None:
    """With the file it is accepted, without it is not, and old versions never are."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    for given, accepted in ((file, True), (None, False)):
        context = trust_context(given)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        with tcp(tls(server_tls)) as port:
            stream = stream_to(port)
            if accepted:
                stream.start_tls(context, "localhost")
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    stream.start_tls(context, "localhost")
            stream.abort()


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff\x00" * 50],
)
def test_a_file_without_certificates_is_refused(content: bytes, tmp_path: Path) -> None:
    """In one sentence that names it."""
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(CaFileError, match=r"ca\.pem"):
        trust_context(file)


@pytest.mark.parametrize("name", ["missing.pem", "."])
def test_a_file_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(CaFileError):
        trust_context(tmp_path / name)
