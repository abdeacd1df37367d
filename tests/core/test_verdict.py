"""The verdict: which ways are open, what only follows from what, what matters, and in which order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnose.knowledge.catalogue import Catalogue, Cause, Remedy, catalogue
from diagnose.model import Certainty, Check, CheckResult, Finding, Host, Service, Skip, Target, text
from diagnose.model.protocols import ProtocolName, TlsMode
from diagnose.record.run import INTERRUPTED, OUT_OF_TIME
from diagnose.verdict.verdict import JudgedCause, Judgement
from tests.support.build import CHECKS, SUBJECT
from tests.support.record import judge

KNOWN = catalogue()


def service(
    protocol: ProtocolName,
    host: str = "mail.corp.example",
    port: int = 993,
    source: Any = "option",
    tls: TlsMode = "implicit",
) -> Service:
    return Service(protocol=protocol, host=host, port=port, tls=tls, source=source)


IMAP, IMAP_STARTTLS = service("imap"), service("imap", port=143, tls="starttls")
POP3 = service("pop3", port=995)
SMTP = service("smtp", port=465)
WEB = service("webmail", "web.corp.example", 443)


class Noted(msgspec.Struct, frozen=True):
    word: str = ""


def named(cause: str, certainty: Certainty = "confirmed", *, partial: bool = False) -> Finding:
    proof = KNOWN[cause].proof_names[0] if cause in KNOWN else "seen"
    sentence = text("Seen: {cause}", cause=cause)
    return Finding(cause=cause, certainty=certainty, proof=proof, text=sentence, partial=partial)


def result(check: str, target: Target, *findings: Finding, **more: Any) -> CheckResult:
    """As the runner makes it: the status follows from the findings."""
    serious = [f for f in findings if KNOWN[f.cause].impact != "hinders" and not f.partial]
    status: Any = "fail" if any(f.certainty != "possible" for f in serious) else "warn" if findings else "pass"
    place = f".{target.protocol}.{target.host}.{target.port}" if isinstance(target, Service) else ""
    given = {"status": status, "usable": status != "fail", "facts": Noted()} | more
    return CheckResult(
        id=check + place,
        check=check,
        family=check.partition(".")[0],
        title=text("Claim of {check}", check=check),
        target=target,
        findings=findings,
        **given,
    )


LATE = OUT_OF_TIME.render()


def skipped(check: str, target: Target, why: str = "there is no password to log in with") -> CheckResult:
    return result(check, target, status="skip", usable=False, facts=None, skipped_because=Skip(reason=text(why)))


def working(one: Service, *, login: bool = True) -> list[CheckResult]:
    """All that a healthy service passes."""
    checks = ["web", "tls"] if one.protocol == "webmail" else ["reach", "tls", "server"]
    passed = [result(check, one) for check in checks]
    return passed + ([result("login", one)] if login and one.protocol != "webmail" else [])


def shut(one: Service, cause: str = "reach.refused") -> list[CheckResult]:
    """Nothing gets through, and what would follow is skipped."""
    rest = ["web"] if one.protocol == "webmail" else ["tls", "server", "login"]
    return [result("reach", one, named(cause)), *(skipped(check, one, "{check}") for check in rest)]


def judged(*results: list[CheckResult], services: tuple[Service, ...] | None = None, **more: Any) -> Judgement:
    rows = tuple(itertools.chain(*results))
    known = dict.fromkeys(row.target for row in rows if isinstance(row.target, Service))
    checks = more.pop("checks", ruling({}))
    return judge(rows, tuple(known) if services is None else services, KNOWN, checks, **{"login_asked": True} | more)


def ruling(rules_out: Mapping[str, tuple[str, ...]]) -> Mapping[str, Check[Any]]:
    """The checks, where each rules out only what is said here."""
    return {name: msgspec.structs.replace(check, rules_out=rules_out.get(name, ())) for name, check in CHECKS.items()}


def causes(judgement: Judgement) -> dict[str, str]:
    return {cause.id: cause.impact for cause in judgement.causes}


def cause(judgement: Judgement, cause_id: str) -> JudgedCause:
    (one,) = (one for one in judgement.causes if one.id == cause_id)
    return one


# -- which way is shut decides what blocks


@pytest.mark.parametrize(
    ("results", "impact", "code"),
    [
        ([shut(IMAP), working(POP3), working(SMTP)], "hinders", 0),
        ([shut(IMAP), working(IMAP_STARTTLS), working(SMTP)], "hinders", 0),
        ([shut(IMAP), shut(POP3), working(SMTP)], "blocks", 1),
        ([shut(IMAP), working(SMTP)], "blocks", 1),
        ([working(IMAP), shut(SMTP)], "blocks", 1),
        ([working(IMAP), working(SMTP), shut(WEB, "web.login-page-down")], "blocks", 1),
        ([shut(service("imap", source="guess")), working(POP3), working(SMTP)], "hinders", 0),
        ([shut(IMAP), working(service("pop3", port=995, source="guess")), working(SMTP)], "hinders", 0),
    ],
    ids=[
        "IMAP shut, POP3 open",
        "one IMAP port shut, the other open",
        "IMAP and POP3 shut",
        "the only one for reading shut",
        "sending shut while reading is open",
        "webmail shut while programs work",
        "a guessed one shut beside a named one that is open",
        "a named one shut beside a guessed one that is open",
    ],
)
def test_a_cause_blocks_when_it_shuts_a_way(results: list[list[CheckResult]], impact: str, code: int) -> None:
    """There are three ways, and one open service keeps its way open."""
    judgement = judged(*results)

    assert list(causes(judgement).values()) == [impact]
    assert judgement.exit_code == code
    assert judgement.status == {0: "healthy", 1: "problem"}[code]


JMAP, SIEVE = service("jmap", port=443), service("sieve", port=4190, tls="starttls")


@pytest.mark.parametrize(
    ("results", "impact", "ways"),
    [
        ([shut(JMAP)], "blocks", {"reading": "shut", "sending": "shut"}),
        ([shut(JMAP), working(IMAP), working(SMTP)], "hinders", {"reading": "open", "sending": "open"}),
        ([shut(JMAP), working(IMAP)], "blocks", {"reading": "open", "sending": "shut"}),
        ([working(JMAP), shut(IMAP), shut(SMTP)], "hinders", {"reading": "open", "sending": "open"}),
        ([working(IMAP), working(SMTP), shut(SIEVE)], "hinders", {"reading": "open", "sending": "open"}),
        ([shut(SIEVE), shut(IMAP), working(SMTP)], "blocks", {"reading": "shut", "sending": "open"}),
    ],
    ids=[
        "JMAP alone, shut",
        "JMAP shut beside both ways open",
        "JMAP shut, and with it the only way to send",
        "JMAP open beside both ways shut",
        "mail filters shut",
        "mail filters shut beside a way that is",
    ],
)
def test_one_service_may_open_several_ways_or_none(
    results: list[list[CheckResult]], impact: str, ways: dict[str, str]
) -> None:
    """What is beside the mailbox never blocks a login."""
    judgement = judged(*results)

    assert judgement.ways == ways
    assert list(causes(judgement).values()) == [impact]


@pytest.mark.parametrize(
    ("check", "way", "ways"),
    [
        ("login.mailbox", "reading", {"reading": "shut", "sending": "open"}),
        ("login.sender", "sending", {"reading": "open", "sending": "shut"}),
        ("server", None, {"reading": "shut", "sending": "shut"}),
    ],
)
def test_a_check_may_tell_of_one_way_alone(check: str, way: Any, ways: dict[str, str]) -> None:
    """A session that lets nobody send lets people read, and the other way about."""
    row = result(check, JMAP, named("settings.protocol-disabled"), way=way)

    judgement = judged([*working(JMAP), row])

    assert judgement.ways == ways
    assert judgement.exit_code == 1


def test_a_server_of_mail_filters_is_no_service_to_log_in_to() -> None:
    """Alone it leaves open all that was asked."""
    judgement = judged([result(check, SIEVE) for check in ("reach", "server", "tls")])

    assert (judgement.exit_code, judgement.ways) == (3, {})
    assert judgement.unchecked[0].render() == "No mail service could be found to check."


def test_healthy_is_exit_0_and_says_that_the_login_works() -> None:
    """Everything passed."""
    judgement = judged(working(IMAP), working(SMTP), working(WEB))

    assert judgement == Judgement(
        status="healthy",
        exit_code=0,
        causes=(),
        login_works=True,
        ways={"reading": "open", "sending": "open", "web": "open"},
        open_services=(IMAP, SMTP, WEB),
    )


def test_a_cause_of_the_account_shuts_all_of_its_way() -> None:
    """A password that IMAP refused would be refused by POP3, which was not asked."""
    rejected = [*working(IMAP, login=False), result("login", IMAP, named("credentials.rejected"))]
    judgement = judged(rejected, [*working(POP3, login=False), skipped("login", POP3)])

    assert causes(judgement) == {"credentials.rejected": "blocks"}
    assert judgement.ways["reading"] == "shut"


def test_a_protocol_that_is_switched_off_hinders_where_another_takes_the_login() -> None:
    """IMAP off, POP3 on: mail can be read."""
    off = [*working(IMAP, login=False), result("login", IMAP, named("settings.protocol-disabled"))]

    assert causes(judged(off, working(POP3), working(SMTP))) == {"settings.protocol-disabled": "hinders"}
    assert judged(off, working(POP3), working(SMTP)).exit_code == 0


def test_a_host_that_is_missing_shuts_its_services() -> None:
    """The finding is the host's, the way that of its services."""
    host = [result("dns.host", Host(name=IMAP.host, source="option"), named("dns.host-missing"))]
    lost = [skipped(check, IMAP, "{check}") for check in ("reach", "tls", "server", "login")]
    other = service("pop3", "pop.corp.example", 995)

    assert causes(judged(host, lost)) == {"dns.host-missing": "blocks"}
    assert causes(judged(host, lost, working(other))) == {"dns.host-missing": "hinders"}


# -- what only follows from something else


def explained(judgement: Judgement) -> dict[str, tuple[str, ...]]:
    return {one.id: one.explains for one in judgement.causes}


def test_what_follows_is_folded_into_its_root() -> None:
    """No domain, so no host, so nothing answers: one cause, which says what it explains."""
    judgement = judged(
        [result("dns.domain", SUBJECT, named("dns.domain-missing"))],
        [result("dns.host", Host(name=IMAP.host, source="option"), named("dns.host-missing"))],
        shut(IMAP, "reach.timeout"),
    )

    assert [one.id for one in judgement.causes] == ["dns.domain-missing"]
    assert set(judgement.causes[0].explains) == {"dns.host-missing", "reach.timeout"}


def made(cause_id: str, scope: Any, *explains: str, impact: Any = "blocks") -> Cause:
    return Cause(
        id=cause_id, title="T", summary="S.", proof="P.", proofs=("seen",), fixer="user",
        scope=scope, impact=impact, explains=explains, remedies=(Remedy(fixer="user", steps=("Wait.",)),),
    )  # fmt: skip


OTHER_HOST = service("smtp", "smtp.corp.example", 465)


@pytest.mark.parametrize(
    ("scope", "here", "there", "folded"),
    [
        ("service", IMAP, IMAP, True),
        ("service", IMAP, SMTP, False),
        ("service", IMAP, OTHER_HOST, False),
        ("host", IMAP, SMTP, True),
        ("host", IMAP, OTHER_HOST, False),
        ("host", Host(name=IMAP.host, source="option"), SMTP, True),
        ("host", Host(name=IMAP.host, source="option"), OTHER_HOST, False),
        ("host", IMAP, SUBJECT, False),
        ("account", IMAP, OTHER_HOST, True),
        ("domain", IMAP, OTHER_HOST, True),
        ("computer", IMAP, SUBJECT, True),
        ("service", SUBJECT, OTHER_HOST, True),
    ],
)
def test_a_cause_explains_within_its_scope(scope: str, here: Target, there: Target, folded: bool) -> None:
    """Its own service, its own host, or everything; what a check on the subject found is true of everything."""
    small = Catalogue([made("a.root", scope, "a.follows"), made("a.follows", "service")])
    rows = (
        result("x", here, named("reach.refused")),
        result("y", there, named("reach.refused")),
    )
    rows = (
        msgspec.structs.replace(rows[0], findings=(named("a.root"),)),
        msgspec.structs.replace(rows[1], findings=(named("a.follows"),)),
    )
    services = tuple(dict.fromkeys(t for t in (here, there) if isinstance(t, Service)))

    judgement = judge(rows, services, small, CHECKS, login_asked=False)

    assert (("a.follows" in explained(judgement).get("a.root", ())), "a.follows" in causes(judgement)) == (
        folded,
        not folded,
    )


@pytest.mark.parametrize(
    ("root", "follows", "folded"),
    [
        (named("a.root", "confirmed"), named("a.follows", "confirmed"), True),
        (named("a.root", "likely"), named("a.follows", "confirmed"), True),
        (named("a.root", "possible"), named("a.follows", "possible"), False),
        (named("a.root", partial=True), named("a.follows"), False),
        (named("a.root", partial=True), named("a.follows", partial=True), True),
        (named("a.root"), named("a.follows", partial=True), True),
        (named("a.mild"), named("a.follows"), False),
        (named("a.mild"), named("a.follows", partial=True), True),
    ],
)
def test_only_what_is_sure_and_whole_explains(root: Finding, follows: Finding, folded: bool) -> None:
    """A part, or what only hinders, does not explain that all is shut; a possibility explains nothing."""
    small = Catalogue(
        [made("a.root", "account", "a.follows"), made("a.mild", "account", "a.follows", impact="hinders"),
         made("a.follows", "service")]
    )  # fmt: skip
    rows = [result("x", SUBJECT, status="fail"), result("y", IMAP, status="fail", usable=False)]
    rows = [msgspec.structs.replace(row, findings=(f,)) for row, f in zip(rows, (root, follows), strict=True)]

    judgement = judge(tuple(rows), (IMAP,), small, CHECKS, login_asked=True)

    assert ("a.follows" not in causes(judgement)) == folded


def test_a_chain_of_explanations_ends_at_the_root() -> None:
    """What explains by way of a third explains directly too."""
    small = Catalogue([made("a.a", "account", "a.b"), made("a.b", "account", "a.c"), made("a.c", "account")])
    rows = tuple(
        msgspec.structs.replace(result("x", SUBJECT, status="fail"), findings=(named(cause_id),), id=cause_id)
        for cause_id in ("a.c", "a.a", "a.b")
    )

    assert explained(judge(rows, (), small, CHECKS, login_asked=False)) == {"a.a": ("a.c", "a.b")}


def test_what_shuts_a_way_blocks_even_when_folded_into_a_cause_elsewhere() -> None:
    """The root was seen where another way in is open; what follows from it shuts sending altogether."""
    ban, silence = named("lockout.address-blocked"), named("reach.timeout")
    assert KNOWN.explains("lockout.address-blocked", "reach.timeout")
    assert KNOWN["lockout.address-blocked"].scope == "host"
    other = service("pop3", "pop.corp.example", 995)
    judgement = judged(
        [result("server", IMAP, ban), result("tls", IMAP), skipped("login", IMAP, "{check}")],
        [result("reach", SMTP, silence)],
        working(other),
    )

    assert judgement.ways == {"reading": "open", "sending": "shut"}
    assert judgement.exit_code == 1
    assert "blocks" in causes(judgement).values()


def test_a_mailbox_that_does_not_open_on_one_port_is_not_open_by_the_other() -> None:
    """The login was accepted on the first and so not tried on the second."""
    refused = result("login.mailbox", IMAP, named("settings.protocol-disabled", "likely"))
    untried = [row for row in working(IMAP_STARTTLS) if row.check != "login"]
    judgement = judged(working(IMAP), [refused], untried, [skipped("login", IMAP_STARTTLS, "{check}")])

    assert causes(judgement) == {"settings.protocol-disabled": "blocks"}
    assert judgement.exit_code == 1


# -- certainty, parts, strictness


def test_a_part_only_hinders() -> None:
    """One MX of two is dead: mail still comes."""
    judgement = judged(
        working(IMAP), working(SMTP), [result("dns.domain", SUBJECT, named("dns.mx-unresolvable", partial=True))]
    )

    assert (judgement.exit_code, causes(judgement)) == (0, {"dns.mx-unresolvable": "hinders"})


def test_the_same_cause_seen_whole_somewhere_blocks() -> None:
    """A part here does not make a whole there smaller."""
    judgement = judged(
        [result("a", SUBJECT, named("dns.broken-zone", partial=True)), result("b", SUBJECT, named("dns.broken-zone"))],
        working(IMAP, login=False),
    )

    assert (judgement.exit_code, causes(judgement)) == (1, {"dns.broken-zone": "blocks"})


def test_strict_makes_a_problem_of_what_hinders() -> None:
    """But not of what is only possible."""
    expiring = [*working(IMAP), result("tls", IMAP_STARTTLS, named("tls.cert-expiring"))]
    assert judged(expiring, working(SMTP)).exit_code == 0
    assert judged(expiring, working(SMTP), strict=True).exit_code == 1

    maybe = [result("dns.system", SUBJECT, named("network.resolver-down", "possible"))]
    assert judged(working(IMAP), working(SMTP), maybe, strict=True).exit_code == 0


def test_only_possible_is_no_problem() -> None:
    """It is a hint, and needs proof before it counts."""
    off = result("login", IMAP, named("settings.protocol-disabled", "possible"))
    judgement = judged(working(IMAP, login=False), [off], login_asked=False)

    assert judgement.status != "problem"


def test_a_login_that_works_speaks_against_likely_causes_of_the_whole() -> None:
    """What was only likely before becomes possible, and what is confirmed of the whole hinders at most."""
    odd = [result("password", SUBJECT, named("credentials.input-error", "likely"))]
    gone = [result("dns.domain", SUBJECT, named("dns.no-mx", "confirmed"))]

    works = judged(working(IMAP), working(SMTP), odd, gone)
    assert works.exit_code == 0
    assert set(causes(works).values()) == {"hinders"}
    assert cause(works, "credentials.input-error").certainty == "possible"
    fails = judged(working(IMAP, login=False), [result("login", IMAP, named("credentials.rejected", "likely"))], odd)
    assert cause(fails, "credentials.input-error").certainty == "likely"
    assert fails.exit_code == 1


def test_a_login_that_works_excuses_nothing_while_a_way_is_shut() -> None:
    """Reading works, sending does not: the domain's trouble may well be why."""
    judgement = judged(working(IMAP), shut(SMTP), [result("dns.domain", SUBJECT, named("dns.broken-zone", "likely"))])

    assert judgement.exit_code == 1
    assert cause(judgement, "dns.broken-zone").certainty == "likely"


# -- inconclusive


def inconclusive(judgement: Judgement) -> list[str]:
    assert (judgement.status, judgement.exit_code) == ("inconclusive", 3)
    return [one.render() for one in judgement.unchecked]


def test_a_login_that_was_asked_for_and_not_made_is_inconclusive() -> None:
    """With the reason."""
    untested = [*working(IMAP, login=False), skipped("login", IMAP)]

    assert inconclusive(judged(untested)) == [
        "The login itself could not be tested: there is no password to log in with."
    ]
    assert judged(untested, login_asked=False).exit_code == 0


def test_no_service_at_all_is_inconclusive() -> None:
    """There was nothing to check."""
    assert "No mail service could be found to check." in inconclusive(judged([], services=(), login_asked=False))


def test_a_check_in_error_is_inconclusive() -> None:
    """It might have found something."""
    ill = result("web", WEB, status="error", usable=False, facts=None)

    assert "The check “Claim of web” ended in an error." in inconclusive(judged(working(IMAP), working(SMTP), [ill]))


def test_a_cause_is_a_problem_whatever_could_not_be_checked() -> None:
    """What was found counts more than what is missing; both are told."""
    ill = result("web", WEB, status="error", usable=False, facts=None)
    judgement = judged(shut(IMAP), [ill])

    assert (judgement.status, judgement.exit_code) == ("problem", 1)
    assert judgement.unchecked


def test_inconclusive_keeps_the_possible_causes() -> None:
    """They are all there is to go by."""
    maybe = [result("reach", service("imap", source="guess"), named("lockout.address-blocked", "possible"))]

    assert list(causes(judged(maybe))) == ["lockout.address-blocked"]


@pytest.mark.parametrize(
    ("beside", "shut"),
    [
        (named("browser.outdated", partial=True), False),
        (named("browser.outdated", "possible"), False),
        (named("browser.input-method", "likely", partial=True), False),
        (named("browser.cookies-blocked"), True),
    ],
)
def test_only_what_blocks_in_the_browser_shuts_the_webmail_page(beside: Finding, shut: bool) -> None:
    """A check that fails for another reason does not, whatever it found of the browser beside that."""
    rows = [
        result("reach", SUBJECT, named("address.typo-domain"), beside),
        result("login", IMAP),
        result("reach", IMAP),
    ]
    judgement = judged(rows, services=(IMAP, WEB), login_asked=False)

    assert (judgement.ways["web"] == "shut") == shut
    assert (judgement.status == "problem") == shut


# -- order


def test_what_blocks_comes_first_and_the_surer_before_the_less_sure() -> None:
    """Blocks before hinders; within them confirmed first, then by layer."""
    judgement = judged(
        [result("login", IMAP, named("credentials.rejected", "likely"), named("settings.protocol-disabled", "possible"),
                named("credentials.app-password-required", "possible"))],
        [result("tls", IMAP, named("tls.cert-expiring"))],
        [result("dns.domain", SUBJECT, named("dns.mx-unresolvable", partial=True))],
        shut(SMTP, "reach.refused"),
    )  # fmt: skip

    assert [one.id for one in judgement.causes] == [
        "reach.refused",
        "credentials.rejected",
        "dns.mx-unresolvable",
        "tls.cert-expiring",
    ]


def possible(*causes: str) -> list[Finding]:
    return [named(one, "possible") for one in causes]


LOCKED = named("lockout.account-locked")
DEEPER = ("credentials.app-password-required", "settings.protocol-disabled", "lockout.rate-limited")


@pytest.mark.parametrize(
    ("first", "others", "told"),
    [
        (LOCKED, ["activation.mailbox-missing", *DEEPER], []),
        (named("tls.cert-expired"), DEEPER, []),
        (named("credentials.rejected"), DEEPER, []),
        (named("credentials.rejected", "likely"), DEEPER, list(DEEPER)),
        (named("credentials.rejected", "likely"), ["network.resolver-down", *DEEPER], list(DEEPER)),
        (named("credentials.rejected", "likely"), ["network.resolver-down"], ["network.resolver-down"]),
        (named("tls.cert-expiring"), DEEPER, list(DEEPER)),  # which explains no login that fails
        (named("dns.mx-unresolvable", partial=True), DEEPER, list(DEEPER)),
    ],
)
def test_what_is_merely_possible_is_told_only_while_the_first_is_not_settled(
    first: Finding, others: list[str], told: list[str]
) -> None:
    """At most three, and first those that may be behind what is likely."""
    judgement = judged([result("login", IMAP, first, *possible(*others), usable=False)])

    assert [one.id for one in judgement.causes] == [first.cause, *told]


def test_no_more_than_three_possibilities_are_told_where_nothing_is_sure() -> None:
    rows = [result("seen", SUBJECT, *possible("network.unstable", "reach.timeout", "server.slow", "server.fault"))]

    assert [one.id for one in judged(rows).causes] == ["network.unstable", "reach.timeout", "server.slow"]


def test_the_surest_evidence_of_a_cause_comes_first() -> None:
    """And the cause is as sure as that."""
    one = cause(
        judged([result("a", IMAP, named("server.fault", "possible"))], [result("b", IMAP, named("server.fault"))]),
        "server.fault",
    )

    assert one.certainty == "confirmed"
    assert [seen.finding.certainty for seen in one.seen] == ["confirmed", "possible"]


# -- properties

SERVICES = (IMAP, IMAP_STARTTLS, POP3, SMTP, WEB, OTHER_HOST, service("imap", "guess.corp.example", 993, "guess"))
HOSTS = tuple(dict.fromkeys(Host(name=one.host, source=one.source) for one in SERVICES))
TARGETS: tuple[Target, ...] = (*SERVICES, *HOSTS, SUBJECT)
FINDINGS = st.builds(named, st.sampled_from(KNOWN.ids), st.sampled_from(get_args(Certainty)), partial=st.booleans())
LOOKED_AT = ("reach", "tls", "server", "login", "web", "dns.domain")


@st.composite
def runs(draw: st.DrawFn) -> list[CheckResult]:
    places = draw(st.lists(st.tuples(st.sampled_from(LOOKED_AT), st.sampled_from(TARGETS)), unique=True, max_size=14))
    rows = []
    for check, target in places:
        kind = draw(st.sampled_from(["done", "done", "done", "skip", "error"]))
        if kind == "done":
            rows.append(result(check, target, *draw(st.lists(FINDINGS, max_size=3))))
        else:
            rows.append(
                result(check, target, status=kind, usable=False, facts=None, skipped_because=Skip(reason=text("no")))
            )
    return rows


def outline(judgement: Judgement) -> object:
    """All of a verdict but the order in which possibilities were named, which is theirs to decide."""
    sure = [one.id for one in judgement.causes if one.certainty != "possible"]
    rows = {(one.id, one.certainty, one.impact, tuple(sorted(one.explains))) for one in judgement.causes}
    return judgement.status, judgement.exit_code, sure, rows, judgement.ways, judgement.login_works


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=runs(), asked=st.booleans(), strict=st.booleans(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(rows: list[CheckResult], asked: bool, strict: bool, shuffle: Any) -> None:
    """Checks end in any order; the verdict is the same."""
    mixed = rows.copy()
    shuffle.shuffle(mixed)

    one, other = (judge(tuple(r), SERVICES, KNOWN, CHECKS, login_asked=asked, strict=strict) for r in (rows, mixed))

    assert outline(one) == outline(other)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=runs(), asked=st.booleans(), strict=st.booleans())
def test_a_verdict_is_true_to_what_was_found(rows: list[CheckResult], asked: bool, strict: bool) -> None:
    """Never healthy with a confirmed cause that blocks, or with a way shut; never a problem without a cause."""
    judgement = judge(tuple(rows), SERVICES, KNOWN, CHECKS, login_asked=asked, strict=strict)

    sure = [one for one in judgement.causes if one.certainty != "possible"]
    assert (judgement.status == "problem") == any(one.impact == "blocks" or strict for one in sure)
    assert judgement.exit_code == {"healthy": 0, "problem": 1, "inconclusive": 3}[judgement.status]
    if "shut" in judgement.ways.values():
        assert judgement.status == "problem"
    if judgement.status == "healthy":
        assert not judgement.unchecked
        assert all(one.impact == "hinders" for one in judgement.causes)
    if any(row.status == "error" for row in rows):
        assert judgement.status != "healthy"


def proven(finding: Finding, rows: list[CheckResult]) -> bool:
    """Whether the check whose answer has to stand beside the proof, if any, gave it."""
    proof = KNOWN[finding.cause].proven_by(finding.proof)
    return proof is not None and (proof.beside is None or any(r.check == proof.beside and r.usable for r in rows))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=runs())
def test_nothing_that_was_found_is_lost(rows: list[CheckResult]) -> None:
    """What is proven is in the verdict, by itself or as explained by another; unless all is well."""
    judgement = judge(tuple(rows), SERVICES, KNOWN, CHECKS, login_asked=False)

    told = {one.id for one in judgement.causes} | {other for one in judgement.causes for other in one.explains}
    found = {f.cause for row in rows for f in row.findings}
    assert told <= found
    if judgement.status != "healthy":
        assert told >= {f.cause for row in rows for f in row.findings if f.certainty == "confirmed" and proven(f, rows)}
    assert len({one.id for one in judgement.causes}) == len(judgement.causes)


def test_what_follows_by_way_of_another_finding_is_told_with_the_root() -> None:
    """A block of one host explains the delay seen there, and that one a rejection on another host."""
    rows = [
        result("login", SMTP, named("credentials.rejected", "confirmed")),
        result("web", WEB, named("lockout.rate-limited", "confirmed"), named("lockout.address-blocked", "confirmed")),
    ]

    (root,) = judged(rows, login_asked=False).causes

    assert root.id == "lockout.address-blocked"
    assert set(root.explains) == {"lockout.rate-limited", "credentials.rejected"}


# -- a check that knows more overrules what one that knows less held possible

LIKELY_SHUT = [result("reach", IMAP, named("reach.refused", "likely"))]
OVERRULES: dict[str, Any] = {
    "checks": ruling({"web": ("web.login-page-down",), "browser.clean": ("web.login-page-changed",)})
}
"""That `browser.clean` overrules `web` stands in its record."""


def test_what_was_only_possible_is_dropped_and_ruled_out() -> None:
    doubtful = result("web", WEB, named("web.login-page-changed", "possible"))

    judgement = judged([doubtful, result("browser.clean", WEB)], login_asked=False, **OVERRULES)

    assert judgement.causes == ()
    assert "web.login-page-changed" in judgement.ruled_out


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([result("web", WEB, named("web.login-page-changed", "likely"))], id="what is likely stays"),
        pytest.param([result("seen", SUBJECT, named("web.login-page-changed", "possible"))], id="another's word stays"),
        pytest.param([result("web", WEB, named("web.captcha-required", "possible"))], id="another cause stays"),
        pytest.param(
            [result("web", service("webmail", "b.example", 443), named("web.login-page-changed", "possible"))],
            id="of another page it tells nothing",
        ),
    ],
)
def test_what_is_not_overruled(rows: list[CheckResult]) -> None:
    judgement = judged([*rows, result("browser.clean", WEB), *LIKELY_SHUT], **OVERRULES)

    assert rows[0].findings[0].cause in causes(judgement)


def test_a_check_that_knows_more_and_is_in_doubt_itself_overrules_nothing() -> None:
    both = [result(check, WEB, named("web.login-page-changed", "possible")) for check in ("web", "browser.clean")]

    assert len(cause(judged([*both, *LIKELY_SHUT], **OVERRULES), "web.login-page-changed").seen) == 2


# -- what is known from an earlier run


def test_what_this_run_saw_ranks_before_what_only_the_record_tells() -> None:
    """A server that bans this address looks at no password, whatever was rejected before."""
    record = msgspec.structs.replace(named("credentials.rejected", certainty="likely"), remembered=True)
    ban = named("lockout.address-blocked", certainty="likely")
    reach = result("reach", IMAP, named("reach.refused"), ban)
    now = result("lockout", SUBJECT, msgspec.structs.replace(record, remembered=False))

    assert list(causes(judged([reach, result("lockout", SUBJECT, record)]))) == [ban.cause, record.cause]
    assert list(causes(judged([reach, now]))) == [record.cause, ban.cause]


# -- what is ruled out, and what nobody could find out

RULES = {"reach": ("reach.refused",), "login": ("credentials.rejected", "settings.protocol-disabled")}


@pytest.mark.parametrize(
    ("rows", "ruled_out"),
    [
        ([result("reach", IMAP), result("reach", SMTP)], {"reach.refused"}),
        ([result("reach", IMAP), skipped("reach", SMTP)], set()),
        ([result("reach", IMAP), skipped("reach", service("smtp", port=587, source="guess"))], {"reach.refused"}),
        ([result("reach", IMAP), result("reach", SMTP, status="skip", usable=False)], set()),
        ([result("reach", IMAP), result("reach", SMTP, status="error", usable=False, facts=None)], set()),
        ([result("reach", IMAP), result("reach", SMTP, unsettled=("reach.refused",))], set()),
        ([result("login", IMAP), skipped("login", POP3)], {"credentials.rejected"}),
        ([result("login", IMAP), result("login", POP3)], {"credentials.rejected", "settings.protocol-disabled"}),
    ],
)
def test_only_what_was_looked_at_is_ruled_out(rows: list[CheckResult], ruled_out: set[str]) -> None:
    """What is true of one server alone on every one that somebody named; what is true of the account on one."""
    assert set(judged(rows, login_asked=False, checks=ruling(RULES)).ruled_out) == ruled_out


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([skipped("reach", IMAP, LATE), *(skipped(c, IMAP, LATE) for c in ("tls", "server"))], 3),
        ([*working(SMTP), *(skipped(c, IMAP, "{check}") for c in ("reach", "tls", "server", "login"))], 3),
        ([*working(IMAP), skipped("reach", WEB, LATE), skipped("web", WEB, LATE)], 3),
        ([*working(IMAP), *(skipped(c, POP3, LATE) for c in ("reach", "tls", "server"))], 0),
        ([*working(IMAP), *(skipped(c, service("smtp", source="guess")) for c in ("reach", "tls", "server"))], 0),
    ],
    ids=["nothing begun", "one way never reached", "webmail never opened", "the way is open by another", "a guess"],
)
def test_a_way_that_was_never_looked_at_is_not_healthy(rows: list[CheckResult], code: int) -> None:
    """Whether the time ran out or a name did not resolve: nobody knows whether it is open."""
    judgement = judged(rows, login_asked=False)

    assert judgement.exit_code == code
    assert bool(judgement.unchecked) is (code == 3)


@pytest.mark.parametrize(
    ("only", "rows", "code"),
    [
        (("browser.self-test",), [skipped("browser.self-test", SUBJECT, LATE)], 3),
        (("web", "browser"), [*working(WEB), skipped("browser.self-test", SUBJECT, LATE)], 3),
        (("browser",), [result("browser.self-test", SUBJECT)], 0),
        (("web",), [*working(WEB), skipped("browser.self-test", SUBJECT, LATE)], 0),
        (("browser",), [result("browser.self-test", SUBJECT), skipped("browser.clean", SUBJECT)], 0),
    ],
    ids=["nothing begun", "one of two", "begun", "not chosen", "skipped for another reason"],
)
def test_what_was_chosen_and_came_too_late_is_not_healthy(
    only: tuple[str, ...], rows: list[CheckResult], code: int
) -> None:
    """Also where the command chose, as for a test of the browser alone."""
    judgement = judged(rows, login_asked=False, services_asked=False, only=only)

    assert judgement.exit_code == code
    assert bool(judgement.unchecked) is (code == 3)


def test_a_server_that_wanted_no_login_has_proven_none() -> None:
    """What was left open is said in the check's own words, and instead of a refusal that never was."""
    let_in = result("login", IMAP, status="skip", usable=False, left_open=text("Nobody asked."))

    alone = judged([*working(IMAP, login=False), let_in])
    beside = judged([*working(IMAP, login=False), let_in], working(SMTP))

    assert (alone.exit_code, alone.login_works) == (3, False)
    assert [one.render() for one in alone.unchecked] == [
        "Whether a mail program can read this mailbox could not be found out.",
        "Nobody asked.",
    ]
    assert (beside.exit_code, beside.login_works) == (3, True)


# -- a run that the person ended


def hung(check: str, target: Target, seconds: float) -> CheckResult:
    why = Skip(reason=INTERRUPTED)
    row = result(check, target, status="skip", usable=False, facts=None, skipped_because=why, cut_off=True)
    return msgspec.structs.replace(row, duration_ms=round(1000 * seconds))


def test_an_interrupted_run_names_what_it_waited_for_the_longest_first() -> None:
    """The check, its server, and for how long; of many the three that took longest."""
    rows = [
        hung("dns.resolver", SUBJECT, 1.25),
        hung("tls", SMTP, 0.0),
        hung("server", IMAP, 12.0),
        hung("dns.host", Host(name="mail.corp.example", source="option"), 3.4),
    ]
    told = [one.render() for one in judged(rows, interrupted=True).unchecked]

    assert told[:4] == [
        "The run was interrupted.",
        "By then the check “Claim of server” had waited 12.0 s for mail.corp.example:993.",
        "By then the check “Claim of dns.host” had waited 3.4 s for mail.corp.example.",
        "By then the check “Claim of dns.resolver” had been running for 1.2 s.",
    ]
    assert not any("tls" in one for one in told)


def test_what_had_not_begun_was_not_waited_for() -> None:
    rows = [result("login", IMAP, status="skip", usable=False, facts=None, skipped_because=Skip(reason=INTERRUPTED))]
    told = [one.render() for one in judged(rows, interrupted=True).unchecked]

    assert told[0] == "The run was interrupted."
    assert not any("waited" in one or one == INTERRUPTED.render() for one in told)


def test_another_reason_why_there_was_no_login_is_still_told() -> None:
    rows = [skipped("login", IMAP)]
    told = [one.render() for one in judged(rows, interrupted=True).unchecked]

    assert "The login itself could not be tested: there is no password to log in with." in told
