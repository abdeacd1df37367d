"""One or all: what many rows have in common, from their verdicts alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnose.fleet.shared_causes import SharedCauses
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import translation
from diagnose.model.check import Certainty
from diagnose.model.fleet import FleetRow, FleetSummary, RowVerdict
from diagnose.model.report import Evidence, Impact, ReportCause
from diagnose.rendering.fleet_words import guessed, names, who

EXPIRED, REJECTED, OFFLINE = "tls.cert-expired", "credentials.rejected", "network.offline"


def cause(name: str, certainty: Certainty = "confirmed", impact: Impact = "blocks") -> ReportCause:
    evidence = (Evidence(check="tls.imap.993", text="seen"),)
    return ReportCause(
        id=name, certainty=certainty, impact=impact, title=name, summary="", evidence=evidence, remedies=()
    )


def row(name: str, found: ReportCause | None = None, *, host: str = "", at: str = "", **more: Any) -> FleetRow:
    domain = name.rpartition("@")[2]
    status, causes = ("problem", (found,)) if found else ("healthy", ())
    verdict = RowVerdict(status=status, headline="", causes=causes)  # type: ignore[arg-type]
    hosts = tuple(filter(None, (host, at)))
    return FleetRow(line=1, name=name, domain=domain, verdict=verdict, hosts=hosts, at=(at,) if at else (), **more)


def unclear(name: str) -> FleetRow:
    return FleetRow(line=1, name=name, domain=name, verdict=RowVerdict(status="inconclusive", headline=""))


def summed(*rows: FleetRow) -> FleetSummary:
    shared = SharedCauses(catalogue(), "en")
    for one in rows:
        shared.add(one)
    return shared.summary()


def told(*rows: FleetRow) -> list[tuple[str, str, str, int, int]]:
    return [(one.id, one.grouping, one.value, one.hit, one.among) for one in summed(*rows).causes]


def people(domain: str, number: int, found: ReportCause | None = None, **more: str) -> list[FleetRow]:
    return [row(f"user{place}@{domain}", found, **more) for place in range(number)]


def test_all_of_one_server_stand_once() -> None:
    hit = people("corp.example", 37, cause(EXPIRED), host="smtp.corp.example", at="imap.corp.example")

    (found,) = summed(*hit, *people("other.example", 5)).causes
    assert (found.grouping, found.value, found.hit, found.among) == ("host", "imap.corp.example", 37, 37)
    assert any("imap.corp.example" in step for remedy in found.remedies for step in remedy.steps)


def test_a_server_of_several_domains_explains_them_together() -> None:
    hit = [
        one
        for domain in ("a.example", "b.example", "c.example")
        for one in people(domain, 2, cause(EXPIRED), at="mx.host.example")
    ]
    assert told(*hit) == [(EXPIRED, "host", "mx.host.example", 6, 6)]


def test_one_account_of_a_domain_points_at_the_account() -> None:
    rows = [row("alice@corp.example", cause(REJECTED)), *people("corp.example", 9)]

    assert told(*rows) == [(REJECTED, "account", "", 1, 10)]
    assert summed(*rows).causes[0].names == ("alice@corp.example",)


def test_all_accounts_of_a_domain_point_at_the_domain() -> None:
    rows = [*people("corp.example", 4, cause(REJECTED)), *people("other.example", 3)]

    assert told(*rows) == [(REJECTED, "domain", "corp.example", 4, 4)]


def test_all_of_an_office_point_at_its_line() -> None:
    rows = [
        *people("corp.example", 3, cause("reach.port-blocked"), office="Lima"),
        *people("corp.example", 3, office="Oslo"),
    ]
    assert told(*rows) == [("reach.port-blocked", "office", "Lima", 3, 3)]


@pytest.mark.parametrize(
    "name",
    [
        "credentials.rejected",
        "lockout.account-locked",
        "activation.over-quota",
        "credentials.expired",
        "tls.cert-expired",
        "settings.protocol-disabled",
    ],
)
def test_what_no_line_brings_about_is_a_matter_of_each_account_whatever_the_office(name: str) -> None:
    """Two who mistyped their passwords do so in the same office by chance."""
    hit = [row(f"user@{domain}.example", cause(name), office="Lima") for domain in ("a", "b")]
    others = [one for domain in ("a", "b") for one in people(f"{domain}.example", 2, office="Oslo")]

    assert told(*hit, *others) == [(name, "account", "", 2, 6)]
    assert told(*hit) == [(name, "account", "", 2, 2)]


@pytest.mark.parametrize(
    "name",
    [
        "network.offline",
        "network.captive-portal",
        "network.tls-interception",
        "reach.timeout",
        "tls.untrusted-issuer",
        "lockout.address-blocked",
        "lockout.suspicious-login",
        "settings.address-policy",
        "dns.host-missing",
    ],
)
def test_what_a_line_can_bring_about_points_at_that_of_the_office(name: str) -> None:
    hit = [row(f"user@{domain}.example", cause(name), office="Lima") for domain in ("a", "b")]
    others = [one for domain in ("a", "b") for one in people(f"{domain}.example", 2, office="Oslo")]

    assert told(*hit, *others) == [(name, "office", "Lima", 2, 2)]


def test_a_rejection_of_all_is_one_of_the_domain_and_not_of_its_only_other_office() -> None:
    """A near miss: whoever rejects all of a domain has a fault of its own, wherever they sit."""
    rows = [*people("a.example", 3, cause(REJECTED), office="Lima"), *people("b.example", 2, office="Oslo")]

    assert told(*rows) == [(REJECTED, "domain", "a.example", 3, 3)]


def test_an_only_office_says_nothing() -> None:
    """Without another one to compare it with."""
    rows = [*people("a.example", 2, cause(REJECTED), office="Lima"), row("bob@b.example", office="Lima")]

    assert told(*rows) == [(REJECTED, "domain", "a.example", 2, 2)]


def test_all_of_a_provider_point_at_it() -> None:
    hit = [one for number in range(4) for one in people(f"d{number}.example", 1, cause("server.fault"), provider="p")]
    assert told(*hit, *people("e.example", 2, provider="q")) == [("server.fault", "provider", "p", 4, 4)]


def test_all_of_a_provider_but_one_are_no_fault_of_it() -> None:
    """A near miss: each stands by itself then."""
    hit = [one for number in range(4) for one in people(f"d{number}.example", 1, cause("server.fault"), provider="p")]
    assert told(*hit, row("x@z.example", provider="p")) == [("server.fault", "account", "", 4, 4)]


def test_all_rows_of_several_domains_point_at_what_is_before_them() -> None:
    hit = [*people("a.example", 2, cause(OFFLINE)), *people("b.example", 1, cause(OFFLINE))]

    assert told(*hit) == [(OFFLINE, "all", "", 3, 3)]


def test_what_is_not_clear_speaks_for_nothing() -> None:
    """A row that could not be judged makes "all" no smaller."""
    rows = [*people("corp.example", 3, cause(REJECTED)), unclear("corp.example"), row("x@y.example")]

    assert told(*rows) == [(REJECTED, "domain", "corp.example", 3, 3)]
    assert summed(*rows).inconclusive == 1


def test_a_cause_that_is_merely_possible_is_none_of_the_fleet() -> None:
    assert told(*people("corp.example", 3, cause(REJECTED, "possible"))) == []


def guessing(name: str, *guesses: str) -> FleetRow:
    causes = tuple(cause(one, "possible") for one in guesses)
    return FleetRow(
        line=1, name=name, domain=name, verdict=RowVerdict(status="inconclusive", headline="", causes=causes)
    )


def test_a_best_guess_of_most_is_told_beside_the_causes_and_is_none() -> None:
    """All rows guess by the same knowledge, so sharing a guess proves nothing. Still nobody has to open them all."""
    rows = [guessing(f"n{number}.example", REJECTED, OFFLINE) for number in range(40)]
    rest = [guessing("a.example", OFFLINE), unclear("b.example")]
    summary = summed(*rows, *rest, *people("corp.example", 3), *people("ill.example", 2, cause(EXPIRED)))

    assert [(one.id, one.grouping) for one in summary.causes] == [(EXPIRED, "domain")]
    assert summary.guess is not None
    assert (summary.guess.id, summary.guess.hit, summary.guess.among) == (REJECTED, 40, 42)
    assert summary.exit_code == 1
    words = guessed(summary, translation("en"))
    assert words.startswith("40 of the 42 that are not clear yet have the same best guess, which nothing proves: ")
    assert "40" in guessed(summary, translation("zh-Hant"))


@pytest.mark.parametrize(
    "rows",
    [
        [guessing("a.example", REJECTED)],
        [guessing("a.example", REJECTED), guessing("b.example", OFFLINE)],
        [
            *(guessing(f"n{number}.example", REJECTED) for number in range(2)),
            unclear("c.example"),
            unclear("d.example"),
        ],
        [unclear("a.example"), unclear("b.example")],
        people("corp.example", 5, cause(REJECTED)),
        people("corp.example", 5, cause(REJECTED, "possible")),
    ],
    ids=["one", "each another", "half", "no guess", "a cause", "a problem"],
)
def test_what_most_do_not_share_is_no_common_guess(rows: list[FleetRow]) -> None:
    assert summed(*rows).guess is None


def test_a_row_counts_once_whatever_is_known_of_it() -> None:
    """One that is not clear and still has a cause can be judged as well, and so can one that was looked at in part."""
    hindered = RowVerdict(status="inconclusive", headline="", causes=(cause(EXPIRED, impact="hinders"),))
    sound = RowVerdict(status="inconclusive", headline="", narrowed=("--only dns",), exit_code=0)
    rows = [FleetRow(line=1, name="a.example", domain="a.example", verdict=one) for one in (hindered, sound)]

    (counted,) = summed(*rows, unclear("a.example"), row("u@a.example"), row("v@a.example", cause(EXPIRED))).by_domain
    assert (counted.rows, counted.problems, counted.inconclusive) == (5, 1, 3)


def test_rows_sound_in_part_leave_nothing_to_guess() -> None:
    sound = RowVerdict(status="inconclusive", headline="", narrowed=("--only dns",), exit_code=0)
    rows = [FleetRow(line=1, name=f"n{number}.example", verdict=sound) for number in range(5)]

    assert summed(*rows).guess is None
    assert summed(*rows, *(guessing(f"m{number}.example", REJECTED) for number in range(2))).guess is not None


def test_no_row_is_explained_twice() -> None:
    """Server first; what it leaves is explained by the domain."""
    rows = [
        *people("a.example", 5, cause(EXPIRED), at="h1.example"),
        *people("b.example", 3, cause(EXPIRED), at="h1.example"),
        *[row(f"n{number}@c.example", cause(EXPIRED), at=f"own{number}.example") for number in range(2)],
        row("solo@d.example", cause(EXPIRED), at="own.example"),
    ]
    assert [one[1:4] for one in told(*rows, row("ok@e.example"))] == [
        ("host", "h1.example", 8),
        ("domain", "c.example", 2),
        ("account", "", 1),
    ]


def test_they_rank_as_in_a_single_report() -> None:
    """What blocks before what hinders, what is confirmed before what is likely; then what hits most."""
    rows = [
        *people("a.example", 9, cause("tls.cert-expiring", impact="hinders"), at="a"),
        *people("b.example", 5, cause(REJECTED, "likely")),
        *people("c.example", 2, cause(EXPIRED), at="c"),
        *people("d.example", 3, cause("server.fault"), at="d"),
        row("x@e.example"),
    ]
    assert [one[0] for one in told(*rows)] == ["server.fault", EXPIRED, REJECTED, "tls.cert-expiring"]


def test_what_many_share_stands_before_what_one_has() -> None:
    rows = [*people("a.example", 37, cause(EXPIRED, "likely"), at="a"), row("x@c.example", cause(REJECTED))]

    assert [one[0] for one in told(*rows, row("y@c.example"))] == [EXPIRED, REJECTED]


def test_counts_and_exit_codes() -> None:
    healthy, broken = people("a.example", 2), people("b.example", 1, cause(REJECTED))
    bad = FleetRow(line=3, name="@@", bad="no address")

    assert summed(*healthy).exit_code == 0
    assert summed(*healthy, unclear("c.example")).exit_code == 3
    assert summed(*healthy, bad).exit_code == 3
    assert summed(*healthy, bad, *broken).exit_code == 1
    assert summed().exit_code == 3
    summary = summed(*healthy, *broken, bad, unclear("a.example"))
    assert (summary.rows, summary.healthy, summary.problems, summary.bad) == (5, 2, 1, 1)
    assert [(one.name, one.rows, one.problems, one.inconclusive) for one in summary.by_domain] == [
        ("b.example", 1, 1, 0),
        ("a.example", 3, 0, 1),
    ]


@pytest.mark.parametrize("name", ["acme.unknown", "{host}", "<b>"])
def test_a_cause_of_a_package_that_is_gone(name: str) -> None:
    assert told(*people("corp.example", 2, cause(name)), row("x@y.example"))[0][1] == "domain"


def test_ten_thousand_groups_take_no_time_that_grows_with_their_square() -> None:
    """Counted: each group is looked at a few times, not once for each other."""
    shared, looked = SharedCauses(catalogue(), "en"), 0
    for number in range(3000):
        for one in people(f"d{number}.example", 2, cause(REJECTED)):
            shared.add(one)
    shared.add(row("x@y.example"))
    before = SharedCauses._as_cause

    def counting(self: SharedCauses, *given: object) -> object:
        nonlocal looked
        looked += 1
        return before(self, *given)  # type: ignore[arg-type]

    SharedCauses._as_cause = counting  # type: ignore[method-assign,assignment]
    try:
        assert len(shared.summary().causes) == 3000
    finally:
        SharedCauses._as_cause = before  # type: ignore[method-assign]
    assert looked == 3000


def seen(from_: str, number: int, hit: set[int], found: ReportCause, domain: str = "corp.example") -> list[FleetRow]:
    """*number* accounts looked at from one place, where those of *hit* have a cause."""
    rows = [row(f"user{place}@{domain}", found if place in hit else None, vantage=from_) for place in range(number)]
    return [msgspec.structs.replace(one, line=place) for place, one in enumerate(rows)]


def test_what_differs_by_vantage_is_named_as_such() -> None:
    """All or only some of the rows there; what is the same from everywhere points elsewhere as before."""
    blocked = cause("reach.port-blocked")
    some = [*seen("Lima", 5, {1, 3}, blocked), *seen("Oslo", 5, set(), blocked), *seen("Rome", 5, set(), blocked)]
    assert told(*some) == [("reach.port-blocked", "vantage", "Lima", 2, 5)]
    assert summed(*some).causes[0].names == ("user1@corp.example", "user3@corp.example")
    assert {one.name: one.problems for one in summed(*some).by_vantage} == {"Lima": 2, "Oslo": 0, "Rome": 0}

    two = [*seen("Lima", 5, {1, 2}, blocked), *seen("Oslo", 5, {2}, blocked), *seen("Rome", 5, set(), blocked)]
    assert told(*two) == [
        ("reach.port-blocked", "vantage", "Lima", 2, 5),
        ("reach.port-blocked", "vantage", "Oslo", 1, 5),
    ]


def test_what_is_the_same_from_everywhere_is_no_matter_of_the_vantage() -> None:
    everywhere = [*seen("Lima", 3, {0, 1, 2}, cause(EXPIRED)), *seen("Oslo", 3, {0, 1, 2}, cause(EXPIRED))]
    assert told(*everywhere) == [(EXPIRED, "domain", "corp.example", 6, 6)]
    assert summed(*everywhere).causes[0].names == tuple(f"user{place}@corp.example" for place in range(3))


def test_one_account_from_two_places_is_one_account() -> None:
    rows = [*seen("Lima", 1, {0}, cause(REJECTED)), *seen("Oslo", 1, {0}, cause(REJECTED))]

    (found,) = summed(*rows).causes
    assert (found.grouping, found.names) == ("account", ("user0@corp.example",))
    assert who(found, str) == "user0@corp.example"
    assert names(found, str, 5) == ""


def test_where_it_could_not_be_judged_from_elsewhere_nothing_differs() -> None:
    """Silence from one place says nothing about it."""
    unknown = [msgspec.structs.replace(unclear("corp.example"), line=place, vantage="Oslo") for place in range(3)]
    rows = [*seen("Lima", 3, {0, 1, 2}, cause(EXPIRED)), *unknown]

    assert told(*rows) == [(EXPIRED, "domain", "corp.example", 3, 3)]


def test_two_causes_from_two_places_each_have_their_own() -> None:
    rows = [*seen("Lima", 3, {0}, cause(EXPIRED)), *seen("Oslo", 3, {0}, cause("reach.port-blocked"))]

    assert sorted(told(*rows)) == [
        ("reach.port-blocked", "vantage", "Oslo", 1, 3),
        (EXPIRED, "vantage", "Lima", 1, 3),
    ]
