"""Maintenance that a server announces is told as such, with the end that it names."""

from __future__ import annotations

from typing import Any

import pytest

from checks.login.login import LoginFacts, judge_login
from checks.server.maintenance import announced_end, announces, announcing
from checks.server.server import ServerFacts, judge_server
from checks.web.html import PageFacts
from checks.web.web import WebFacts, judge_web
from diagnose.knowledge.catalogue import catalogue, remedies_for
from diagnose.model import Finding, Inputs, Subject, text
from diagnose.network import Hop
from tests.support.build import service

GIVEN = Inputs(subject=Subject(domain="corp.example"), provider=None, services=())


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("* BYE [UNAVAILABLE] Server is down for maintenance until 06:00 CET", "06:00 CET"),
        ("421 4.3.2 Scheduled maintenance until 2026-11-23 04:00 UTC", "2026-11-23 04:00 UTC"),
        ("421 maintenance until 2026-11-23T04:00:00Z", "2026-11-23T04:00:00Z"),
        ("* OK [ALERT] Maintenance on Sunday 02:00-04:00 UTC", "04:00 UTC"),
        ("Scheduled maintenance. Back on 23 November 2026 at 06:00 UTC.", "23 November 2026 at 06:00 UTC"),
        ("Wartung bis 23.11.2026 06:00", "23.11.2026 06:00"),
        ("* BYE 系统维护中,请于2026年11月23日6:00后再试", "2026年11月23日6:00"),
        ("网站系统维护,预计11月23日8点30分恢复", "11月23日8点30分"),
        ("系統維護中,預計早上6時恢復", "早上6時"),
        ("421 4.3.2 Service shutting down for maintenance", None),
        ("-ERR [SYS/TEMP] maintenance in progress on 192.0.2.1", None),
    ],
)
def test_the_end_is_quoted_as_it_was_written(words: str, end: str | None) -> None:
    assert announces(words)
    assert announced_end(words) == end


@pytest.mark.parametrize(
    "words", ["* BYE Too many connections", "421 4.3.0 Internal error at 06:00", "Maintenance is over. Wrong password."]
)
def test_other_words_announce_nothing(words: str) -> None:
    assert not announces(words)
    fault = Finding(cause="server.fault", certainty="likely", text=text("x"))
    assert announcing(fault, "mail.corp.example", words) is fault


def told(findings: Any) -> list[tuple[str, str, bool, Any]]:
    return [
        (f.cause, f.certainty, f.partial, f.data.get("maintenance_end")) for f in findings if "maintenance" in f.data
    ]


def test_a_greeting_announces_it() -> None:
    words = "* BYE [UNAVAILABLE] Down for scheduled maintenance until 06:00 UTC"
    findings = list(judge_server(ServerFacts(greeting=words, spoken="imap"), GIVEN, service()))

    assert told(findings) == [("server.fault", findings[0].certainty, False, "06:00 UTC")]
    assert findings[0].certainty != "possible"
    assert findings[0].text.render().startswith("mail.corp.example announces maintenance: * BYE")


def test_an_alert_in_a_good_greeting_is_a_hint() -> None:
    words = "* OK [ALERT] Maintenance on Sunday 02:00-04:00 UTC"
    facts = ServerFacts(greeting=words, spoken="imap", open=True)

    assert told(judge_server(facts, GIVEN, service())) == [("server.fault", "possible", True, "04:00 UTC")]


@pytest.mark.parametrize(
    "words", ["NO [UNAVAILABLE] Under maintenance, try again in 30 minutes", "NO 系统维护,请稍后再试"]
)
def test_an_answer_to_the_login_announces_it(words: str) -> None:
    findings = list(judge_login(LoginFacts(outcome="rejected", reply=words), GIVEN, service()))

    assert findings[0].cause == "server.fault"
    assert findings[0].data["maintenance"] is True


@pytest.mark.parametrize(
    ("page", "retry", "end"),
    [
        (PageFacts(title="Maintenance", text="Back at 06:00 UTC"), None, "06:00 UTC"),
        (PageFacts(title="系统维护", text=""), "Mon, 23 Nov 2026 06:00:00 GMT", "Mon, 23 Nov 2026 06:00:00 GMT"),
        (PageFacts(title="Maintenance"), "3600", None),
    ],
)
def test_a_page_announces_it_or_its_header_does(page: PageFacts, retry: str | None, end: str | None) -> None:
    hop = Hop(url="https://mail.corp.example/", status=503, retry_after=retry, milliseconds=5)
    facts = WebFacts(hops=(hop,), loop=False, page=page)

    assert told(judge_web(facts, GIVEN, service("webmail"))) == [("web.login-page-down", "confirmed", False, end)]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (None, "answers with the error 502."),
        (PageFacts(text="Bad Gateway"), "answers with the error 502."),
        (PageFacts(title="Bad Gateway"), "answers with the error 502 (Bad Gateway)."),
    ],
)
def test_a_page_that_fails_without_a_title_is_told_without_one(page: PageFacts | None, said: str) -> None:
    hop = Hop(url="https://mail.corp.example/", status=502, milliseconds=5)
    facts = WebFacts(hops=(hop,), loop=False, page=page)
    (finding,) = judge_web(facts, GIVEN, service("webmail"))

    assert finding.text.render().endswith(said)


@pytest.mark.parametrize("cause", ["server.fault", "web.login-page-down"])
def test_the_remedy_waits_for_the_end_that_was_named(cause: str) -> None:
    def steps(**facts: str) -> str:
        return str(remedies_for(catalogue()[cause], facts))

    assert "06:00 UTC" in steps(maintenance_end="06:00 UTC")
    assert "maintenance that the server announces" not in steps()
