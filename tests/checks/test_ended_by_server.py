"""A server that ends the conversation for a fault of its own, around the TLS handshake, which is not to blame then."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from checks.reach import retry
from checks.reach.reach import ReachFacts, stream_key
from checks.server.server import ServerFacts, judge_server, probe_server
from checks.tls.tls import judge_tls, probe_tls
from diagnose.account.history import History
from diagnose.model import Deadline, Finding, Inputs, ProtocolName, Service, Subject, TlsMode
from diagnose.network import Network
from diagnose.running.context import Context
from tests.core.loopback import Talk, sends, tcp, wait_for_end

GREETING: dict[ProtocolName, bytes] = {
    "imap": b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n",
    "pop3": b"+OK ready\r\n",
    "smtp": b"220 mail.corp.example ESMTP\r\n",
}
OFFERS: dict[ProtocolName, bytes] = {
    "imap": b"",
    "pop3": b"+OK\r\nSTLS\r\n.\r\n",
    "smtp": b"250-mail.corp.example\r\n250 STARTTLS\r\n",
}
AGREES: dict[ProtocolName, bytes] = {
    "imap": b"%t OK begin\r\n",
    "pop3": b"+OK begin\r\n",
    "smtp": b"220 2.0.0 Ready to start TLS\r\n",
}
FAULT = b"421 4.3.0 mail.corp.example Server configuration error\r\n"


pytestmark = pytest.mark.usefixtures("without_pause")


def judged(protocol: ProtocolName, tls: TlsMode, authority: trustme.CA, folder: Path, *talks: Talk) -> list[Finding]:
    """What `server` and `tls` find, in the order in which a run asks them."""
    authority.cert_pem.write_to_path(folder / "ca.pem")
    with tcp(*talks) as port:
        target = Service(protocol=protocol, host="localhost", port=port, tls=tls, source="option")
        work = Context(network=Network(ca_file=folder / "ca.pem"), deadline=Deadline(20), history=History(folder))
        work.connections.put(stream_key(target), work.network.connect("localhost", port, work.deadline))
        reach = ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        given = Inputs(subject=Subject(domain="localhost"), provider=None, services=(target,), facts=(reach,))
        findings: list[Finding] = []
        if tls == "implicit":
            findings += judge_tls(probe_tls(target, given, work), given, target)
        else:
            server = probe_server(target, given, work)
            findings += judge_server(server, given, target)
            if server.open:
                given = Inputs(subject=given.subject, provider=None, services=(target,), facts=(reach, server))
                findings += judge_tls(probe_tls(target, given, work), given, target)
        work.connections.close()
    return findings


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.cause, finding.certainty) for finding in findings]


def begun(protocol: ProtocolName, then: Talk) -> Talk:
    """A session up to the agreement to begin TLS, and *then* what follows."""

    def talk(connected: socket.socket) -> None:
        connected.sendall(GREETING[protocol])
        if OFFERS[protocol]:
            connected.recv(4096)
            connected.sendall(OFFERS[protocol])
        tag = connected.recv(4096).split()[0]
        connected.sendall(AGREES[protocol].replace(b"%t", tag))
        then(connected)

    return talk


def inside(context: ssl.SSLContext, then: Talk) -> Talk:
    def talk(connected: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connected, server_side=True) as secured:
            then(secured)

    return talk


def ends(_: socket.socket) -> None:
    """Say nothing, and go."""


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_an_end_right_after_the_handshake_is_the_servers(
    protocol: ProtocolName, authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """As Postfix does it, which looks for its SASL service only then."""
    findings = judged(protocol, "starttls", authority, tmp_path, begun(protocol, inside(server_tls, ends)))
    assert told(findings) == [("server.fault", "likely")]
    assert "right after the TLS handshake" in findings[0].text.render()


@pytest.mark.parametrize(
    ("protocol", "greeting", "answer", "cause", "words"),
    [
        ("smtp", GREETING["smtp"], b"421 4.3.2 busy\r\n", "server.fault",
         "answers the first command with: 421 4.3.2 busy"),
        ("smtp", GREETING["smtp"], b"550 5.7.1 no\r\n", None, "answers the first command with: 550 5.7.1 no"),
        ("imap", b"* OK hi\r\n", b"* BYE [UNAVAILABLE] busy\r\n", "server.fault",
         "answers the first command with: * BYE [UNAVAILABLE] busy"),
        ("smtp", GREETING["smtp"], b"", "server.fault", "and then ends the conversation (connection closed)"),
        ("imap", b"* OK hi\r\n", b"", "server.fault", "and then ends the conversation (connection closed)"),
        ("pop3", b"+OK hi\r\n", b"", "server.fault", "and then ends the conversation (connection closed)"),
    ],
)  # fmt: skip
def test_what_comes_behind_the_greeting_is_not_called_the_greeting(
    protocol: ProtocolName,
    greeting: bytes,
    answer: bytes,
    cause: str | None,
    words: str,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    """Nor are words of this program quoted as the server's."""

    def talk(connected: socket.socket) -> None:
        connected.sendall(greeting)
        while connected.recv(4096) and answer:
            connected.sendall(answer)
            if not answer.startswith(b"550"):
                return

    findings = judged(protocol, "starttls", authority, tmp_path, talk)
    assert cause is None or cause in {finding.cause for finding in findings}
    assert words in findings[0].text.render()


@pytest.mark.parametrize("where", ["in place of the answer", "in place of the handshake", "behind the handshake"])
def test_a_farewell_with_a_reason_is_told_as_what_it_says(
    where: str, authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """Whenever it comes."""

    def refuses(connected: socket.socket) -> None:
        connected.sendall(GREETING["smtp"])
        connected.recv(4096)
        connected.sendall(OFFERS["smtp"])
        connected.recv(4096)
        connected.sendall(FAULT)

    def in_clear(connected: socket.socket) -> None:
        connected.recv(4096)
        connected.sendall(FAULT)
        wait_for_end(connected)

    def behind(secured: socket.socket) -> None:
        secured.recv(4096)
        secured.sendall(FAULT)

    talks = {
        "in place of the answer": refuses,
        "in place of the handshake": begun("smtp", in_clear),
        "behind the handshake": begun("smtp", inside(server_tls, behind)),
    }
    findings = judged("smtp", "starttls", authority, tmp_path, talks[where])
    assert {cause for cause, _ in told(findings)} == {"server.fault"}, told(findings)
    assert findings[0].certainty != "possible"
    assert "Server configuration error" in findings[0].text.render()


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("smtp", FAULT),
        ("imap", b"* BYE [UNAVAILABLE] Internal error\r\n"),
        ("pop3", b"-ERR [SYS/TEMP] Internal error\r\n"),
    ],
)
def test_a_farewell_in_clear_where_a_handshake_is_due_comes_first(
    protocol: ProtocolName, words: bytes, authority: trustme.CA, tmp_path: Path
) -> None:
    findings = judged(protocol, "implicit", authority, tmp_path, sends(words))
    assert {cause for cause, _ in told(findings)} == {"server.fault"}, told(findings)


@pytest.mark.parametrize(
    ("words", "causes"),
    [
        (b"454 4.7.0 TLS not available due to local problem\r\n", ["server.fault"]),
        (b"454 4.7.0 TLS not available due to temporary reason\r\n", ["server.fault"]),
        (b"454 TLS currently unavailable\r\n", ["server.fault"]),
        (b"501 Syntax error (no parameters allowed)\r\n", ["tls.starttls-missing"]),
        (b"540 TLS not available.\r\n", ["tls.starttls-missing"]),
        (b"454 hm\r\n", ["server.fault"]),
        (b"554 5.7.3 hm\r\n", ["tls.starttls-missing"]),
    ],
)
def test_a_server_whose_tls_fails_for_now_is_no_server_without_it(
    words: bytes, causes: list[str], authority: trustme.CA, tmp_path: Path
) -> None:
    """RFC 3207 §4: 454 is about a passing reason, 501 is a command that the server does not know so."""

    def refuses(connected: socket.socket) -> None:
        connected.sendall(GREETING["smtp"])
        connected.recv(4096)
        connected.sendall(OFFERS["smtp"])
        connected.recv(4096)
        connected.sendall(words)
        wait_for_end(connected)

    findings = judged("smtp", "starttls", authority, tmp_path, refuses)
    assert [finding.cause for finding in findings if finding.certainty != "possible"] == causes
    assert words.decode().strip() in findings[0].text.render()


def test_near_misses(authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path) -> None:
    """A greeting in clear, a refusal of STARTTLS alone, an end within the handshake, and an alert behind it."""

    def refuses(connected: socket.socket) -> None:
        connected.sendall(GREETING["smtp"])
        connected.recv(4096)
        connected.sendall(OFFERS["smtp"])
        connected.recv(4096)
        connected.sendall(b"502 5.5.1 Command not implemented\r\n")
        wait_for_end(connected)

    def within(connected: socket.socket) -> None:
        connected.recv(4096)

    wants_certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(wants_certificate)
    authority.configure_trust(wants_certificate)
    wants_certificate.verify_mode = ssl.CERT_REQUIRED

    def turns_away(connected: socket.socket) -> None:
        raw = connected.dup()  # held open, so that the alert is not lost in a reset
        with contextlib.suppress(OSError):
            wants_certificate.wrap_socket(connected, server_side=True)
        wait_for_end(raw)
        raw.close()

    def found(tls: TlsMode, talk: Talk) -> list[tuple[str, str]]:
        return told(judged("smtp", tls, authority, tmp_path, talk))

    assert found("implicit", sends(GREETING["smtp"])) == [("tls.wrong-mode", "confirmed")]
    assert found("starttls", refuses) == [("tls.starttls-missing", "likely")]
    assert found("starttls", begun("smtp", within)) == [("tls.handshake-failed", "confirmed")]
    assert found("starttls", begun("smtp", turns_away)) == [("tls.handshake-failed", "confirmed")]


@pytest.fixture
def throttled(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Finding]]:
    """A server that hangs up on the first client, and lets the next ones wait, as Postfix does once it has failed."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setattr(retry, "ENOUGH_SECONDS", 0.5)
    with tcp(ends, wait_for_end) as port:
        target = Service(protocol="smtp", host="localhost", port=port, tls="starttls", source="option")
        work = Context(network=Network(), deadline=Deadline(2), history=History(tmp_path))
        work.connections.put(stream_key(target), work.network.connect("localhost", port, work.deadline))
        reach = ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        given = Inputs(subject=Subject(domain="localhost"), provider=None, services=(target,), facts=(reach,))
        facts: ServerFacts = probe_server(target, given, work)
        yield list(judge_server(facts, given, target))


def test_an_end_says_more_than_the_silence_after_it(throttled: list[Finding]) -> None:
    assert told(throttled) == [("server.fault", "confirmed")]
