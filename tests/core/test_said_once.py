"""A report says each thing once: the same answer of several servers, and what stands behind several causes."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.model import CheckResult, Finding, Service, text
from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from diagnose.verdict.compose import compose
from reports.html import render as as_html
from reports.json import render as as_json
from reports.junit import render as as_junit
from reports.markdown import render as as_markdown
from reports.nagios import render as as_nagios
from reports.text import render as as_text
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge, record

LOCKED, BARE = "NO Account locked.", "NO Login failed."


IMAP, POP3, SMTP = service("imap", 993), service("pop3", 995), service("smtp", 465)


def answered(target: Service, reply: str, *causes: tuple[str, Any]) -> CheckResult:
    sentence = text(
        "{host} answered the login on port {port}: {reply}", host=target.host, port=target.port, reply=reply
    )
    findings = tuple(
        Finding(cause=cause, certainty=certainty, proof="reply", text=sentence, data={"reply": reply})
        for cause, certainty in causes
    )
    return CheckResult(
        id=f"login.{target.protocol}.{target.port}", check="login", family="login", title=text("T"), target=target,
        status="fail", facts=SUBJECT, findings=findings,
    )  # fmt: skip


def report(*rows: CheckResult, provider: str | None = None) -> Report:
    services = tuple(dict.fromkeys(row.target for row in rows if isinstance(row.target, Service)))
    judgement = judge(rows, services, catalogue(), CHECKS, login_asked=True)
    return compose(record(services=services, provider=provider), rows, judgement, catalogue(), CHECKS)


def test_the_same_answer_of_several_servers_is_told_once() -> None:
    locked = ("lockout.account-locked", "confirmed")
    (cause,) = report(*(answered(one, LOCKED, locked) for one in (IMAP, POP3, SMTP))).verdict.causes

    (told,) = cause.evidence
    assert told.text.count(LOCKED) == 1
    assert "mail.corp.example:995, mail.corp.example:465" in told.text


def test_answers_that_differ_are_told_apart() -> None:
    cause = ("credentials.rejected", "likely")
    (found,) = report(answered(IMAP, BARE, cause), answered(POP3, "-ERR no", cause)).verdict.causes

    assert len(found.evidence) == 2


def test_an_answer_that_may_mean_several_things_is_quoted_once() -> None:
    causes: list[tuple[str, Any]] = [("credentials.rejected", "likely")] + [
        (cause, "possible") for cause in ("credentials.app-password-required", "settings.protocol-disabled")
    ]
    told = report(answered(IMAP, BARE, *causes)).verdict.causes

    assert [BARE in one.text for cause in told for one in cause.evidence] == [True, False, False]
    assert [bool(one.data) for cause in told for one in cause.evidence] == [True, False, False]
    assert told[1].evidence[0].text == f"The same was seen as for “{told[0].title}”."


@pytest.mark.parametrize("render", [as_text, as_html, as_json, as_markdown, as_junit, as_nagios])
def test_every_format_says_what_is_settled_and_nothing_beside_it(render: Any) -> None:
    causes: list[tuple[str, Any]] = [
        ("lockout.account-locked", "confirmed"),
        ("activation.mailbox-missing", "possible"),
    ]
    shown = render(report(*(answered(one, LOCKED, *causes) for one in (IMAP, POP3, SMTP))), RenderStyle())
    mailbox_missing = catalogue()["activation.mailbox-missing"]

    assert catalogue()["lockout.account-locked"].title in shown
    assert mailbox_missing.title not in shown


@pytest.mark.parametrize(("mistaken", "named"), [("mail-com", False), ("gmx", True)])
def test_nobody_is_sent_to_the_provider_whom_the_settings_name_by_mistake(mistaken: str, named: bool) -> None:
    wrong = Finding(cause="dns.wrong-provider", certainty="likely", text=text("Seen."), data={"mistaken": mistaken})
    row = CheckResult(
        id="dns.provider", check="dns.provider", family="dns", title=text("T"), target=SUBJECT, status="fail",
        facts=SUBJECT, findings=(wrong,),
    )  # fmt: skip
    rows = (row, answered(IMAP, BARE, ("credentials.rejected", "likely")))
    remedies = report(*rows, provider="mail-com").verdict.causes[0].remedies

    assert any("mail.com" in step for remedy in remedies for step in remedy.steps) == named
