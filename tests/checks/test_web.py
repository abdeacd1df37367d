"""A visit to the webmail page: what only a part of it proves, and what a redirect leads to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme

from checks.reach.reach import ReachFacts, stream_key
from checks.tls.tls import judge_tls, probe_implicit
from checks.web.html import read_page
from checks.web.web import CHECK, WebFacts, judge_web, probe_web
from diagnose.account.history import History
from diagnose.lab.listener import Listener
from diagnose.model import Deadline, Inputs, Service, Subject
from diagnose.network import Network
from diagnose.running.context import Context
from tests.core.loopback import full_port, tcp, wait_for_end

GIVEN = Inputs(subject=Subject(domain="localhost"), provider=None, services=())
FORM = b"<form><input type=password></form>"


class Over(Deadline):
    """One that passes with the first part of a page, however long that takes."""

    def share(self, part: float, at_most: float) -> Deadline:
        return self

    def within(self, seconds: float) -> Deadline:
        return self

    def passed(self) -> bool:
        return True


def visited(port: int, deadline: Deadline | None = None, authority: Path | None = None) -> tuple[WebFacts, Service]:
    url = f"http://localhost:{port}/"
    target = Service(protocol="webmail", host="localhost", port=port, tls="none", source="option", url=url)
    until = deadline or Deadline(30)
    bench = Context(network=Network(ca_file=authority), deadline=until, history=History(None))
    return probe_web(target, GIVEN, bench), target


def causes(facts: WebFacts, target: Service) -> list[tuple[str, str]]:
    return [(finding.cause, finding.certainty) for finding in judge_web(facts, GIVEN, target)]


@pytest.mark.parametrize(
    ("start", "found", "usable"),
    [(b"<p>hello", [("web.login-page-down", "possible")], False), (FORM, [], True)],
)
def test_a_page_without_end_proves_only_what_came(start: bytes, found: list[tuple[str, str]], usable: bool) -> None:
    """A form to log in on is one; that there is none is not shown by half a page."""

    def drips(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%s\r\n" % (len(start), start))
        connection.settimeout(0.02)
        while True:
            connection.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return

    with Listener(drips, "127.0.0.1") as listener:
        facts, target = visited(listener.port, Over(30))

    assert facts.unfinished
    assert causes(facts, target) == found
    assert CHECK.usable(facts) is usable


def https(context: ssl.SSLContext) -> Listener:
    def page(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(FORM), FORM))

    return Listener(page, "127.0.0.1", tls=context)


def leads_to(port: int) -> Any:
    def talk(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        location = b"https://localhost:%d/login" % port
        connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")

    return talk


def context_for(name: str, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("name", "trusted", "cause"),
    [
        ("other.example", True, "tls.name-mismatch"),
        ("localhost", False, "tls.untrusted-issuer"),
        ("localhost", True, None),
    ],
)
def test_a_redirect_to_a_host_without_a_good_certificate_names_its_fault(
    name: str, trusted: bool, cause: str | None, authority: trustme.CA, authority_file: Path
) -> None:
    issuer = authority if trusted else trustme.CA(organization_name="Elsewhere")
    with https(context_for(name, issuer)) as end, Listener(leads_to(end.port), "127.0.0.1") as start:
        facts, target = visited(start.port, authority=authority_file)

    if cause is None:
        assert causes(facts, target) == []
        return
    assert causes(facts, target)[0] == (cause, "confirmed")
    assert ("web.login-page-down", "likely") in causes(facts, target)
    assert f"port {end.port}" in next(iter(judge_web(facts, GIVEN, target))).text.render()


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize("alert", [True, False])
def test_old_tls_is_told_whatever_its_server_says_of_the_new(
    alert: bool, authority: trustme.CA, authority_file: Path
) -> None:
    """Some old servers hang up on what is new to them, without an alert."""
    old = context_for("localhost", authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    connections = 0

    def talk(connection: Any, _peer: Any, listener: Any) -> None:
        nonlocal connections
        connections += 1
        if alert or connections > 3:  # the first two handshakes, and the look at why
            listener.secure(connection, old)
        else:
            connection.recv(4096, socket.MSG_PEEK)

    with Listener(talk, "127.0.0.1") as listener:
        target = Service(protocol="webmail", host="localhost", port=listener.port, tls="implicit", source="option")
        bench = Context(network=Network(ca_file=authority_file), deadline=Deadline(30), history=History(None))
        bench.connections.put(stream_key(target), bench.network.connect("localhost", listener.port, Deadline(30)))
        reach = ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        given = Inputs(subject=GIVEN.subject, provider=None, services=(), facts=(reach,))
        (finding,) = judge_tls(probe_implicit(target, given, bench), given, target)

    assert (finding.cause, finding.certainty) == ("tls.protocol-too-old", "confirmed")
    assert "TLSv1.1" in finding.text.render()


def answering(head: str, body: str = "") -> Any:
    def answers(connection: Any, *_: Any) -> None:
        connection.recv(4096)
        connection.sendall(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return answers


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("mailto:help@corp.example", "web.login-page-changed"),
        ("ftp://files.corp.example/", "web.login-page-changed"),
        ("javascript:void(0)", "web.login-page-changed"),
        ("https://localhost:0/", "web.login-page-down"),
        ("https://localhost:99999/", "web.login-page-down"),
        ("https://localhost:port/", "web.login-page-down"),
        ("https:///", "web.login-page-down"),
    ],
)
def test_a_redirect_to_no_web_address_is_a_finding_and_no_fault_of_ours(location: str, cause: str) -> None:
    with Listener(answering(f"302 Found\r\nLocation: {location}"), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert causes(facts, target) == [(cause, "likely")]


def test_a_redirect_that_cannot_be_read_is_a_page_that_fails() -> None:
    with Listener(answering("302 Found\r\nLocation: https://[::1/"), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert causes(facts, target) == [("web.login-page-down", "likely")]


@pytest.mark.parametrize("scheme", ['Basic realm="mail"', "Negotiate", "NTLM", 'Digest realm="m", nonce="x"'])
def test_a_page_that_has_the_browser_ask_for_the_password_is_a_login_form(scheme: str) -> None:
    head = f"401 Unauthorized\r\nWWW-Authenticate: {scheme}"
    with Listener(answering(head, "<h1>401 Unauthorized</h1>"), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert facts.asks_for_password
    assert causes(facts, target) == []


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("Connection to storage server failed.", "web.login-page-down"),
        (
            "".join(f"\\u{ord(c):04x}" for c in "Дані не збережено."),
            "web.session-expired",
        ),
    ],
)
def test_what_the_pages_script_is_going_to_say_is_heard(words: str, cause: str) -> None:
    page = f'<form><input type=password></form><script>rcmail.display_message("{words}","error",0)</script>'
    with Listener(answering("200 OK", page), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert causes(facts, target) == [(cause, "possible")]


def test_a_host_that_a_redirect_leads_to_may_keep_silent_as_well() -> None:
    """In the handshake as in the answer: it took the connection. One that nobody connects to did not."""
    with tcp(wait_for_end) as silent, Listener(leads_to(silent), "127.0.0.1") as start:
        facts, target = visited(start.port, Deadline(2.5))
    assert causes(facts, target) == [("server.slow", "possible")]

    with full_port() as full, Listener(leads_to(full), "127.0.0.1") as start:
        facts, target = visited(start.port, Deadline(2.5))
    assert [cause for cause, _ in causes(facts, target)] == ["web.login-page-down"]


@pytest.mark.parametrize(
    ("body", "leads_nowhere"),
    [
        ("", True),
        ("OK", True),
        ('{"status":"ok"}', True),
        ("<html><head><link rel=stylesheet href=/a.css></head><body><h1>Account Suspended</h1></body></html>", True),
        ("<p>Closed. Write to <a href='mailto:help@corp.example'>us</a> or go to the <a href=#top>top</a>.</p>", True),
        ("<p>Welcome. <a href='/login'>Sign in</a></p>", False),
        ("<form action=/login><input name=user></form>", False),
        ("<div id=root></div><script src=/app.js></script>", False),
        ("<body onload='start()'></body>", False),
        ("<frameset><frame src=/mail></frameset>", False),
        ("<meta http-equiv=Refresh content='0;url=/mail'>", False),
        ("<p>" + "words " * 5000 + "</p>", False),
        ("<p>\ufffd\ufffd</p>", False),
    ],
)
def test_a_page_that_leads_nowhere_is_known(body: str, leads_nowhere: bool) -> None:
    """A landing page with a link to the form, or one that a script draws, is no dead end."""
    assert read_page(body.encode(), "utf-8").dead_end is leads_nowhere


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "compress"])
def test_a_page_that_comes_packed_as_nobody_asked_for_is_not_down(coding: str) -> None:
    """The server works, and browsers may read it; what it says is not known, and the check claims nothing."""
    with Listener(answering(f"200 OK\r\nContent-Encoding: {coding}", "\x0b\x02abc\x03"), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    told = CHECK.untold(facts)
    assert causes(facts, target) == []
    assert told is not None
    assert coding in str(told)
    assert "web.login-page-changed" in CHECK.unsettled(facts)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("503 Service Unavailable", [("web.login-page-down", "confirmed")]),
        ("404 Not Found", [("web.login-page-changed", "confirmed")]),
        ("403 Forbidden", [("web.login-page-down", "possible")]),
        ("403 Forbidden\r\ncf-mitigated: challenge", [("web.captcha-required", "possible")]),
        ("401 Unauthorized\r\nWWW-Authenticate: Basic", []),
    ],
)
def test_the_status_and_headers_of_such_a_page_count_as_ever(head: str, found: list[tuple[str, str]]) -> None:
    with Listener(answering(f"{head}\r\nContent-Encoding: br", "\x0b\x02abc\x03"), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert causes(facts, target) == found
