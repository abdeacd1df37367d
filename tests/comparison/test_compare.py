"""Two reports side by side: what got worse counts, what was not looked at again does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from diagnose.comparison.compare import Comparison, TwoSubjectsError, compared
from diagnose.comparison.differences import Direction
from diagnose.model.report import Report, ReportService
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.reporting import discreet
from diagnose.running.request import Presentation
from reports.json import render as as_json
from tests.commands.command_line import CommandLine
from tests.reports.samples import expired_certificate, healthy, port_blocked, wrong_password


def told(old: Report, new: Report) -> Comparison:
    return compared(old, new, Presentation())


def directions(old: Report, new: Report, about: str = "cause") -> dict[str | None, Direction]:
    return {one.name: one.direction for one in told(old, new).differences if one.about == about}


def verdict(report: Report, **more: Any) -> Report:
    return replace(report, verdict=replace(report.verdict, **more))


@pytest.mark.parametrize("make", [healthy, wrong_password, expired_certificate, port_blocked])
def test_a_report_differs_in_nothing_from_itself(make: Any) -> None:
    found = told(make(), make())
    assert (found.got_worse, found.differences) == (False, ())


@pytest.mark.parametrize("make", [wrong_password, expired_certificate, port_blocked])
def test_a_new_fault_is_worse_and_its_end_is_better(make: Any) -> None:
    (first, *_) = make().verdict.causes
    assert told(healthy(), make()).got_worse
    assert directions(healthy(), make())[first.id] == "worse"
    assert not told(make(), healthy()).got_worse
    assert directions(make(), healthy())[first.id] == "better"
    assert told(healthy(), make()).differences[0].direction == "worse"


def test_what_is_only_possible_is_no_change_for_the_worse() -> None:
    cause = replace(wrong_password().verdict.causes[0], certainty="possible")
    assert directions(healthy(), verdict(healthy(), causes=(cause,)))[cause.id] == "neither"


def test_a_cause_that_was_not_looked_for_again_is_not_over() -> None:
    """As with a run that was narrowed, or had no time: only what is ruled out is over."""
    old = expired_certificate()
    (cause, *_) = old.verdict.causes
    unsettled = verdict(healthy(), status="inconclusive", exit_code=3, ruled_out=())
    assert directions(old, unsettled)[cause.id] == "neither"
    assert not told(old, unsettled).got_worse


def test_a_cause_that_follows_from_another_is_not_over() -> None:
    old, new = expired_certificate(), wrong_password()
    (cause, *_) = old.verdict.causes
    root = replace(new.verdict.causes[0], explains=(cause.id,))
    new = verdict(new, causes=(root,), ruled_out=())
    assert directions(old, new)[cause.id] == "neither"


@pytest.mark.parametrize(
    ("then", "now", "direction"), [("hinders", "blocks", "worse"), ("blocks", "hinders", "better")]
)
def test_a_cause_may_come_to_block(then: Any, now: Any, direction: Direction) -> None:
    cause = wrong_password().verdict.causes[0]
    old, new = (verdict(wrong_password(), causes=(replace(cause, impact=impact),)) for impact in (then, now))
    assert directions(old, new)[cause.id] == direction


def lasting(days: float) -> Report:
    """A report whose first check saw a certificate that ends *days* after it was seen."""
    report = healthy()
    first = replace(report.checks[0], facts={"not_after": 1_800_000_000.0 + days * 86_400, "at": 1_800_000_000.0})
    return replace(report, checks=(first, *report.checks[1:]))


@pytest.mark.parametrize(
    ("then", "now", "found"), [(5, 95, ["better"]), (95, 5, ["neither"]), (30, 30, []), (30, 30.5, [])]
)
def test_certificates(then: float, now: float, found: list[Direction]) -> None:
    assert list(directions(lasting(then), lasting(now), "certificate").values()) == found


def not_accepted(report: Report) -> Report:
    """*report* with the same certificate, with which no handshake held."""
    first, *others = report.checks
    facts = {"at": first.facts["at"], "explanation": {"chain": [{"not_after": first.facts["not_after"]}]}}
    return replace(report, checks=(replace(first, facts=facts), *others))


def test_an_expired_certificate_is_renewed_by_one_that_is_accepted() -> None:
    """Any other one, such as that of a device on the way, may end later, too."""
    expired = not_accepted(lasting(-3))
    assert list(directions(expired, lasting(95), "certificate").values()) == ["better"]
    assert not directions(expired, not_accepted(lasting(95)), "certificate")


@pytest.mark.parametrize("worth", [float("nan"), 1e300, -1e18, "soon", None, True])
def test_an_end_that_is_none_is_left_out_or_has_no_date(worth: Any) -> None:
    report = healthy()
    first = replace(report.checks[0], facts={"not_after": worth, "at": 1.0})
    told(lasting(5), replace(report, checks=(first, *report.checks[1:])))
    told(replace(report, checks=(first, *report.checks[1:])), lasting(5))


def test_two_places_of_one_person() -> None:
    """Where only one of them works, what differs between them is what to look at."""
    home = replace(healthy(), environment=replace(healthy().environment, proxy=None, resolver="192.0.2.1"))
    office = replace(
        wrong_password(), environment=replace(home.environment, proxy="proxy.corp.example:3128", resolver="192.0.2.1")
    )
    places = [one.text for one in told(home, office).differences if one.about == "place"]
    assert "one of the two places only" in places[0]
    assert "Proxy: – in the first, proxy.corp.example:3128 in the second" in places
    assert not any("DNS server" in one for one in places)


def test_places_that_differ_mean_nothing_where_both_fail() -> None:
    other = replace(wrong_password(), environment=replace(wrong_password().environment, resolver="198.51.100.7"))
    places = [one.text for one in told(wrong_password(), other).differences if one.about == "place"]
    assert len(places) == 1


@pytest.mark.parametrize("redact", [True, "strict"])
@pytest.mark.parametrize("both", [True, False])
def test_what_one_report_hides_is_hidden_in_both(redact: Any, both: bool) -> None:
    """So a name and the word that stands for it are no difference, nor two mailboxes."""
    how = Presentation(redact=redact)
    hidden, open_or_not = discreet(healthy(), how), discreet(wrong_password(), how) if both else wrong_password()
    whole = told(healthy(), wrong_password())

    for found in (told(hidden, open_or_not), told(open_or_not, hidden)):
        assert found.redacted == ("company" if redact == "strict" else "person")
        assert {one.about for one in found.differences} == {one.about for one in whole.differences}
        assert "alice" not in str(found)
        assert ("corp" in str(found)) <= (redact is True)
    assert told(hidden, open_or_not).got_worse


def test_a_report_of_an_earlier_version_gives_itself_away_by_its_placeholders() -> None:
    for redact in (True, "strict"):
        older = replace(discreet(healthy(), Presentation(redact=redact)), redacted="nothing")
        assert told(older, wrong_password()).redacted != "nothing"


def test_strictly_hidden_domains_are_one_word_so_other_domains_are_not_told_apart() -> None:
    other = replace(wrong_password(), subject=replace(healthy().subject, domain="other.example"))
    found = told(discreet(healthy(), Presentation(redact="strict")), other)
    assert found.redacted == "company"


def test_reports_of_two_domains_are_not_compared() -> None:
    other = replace(healthy(), subject=replace(healthy().subject, domain="other.example"))
    with pytest.raises(TwoSubjectsError):
        told(healthy(), other)


# -- the command


def saved(tmp_path: Path, **reports: Report) -> list[str]:
    files = []
    for name, report in reports.items():
        file = tmp_path / f"{name}.json"
        file.write_text(as_json(report, RenderStyle()), "utf-8")
        files.append(str(file))
    return files


def test_the_exit_code_says_whether_anything_got_worse(command: CommandLine, tmp_path: Path) -> None:
    good, bad = saved(tmp_path, good=healthy(), bad=wrong_password())
    assert command("compare", good, bad).code == 1
    assert command("compare", bad, good).code == 0
    assert command("compare", bad, bad).code == 0


@pytest.mark.parametrize(("lang", "said"), [("en", "It got worse"), ("zh-Hans", "情况变差"), ("zh-Hant", "情況變差")])
def test_it_speaks_the_language_asked_for(command: CommandLine, tmp_path: Path, lang: str, said: str) -> None:
    done = command("compare", *saved(tmp_path, good=healthy(), bad=wrong_password()), "--lang", lang)
    assert said in done.out
    assert "credentials.rejected" in done.out


def test_programs_get_all_of_it(command: CommandLine, tmp_path: Path) -> None:
    found = command("compare", *saved(tmp_path, good=healthy(), bad=wrong_password()), "--format", "json").json
    assert found["got_worse"] is True
    assert found["differences"][0] == {
        "about": "verdict", "direction": "worse", "name": None,
        "text": "The verdict was “no problem found”, and is “problem found” now.",
    }  # fmt: skip
    assert found["old"]["status"] == "healthy"


def test_that_names_are_hidden_is_said(command: CommandLine, tmp_path: Path) -> None:
    hidden = discreet(healthy(), Presentation(redact=True))
    out = command("compare", *saved(tmp_path, hidden=hidden, bad=wrong_password())).out
    assert "user-1 and the like are placeholders" in out
    assert "cannot be told" in out
    assert "placeholders" not in command("compare", *saved(tmp_path, a=healthy(), b=wrong_password())).out


def test_what_is_no_report_is_one_sentence(command: CommandLine, tmp_path: Path) -> None:
    (good,) = saved(tmp_path, good=healthy())
    (tmp_path / "x.json").write_text("{")
    for wrong in (str(tmp_path / "x.json"), str(tmp_path / "none.json"), str(tmp_path)):
        assert Path(wrong).name in command.refused("compare", good, wrong)
    assert "standard input" in command.refused("compare", "-", "-")
    other = replace(healthy(), subject=replace(healthy().subject, domain="other.example"))
    assert "other.example" in command.refused("compare", good, *saved(tmp_path, other=other))


def test_one_of_them_comes_from_standard_input(command: CommandLine, tmp_path: Path) -> None:
    (good,) = saved(tmp_path, good=healthy())
    assert command("compare", good, "-", stdin=as_json(wrong_password(), RenderStyle()).encode()).code == 1


def test_a_server_that_one_report_alone_looks_at_is_named_as_an_option_takes_it() -> None:
    """Its scheme says how encryption begins; a page's is that of the web."""
    servers = [
        ("imap", 993, "implicit", "imaps://mail.corp.example:993"),
        ("imap", 143, "starttls", "imap://mail.corp.example:143"),
        ("smtp", 465, "implicit", "smtps://mail.corp.example:465"),
        ("webmail", 443, "implicit", "https://mail.corp.example:443"),
        ("webmail", 80, "none", "http://mail.corp.example:80"),
        ("imap", 143, "none", "imap://mail.corp.example:143"),  # no scheme says that nothing is encrypted
    ]
    for protocol, port, tls, url in servers:
        one: Any = ReportService(protocol=protocol, host="mail.corp.example", port=port, tls=tls, source="srv")  # type: ignore[arg-type]
        old, new = replace(healthy(), services=()), replace(healthy(), services=(one,))
        (found,) = (one for one in told(old, new).differences if one.about == "service")

        assert found.text == f"Only the second report looks at {url}."
