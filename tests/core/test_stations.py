"""The picture of the way: a station is ticked where it was looked at and works, and breaks where the finding is."""

from __future__ import annotations

import itertools

import pytest

from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import CheckResult, Host, Service, Skip, text
from diagnose.model.stations import FAMILIES, STATION_NAMES, STATIONS
from diagnose.running.diagnosis import diagnose
from diagnose.verdict.stations import path
from tests.core.test_verdict import IMAP, KNOWN, POP3, SMTP, WEB, named, result, shut, skipped, working
from tests.pace import patient
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge

NAMED = Host(name="mail.corp.example", source="option")
GUESSED = Host(name="imap.corp.example", source="guess")
RESOLVED = [result("dns.domain", SUBJECT), result("dns.host", NAMED)]


def pictured(*results: list[CheckResult], login_asked: bool = True) -> dict[str, str]:
    rows = tuple(itertools.chain(*results))
    services = tuple(dict.fromkeys(row.target for row in rows if isinstance(row.target, Service)))
    judgement = judge(rows, services, KNOWN, CHECKS, login_asked=login_asked)
    return {station.name: station.state for station in path(judgement, rows, KNOWN, CHECKS)}


def silent(check: str, target: Service | Host, **more: bool) -> CheckResult:
    """It got no answer, and so has not passed."""
    given = {"usable": False, "status": "skip", "skipped_because": Skip(reason=text("nothing answered"))} | more
    return result(check, target, **given)


def hung(check: str, target: Service) -> CheckResult:
    """It was under way when the person ended the run."""
    return result(check, target, status="skip", usable=False, facts=None, cut_off=True)


def portal(*ways: Service) -> list[CheckResult]:
    """A portal takes the connects to pages, and lets nothing through to mail servers."""
    rows = [result("network.portal", SUBJECT, named("network.captive-portal"))]
    for one in ways:
        if one.protocol == "webmail":
            rows += [result("reach", one), result("tls", one, named("tls.name-mismatch"))]
        else:
            rows += shut(one, "reach.timeout")
    return rows


def test_a_portal_is_the_networks_and_the_servers_behind_it_are_not_known() -> None:
    """That the portal itself takes connections in the place of the page's server is no working server."""
    picture = pictured(RESOLVED, portal(IMAP, SMTP, WEB))

    assert picture == {
        "computer": "ok",
        "network": "broken",
        "dns": "ok",
        "server": "unknown",
        "encryption": "unknown",
        "login": "unknown",
        "mailbox": "unknown",
    }


@pytest.mark.parametrize(
    ("rows", "station", "state"),
    [
        (working(IMAP), "server", "ok"),
        ([*working(IMAP), *working(SMTP)], "server", "ok"),
        ([*working(IMAP), silent("reach", SMTP)], "server", "unknown"),
        ([*working(IMAP), silent("reach", POP3)], "server", "ok"),
        ([*working(IMAP), silent("reach", service("smtp", source="guess"))], "server", "ok"),
        ([*working(IMAP), skipped("reach", SMTP)], "server", "ok"),
        ([result("reach", IMAP), silent("server", IMAP)], "server", "unknown"),
        ([result("reach", IMAP), hung("server", IMAP)], "server", "unknown"),
        ([*working(SMTP), result("reach", IMAP), hung("server", IMAP)], "server", "unknown"),
        ([*working(SMTP), result("reach", IMAP), hung("tls", IMAP)], "encryption", "unknown"),
        ([*working(IMAP), result("reach", POP3), hung("server", POP3)], "server", "ok"),
        ([result("reach", IMAP), skipped("server", IMAP, "the run was interrupted")], "server", "ok"),
        ([result("reach", IMAP), silent("tls", IMAP)], "server", "ok"),
        ([result("reach", IMAP), silent("tls", IMAP)], "encryption", "unknown"),
        ([*working(IMAP), silent("reach.paths", IMAP, usable=True)], "server", "ok"),
        (working(IMAP, login=False), "login", "unknown"),
        ([*working(IMAP, login=False), silent("login", IMAP)], "login", "unknown"),
        ([*working(IMAP), silent("login", SMTP)], "login", "unknown"),
        ([*working(IMAP), result("login.mailbox", IMAP)], "mailbox", "ok"),
        ([*working(IMAP), silent("login.mailbox", IMAP)], "mailbox", "unknown"),
        (RESOLVED, "dns", "ok"),
        ([silent("dns.domain", SUBJECT, usable=True)], "dns", "unknown"),  # type: ignore[arg-type]
        ([*RESOLVED, silent("dns.host", GUESSED)], "dns", "ok"),
        ([result("dns.domain", SUBJECT), silent("dns.host", NAMED)], "dns", "unknown"),
        ([silent("dns.host", NAMED)], "network", "unknown"),
        ([silent("dns.host", NAMED)], "computer", "unknown"),
        ([result("dns.host", NAMED)], "network", "ok"),
        ([result("network.hosts", NAMED)], "computer", "ok"),
        ([result("network.hosts", NAMED)], "network", "unknown"),
    ],
)
def test_a_tick_is_for_what_was_passed(rows: list[CheckResult], station: str, state: str) -> None:
    """On every way one server has to have passed; what was never begun or only guessed says nothing."""
    assert pictured(rows, login_asked=False)[station] == state


@pytest.mark.parametrize(
    ("check", "cause", "station"),
    [
        ("network.connection", "network.offline", "network"),
        ("network.portal", "network.captive-portal", "network"),
        ("network.interception", "network.tls-interception", "network"),
        ("network.line", "network.unstable", "network"),
        ("dns.resolver", "network.resolver-down", "dns"),
        ("network.clock", "network.clock-skew", "computer"),
        ("network.hosts", "network.hosts-override", "computer"),
        ("network.proxy", "network.proxy-misconfigured", "computer"),
        ("address.spelling", "address.typo-domain", "dns"),
        ("address.syntax", "address.invalid", "computer"),
        ("browser.self-test", "browser.javascript-off", "computer"),
    ],
)
def test_the_way_breaks_where_the_finding_is(check: str, cause: str, station: str) -> None:
    picture = pictured([result(check, SUBJECT, named(cause))])

    assert [name for name, state in picture.items() if state == "broken"] == [station]


@pytest.mark.parametrize(("check", "station"), [("login", "login"), ("login.mailbox", "mailbox")])
def test_what_shows_after_the_login_breaks_the_mailbox(check: str, station: str) -> None:
    """A full mailbox may be told at the login or behind it."""
    rows = working(IMAP, login=check != "login")
    picture = pictured([*rows, result(check, IMAP, named("activation.over-quota"))])

    assert [name for name, state in picture.items() if state == "broken"] == [station]
    assert picture["login"] == ("ok" if check == "login.mailbox" else "broken")


def test_behind_a_break_a_limit_is_shown_only_where_it_was_reached() -> None:
    """What hinders a login that nobody came to is no news."""
    risk = result("lockout", SUBJECT, named("lockout.risk"))

    assert pictured(shut(IMAP), [risk])["login"] == "unknown"
    assert pictured(working(IMAP, login=False), [risk])["login"] == "hindered"


def test_every_cause_has_its_station() -> None:
    assert tuple(STATIONS) == STATION_NAMES
    assert all(FAMILIES[cause.family].station in STATIONS for cause in KNOWN)


@pytest.mark.parametrize(
    ("scenario", "station"),
    [
        ("captive-portal", "network"),
        ("offline", "network"),
        ("resolver-silent", "dns"),
        ("clock-behind", "computer"),
        ("timeout", "server"),
        ("cert-expired", "encryption"),
        ("wrong-password", "login"),
        ("over-quota", "mailbox"),
    ],
)
def test_the_picture_of_an_estate(scenario: str, station: str) -> None:
    """One break, and no tick behind it but for what a later check came through."""
    with Estate(SCENARIOS[scenario]) as estate:
        report = diagnose(request_for(estate, seconds=patient(30.0))).report
    passed = {check.id.split(".")[0] for check in report.checks if check.status == "pass"}

    assert [one.name for one in report.path if one.state == "broken"] == [station]
    states = {one.name: one.state for one in report.path}
    assert states["mailbox"] != "ok"
    assert states["server"] != "ok" or "reach" in passed
    assert states["encryption"] != "ok" or "tls" in passed
