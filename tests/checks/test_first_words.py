"""The first words of a server: whose they are, how long they are waited for, and that what is said of them is true."""

from __future__ import annotations

import time
from typing import Any

import pytest

from checks.reach.reach import ReachFacts, stream_key
from checks.server.first_words import first_words, is_text
from checks.server.server import ServerFacts, judge_server, probe_server
from checks.server.spoken import may_become, spoken_protocol
from checks.tls.explained import TlsExplanation
from checks.tls.handshake import TlsFacts
from checks.tls.tls import judge_tls
from diagnose.account.history import History
from diagnose.model import Deadline, Failure, Inputs, ProtocolName, Service, SourceName, Subject, TooMuchDataError
from diagnose.network import Network
from diagnose.running.context import Context
from tests.checks.conversation import Server, server

SUBJECT = Subject(domain="corp.example")
LATE = Failure(name="timed_out", operation="greeting", text="no answer in time")
CUT = Failure(name="connection_closed", operation="greeting", text="closed")


def service(protocol: ProtocolName = "imap", source: SourceName = "guess", port: int = 143) -> Service:
    return Service(protocol=protocol, host="localhost", port=port, tls="starttls", source=source)


def looked(one: Server, protocol: ProtocolName = "imap", seconds: float = 12) -> tuple[ServerFacts, list[Any]]:
    """What the check makes of a named server; a guess gets no second try, so a name is given to the judge alone."""
    target = service(protocol, port=one.port)
    bench = Context(network=Network(), deadline=Deadline(seconds), history=History(None))
    bench.connections.put(stream_key(target), one.stream())
    reach = ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
    given = Inputs(subject=SUBJECT, provider=None, services=(target,), facts=(reach,))
    facts = probe_server(target, given, bench)
    bench.connections.close()
    return facts, told(facts, protocol)


def told(facts: ServerFacts, protocol: ProtocolName = "imap", source: SourceName = "option") -> list[Any]:
    given = Inputs(subject=SUBJECT, provider=None, services=())
    found = judge_server(facts, given, service(protocol, source))
    return [(finding.cause, finding.certainty, finding.text.render()) for finding in found]


@pytest.fixture
def soon_strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be no greeting any more is waited for a third of the time."""
    monkeypatch.setattr("checks.server.first_words.STRANGE_SECONDS", 0.3)


@pytest.mark.usefixtures("soon_strange")
@pytest.mark.parametrize(
    ("words", "spoken", "text"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh", "SSH-2.0"),
        (b"220 ProFTPD Server (ftp.corp.example)\r\n", "ftp", "ftp.corp.example"),
        (b"220 mail.corp.example LMTP Dovecot ready.\r\n", "lmtp", "LMTP"),
        (b"200 news.corp.example InterNetNews server ready\r\n", "nntp", "InterNetNews"),
        (b"J\x00\x00\x00\n8.0.36\x00\x08\x00\x00\x00abcdefgh\x00", "mysql", ""),
        (b"HTTP/1.1 408 Request Timeout\r\n\r\n", "http", "HTTP/1.1 408"),
        (b"<?xml version='1.0'?><stream:stream>\n", "xmpp", "stream"),
        (b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00", "rdp", ""),
        (b"+OK Dovecot ready.\r\n", "pop3", "Dovecot"),
        (b"220 mail.corp.example ESMTP\r\n", "smtp", "ESMTP"),
    ],
)
def test_another_protocol_is_known_by_its_words(words: bytes, spoken: str, text: str) -> None:
    with server(words, complete=False) as one:
        facts, ((cause, certainty, sentence),) = looked(one)
    assert facts.spoken == spoken
    assert (cause, certainty) == ("reach.wrong-service", "confirmed")
    assert text in sentence


@pytest.mark.usefixtures("soon_strange")
@pytest.mark.parametrize("words", [bytes(range(256)) * 20, b"\0" * 10, b"\xff\xfe\x01\n" * 300])
def test_bytes_that_are_no_text_are_counted(words: bytes) -> None:
    with server(words, complete=False) as one:
        facts, ((cause, certainty, sentence),) = looked(one)
    assert (cause, certainty) == ("reach.wrong-service", "likely")
    assert f"{len(words)} bytes" in sentence
    assert not facts.readable


@pytest.mark.usefixtures("soon_strange")
def test_a_tls_record_in_clear_is_the_wrong_mode() -> None:
    with server(b"\x15\x03\x01\x00\x02\x02\x0a", complete=False) as one:
        _, ((cause, certainty, _),) = looked(one)
    assert (cause, certainty) == ("tls.wrong-mode", "confirmed")


@pytest.mark.usefixtures("soon_strange")
def test_a_dribble_is_no_silence() -> None:
    """A byte now and then of what is no greeting is not waited for, and half a greeting is told in bytes."""

    def drips(letters: bytes) -> Any:
        def step(one: Server) -> None:
            for letter in letters:
                one.socket.sendall(bytes([letter]))
                time.sleep(0.03)

        return step

    with server(drips(b"x" * 30), complete=False) as one:
        _, ((cause, certainty, _),) = looked(one)
    assert (cause, certainty) == ("reach.wrong-service", "likely")
    with server(drips(b"* OK Dov"), complete=False) as one:
        facts, ((cause, _, sentence),) = looked(one, seconds=2)
    assert cause == "server.slow"
    assert facts.received == 8
    assert "8 bytes" in sentence
    with server(drips(b"* OK [CAPABILITY IMAP4rev1] ready\r\n"), complete=False) as one:
        facts, found = looked(one, seconds=20)
    assert facts.open
    assert found == []


@pytest.mark.parametrize("size", [8_000, 9_000, 64_000])
def test_long_lines_are_no_wrong_service(size: int) -> None:
    """Of greetings and of lists of capabilities."""
    more = "X" + "Y" * 30
    words = " ".join([more] * (size // len(more)))
    imap = (f"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN {words}] ready",)
    asked = ("S: * OK ready", "C: %t CAPABILITY", f"S: * CAPABILITY IMAP4rev1 AUTH=PLAIN {words}", "S: %t OK done")
    smtp = ("S: 220 hi", "C: EHLO [127.0.0.1]", "S: 250-hi", f"S: 250-X {words}", "S: 250 AUTH PLAIN")
    pop3 = ("S: +OK ready", "C: CAPA", "S: +OK", f"S: X {words}", "S: SASL PLAIN", "S: .")
    scripts: tuple[tuple[ProtocolName, tuple[str, ...]], ...] = (
        ("imap", imap),
        ("imap", asked),
        ("smtp", smtp),
        ("pop3", pop3),
    )
    for protocol, steps in scripts:
        with server(*steps, complete=False) as one:
            facts, found = looked(one, protocol, seconds=30)
        assert facts.open, (protocol, facts.failure)
        assert found == []
        assert "PLAIN" in facts.mechanisms


def test_a_line_without_end_is_bounded() -> None:
    with server(b"* OK " + b"x" * 200_000, complete=False) as one:
        stream = one.stream()
        words = first_words(stream, "imap")
        stream.abort()
    assert isinstance(words.error, TooMuchDataError)
    facts = ServerFacts(failure=Failure(name="too_much_data", operation="greeting", text="long"), received=131_072)
    assert [one[:2] for one in told(facts)] == [("server.fault", "likely")]


@pytest.mark.parametrize(
    ("protocol", "seconds", "certainty"),
    [
        ("imap", 7.9, "possible"),
        ("imap", 8.0, "likely"),
        ("pop3", 7.9, "possible"),
        ("pop3", 8.0, "likely"),
        ("smtp", 19.9, "possible"),
        ("smtp", 20.0, "likely"),
    ],
)
def test_a_silence_is_likely_the_servers_fault_after_a_while(protocol: Any, seconds: float, certainty: str) -> None:
    facts = ServerFacts(failure=LATE, waited_seconds=seconds)
    ((cause, sure, sentence),) = told(facts, protocol)
    assert (cause, sure) == ("server.slow", certainty)
    assert "said nothing" in sentence
    tls = TlsFacts(verified=False, at=0.0, failure=LATE, waited_seconds=seconds)
    given = Inputs(subject=SUBJECT, provider=None, services=())
    named = service(protocol, "option")
    assert [(one.cause, one.certainty) for one in judge_tls(tls, given, named)] == [("server.slow", certainty)]


def test_what_is_said_of_a_greeting_that_broke_off_is_true() -> None:
    assert "before greeting" in told(ServerFacts(failure=CUT))[0][2]
    assert "after 7 bytes" in told(ServerFacts(failure=CUT, greeting="* OK Do", spoken="imap", received=7))[0][2]
    answer = Failure(name="timed_out", operation="capability", text="late")
    greeted: dict[str, Any] = {"greeting": "* OK ready", "spoken": "imap", "failure": answer, "waited_seconds": 9.0}
    assert "greeted" in told(ServerFacts(**greeted))[0][2]
    assert "12 bytes" in told(ServerFacts(**greeted, received=12))[0][2]


def test_a_guess_is_a_fact_once_it_greets() -> None:
    """In clear where TLS was due, or before STARTTLS; whether its name is the right one is guessed all the same."""
    guess = Service(protocol="smtp", host="mail.corp.example", port=465, tls="implicit", source="guess")
    broken = Failure(name="tls_not_spoken", operation="tls_handshake", text="wrong version number")
    given = Inputs(subject=SUBJECT, provider=None, services=())

    def judged(words: str) -> list[tuple[str, str]]:
        facts = TlsFacts(verified=False, at=0.0, failure=broken, explanation=TlsExplanation(plaintext=words))
        return [(one.cause, one.certainty) for one in judge_tls(facts, given, guess)]

    assert judged("220 mail.corp.example ESMTP\r\n") == [("tls.wrong-mode", "confirmed")]
    assert judged("SSH-2.0-OpenSSH\r\n") == [("reach.wrong-service", "possible")]
    cut = TlsFacts(verified=False, at=0.0, failure=CUT)
    greeted = Inputs(subject=SUBJECT, provider=None, services=(), facts=(ServerFacts(spoken="imap"),))
    assert [one.certainty for one in judge_tls(cut, greeted, service())] == ["confirmed"]
    assert [one.certainty for one in judge_tls(cut, given, service())] == ["possible"]


def test_a_mail_server_may_be_called_after_another_protocol() -> None:
    assert spoken_protocol(b"220 ftp.corp.example ESMTP Postfix\r\n") == "smtp"
    assert spoken_protocol(b"220 lmtp-relay.corp.example SMTP\r\n") == "smtp"
    assert all(may_become(b"* ok ready"[:size], "imap") for size in range(11))
    assert all(may_become(b"554 no"[:size], "smtp") for size in range(7))
    assert not may_become(b"* hello", "imap")
    assert is_text("* OK Grüße, 您好\r\n".encode())
