"""Steps name the very page and server that the run has seen to work, and no other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnose.knowledge.catalogue import RUN_FACTS, catalogue
from diagnose.locale.language import LANGUAGES, translation
from diagnose.model import CheckResult, Finding, Host, Service, Subject, Target, text
from diagnose.providers import Language
from diagnose.verdict.addresses import seen_addresses
from diagnose.verdict.compose import compose
from diagnose.verdict.verdict import JudgedCause, Judgement, Seen
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge, record

PAGE = "https://web.corp.example/"
IMAP, SMTP = service("imap", 993), service("smtp", 587, "starttls")
WEB = service("webmail", 443, host="web.corp.example")


def passed(check: str, target: Target, **more: Any) -> CheckResult:
    return CheckResult(
        id=f"{check} {target}", check=check, family=check, title=text("T"), target=target, facts=SUBJECT,
        **dict[str, Any](status="pass", usable=True) | more,
    )  # fmt: skip


def failed(check: str, target: Target, cause: str, **more: Any) -> CheckResult:
    finding = Finding(cause=cause, **dict[str, Any](certainty="likely", text=text("Seen.")) | more)
    return passed(check, target, status="fail", findings=(finding,))


def works(one: Service) -> list[CheckResult]:
    if one.protocol == "webmail":
        return [passed("tls", one), passed("web", one, shown={"webmail_page": PAGE})]
    return [passed(check, one) for check in ("reach", "tls", "server")]


REJECTED = failed("login", IMAP, "credentials.rejected")


def judged(*results: list[CheckResult]) -> tuple[tuple[CheckResult, ...], Any]:
    rows = tuple(row for part in results for row in part)
    services = tuple(dict.fromkeys(row.target for row in rows if isinstance(row.target, Service)))
    return rows, judge(rows, services, catalogue(), CHECKS, login_asked=True)


def seen(*results: list[CheckResult]) -> tuple[dict[str, str], dict[str, str]]:
    rows, judgement = judged(*results)
    named, guessed = seen_addresses(rows, judgement, catalogue())
    return dict(named), dict(guessed)


def first_steps(*results: list[CheckResult], provider: str | None = None) -> str:
    rows, judgement = judged(*results)
    services = tuple(dict.fromkeys(row.target for row in rows if isinstance(row.target, Service)))
    report = compose(record(services=services, provider=provider), rows, judgement, catalogue(), CHECKS)
    return "\n".join(report.verdict.causes[0].remedies[0].steps)


@pytest.mark.parametrize(
    ("results", "name", "address"),
    [
        ([works(WEB)], "webmail_page", PAGE),
        ([works(IMAP), works(SMTP)], "imap_server", "mail.corp.example:993"),
        ([works(IMAP), works(SMTP)], "smtp_server", "mail.corp.example:587"),
        ([works(service("imap", 143, "starttls")), works(IMAP)], "imap_server", "mail.corp.example:143"),
    ],
)
def test_what_was_seen_to_work_is_named(results: list[list[CheckResult]], name: str, address: str) -> None:
    assert seen(*results)[0][name] == address


@pytest.mark.parametrize(
    "results",
    [
        [[*works(WEB)[:1], failed("web", WEB, "web.login-page-changed")]],
        [[failed("tls", WEB, "tls.name-mismatch"), passed("web", WEB, shown={"webmail_page": PAGE})]],
        [[passed("tls", WEB, status="skip", usable=False), *works(WEB)[1:]]],
        [[passed("tls", WEB), passed("web", WEB)]],
        [[passed("tls", WEB), passed("web", WEB, usable=False, shown={"webmail_page": PAGE})]],
        [[passed(one.check, msgspec.structs.replace(WEB, tls="none"), shown=one.shown) for one in works(WEB)]],
        [works(WEB), [failed("address.spelling", SUBJECT, "address.typo-domain", certainty="possible")]],
        [works(WEB), [failed("dns.provider", SUBJECT, "dns.wrong-provider", data={"mistaken": "gmx"})]],
        [works(WEB), [failed("web", Host(name=WEB.host, source="option"), "settings.wrong-host")]],
    ],
    ids=[
        "no login page", "another's certificate", "no handshake was seen", "nothing to sign in on", "half a page",
        "without TLS", "the domain may be misspelt", "the provider is the wrong one", "the host is the wrong one",
    ],
)  # fmt: skip
def test_what_may_not_be_of_this_mail_system_is_not_named(results: list[list[CheckResult]]) -> None:
    named, guessed = seen(*results)

    assert "webmail_page" not in named | guessed


def test_a_server_that_is_broken_is_not_named() -> None:
    named, _ = seen([failed("reach", IMAP, "reach.refused")], works(SMTP))

    assert named == {"smtp_server": "mail.corp.example:587"}


def test_what_no_step_asks_for_is_left_out() -> None:
    shown = {"webmail_page": 5, "host": "other.example", "reset_page": "x" * 2001, "support_page": "https://a.example/"}
    rows = [passed("tls", WEB), passed("web", WEB, shown=shown)]

    assert seen(rows)[0] == {"support_page": "https://a.example/"}


def test_steps_name_the_page_that_the_run_found() -> None:
    """An address in place of a description, wherever a step sends somebody there."""
    steps = first_steps([*works(IMAP), REJECTED], works(WEB))

    assert f"Open {PAGE}, and sign in" in steps
    assert f"Sign in at {PAGE} with the new password" in steps


@pytest.mark.parametrize(
    ("source", "page"),
    [("option", PAGE), ("provider", PAGE), ("guess", "https://mail.163.com/")],
)
def test_what_the_provider_documents_is_surer_than_a_guess(source: Any, page: str) -> None:
    web = msgspec.structs.replace(WEB, source=source)

    assert f"Open {page}, " in first_steps([*works(IMAP), REJECTED], works(web), provider="netease-163")


def test_a_guess_is_named_where_nothing_surer_is_known() -> None:
    web = msgspec.structs.replace(WEB, source="guess")

    assert seen(works(web)) == ({}, {"webmail_page": PAGE})
    assert f"Open {PAGE}, " in first_steps([*works(IMAP), REJECTED], works(web))


def test_a_finding_may_say_that_nobody_is_sent_there() -> None:
    slow = failed("login", IMAP, "server.slow", data={"webmail_page": ""})

    assert PAGE not in first_steps([*works(IMAP), slow], works(WEB))


HOSTILE = "https://web.corp.example/`rm -rf ~`\x1b[31m\u202e\n<script>{address}|"


def test_a_page_with_a_hostile_address_is_told_as_text() -> None:
    shown = [passed("tls", WEB), passed("web", WEB, shown={"webmail_page": HOSTILE})]

    steps = first_steps([*works(IMAP), REJECTED], shown)

    assert "{address}|" in steps
    assert not {"\x1b", "\u202e"} & set(steps)


def test_the_domain_alone_gets_pages_too() -> None:
    rows, judgement = judged(works(WEB), [failed("tls", IMAP, "tls.cert-expired")])
    run = msgspec.structs.replace(record(services=(IMAP, WEB)), subject=Subject(domain="corp.example"))

    steps = compose(run, rows, judgement, catalogue(), CHECKS).verdict.causes[0].remedies

    assert PAGE in str(steps)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "target", [SUBJECT, Host(name="mail.corp.example", source="srv"), IMAP], ids=["subject", "host", "service"]
)
@pytest.mark.parametrize("services", [(), (IMAP, SMTP)], ids=["no servers", "servers"])
def test_no_step_of_any_cause_has_a_blank_to_fill_in(
    target: Target, services: tuple[Service, ...], language: Language
) -> None:
    """A step that needs more than is known is not there, and something is left to do all the same."""
    rows = {one.id: failed("any", target, one.id) for one in catalogue()}
    judged = tuple(
        JudgedCause(id=one, certainty="likely", impact="blocks", seen=(Seen(result=row, finding=row.findings[0]),))
        for one, row in rows.items()
    )
    judgement = Judgement(status="problem", exit_code=1, causes=judged)

    report = compose(record(services=services), tuple(rows.values()), judgement, catalogue(), CHECKS, language)

    translate = translation(language)
    blanks = [translate(blank) for blank in RUN_FACTS.values()]
    for cause in report.verdict.causes:
        assert cause.remedies, cause.id
        steps = [step for one in cause.remedies for step in (*one.steps, *one.further)]
        assert [step for step in steps if any(blank in step for blank in blanks)] == [], cause.id


def test_a_cause_of_the_whole_account_is_looked_for_at_a_server_of_it() -> None:
    row = failed("any", SUBJECT, "network.tls-interception")
    judgement = Judgement(
        status="problem",
        exit_code=1,
        causes=(
            JudgedCause(
                id="network.tls-interception",
                certainty="likely",
                impact="blocks",
                seen=(Seen(result=row, finding=row.findings[0]),),
            ),
        ),
    )

    report = compose(record(services=(SMTP, IMAP)), (row,), judgement, catalogue(), CHECKS)

    assert "mail.corp.example:993" in str(report.verdict.causes[0].remedies)


@pytest.mark.parametrize(("service_of", "only_oauth"), [(IMAP, True), (SMTP, False), (WEB, True)])
def test_which_passwords_a_provider_takes_depends_on_the_protocol(service_of: Service, only_oauth: bool) -> None:
    """Microsoft 365 takes none for reading, and one for sending where the organisation allows it."""
    steps = first_steps([failed("login", service_of, "credentials.rejected")], provider="microsoft365")

    assert ("Add it again with OAuth2" in steps) == only_oauth
    assert ("Enter it in every mail program" in steps) != only_oauth
