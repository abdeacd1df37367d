"""`--seen`: what the person saw is weighed beside what the run finds itself, and never against it."""

from __future__ import annotations

import msgspec
import pytest

from checks.credentials.seen import CHECK, SeenFacts, judge_seen, working_families
from checks.dns.domain import DomainFacts
from checks.login.login import LoginFacts
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.html import PageFacts
from checks.web.web import WebFacts
from diagnose.account.person import Consent
from diagnose.account.secret import MASK
from diagnose.cli.lab import request_for
from diagnose.knowledge.catalogue import FAMILIES
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Facts, Finding, Inputs, Service, Target
from diagnose.model.report import Report, ReportCause
from diagnose.network.resolver import DnsAnswer, DnsStatus, RecordType
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import Presentation
from reports.json import RENDERER as JSON
from tests.pace import patient
from tests.support.build import SUBJECT as ALICE

from .command_line import CommandLine

IMAP = Service(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="srv")
SMTP = Service(protocol="smtp", host="smtp.corp.example", port=465, tls="implicit", source="srv")
GUESS = Service(protocol="pop3", host="pop.corp.example", port=995, tls="implicit", source="guess")
PAGE = Service(protocol="webmail", host="mail.corp.example", port=443, tls="implicit", source="option")

LOCKED = "账号已被锁定"
FULL = "452 4.2.2 The email account that you tried to reach is over quota."


def given(*left: tuple[Target, Facts], provider: str | None = None, domain: DomainFacts | None = None) -> Inputs:
    """What other checks left behind."""
    services = tuple({target for target, _ in left if isinstance(target, Service)})
    needed = (domain,) if domain else ()
    return Inputs(subject=ALICE, provider=provider, services=services, facts=needed, elsewhere=left)


def reached(*, connected: bool) -> ReachFacts:
    return ReachFacts(addresses=("192.0.2.1",), connected="192.0.2.1" if connected else None, attempts=())


def read(message: str, known: Inputs | None = None) -> list[Finding]:
    return list(judge_seen(SeenFacts(messages=(message,)), known or given(), ALICE))


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (LOCKED, "lockout.account-locked"),
        ("a1 NO [AUTHENTICATIONFAILED] LOGIN failed", "credentials.rejected"),
        ("535 5.7.8 Error: authentication failed", "credentials.rejected"),
    ],
)
def test_a_message_alone_is_no_proof(message: str, cause: str) -> None:
    first, *others = read(message)

    assert (first.cause, first.certainty) == (cause, "likely")
    assert all(other.certainty == "possible" for other in others)
    assert message in first.text.render()


def test_a_message_that_means_nothing_is_no_finding() -> None:
    assert read("The weather is fine.") == []


def test_the_provider_decides_what_a_message_hides() -> None:
    causes = [finding.cause for finding in read("LOGIN failed", given(provider="qq-mail"))]

    assert causes[0] == "credentials.app-password-required"  # which its own file says that it takes alone
    assert "credentials.rejected" in causes
    assert "credentials.app-password-required" not in [finding.cause for finding in read("LOGIN failed")]


RECORDS: tuple[RecordType, ...] = ("MX", "A", "AAAA")


def domain(status: DnsStatus) -> DomainFacts:
    """What DNS says of the domain, when every question ends in *status*."""
    mx, ipv4, ipv6 = (DnsAnswer(name="corp.example", record_type=kind, status=status) for kind in RECORDS)
    return DomainFacts(mx=mx, ipv4=ipv4, ipv6=ipv6)


LOGIN_PAGE = WebFacts(hops=(), loop=False, page=PageFacts(password_field=True))


@pytest.mark.parametrize(
    ("known", "working"),
    [
        (given(), set()),
        (given(domain=domain("answered")), {"network"}),
        (given(domain=domain("timed_out")), set()),
        (given((IMAP, reached(connected=True))), {"dns", "reach"}),
        (given((IMAP, reached(connected=False))), set()),
        (given((IMAP, reached(connected=True)), (SMTP, reached(connected=False))), set()),
        (given((IMAP, reached(connected=True)), (GUESS, reached(connected=False))), {"dns", "reach"}),
        (given((GUESS, reached(connected=True))), {"dns", "reach"}),
        (given((IMAP, TlsFacts(verified=True, at=0.0))), {"network", "tls"}),
        (given((IMAP, TlsFacts(verified=False, at=0.0))), set()),
        (given((IMAP, ServerFacts(open=True))), {"server"}),
        (given((IMAP, ServerFacts(open=False))), set()),
        (given((PAGE, LOGIN_PAGE)), {"web"}),
        (given((PAGE, WebFacts(hops=(), loop=False))), set()),
        (given((IMAP, LoginFacts(outcome="rejected"))), {"network", "dns", "reach", "server", "tls"}),
        (given((IMAP, LoginFacts(outcome="unanswered"))), set()),
        (given((IMAP, LoginFacts(outcome="accepted"))), set(FAMILIES)),
    ],
)
def test_what_works_speaks_against_a_message(known: Inputs, working: set[str]) -> None:
    assert working_families(known) == working


def test_what_the_run_speaks_against_is_only_possible() -> None:
    refused = "Could not connect to server: Connection refused"
    reached_all = given((IMAP, reached(connected=True)))

    assert read(refused)[0].certainty == "likely"
    assert read(refused)[0].cause.startswith("reach.")
    assert {finding.certainty for finding in read(refused, reached_all)} == {"possible"}
    assert read(LOCKED, reached_all)[0].certainty == "likely"


# -- whole runs, on the lab's servers


def told(scenario: str, *messages: str, login: bool = True, redact: bool = False) -> Report:
    """The report of a run that was told *messages*."""
    with Estate(SCENARIOS[scenario]) as estate:
        request = request_for(estate, seconds=patient(30), presentation=Presentation(redact=redact))
        return diagnose(
            msgspec.structs.replace(
                request,
                person=msgspec.structs.replace(request.person, seen=messages),
                consent=Consent(login=login),
            )
        ).report


def by_id(report: Report) -> dict[str, ReportCause]:
    return {cause.id: cause for cause in report.verdict.causes}


def seen(report: Report) -> dict[str, str]:
    """Cause to certainty, as the check itself says."""
    (check,) = [check for check in report.checks if check.id == "seen"]
    assert check.status != "error"
    return {finding.cause: finding.certainty for finding in check.findings}


def test_without_a_message_there_is_nothing_to_weigh() -> None:
    (check,) = [check for check in told("healthy").checks if check.id == "seen"]

    assert check.status == "skip"


def test_a_login_that_works_speaks_against_all_of_them() -> None:
    report = told("healthy", LOCKED, FULL, "Could not connect to server")

    assert (report.verdict.status, report.verdict.exit_code) == ("healthy", 0)
    assert set(seen(report).values()) == {"possible"}


def test_where_no_login_was_made_a_message_is_the_likeliest_cause() -> None:
    report = told("healthy", LOCKED, login=False)

    assert report.verdict.exit_code == 1
    assert by_id(report)["lockout.account-locked"].certainty == "likely"
    assert by_id(report)["lockout.account-locked"].impact == "blocks"


def test_a_message_says_more_than_a_plain_rejection() -> None:
    report = told("wrong-password", LOCKED)

    assert report.verdict.exit_code == 1
    assert report.verdict.causes[0].id == "lockout.account-locked"
    assert report.verdict.causes[0].certainty == "likely"
    assert "credentials.rejected" in report.verdict.causes[0].explains


def test_the_same_cause_gets_further_evidence() -> None:
    alone, both = (
        by_id(told("wrong-password", *messages))["credentials.rejected"]
        for messages in ((), ("535 5.7.8 authentication failed",))
    )

    assert both.certainty == alone.certainty
    assert [one.check.partition(".")[0] for one in alone.evidence] == ["login"]
    assert [one.check.partition(".")[0] for one in both.evidence] == ["login", "seen"]


def test_what_the_run_proves_comes_before_what_was_seen() -> None:
    report = told("cert-expired", "Could not resolve host: imap.corp.example", "Connection timed out")

    assert report.verdict.causes[0].id == "tls.cert-expired"
    assert report.verdict.causes[0].certainty == "confirmed"
    assert set(seen(report).values()) == {"possible"}


def test_secrets_in_a_message_are_masked() -> None:
    with Estate(SCENARIOS["wrong-password"]) as estate:
        request = request_for(estate, seconds=patient(30))
        message = f"I typed {estate.password} and saw: LOGIN failed"
        report = diagnose(
            msgspec.structs.replace(request, person=msgspec.structs.replace(request.person, seen=(message,)))
        ).report
        written = JSON.render(report, RenderStyle())

        assert MASK in written
        assert estate.password
        assert estate.password not in written
        assert seen(report)["credentials.rejected"] == "likely"


def test_names_in_a_message_are_redacted() -> None:
    written = JSON.render(told("wrong-password", "LOGIN failed for alice@corp.example", redact=True), RenderStyle())

    assert "This message was seen: LOGIN failed for user-1@corp.example" in written
    assert "alice" not in written


@pytest.mark.parametrize(
    "message", ["\x1b[2J\u202eLOGIN failed\x00", "LOGIN failed " * 9_000, "\udcff密码错误", "{}{host}%s"]
)
def test_a_hostile_message_breaks_nothing(message: str) -> None:
    report = told("healthy", message, login=False)
    written = JSON.render(report, RenderStyle())

    seen(report)
    assert not set("\x1b\u202e\x00") & set(written)
    assert len(written) < 200_000


def test_the_option_may_be_given_again_and_begin_as_a_reply_does(command: CommandLine) -> None:
    with Estate(SCENARIOS["healthy"]) as estate:
        arguments = ["corp.example", "--resolver", estate.resolver, "--ca-file", str(estate.ca_file)]
        messages = ["--seen", "-ERR [AUTH] invalid password", "--seen", "  ", "--seen", LOCKED]
        done = command(*arguments, *messages, "--no-third-party", "--format", "json")

    assert done.code == 1
    (check,) = [check for check in done.json["checks"] if check["id"] == "seen"]
    assert check["facts"]["messages"] == ["-ERR [AUTH] invalid password", LOCKED]


@pytest.mark.parametrize("message", ["abcxyz", "qwertz 42", "☃", "foo bar baz"])
def test_words_that_mean_nothing_here_are_no_good_sign(message: str) -> None:
    """They point at no cause because nobody knows what they say."""
    told = CHECK.untold(SeenFacts(messages=(LOCKED, message)))

    assert told is not None
    assert message in told.render()


@pytest.mark.parametrize(
    "message", [LOCKED, "Sent: all 3 messages delivered, no errors", "Maintenance completed, all services are up"]
)
def test_words_that_are_understood_are_not_said_to_be_unknown(message: str) -> None:
    assert CHECK.untold(SeenFacts(messages=(message,))) is None


def test_standard_error_says_what_was_not_understood(command: CommandLine) -> None:
    arguments = ["corp.example", "--resolver", "127.0.0.1:9", "--timeout", "2", "--no-third-party", "--no-history"]
    done = command(*arguments, "--seen", "abcxyz", "--seen", LOCKED)

    assert "“abcxyz”" in done.err
    assert LOCKED not in done.err


OLD = "credentials.stored-password"


@pytest.mark.parametrize(
    ("message", "login", "expected"),
    [
        ("a1 NO [AUTHENTICATIONFAILED] LOGIN failed", LoginFacts(outcome="accepted"), (OLD, "confirmed")),
        ("535 5.7.8 Error: authentication failed", LoginFacts(outcome="accepted"), (OLD, "confirmed")),
        ("用户名或密码错误", LoginFacts(outcome="accepted"), (OLD, "confirmed")),
        # near misses: another cause, no login, a rejected one, one with a token
        (LOCKED, LoginFacts(outcome="accepted"), ("lockout.account-locked", "possible")),
        ("535 5.7.8 Error: authentication failed", None, ("credentials.rejected", "likely")),
        ("535 5.7.8 Error: authentication failed", LoginFacts(outcome="rejected"), ("credentials.rejected", "likely")),
        (
            "535 5.7.8 Error: authentication failed",
            LoginFacts(outcome="accepted", with_token=True),
            ("credentials.rejected", "possible"),
        ),
    ],
)
def test_what_works_here_and_fails_there_was_another_password(
    message: str, login: LoginFacts | None, expected: tuple[str, str]
) -> None:
    first, *_ = read(message, given((IMAP, login)) if login else given())

    assert (first.cause, first.certainty) == expected
