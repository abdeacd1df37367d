"""Settings against what the domain says: other people's servers, missing names, a domain without MX."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from checks.dns.domain import DomainFacts
from checks.dns.host import HostFacts, judge_host
from checks.dns.provider import CHECK, ProviderFacts, judge_provider, probe_provider
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import CheckResult, Finding, Host, Inputs, Service, Subject, Target, text
from diagnose.network import DnsAnswer, HostAddresses, MxRecord, SystemLookup
from diagnose.running.context import Context
from diagnose.verdict.verdict import Judgement
from tests.support.build import CHECKS, SUBJECT
from tests.support.record import judge

OWN = Service(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="option")


def given(username: str = "alice@corp.example", domain: str = "corp.example") -> Inputs:
    subject = Subject(domain=domain, address=f"alice@{domain}", username=username)
    return Inputs(subject=subject, provider=None, services=())


def wrong(by_mx: str | None, host: str, owner: str, **more: Any) -> list[str]:
    facts = ProviderFacts(by_mx=by_mx, by_host={host: owner})
    return [finding.certainty for finding in judge_provider(facts, given(**more), SUBJECT)]


@pytest.mark.parametrize(
    ("by_mx", "host", "owner", "certainty"),
    [
        # somebody else's server: the mail has moved, or private people's providers do not take the domain
        ("microsoft365", "imap.gmail.com", "google", ["likely"]),
        ("google", "imap.mxhichina.com", "aliyun-qiye", ["likely"]),
        (None, "imap.mail.com", "mail-com", ["likely"]),
        (None, "imap.gmx.net", "gmx", ["likely"]),
        (None, "imap.163.com", "netease-163", ["likely"]),
        (None, "imap.mail.yahoo.com", "yahoo", ["likely"]),
        # a filter, or a gateway in the house, in front of a provider that has companies for customers
        (None, "imap.gmail.com", "google", []),
        (None, "outlook.office365.com", "microsoft365", []),
        (None, "ssl0.ovh.net", "ovh", []),
        (None, "secure.emailsrvr.com", "rackspace", []),
        # brands of one house
        ("gmx", "imap.web.de", "webde", ["possible"]),
        ("webde", "imap.mail.com", "mail-com", ["possible"]),
        ("tencent-exmail", "imap.qq.com", "qq-mail", ["possible"]),
        ("netease-qiye", "imap.163.com", "netease-163", ["possible"]),
        ("microsoft365", "outlook.office365.com", "outlook-com", []),
        ("google", "imap.gmail.com", "google", []),
        ("icloud", "imap.mail.me.com", "icloud", []),  # which takes domains of other people, and has their MX then
    ],
)
def test_whose_servers_the_settings_name(by_mx: str | None, host: str, owner: str, certainty: list[str]) -> None:
    assert wrong(by_mx, host, owner) == certainty


def taken_by(*exchanges: str) -> ProviderFacts:
    records = tuple(MxRecord(preference=10, exchange=name) for name in exchanges)
    answer = DnsAnswer(name="corp.example", record_type="MX", status="answered")
    domain = DomainFacts(mx=answer, ipv4=answer, ipv6=answer, records=records)
    inputs = msgspec.structs.replace(given(), facts=(domain,))
    return probe_provider(SUBJECT, inputs, cast("Context", None))  # which it does not use


@pytest.mark.parametrize(
    ("exchange", "service"),
    [
        ("mx1.improvmx.com", "ImprovMX"),
        ("route2.mx.cloudflare.net", "Cloudflare Email Routing"),
        ("mx1.simplelogin.co", "SimpleLogin"),
        ("redirect.ovh.net", "OVHcloud redirection"),
    ],
)
def test_a_domain_whose_mail_is_sent_on_may_have_no_mailbox(exchange: str, service: str) -> None:
    facts = taken_by(exchange)
    found = list(judge_provider(facts, given(), SUBJECT))

    assert [(one.cause, one.certainty) for one in found] == [("activation.mailbox-missing", "possible")]
    assert service in str(found[0].text)


def test_where_there_is_a_server_to_read_mail_from_its_own_answer_tells_of_the_mailbox() -> None:
    """A domain may have its mail sent on to its own server; a login that works is never called sick."""
    sending = msgspec.structs.replace(OWN, protocol="smtp", port=465)
    facts = taken_by("route1.mx.cloudflare.net")
    found = [
        list(judge_provider(facts, msgspec.structs.replace(given(), services=(one,)), SUBJECT))
        for one in (OWN, sending)
    ]

    assert [len(each) for each in found] == [0, 1]


@pytest.mark.parametrize(
    "exchanges",
    [
        ["mxa-0001.gslb.pphosted.com"],  # the mailbox is behind it
        ["mx.corp.example"],
        ["mx1.improvmx.com", "mx.corp.example"],
        ["mx1.mail.ovh.net"],
        [],
    ],
)
def test_other_mail_servers_say_nothing_against_a_mailbox(exchanges: list[str]) -> None:
    assert list(judge_provider(taken_by(*exchanges), given(), SUBJECT)) == []


def test_a_filter_is_named_as_what_hides_the_provider() -> None:
    facts = taken_by("eu-smtp-inbound-1.mimecast.com", "eu-smtp-inbound-2.mimecast.com")

    assert (facts.by_mx, facts.filtered_by, facts.forwarded_by) == (None, "Mimecast", "")
    assert CHECK.untold is not None
    assert "Mimecast" in str(CHECK.untold(facts))


@pytest.mark.parametrize(
    ("more", "certainty"),
    [
        ({"domain": "gmx.de"}, []),
        ({"username": "alice@gmx.net"}, []),  # who logs in to an account of theirs, and sends as somebody else
        ({"username": "alice"}, ["likely"]),
    ],
)
def test_an_account_of_theirs_is_no_mistake(more: dict[str, str], certainty: list[str]) -> None:
    assert wrong(None, "imap.gmx.net", "gmx", **more) == certainty


# -- names


def looked_up(status: Any, *addresses: str, stand_in: str | None = None) -> HostFacts:
    answers = [DnsAnswer(name="m", record_type=kind, status=status, text="NXDOMAIN") for kind in ("A", "AAAA")]
    system = SystemLookup(addresses=addresses)
    found = HostAddresses(host="m", addresses=addresses, ipv4=answers[0], ipv6=answers[1], system=system)
    return HostFacts(found=found, stand_in=stand_in)


@pytest.mark.parametrize(
    ("facts", "source", "causes"),
    [
        (looked_up("name_not_found", "192.0.2.9", stand_in="m.office.example"), "option", ["dns.host-missing"]),
        (looked_up("name_not_found", "192.0.2.9", stand_in="m.office.example"), "guess", []),
        (looked_up("name_not_found"), "option", ["dns.host-missing"]),
        (looked_up("name_not_found", "192.0.2.9"), "option", []),  # out of the hosts file, say
        (looked_up("answered", "192.0.2.9"), "option", []),
    ],
)
def test_a_name_that_only_a_search_domain_makes_is_missing(facts: HostFacts, source: Any, causes: list[str]) -> None:
    assert [f.cause for f in judge_host(facts, given(), Host(name="mail.corp.exampel", source=source))] == causes


# -- a domain without mail beside a login that was answered


def row(check: str, target: Target, *findings: tuple[str, Any], usable: bool | None = None) -> CheckResult:
    known = catalogue()
    made = tuple(
        Finding(cause=c, certainty=how, proof=known[c].proof_names[0], text=text("Seen.")) for c, how in findings
    )
    fine = not any(how != "possible" for _, how in findings) if usable is None else usable
    return CheckResult(
        id=check, check=check, family=check.partition(".")[0], title=text("T"), target=target,
        status="pass" if fine else "fail", facts=SUBJECT, findings=made, usable=fine,
    )  # fmt: skip


def judged(*rows: CheckResult) -> Judgement:
    return judge(rows, (OWN,), catalogue(), CHECKS, login_asked=True)


REACHED = (row("reach", OWN), row("tls", OWN), row("server", OWN))
BESIDE = ("dns.no-mx", "dns.null-mx", "dns.mx-unresolvable", "dns.broken-zone", "dns.domain-missing")


@pytest.mark.parametrize("cause", BESIDE)
@pytest.mark.parametrize("reason", ["credentials.rejected", "lockout.account-locked"])
def test_what_the_login_said_goes_before_what_is_wrong_with_the_domain(cause: str, reason: str) -> None:
    found = judged(row("dns.domain", SUBJECT, (cause, "confirmed")), *REACHED, row("login", OWN, (reason, "likely")))

    assert [(one.id, one.impact) for one in found.causes] == [(reason, "blocks"), (cause, "hinders")]
    assert found.exit_code == 1


@pytest.mark.parametrize("cause", BESIDE)
def test_a_domain_without_mail_blocks_no_login_that_works(cause: str) -> None:
    found = judged(row("dns.domain", SUBJECT, (cause, "confirmed")), *REACHED, row("login", OWN))

    assert [(one.id, one.impact) for one in found.causes] == [(cause, "hinders")]
    assert found.exit_code == 0


@pytest.mark.parametrize("cause", BESIDE)
def test_it_blocks_where_no_login_was_answered(cause: str) -> None:
    found = judged(row("dns.domain", SUBJECT, (cause, "confirmed")), *REACHED)

    assert (found.causes[0].id, found.causes[0].impact, found.exit_code) == (cause, "blocks", 1)


@pytest.mark.parametrize("cause", ["dns.wrong-provider", "address.typo-domain"])
def test_what_explains_the_answer_goes_before_it(cause: str) -> None:
    login = row("login", OWN, ("credentials.rejected", "confirmed"))
    found = judged(row("dns.provider", SUBJECT, (cause, "likely")), *REACHED, login)

    assert [(one.id, one.impact, one.explains) for one in found.causes] == [
        (cause, "blocks", ("credentials.rejected",))
    ]


MISTAKEN = Service(protocol="imap", host="imap.exmail.qq.com", port=993, tls="implicit", source="option")
ITS_OTHER = Service(protocol="smtp", host="smtp.exmail.qq.com", port=465, tls="implicit", source="provider")
RIGHT = Service(protocol="imap", host="outlook.office365.com", port=993, tls="implicit", source="option")


@pytest.mark.parametrize(
    ("answered", "causes"),
    [
        (MISTAKEN, [("dns.wrong-provider", ("credentials.rejected",))]),
        (ITS_OTHER, [("dns.wrong-provider", ("credentials.rejected",))]),
        # the mailbox was moved, and it is the new provider that refuses: SRV records of old are no reason for that
        (RIGHT, [("credentials.rejected", ()), ("dns.wrong-provider", ())]),
    ],
    ids=["the mistaken server", "another of the same provider", "the server of the provider that has the mail"],
)
def test_a_move_explains_what_the_old_provider_answers_and_nothing_else(
    answered: Service, causes: list[tuple[str, tuple[str, ...]]]
) -> None:
    facts = ProviderFacts(by_mx="microsoft365", by_host={MISTAKEN.host: "tencent-exmail"})
    inputs = msgspec.structs.replace(given(), services=(MISTAKEN, ITS_OTHER, RIGHT))
    moved = msgspec.structs.replace(
        row("dns.provider", SUBJECT, ("dns.wrong-provider", "likely")),
        findings=tuple(judge_provider(facts, inputs, SUBJECT)),
    )
    login = row("login", answered, ("credentials.rejected", "confirmed"))

    found = judge((moved, login), (MISTAKEN, ITS_OTHER, RIGHT), catalogue(), CHECKS, login_asked=True)

    assert [(one.id, one.explains) for one in found.causes] == causes
