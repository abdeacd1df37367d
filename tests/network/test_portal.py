"""A sign-in page in between: only a foreign answer speaks for it."""

from __future__ import annotations

import socketserver
from typing import Any

import pytest

from checks.network import portal
from checks.network.portal import PageReply, PortalFacts, judge_portal, probe_portal
from diagnose.model import Certainty, Failure, SkipCheck
from diagnose.network import KnownAnswer, Vantage
from diagnose.network.vantage import known_answers
from tests.support.build import SUBJECT as ALICE

from .conftest import Serve
from .given import bench, certificate, domain, given, reach, refused_certificate, service

FOREIGN: dict[str, Any] = {"status": 302, "location": "http://192.168.1.1/login", "empty": True}


def reply(operator: str | None = "Microsoft", host: str = "www.msftconnecttest.com", **seen: Any) -> PageReply:
    return PageReply(url=f"http://{host}/connecttest.txt", operator=operator, **seen)


MICROSOFT = reply(**FOREIGN)
APPLE = reply("Apple", "captive.apple.com", status=200, title="Welcome to the Grand Hotel", empty=False)
AS_KNOWN = reply("Mozilla", "detectportal.firefox.com", status=200, empty=False, as_known=True)


@pytest.mark.parametrize(
    ("replies", "certainty"),
    [
        ((), None),
        ((MICROSOFT, APPLE), "confirmed"),
        ((MICROSOFT,), "likely"),
        ((MICROSOFT, APPLE, AS_KNOWN), "likely"),
        ((MICROSOFT, AS_KNOWN), "possible"),
        ((reply(status=511, empty=False),), "likely"),
        ((AS_KNOWN,), None),
        ((reply(failure=Failure(name="timed_out", operation="http")),), None),
        ((reply(failure=Failure(name="connection_refused", operation="http")),), None),
        ((reply(status=503, empty=False),), None),
        ((reply(status=404, empty=False),), None),
        ((reply(status=200, empty=True),), None),
        ((reply(status=301, location="https://www.msftconnecttest.com/connecttest.txt"),), None),
        ((reply("Apple", "captive.apple.com", status=302, location="https://www.apple.com.cn/"),), None),
    ],
)
def test_who_answered(replies: tuple[PageReply, ...], certainty: Certainty | None) -> None:
    found = list(judge_portal(PortalFacts(replies=replies), given(), ALICE))

    assert [(f.cause, f.certainty) for f in found] == ([("network.captive-portal", certainty)] if certainty else [])


@pytest.mark.parametrize(
    ("mail_works", "names", "leads_to", "certainty"),
    [
        (False, ("login.guest-wifi.net",), "http://login.guest-wifi.net/", "confirmed"),
        (None, ("login.guest-wifi.net",), "http://login.guest-wifi.net/", "possible"),
        (True, ("*.hosting.net",), "https://www.hosting.net/", None),
        (False, ("*.hosting.net",), "https://webmail.corp.example/", None),
        (False, ("mail.corp.example",), "http://login.guest-wifi.net/", None),
    ],
)
def test_the_webmail_host_itself(
    mail_works: bool | None, names: tuple[str, ...], leads_to: str, certainty: Certainty | None
) -> None:
    """With a name of its own in the certificate and a page that leads there, and no mail server at hand either."""
    own = reply(None, "webmail.corp.example", status=302, location=leads_to)
    facts = PortalFacts(replies=(own,), shown_names={"webmail.corp.example": names}, mail_works=mail_works)

    assert [one.certainty for one in judge_portal(facts, given(), ALICE)] == ([certainty] if certainty else [])


def test_nothing_is_asked_where_nothing_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vantage, "known_answers", lambda _: pytest.fail("asked"))
    mail = service("mail.corp.example")
    seen = given(mail, facts=(domain("answered"),), elsewhere=((mail, reach("192.0.2.9")),))

    with pytest.raises(SkipCheck):
        probe_portal(ALICE, seen, bench(third_party=True))


def in_trouble(status: Any = "answered") -> Any:
    mail = service("mail.corp.example")
    failed = ((mail, reach("192.0.2.9", failed="timed_out")),)
    return given(mail, facts=(domain(status),), elsewhere=failed)


def test_nothing_is_asked_where_no_name_resolves() -> None:
    with pytest.raises(SkipCheck):
        probe_portal(ALICE, in_trouble("timed_out"), bench(third_party=True))


@pytest.mark.parametrize("third_party", [True, False])
def test_others_are_asked_only_with_leave(monkeypatch: pytest.MonkeyPatch, serve: Serve, *, third_party: bool) -> None:
    """And what they say is read from the wire."""
    asked: list[str] = []

    def sends_away(connection: socketserver.StreamRequestHandler) -> None:
        asked.append(connection.rfile.readline().decode())
        connection.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: http://login.guest-wifi.net/\r\n\r\n")

    def answers(connection: socketserver.StreamRequestHandler) -> None:
        connection.rfile.readline()
        connection.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    known = tuple(
        KnownAnswer(url=f"http://127.0.0.1:{serve(page)}/generate_204", status=204, operator=operator, source="")
        for operator, page in (("One", sends_away), ("Two", sends_away), ("Three", answers))
    )
    monkeypatch.setattr(Vantage, "known_answers", lambda _: known)
    facts = probe_portal(ALICE, in_trouble(), bench(third_party=third_party))

    assert [one.as_known for one in facts.replies] == ([False, False, True] if third_party else [])
    assert len(asked) == (2 if third_party else 0)
    assert [f.certainty for f in judge_portal(facts, in_trouble(), ALICE)] == (["likely"] if third_party else [])


def test_the_webmail_hosts_names_are_those_it_showed_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    page, mail = service("localhost", 443, "webmail"), service("mail.corp.example")
    shown = refused_certificate(certificate("login.guest-wifi.net", "CN=Guest Wi-Fi"))
    seen = given(
        page,
        mail,
        facts=(domain("answered"),),
        elsewhere=((page, shown), (mail, reach("192.0.2.9", failed="timed_out"))),
    )
    monkeypatch.setattr(portal, "_ask", lambda url, known, *_: PageReply(url=url, operator=known and known.operator))
    facts = probe_portal(ALICE, seen, bench())

    assert facts.shown_names == {"localhost": ("login.guest-wifi.net",)}
    assert [one.url for one in facts.replies] == ["http://localhost/"]
    assert facts.mail_works is False


def test_known_answers_are_plain_and_of_many_operators() -> None:
    """Over HTTP, since that is what networks divert; with some that answer from mainland China."""
    assert all(one.url.startswith("http://") and one.source.startswith("https://") for one in known_answers())
    assert {"Microsoft", "Apple", "Huawei", "Xiaomi"} <= {one.operator for one in known_answers()}
    assert all((one.status == 204) == (one.body is None) for one in known_answers())
