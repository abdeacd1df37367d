"""JMAP (RFC 8620): the session resource, asked for without credentials and with them."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from checks.server.server import ServerFacts, judge_server
from checks.sessions import Credentials, MailSession, Resource, StrangerError, TurnedAwayError, open_session
from diagnose.account.secret import Secret
from diagnose.model import ClosedError, Deadline, Inputs, Service, Subject
from diagnose.network import Stream
from diagnose.replies import read_reply
from tests.checks.conversation import CLOSE, PATIENCE, Server, Step, server
from tests.support.credentials import ALICE

HOST = "jmap.corp.example"
URL = f"https://{HOST}:443/.well-known/jmap"
BASIC = base64.b64encode(b"alice@corp.example:s3cret-word").decode()
NAMES = ("core", "mail", "submission")


def session_object(*capabilities: str, core: bool = True) -> str:
    named: dict[str, Any] = {f"urn:ietf:params:jmap:{name}": {} for name in capabilities}
    every: dict[str, Any] = {
        f"urn:ietf:params:jmap:{name}": {} for name in (*(["core"] if core else []), *capabilities)
    }
    return json.dumps(
        {"capabilities": every, "accounts": {"a": {"accountCapabilities": named}}, "apiUrl": "/api", "state": "1"}
    )


def request(path: str, *headers: str, host: str = HOST) -> tuple[Step, ...]:
    """What http.client sends."""
    return (f"C: GET {path} HTTP/1.1", f"C: Host: {host}", "C: Accept-Encoding: identity",
            "C: Accept: application/json", agent, *(f"C: {one}" for one in headers), "C: ")  # fmt: skip


def agent(one: Server) -> None:
    assert one.line().startswith(b"User-Agent: diagnose/")


def answer(status: str, body: str = "", *headers: str, kind: str = "application/json") -> tuple[Step, ...]:
    """In one go, so that all of it is said once the client has heard the beginning."""
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}", "", body)
    return ("\r\n".join(lines).encode(),)


ASKS = answer("401 Unauthorized", '{"status": 401}', 'WWW-Authenticate: Basic realm="x", Bearer')


def nowhere(host: str, port: int, _deadline: Deadline) -> Stream:
    raise AssertionError(f"called {host}:{port}")


def opened(one: Server, connect: Callable[[str, int, Deadline], Stream] = nowhere) -> MailSession:
    return open_session("jmap", one.stream(), Deadline(PATIENCE), Resource(URL, connect))


@pytest.mark.parametrize(
    ("headers", "mechanisms"),
    [
        (['WWW-Authenticate: Basic realm="a, b"', "WWW-Authenticate: Bearer"], ("BASIC", "BEARER")),
        (['WWW-Authenticate: Basic realm="mail", charset="UTF-8"'], ("BASIC",)),
        (['WWW-Authenticate: Bearer realm="m", Basic realm="m"'], ("BEARER", "BASIC")),
        (["WWW-Authenticate: Negotiate"], ("NEGOTIATE",)),
        ([], ("BASIC", "BEARER")),
    ],
)
def test_what_a_login_needs(headers: list[str], mechanisms: tuple[str, ...]) -> None:
    with server(*request("/.well-known/jmap"), *answer("401 Unauthorized", "", *headers)) as one:
        session = opened(one)
        assert (session.mechanisms, session.logged_in) == (mechanisms, False)
        session.close()
    one.check()


def test_a_login_brings_the_session_whatever_way_leads_to_it() -> None:
    script = (
        *request("/.well-known/jmap"), *answer("307 Temporary Redirect", "", "Location: /jmap/session"),
        *request("/jmap/session"), *ASKS,
        *request("/jmap/session", f"Authorization: Basic {BASIC}"), *answer("200 OK", session_object("mail")),
    )  # fmt: skip
    with server(*script) as one:
        session = opened(one)
        reply = session.login(ALICE, "BASIC", Deadline(PATIENCE))
        assert reply.ok
        mailbox = session.open_mailbox(Deadline(PATIENCE))
        assert mailbox is not None
        assert mailbox.ok
        assert not session.try_sender("alice@corp.example").ok
        session.close()
    one.check()


def test_an_account_without_a_mailbox_is_a_login_all_the_same() -> None:
    """As Cyrus tells it; what is not there is told by the look into the mailbox."""
    bare = json.loads(session_object("mail")) | {"accounts": {"alice": {"accountCapabilities": None}}}
    script = (
        *request("/.well-known/jmap"), *ASKS,
        *request("/.well-known/jmap", f"Authorization: Basic {BASIC}"), *answer("200 OK", json.dumps(bare)),
    )  # fmt: skip
    with server(*script) as one:
        session = opened(one)
        assert session.login(ALICE, "BASIC", Deadline(PATIENCE)).ok
        mailbox = session.open_mailbox(Deadline(PATIENCE))
        assert mailbox is not None
        assert not mailbox.ok
        session.close()


def test_a_token_goes_as_a_bearer() -> None:
    token = Credentials(username="alice@corp.example", secret=Secret("tok-en"), is_token=True)
    expired = answer(
        "401 Unauthorized", "", 'WWW-Authenticate: Bearer error="invalid_token", error_description="The token expired"'
    )
    script = (*request("/.well-known/jmap"), *ASKS,
              *request("/.well-known/jmap", "Authorization: Bearer tok-en"), *expired)  # fmt: skip
    with server(*script) as one:
        reply = opened(one).login(token, "BEARER", Deadline(PATIENCE))
        one.hang_up()
    assert not reply.ok
    assert "tok-en" not in reply.words
    first = read_reply(reply.words, protocol="jmap", stage="login").suspects[0]
    assert first.cause == "credentials.token-rejected"


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        ("401 Unauthorized", '{"status": 401, "detail": "Invalid credentials"}', "credentials.rejected"),
        ("401 Unauthorized", "", "credentials.rejected"),
        ("429 Too Many Requests", "", "lockout.rate-limited"),
        ("503 Service Unavailable", "<h1>Service Unavailable</h1>", "server.fault"),
    ],
)  # fmt: skip
def test_a_login_that_is_not_taken(status: str, body: str, cause: str) -> None:
    """With a problem document (RFC 9457) or without; none of these is about a page that people open."""
    script = (*request("/.well-known/jmap"), *ASKS,
              *request("/.well-known/jmap", f"Authorization: Basic {BASIC}"),
              *answer(status, body, kind="application/problem+json" if "{" in body else "text/html"))  # fmt: skip
    with server(*script) as one:
        reply = opened(one).login(ALICE, "BASIC", Deadline(PATIENCE))
        one.hang_up()
    assert not reply.ok
    suspects = read_reply(reply.words, protocol="jmap", stage="login").suspects
    assert (suspects[0].cause, suspects[0].certainty != "possible") == (cause, True)
    assert all(not suspect.cause.startswith(("web.", "browser.")) for suspect in suspects)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", "<!doctype html><title>Welcome</title>"),
        ("200 OK", session_object("mail", core=False)),
        ("200 OK", "[]"),
    ],
)
def test_a_page_is_no_proof_of_a_login(status: str, body: str) -> None:
    script = (*request("/.well-known/jmap"), *ASKS,
              *request("/.well-known/jmap", f"Authorization: Basic {BASIC}"), *answer(status, body))  # fmt: skip
    with server(*script) as one:
        session = opened(one)
        with pytest.raises(ClosedError, match="no JMAP session"):
            session.login(ALICE, "BASIC", Deadline(PATIENCE))
        assert session.secret_is_out
        one.hang_up()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answer("200 OK", "<!doctype html><title>Welcome</title>", kind="text/html"), StrangerError),
        (answer("404 Not Found", "", kind="text/html"), StrangerError),
        (("S: * OK IMAP4rev1 ready", CLOSE), StrangerError),
        (answer("503 Service Unavailable", "", kind="text/html"), TurnedAwayError),
        (answer("302 Found", "", "Location: http://other.example/jmap"), TurnedAwayError),
        (answer("302 Found", "", "Location: https://user@other.example/jmap"), TurnedAwayError),
        (answer("302 Found", "", "Location: https://[x"), TurnedAwayError),
        ((CLOSE,), ClosedError),
    ],
)
def test_what_is_no_jmap_and_what_takes_no_client(script: tuple[Step, ...], error: type[OSError]) -> None:
    with server(*request("/.well-known/jmap"), *script) as one, pytest.raises(error):
        opened(one)


def test_a_circle_ends() -> None:
    around = (*request("/.well-known/jmap"), *answer("302 Found", "", f"Location: {URL}"))
    with server(*around * 5) as one, pytest.raises(TurnedAwayError, match="redirects"):
        opened(one)


def test_a_redirect_to_another_host_is_followed_before_the_secret_is_sent() -> None:
    """There the login goes; what redirects with the secret at hand is not followed to anybody else."""
    other = "api.other.example"
    second_script = (
        *request("/session", host=other), *ASKS,
        *request("/session", f"Authorization: Basic {BASIC}", host=other),
        *answer("302 Found", "", "Location: https://third.example/session"),
    )  # fmt: skip
    asked: list[tuple[str, int]] = []
    first_script = (
        *request("/.well-known/jmap"),
        *answer("302 Found", "", "Location: https://api.other.example/session"),
    )
    with server(*first_script) as first, server(*second_script) as second:

        def connect(host: str, port: int, _deadline: Deadline) -> Stream:
            asked.append((host, port))
            return second.stream()

        session = opened(first, connect)
        with pytest.raises(ClosedError, match="leads to https://third"):
            session.login(ALICE, "BASIC", Deadline(PATIENCE))
        session.close()
    assert asked == [("api.other.example", 443)]
    first.check()
    second.check()


def test_what_lies_there_before_the_secret_is_no_answer_to_it() -> None:
    heard = threading.Event()

    def wait(_: Server) -> None:
        assert heard.wait(PATIENCE)

    with server(*request("/.well-known/jmap"), *ASKS, wait, *answer("200 OK", session_object("mail"))) as one:
        session = opened(one)
        heard.set()
        assert session.stream.wait_readable(PATIENCE)
        reply = session.login(ALICE, "BASIC", Deadline(PATIENCE))
        assert (reply.ok, reply.unasked, session.secret_is_out) == (False, True, False)
        session.close()


def test_a_connection_that_the_server_ended_is_made_anew() -> None:
    again = (*request("/.well-known/jmap", f"Authorization: Basic {BASIC}"), *answer("200 OK", session_object(*NAMES)))
    with server(*request("/.well-known/jmap"), *ASKS, CLOSE) as first, server(*again) as second:
        session = opened(first, lambda *_: second.stream())
        assert session.stream.wait_readable(PATIENCE)
        assert session.login(ALICE, "BASIC", Deadline(PATIENCE)).ok
        assert session.try_sender("alice@corp.example").ok
        session.close()


def test_another_service_on_the_port_is_told_as_such() -> None:
    target = Service(protocol="jmap", host=HOST, port=443, tls="implicit", source="srv")
    given = Inputs(subject=Subject(domain="corp.example"), provider=None, services=(target,))
    (finding,) = judge_server(ServerFacts(greeting="HTTP/1.1 200 OK", spoken="http"), given, target)
    assert (finding.cause, finding.certainty) == ("reach.wrong-service", "confirmed")
    (finding, *_) = judge_server(ServerFacts(greeting="HTTP/1.1 503 Busy", spoken="jmap"), given, target)
    assert finding.cause == "server.fault"


def test_it_is_spoken_over_tls_alone(client_tls: ssl.SSLContext) -> None:
    with server(*request("/.well-known/jmap"), *ASKS) as one:
        session = opened(one)
        assert not session.starttls
        assert session.start_tls(client_tls, HOST, Deadline(PATIENCE))
        session.close()
