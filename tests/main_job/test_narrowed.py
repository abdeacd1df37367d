"""A run that was narrowed says so, and calls nothing healthy: only the part that was looked at is known."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest

from diagnose.account.person import Consent, Person
from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import CheckResult, Deadline, Subject, text
from diagnose.model.report import Report
from diagnose.network import Nameserver, Network
from diagnose.planning.selection import Selection
from diagnose.rendering.renderer import Renderer, RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import NetworkOptions, Request
from reports.html import RENDERER as HTML
from reports.json import RENDERER as JSON
from reports.json import SCHEMA
from reports.nagios import exit_code as nagios_exit_code
from reports.text import RENDERER as TEXT
from tests.pace import patient

DEAD = Nameserver("127.0.0.1", 9)
"""Where nobody listens."""


def narrowed(request: Request, *only: str, skip: tuple[str, ...] = (), **more: Any) -> Report:
    chosen = Selection(only=only, skip=skip)
    request = msgspec.structs.replace(request, selection=chosen, narrowed=chosen.options)
    return diagnose(msgspec.structs.replace(request, **more)).report


NO_LOGIN, NOTHING = Consent(login=False), Person()


def told(scenario: str, *only: str, skip: tuple[str, ...] = (), **more: Any) -> Report:
    with Estate(SCENARIOS[scenario]) as estate:
        request = request_for(estate, seconds=patient(30.0))
        return narrowed(request, *only, skip=skip, **more)


def everywhere(report: Report) -> list[str]:
    """As text, as a page and for programs."""
    formats: tuple[Renderer, ...] = (TEXT, HTML, JSON)
    return [one.render(report, RenderStyle(width=200)) for one in formats]


@pytest.mark.parametrize(
    ("only", "skip"),
    [
        (("dns",), ()),
        (("dns.domain",), ()),
        (("tls", "dns"), ()),
        (("reach",), ()),
        (("web",), ()),
        (("address",), ()),
        (("login",), ()),
        ((), ("browser", "web")),
        ((), ("login.mailbox",)),
    ],
)
def test_a_part_in_order_is_no_health(only: tuple[str, ...], skip: tuple[str, ...]) -> None:
    """Exit code 0 for what was asked, and the options that narrowed it in headline and fields."""
    report = told("healthy", *only, skip=skip)
    verdict = report.verdict

    assert (verdict.status, verdict.exit_code, verdict.causes) == ("inconclusive", 0, ())
    assert verdict.narrowed == (*(f"--only {one}" for one in only), *(f"--skip {one}" for one in skip))
    assert nagios_exit_code(report) == 0
    assert all(option in verdict.headline for option in verdict.narrowed)
    assert "Nothing that would block" not in verdict.headline
    for shown in everywhere(report):
        assert "Healthy" not in shown
        assert verdict.narrowed[0] in shown
    jsonschema.validate(
        msgspec.json.decode(JSON.render(report, RenderStyle())), msgspec.json.decode(SCHEMA.read_text())
    )


def test_a_whole_run_says_nothing_of_parts() -> None:
    report = told("healthy")

    assert (report.verdict.status, report.verdict.exit_code, report.verdict.narrowed) == ("healthy", 0, ())
    assert "in part" not in report.verdict.headline


@pytest.mark.parametrize(
    ("scenario", "only", "cause"),
    [
        ("domain-missing", ("dns",), "dns.domain-missing"),
        ("null-mx", ("dns",), "dns.null-mx"),
        ("mx-unresolvable", ("dns.domain",), "dns.mx-unresolvable"),
        ("host-missing", ("dns",), "dns.host-missing"),
        ("zone-broken", ("dns",), "dns.broken-zone"),
        ("resolver-refuses", ("dns",), "network.resolver-down"),
        ("cert-expired", ("tls",), "tls.cert-expired"),
        ("refused", ("tls",), "reach.refused"),
    ],
)
def test_a_part_that_is_broken_is_told(scenario: str, only: tuple[str, ...], cause: str) -> None:
    """What was looked at is judged as ever."""
    verdict = told(scenario, *only).verdict

    assert (verdict.status, verdict.exit_code) == ("problem", 1)
    assert cause in [one.id for one in verdict.causes if one.certainty != "possible"]
    assert f"--only {only[0]}" in verdict.headline


ALICE = Request(subject=Subject(domain="gmx.de", address="alice@gmx.de", username="alice@gmx.de"), seconds=2.0)


@pytest.mark.parametrize(
    "only", [("dns",), ("dns.host",), ("dns.domain",), ("tls",), ("reach", "server"), ("network",)]
)
def test_what_was_asked_and_got_no_answer_is_inconclusive(only: tuple[str, ...]) -> None:
    """Every question timed out."""
    verdict = narrowed(ALICE, *only, consent=NO_LOGIN, network=NetworkOptions(nameserver=DEAD)).verdict

    assert (verdict.exit_code == 3 and verdict.unchecked) or any(
        one.id == "network.resolver-down" and one.certainty != "possible" for one in verdict.causes
    )
    assert verdict.status != "healthy"
    assert {one.id for one in verdict.ruled_out} <= {"network.hosts-override"}  # a file at hand


@pytest.mark.parametrize("only", [("network.portal",), ("activation.mail",), ("har",), ("password",)])
def test_what_could_not_be_looked_at_at_all_is_inconclusive(only: tuple[str, ...]) -> None:
    """There was nothing for the checks to do that were chosen."""
    verdict = told("healthy", *only, consent=NO_LOGIN, person=NOTHING).verdict

    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)
    assert "Nothing of what was asked for could be checked." in verdict.unchecked


def test_without_a_password_the_login_that_was_asked_for_is_not_tested() -> None:
    verdict = told("healthy", "login", person=NOTHING).verdict

    assert (verdict.status, verdict.exit_code) == ("inconclusive", 3)


@pytest.mark.parametrize(
    ("only", "identity", "family", "chosen"),
    [
        (("tls",), "tls.imap.993", "tls", True),
        (("tls.imap",), "tls.imap.993", "tls", True),
        (("tls.imap",), "tls.pop3.995", "tls", False),
        (("tls",), "reach.imap.993", "reach", False),
        (("browser",), "har", "browser", True),
        (("reach",), "reach.paths.imap.993", "reach", True),
    ],
)
def test_what_only_runs_for_another_was_not_chosen(
    only: tuple[str, ...], identity: str, family: str, chosen: bool
) -> None:
    result = CheckResult(
        id=identity, check=identity, family=family, title=text("T"), target=Subject(domain="a.example"), status="pass"
    )

    assert Selection(only=only).chose(result) is chosen
    assert not Selection(only=only).chose(msgspec.structs.replace(result, left_out=True))


@pytest.mark.parametrize(("skip", "asked"), [(("browser",), False), ((), True)])
def test_a_narrowed_run_connects_to_nothing_before_a_check_wants_that(
    skip: tuple[str, ...], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be about something else; any other run begins at once with what all its checks will want."""
    begun: list[str] = []
    ahead = Network.connect_ahead

    def connect_ahead(network: Network, host: str, port: int, deadline: Deadline, *, tls: bool) -> None:
        begun.append(host)
        ahead(network, host, port, deadline, tls=tls)

    monkeypatch.setattr(Network, "connect_ahead", connect_ahead)

    connected = [one for one in told("healthy-no-webmail", skip=skip).checks if one.id.startswith("reach.imap")]

    assert {one.status for one in connected} == {"pass"}
    assert bool(begun) is asked
