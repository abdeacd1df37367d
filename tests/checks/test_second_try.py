"""What breaks off before the login is tried once more: once, where it may help, and where it does no harm."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks.reach.reach import ReachFacts, stream_key
from checks.reach.retry import Try, own_connections
from checks.server import client_limits, server
from checks.server.server import ServerFacts, judge_server, probe_server
from checks.tls.handshake import TlsFacts
from checks.tls.tls import judge_tls, probe_implicit, probe_starttls
from checks.web import silent_server
from checks.web.web import judge_web, probe_web
from diagnose.account.history import History
from diagnose.lab.listener import Listener
from diagnose.model import Deadline, Failure, Finding, Inputs, Service, Subject
from diagnose.network import Attempt, Network
from diagnose.running.context import Context

SUBJECT = Subject(domain="localhost", address="alice@localhost", username="alice@localhost")
READY = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"
Talk = Callable[..., object]


pytestmark = pytest.mark.usefixtures("without_pause")


def says(words: bytes, *, stay: bool = True) -> Talk:
    """Say *words*; then take what comes until the client goes, unless not to *stay*."""

    def talk(connection: Any, *_: Any) -> None:
        connection.sendall(words)
        while stay and connection.recv(4096):
            pass

    return talk


def closes(connection: Any, *_: Any) -> None:
    """Read the client's half of a handshake, if there is one, and go."""
    connection.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        connection.recv(4096)


def resets(connection: Any, *_: Any) -> None:
    """Likewise, and without any manners."""
    closes(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close(connection)


class Turns:
    """A server that holds one conversation after the other; the last again and again."""

    def __init__(self, *talks: Talk) -> None:
        self.talks = talks
        self.connections = 0
        self._numbers = itertools.count()

    def __call__(self, *args: Any) -> object:
        number = next(self._numbers)
        self.connections = number + 1
        return self.talks[min(number, len(self.talks) - 1)](*args)


@contextlib.contextmanager
def imap(turns: Turns, tls: Any = "starttls", source: Any = "option", protocol: Any = "imap") -> Iterator[Service]:
    with Listener(turns, "127.0.0.1") as listener:
        yield Service(protocol=protocol, host="localhost", port=listener.port, tls=tls, source=source)


def reached(target: Service, **facts: Any) -> Inputs:
    reach = ReachFacts(
        addresses=("127.0.0.1",),
        connected="127.0.0.1",
        attempts=(Attempt(address="127.0.0.1", family="ipv4", milliseconds=1),),
    )
    return Inputs(subject=SUBJECT, provider=None, services=(target,), facts=(reach, *facts.values()))


def bench_for(
    target: Service, seconds: float = 30, authority: Path | None = None, network: Network | None = None
) -> Context:
    """With the connection that `reach` would have left."""
    network = network or Network(ca_file=authority)
    bench = Context(network=network, deadline=Deadline(seconds), history=History(None))
    stream = bench.network.connect_all(("127.0.0.1",), target.port, Deadline(30)).winner(Deadline(30))
    assert stream is not None
    bench.connections.put(stream_key(target), stream)
    return bench


def greeted(target: Service, seconds: float = 30, network: Network | None = None) -> ServerFacts:
    bench = bench_for(target, seconds, network=network)
    try:
        return probe_server(target, reached(target), bench)
    finally:
        bench.connections.close()


def told(findings: Iterator[Finding]) -> list[tuple[str, str, bool]]:
    return [(one.cause, one.certainty, one.partial) for one in findings]


@pytest.mark.parametrize(
    ("first", "cause"),
    [
        (closes, "server.fault"),
        (resets, "network.unstable"),
        (says(b"* BYE [UNAVAILABLE] Internal error\r\n", stay=False), "server.fault"),
        (says(b"* BYE xyzzy\r\n", stay=False), "server.fault"),
        (says(b"* BYE Too many connections\r\n", stay=False), "server.too-many-connections"),
    ],
)
def test_what_is_over_at_the_second_try_is_a_hint(first: Talk, cause: str) -> None:
    """Both tries are in the facts, and nothing is said to be shut."""
    turns = Turns(first, says(READY))
    with imap(turns) as target:
        facts = greeted(target)

    assert facts.open
    assert [one.open for one in facts.tries] == [False, True]
    assert turns.connections == 2
    assert told(judge_server(facts, reached(target), target)) == [(cause, "possible", True)]


def test_a_silent_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_limits, "telling_silence", lambda _: 0.3)
    monkeypatch.setattr(server, "GREETING_SHARE", 0.03)
    monkeypatch.setattr(silent_server, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(server, "SILENT_SECONDS", 10.0)
    turns = Turns(says(b""), says(READY))
    with imap(turns) as target:
        facts = greeted(target)

    assert (facts.open, turns.connections) == (True, 2)
    assert told(judge_server(facts, reached(target), target)) == [("network.unstable", "possible", True)]


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        (closes, ("server.fault", "confirmed", False)),
        (says(b"* BYE xyzzy\r\n", stay=False), ("server.fault", "confirmed", False)),
        (says(b"* BYE [UNAVAILABLE] Internal error\r\n", stay=False), ("server.fault", "confirmed", False)),
        (says(b"* BYE Too many connections\r\n", stay=False), ("server.too-many-connections", "likely", False)),
    ],
)
def test_what_fails_twice_is_told_as_if_it_had_failed_once(talk: Talk, found: tuple[str, str, bool]) -> None:
    turns = Turns(talk)
    with imap(turns) as target:
        facts = greeted(target)

    assert turns.connections == len(facts.tries) == 2
    assert told(judge_server(facts, reached(target), target))[0] == found


def test_of_two_failures_the_one_with_words_is_told() -> None:
    turns = Turns(says(b"* BYE [UNAVAILABLE] Internal error\r\n", stay=False), closes)
    with imap(turns) as target:
        assert greeted(target).greeting.startswith("* BYE [UNAVAILABLE]")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"421-Down for maintenance\r\n421 until 04:00 UTC\r\n", "421-Down for maintenance 421 until 04:00 UTC"),
        (b"421-Down for maintenance\r\n", "421-Down for maintenance"),
    ],
)
def test_a_greeting_that_turns_away_is_read_to_its_end(sent: bytes, kept: str) -> None:
    turns = Turns(says(sent, stay=False))
    with imap(turns, protocol="smtp") as target:
        assert greeted(target).greeting == kept


def test_lines_without_end_are_read_in_part() -> None:
    turns = Turns(says(b"554-x\r\n" * 10_000))
    with imap(turns, protocol="smtp") as target:
        assert greeted(target).greeting.startswith("554-x 554-x")


@pytest.mark.parametrize(
    ("greeting", "protocol"),
    [
        (b"554 5.7.1 No service for you\r\n", "smtp"),
        (b"421 4.7.0 Too many failed logins from your IP, try again later\r\n", "smtp"),
        (b"* BYE Your IP address is blocked\r\n", "imap"),
        (b"-ERR [SYS/PERM] Closed for good\r\n", "pop3"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "imap"),
    ],
)
def test_nobody_is_asked_again_who_means_what_he_says(greeting: bytes, protocol: str) -> None:
    """Nor is a ban made longer by knocking again."""
    turns = Turns(says(greeting, stay=False))
    with imap(turns, protocol=protocol) as target:
        assert greeted(target).tries == ()
    assert turns.connections == 1


def test_a_guess_and_a_run_without_time_are_not_worth_it() -> None:
    turns = Turns(closes)
    with imap(turns, source="guess") as target:
        greeted(target)
    with imap(turns) as target:
        greeted(target, seconds=1.5)
    assert turns.connections == 2


def test_a_healthy_server_is_asked_once() -> None:
    turns = Turns(says(READY))
    with imap(turns) as target:
        facts = greeted(target)
    assert (facts.open, facts.tries, turns.connections) == (True, (), 1)


# -- limits that count this program's own connections


def test_a_limit_is_met_again_without_the_other_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes one connection at a time; the other one of this program ends meanwhile."""
    turns = Turns(says(b""), says(b"* BYE Too many connections\r\n", stay=False), says(READY))
    with imap(turns) as target:
        network = Network()
        other = network.connect_all(("127.0.0.1",), target.port, Deadline(30)).winner(Deadline(30))
        assert other is not None
        until = Deadline(30)
        while not turns.connections:  # the server's threads may take their turns in any order
            assert not until.passed()
            time.sleep(0.01)
        bench = Context(network=network.for_run(), deadline=Deadline(30), history=History(None))
        assert own_connections(target, reached(target), bench, "127.0.0.1") == 1
        pause = SimpleNamespace(sleep=lambda _: other.abort())  # of this module alone: other threads sleep, too
        monkeypatch.setattr("checks.reach.retry.time", pause)
        facts = greeted(target, network=network)

    assert [one.own_connections for one in facts.tries] == [1, 0]
    (finding,) = judge_server(facts, reached(target), target)
    assert (finding.cause, finding.certainty, finding.partial) == ("server.too-many-connections", "possible", True)
    assert "while 1 other connections" in finding.text.render()


def test_a_limit_that_counts_our_own_is_not_held_against_others() -> None:
    words = "* BYE Too many connections"
    twice = (Try(greeting=words, own_connections=2), Try(greeting=words, own_connections=2))
    facts = ServerFacts(greeting=words, spoken="imap", own_connections=2, tries=twice)
    target = Service(protocol="imap", host="localhost", port=993, tls="implicit", source="option")

    assert {certainty for _, certainty, _ in told(judge_server(facts, reached(target), target))} == {"possible"}


def test_greylisting_is_no_defect() -> None:
    facts = ServerFacts(greeting="421 4.7.0 Greylisted, please try again later", spoken="smtp")
    target = Service(protocol="smtp", host="localhost", port=587, tls="starttls", source="option")

    assert told(judge_server(facts, reached(target), target)) == [("server.fault", "possible", False)]


def test_a_connection_cut_after_rejected_logins_may_be_a_ban() -> None:
    facts = ServerFacts(failure=Failure(name="connection_reset", operation="greeting", text="reset"), rejected_lately=3)
    target = Service(protocol="imap", host="localhost", port=993, tls="implicit", source="option")

    assert told(judge_server(facts, reached(target), target))[1:] == [("lockout.address-blocked", "possible", False)]


def test_a_connection_cut_by_a_server_that_rejected_a_login_minutes_ago_is_likely_a_ban() -> None:
    cut = Failure(name="connection_closed", operation="greeting", text="closed")
    target = Service(protocol="imap", host="localhost", port=993, tls="implicit", source="option")
    facts = ServerFacts(failure=cut, rejected_here_at=1_800_000_000.0, rejected_lately=1)
    tls = TlsFacts(verified=False, at=1_800_000_000.0, failure=cut, rejected_here_at=1_800_000_000.0)

    assert told(judge_server(facts, reached(target), target))[1:] == [("lockout.address-blocked", "likely", False)]
    assert told(judge_tls(tls, reached(target), target))[1:] == [("lockout.address-blocked", "likely", False)]


# -- TLS and the web page


@pytest.mark.parametrize("first", [closes, resets])
def test_a_handshake_that_broke_off_is_tried_again(
    first: Talk, server_tls: ssl.SSLContext, authority_file: Path
) -> None:
    def secured(connection: Any, peer: Any, listener: Any) -> None:
        says(READY)(listener.secure(connection, server_tls))

    turns = Turns(first, secured)
    with imap(turns, tls="implicit") as target:
        bench = bench_for(target, authority=authority_file)
        facts = probe_implicit(target, reached(target), bench)
        greeting = probe_server(target, reached(target), bench)
        bench.connections.close()

    assert facts.verified
    assert facts.first_failure is not None
    assert greeting.open
    assert turns.connections == 2
    assert ("network.unstable", "possible", True) in told(judge_tls(facts, reached(target), target))


def test_a_handshake_after_starttls_is_tried_again(server_tls: ssl.SSLContext, authority_file: Path) -> None:
    def upgrading(connection: Any, _peer: Any, listener: Any) -> Any:
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
        tag = connection.recv(4096).split()[0]
        connection.sendall(tag + b" OK go ahead\r\n")
        return connection

    def first(connection: Any, peer: Any, listener: Any) -> None:
        closes(upgrading(connection, peer, listener))

    def second(connection: Any, peer: Any, listener: Any) -> None:
        secured = listener.secure(upgrading(connection, peer, listener), server_tls)
        tag = secured.recv(4096).split()[0]
        says(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")(secured)

    turns = Turns(first, second)
    with imap(turns) as target:
        bench = bench_for(target, authority=authority_file)
        before = probe_server(target, reached(target), bench)
        facts = probe_starttls(target, reached(target, server=before), bench)
        bench.connections.close()

    assert facts.verified
    assert turns.connections == 2


def test_a_handshake_that_breaks_off_twice_is_a_fault(authority_file: Path) -> None:
    with imap(Turns(closes), tls="implicit") as target:
        facts = probe_implicit(target, reached(target), bench_for(target, authority=authority_file))

    assert isinstance(facts, TlsFacts)
    assert told(judge_tls(facts, reached(target), target)) == [("tls.handshake-failed", "confirmed", False)]


def page(status: bytes, body: bytes = b"<form><input type=password></form>") -> Talk:
    head = b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)

    def talk(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        connection.sendall(head + body)

    return talk


@pytest.mark.parametrize(
    ("talks", "found", "connections"),
    [
        ((page(b"200 OK"),), [], 1),
        ((page(b"404 Not Found", b"<p>Not Found"),), [("web.login-page-changed", "confirmed", False)], 1),
        ((page(b"503 Busy"), page(b"200 OK")), [("web.login-page-down", "possible", True)], 2),
        ((resets, page(b"200 OK")), [("web.login-page-down", "possible", True)], 2),
        ((page(b"503 Busy"),), [("web.login-page-down", "confirmed", False)], 2),
    ],
)
def test_a_page_that_fails_is_asked_for_again(
    talks: tuple[Talk, ...], found: list[tuple[str, str, bool]], connections: int
) -> None:
    turns = Turns(*talks)
    with Listener(turns, "127.0.0.1") as listener:
        url = f"http://localhost:{listener.port}/"
        target = Service(protocol="webmail", host="localhost", port=listener.port, tls="none", source="option", url=url)
        bench = Context(network=Network(), deadline=Deadline(30), history=History(None))
        facts = probe_web(target, reached(target), bench)

    assert told(judge_web(facts, reached(target), target)) == found
    assert turns.connections == connections
