"""A session that stood idle while others had their turn, and that its server ended for that: no fault of the server."""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from checks.login.login import LoginFacts, judge_login, probe_login
from checks.reach.reach import ReachFacts, stream_key
from checks.server.server import ServerFacts, probe_server, session_key, take_session
from checks.sessions import session
from checks.tls.handshake import TlsFacts
from checks.tls.tls import probe_tls
from diagnose.account.history import History
from diagnose.account.person import Person
from diagnose.account.secret import Secret
from diagnose.model import Deadline, Inputs, ProtocolName, Service, SkipCheck, Subject, TlsMode
from diagnose.network import Network, Stream
from diagnose.running.context import Context
from tests.core.loopback import tcp

pytestmark = pytest.mark.usefixtures("without_pause")
PATIENCE = 30.0
LOOK_SECONDS = 0.01
USER, WORD = "alice@corp.example", "s3cret-word"
SUBJECT = Subject(domain="corp.example", address=USER, username=USER)

GREETS: dict[ProtocolName, bytes] = {
    "imap": b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS] ready\r\n",
    "pop3": b"+OK ready\r\n",
    "smtp": b"220 mail.corp.example ESMTP\r\n",
}
ANSWERS: dict[bytes, bytes] = {
    b"EHLO": b"250-mail.corp.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
    b"CAPA": b"+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n",
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n%t OK done\r\n",
    b"STARTTLS": b"220 go ahead\r\n",
    b"STLS": b"+OK go ahead\r\n",
}
ACCEPTS = {"imap": b"%t OK logged in\r\n", "pop3": b"+OK logged in\r\n", "smtp": b"235 2.7.0 logged in\r\n"}
REJECTS = {
    "imap": b"%t NO [AUTHENTICATIONFAILED] no\r\n",
    "pop3": b"-ERR [AUTH] no\r\n",
    "smtp": b"535 5.7.8 no\r\n",
}
FAREWELLS = {
    "imap": b"* BYE Disconnected for inactivity.\r\n",
    "pop3": b"-ERR Disconnected for inactivity.\r\n",
    "smtp": b"421 4.4.2 mail.corp.example Error: timeout exceeded\r\n",
}


class Impatient:
    """A mail server on loopback, which ends its first session on demand, as if for idleness."""

    def __init__(self, protocol: ProtocolName, tls: TlsMode, context: ssl.SSLContext, login: bytes) -> None:
        self.protocol, self.tls, self.context, self.login = protocol, tls, context, login
        self.connections = 0
        self.logins = 0
        self.takes_clients = True
        self._orders: queue.SimpleQueue[tuple[bytes, str]] = queue.SimpleQueue()
        """How to end the session: for the thread that holds it, since OpenSSL bears no second one meanwhile."""
        self._carried_out = threading.Event()

    def talk(self, connected: socket.socket) -> None:
        self.connections += 1
        if not self.takes_clients:
            return
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_sockets:
            if self.tls == "implicit":
                connected = open_sockets.enter_context(self.context.wrap_socket(connected, server_side=True))
            connected.sendall(GREETS[self.protocol])
            self._serve(connected, open_sockets)

    def _serve(self, connected: socket.socket, open_sockets: contextlib.ExitStack) -> None:
        while line := self._next_line(connected):
            words = re.split(rb"\s+", line.strip().upper())
            command = words[1] if self.protocol == "imap" else words[0]
            if command in {b"AUTH", b"AUTHENTICATE"}:
                self.logins += 1
                answer = self.login
            elif command == b"STARTTLS" and self.protocol == "imap":
                answer = b"%t OK go ahead\r\n"
            elif command in ANSWERS:
                answer = ANSWERS[command]
            else:  # the client takes its leave
                return
            connected.sendall(answer.replace(b"%t", line.split()[0]))
            if command in {b"STARTTLS", b"STLS"}:
                connected.settimeout(PATIENCE)
                connected = open_sockets.enter_context(self.context.wrap_socket(connected, server_side=True))

    def _next_line(self, connected: socket.socket) -> bytes:
        connected.settimeout(LOOK_SECONDS)
        while True:
            with contextlib.suppress(TimeoutError):
                return connected.recv(65536)
            with contextlib.suppress(queue.Empty):
                end(connected, *self._orders.get_nowait())
                self._carried_out.set()

    def end(self, farewell: bytes, how: str) -> None:
        """End the session that stands."""
        self._orders.put((farewell, how))
        assert self._carried_out.wait(PATIENCE)


def end(connected: socket.socket, farewell: bytes, how: str) -> None:
    """Say *farewell*, and close the connection, unless it is *not yet* time for that."""
    if farewell:
        connected.sendall(farewell)
    if how == "reset":
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how != "not yet":
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RD if how == "reset" else socket.SHUT_RDWR)


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


class Run:
    """The checks of one service up to the login."""

    def __init__(self, server: Impatient, port: int, ca_file: Path, folder: Path) -> None:
        self.server = server
        self.target = Service(protocol=server.protocol, host="localhost", port=port, tls=server.tls, source="option")
        self.context = Context(
            network=Network(ca_file=ca_file),
            deadline=Deadline(PATIENCE),
            history=History(folder),
            person=Person(password=Secret(WORD)),
        )
        stream = self.context.network.connect("localhost", port, self.context.deadline)
        self.facts: list[ReachFacts | TlsFacts | ServerFacts] = [
            ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        ]
        self.context.connections.put(stream_key(self.target), stream)
        if server.tls == "implicit":
            self.facts.append(probe_tls(self.target, self.inputs, self.context))
        self.facts.append(probe_server(self.target, self.inputs, self.context))
        if server.tls == "starttls":
            self.facts.append(probe_tls(self.target, self.inputs, self.context))

    @property
    def inputs(self) -> Inputs:
        return Inputs(subject=SUBJECT, provider=None, services=(self.target,), facts=tuple(self.facts))

    def hears_the_end(self) -> None:
        """Wait for what the server sent last to arrive."""
        standing = take_session(self.target, self.context)
        assert standing is not None
        while not standing.has_ended() and not self.context.deadline.passed():
            time.sleep(0.02)
        self.context.connections.put(session_key(self.target), standing)

    def log_in(self) -> LoginFacts:
        return probe_login(self.target, self.inputs, self.context)

    def causes(self, facts: LoginFacts) -> list[str]:
        return [finding.cause for finding in judge_login(facts, self.inputs, self.target)]


@contextlib.contextmanager
def run(
    protocol: ProtocolName,
    tls: TlsMode,
    authority: trustme.CA,
    ca_file: Path,
    login: bytes | None = None,
) -> Iterator[Run]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = Impatient(protocol, tls, context, ACCEPTS[protocol] if login is None else login)
    with tcp(server.talk) as port:
        one = Run(server, port, ca_file, ca_file.parent / "history")
        yield one
        one.context.connections.close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("protocol", "said", "how"),
    [
        *((protocol, said, "orderly") for protocol in GREETS for said in (True, False)),
        *((protocol, False, "reset") for protocol in GREETS),
        ("imap", True, "not yet"),
        ("smtp", True, "not yet"),  # POP3 has no farewell that tells itself from other answers before the end
    ],
)
def test_a_session_that_was_ended_meanwhile_is_opened_anew(
    protocol: ProtocolName, tls: TlsMode, said: bool, how: str, authority: trustme.CA, ca_file: Path
) -> None:
    """With a farewell or without; the password goes out once, on the new connection, under verified TLS again."""
    with run(protocol, tls, authority, ca_file) as one:
        one.server.end(FAREWELLS[protocol] if said else b"", how)
        one.hears_the_end()
        facts = one.log_in()

        assert facts.outcome == "accepted"
        assert (one.server.connections, one.server.logins) == (2, 1)
        assert one.causes(facts) == []


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_what_the_new_session_says_is_told(protocol: ProtocolName, authority: trustme.CA, ca_file: Path) -> None:
    """A near-miss: a rejection is one."""
    with run(protocol, "implicit", authority, ca_file, REJECTS[protocol]) as one:
        one.server.end(FAREWELLS[protocol], "orderly")
        one.hears_the_end()
        facts = one.log_in()

        assert (facts.outcome, one.server.logins) == ("rejected", 1)
        assert one.causes(facts)[0] == "credentials.rejected"


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_session_that_stands_is_used(protocol: ProtocolName, authority: trustme.CA, ca_file: Path) -> None:
    """A near-miss: nothing was ended, and nothing is opened."""
    with run(protocol, "implicit", authority, ca_file) as one:
        assert one.log_in().outcome == "accepted"
        assert (one.server.connections, one.server.logins) == (1, 1)


def test_an_answer_that_came_before_the_question_is_no_farewell(authority: trustme.CA, ca_file: Path) -> None:
    """A near-miss: a yes that nobody asked for stays one, though the end comes behind it."""
    with run("smtp", "implicit", authority, ca_file) as one:
        one.server.end(b"235 2.7.0 logged in\r\n", "orderly")
        facts = one.log_in()
        assert (facts.outcome, one.server.connections, one.server.logins) == ("unasked", 1, 0)


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_session_that_was_silent_long_enough_is_not_listened_to_once_more(
    protocol: ProtocolName, authority: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent along with the last answer would have arrived; who listens as long again has no time to log in."""
    with run(protocol, "implicit", authority, ca_file) as one:
        monkeypatch.setattr(session, "EARLY_SECONDS", PATIENCE)
        monkeypatch.setattr(Stream, "silence", PATIENCE)
        assert one.log_in().outcome == "accepted"


@pytest.mark.parametrize("protocol", ["pop3", "smtp"])
def test_behind_an_answer_that_has_only_come_there_may_be_another(
    protocol: ProtocolName, authority: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A near-miss: it is on its way when the login begins."""
    with run(protocol, "implicit", authority, ca_file) as one:
        monkeypatch.setattr(session, "EARLY_SECONDS", PATIENCE)
        monkeypatch.setattr(Stream, "silence", 0.0)
        threading.Timer(0.1, one.server.end, (ACCEPTS[protocol], "orderly")).start()
        assert (one.log_in().outcome, one.server.logins) == ("unasked", 0)


def test_nothing_is_sent_where_no_new_session_comes_about(authority: trustme.CA, ca_file: Path) -> None:
    """And nothing is said against the server, nor is a try on record."""
    with run("smtp", "implicit", authority, ca_file) as one:
        one.server.end(FAREWELLS["smtp"], "orderly")
        one.hears_the_end()
        one.server.takes_clients = False
        with pytest.raises(SkipCheck):
            one.log_in()
        assert one.server.logins == 0
        assert one.context.history.recent(USER, 3600) == 0
