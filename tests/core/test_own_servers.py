"""One's own servers are known by their names and greetings; those of providers and of hosting companies are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from checks.server.server import CHECK as SERVER
from checks.server.server import ServerFacts
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import CheckResult, Finding, Target, text
from diagnose.verdict.compose import compose
from diagnose.verdict.own_servers import software_of_own_servers, usual_refusal
from diagnose.verdict.verdict import JudgedCause, Judgement, Seen
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import record

IMAP, POP3, SMTP = service("imap", 993), service("pop3", 995), service("smtp", 587, "starttls")
WEB = service("webmail", 443, host="web.corp.example")
AT_A_HOST = service("imap", 993, host="imap.hoster.example")

DOVECOT = (
    "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN] Dovecot (Debian) ready."
)
POSTFIX = "220 mail.corp.example ESMTP Postfix (Debian/GNU)"


def shows(target: Target, **shown: str) -> CheckResult:
    return CheckResult(
        id=f"any {target}", check="any", family="any", title=text("T"), target=target, facts=SUBJECT, status="pass",
        usable=True, shown=shown,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "software"),
    [
        ([shows(IMAP, greeting=DOVECOT)], "dovecot-generic"),
        ([shows(POP3, greeting="+OK Dovecot ready.")], "dovecot-generic"),
        ([shows(SMTP, greeting=POSTFIX), shows(SUBJECT, exchangers="mail.corp.example")], "dovecot-generic"),
        ([shows(WEB, greeting="Roundcube Webmail :: Welcome to Roundcube Webmail")], "dovecot-generic"),
        ([shows(IMAP, greeting="* OK The Microsoft Exchange IMAP4 service is ready.")], "exchange-onprem"),
        ([shows(POP3, greeting="+OK mail.corp.example Zimbra POP3 server ready")], "zimbra"),
        ([shows(IMAP, greeting="* OK mail.corp.example IMAP4rev1 MDaemon 9.6.4 ready")], "mdaemon"),
        (
            [shows(IMAP, greeting=DOVECOT), shows(SMTP, greeting="220 debian.localdomain ESMTP Postfix")],
            "dovecot-generic",
        ),
        ([shows(service("imap", 993, host="corp.example"), greeting=DOVECOT)], "dovecot-generic"),
        # near misses: hosting companies, whose names show somewhere
        ([shows(AT_A_HOST, greeting=DOVECOT)], None),
        ([shows(IMAP, greeting=DOVECOT), shows(SUBJECT, exchangers="mx1.hoster.example mx2.hoster.example")], None),
        ([shows(IMAP, greeting=DOVECOT), shows(SMTP, greeting="220-srv7.hoster.example ESMTP Exim 4.96 #2")], None),
        ([shows(service("imap", 993, host="mail.notcorp.example"), greeting=DOVECOT)], None),
        # near miss: nothing known is named
        ([shows(IMAP, greeting="* OK IMAP4rev1 ready")], None),
        ([shows(IMAP)], None),
        ([], None),
    ],
)
def test_software_of_own_servers(seen: list[CheckResult], software: str | None) -> None:
    assert software_of_own_servers(seen, "corp.example") == software


def remedies(results: list[CheckResult], provider: str | None = None) -> Mapping[str, str]:
    """What is told of a rejected login, by whom it is for."""
    finding = Finding(cause="credentials.rejected", certainty="confirmed", proof="reply", text=text("Seen."))
    row = CheckResult(
        id="login", check="login", family="login", title=text("T"), target=IMAP, facts=SUBJECT, status="fail",
        usable=False, findings=(finding,),
    )  # fmt: skip
    cause = JudgedCause(
        id="credentials.rejected", certainty="confirmed", impact="blocks", seen=(Seen(result=row, finding=finding),)
    )
    judgement = Judgement(status="problem", exit_code=1, causes=(cause,))
    run = record(services=(IMAP,), provider=provider)
    told = compose(run, (*results, row), judgement, catalogue(), CHECKS).verdict.causes[0].remedies
    return {one.fixer: "\n".join((*one.steps, *one.further)) for one in told}


def test_remedies_speak_to_whoever_runs_the_server() -> None:
    own = remedies([shows(IMAP, greeting=DOVECOT)])

    assert "provider" not in own
    assert "doveadm" in own["admin"]
    assert "subscription" not in own["admin"]


def test_of_other_software_no_commands_of_dovecot_are_told() -> None:
    own = remedies([shows(IMAP, greeting="* OK The Microsoft Exchange IMAP4 service is ready.")])

    assert "provider" not in own
    assert "doveadm" not in own["admin"]


@pytest.mark.parametrize(
    ("greeting", "provider"),
    [
        (DOVECOT, "fastmail"),
        (DOVECOT, "mailbox-org"),
        ("* OK IMAP4rev1 ready", None),
    ],
)
def test_a_provider_stays_that_provider_whatever_its_servers_run(greeting: str, provider: str | None) -> None:
    told = remedies([shows(IMAP, greeting=greeting)], provider)

    assert "provider" in told
    assert told == remedies([], provider)


@pytest.mark.parametrize(
    ("facts", "greeting"),
    [
        ({"greeting": DOVECOT, "spoken": "imap", "open": True}, DOVECOT),
        ({"greeting": POSTFIX, "spoken": "smtp"}, None),
        ({"greeting": "HTTP/1.1 400 Bad Request", "spoken": "imap", "asked": True}, None),
        ({}, None),
    ],
)
def test_the_greeting_of_the_right_protocol_is_what_is_told_on(facts: dict[str, Any], greeting: str | None) -> None:
    shown = SERVER.shows(ServerFacts(**facts), None, IMAP)  # type: ignore[arg-type]  # it asks for nothing

    assert shown.get("greeting") == greeting


@pytest.mark.parametrize(
    ("seen", "tells"),
    [
        ([shows(IMAP, greeting="* OK The Microsoft Exchange IMAP4 service is ready.")], "UPN"),
        ([shows(POP3, greeting="+OK The Microsoft Exchange POP3 service is ready.")], "UPN"),
        ([shows(SMTP, greeting="220 EX01.corp.local Microsoft ESMTP MAIL Service ready")], "UPN"),
        ([shows(IMAP, greeting=DOVECOT)], None),  # near miss: nothing is known of its refusals
        ([shows(AT_A_HOST, greeting="* OK The Microsoft Exchange IMAP4 service is ready.")], None),
    ],
)
def test_what_a_bare_refusal_often_means_is_told_of_the_software_too(
    seen: list[CheckResult], tells: str | None
) -> None:
    told = usual_refusal(seen, "corp.example", "en")

    assert (tells in told["plain_rejection"]) if tells else not told
