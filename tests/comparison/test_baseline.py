"""A run held against an earlier report: what that knows fails nothing, and what is new does."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from msgspec.structs import replace

from diagnose.comparison.baseline import OtherSubjectError, against, require_same
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Subject
from diagnose.model.report import Report, ReportCheck, ReportFinding
from diagnose.model.saved import saved_report
from diagnose.rendering.renderer import RenderStyle
from reports.json import SCHEMA
from reports.junit import render as as_junit
from reports.nagios import exit_code, state
from tests.commands.command_line import CommandLine, Done
from tests.pace import patient

FORMATS = ("text", "html", "markdown", "json", "junit", "nagios", "openmetrics")


@pytest.fixture(scope="module")
def broken() -> Iterator[Estate]:
    """Nothing listens on the IMAP ports."""
    with Estate(SCENARIOS["refused"]) as estate:
        yield estate


def checked(command: CommandLine, estate: Estate, *words: str, form: str = "json") -> Done:
    options = ["--resolver", estate.resolver, "--ca-file", str(estate.ca_file), "--no-third-party", "--no-history"]
    options += ["--skip", "web", "--timeout", str(min(patient(30.0), 300.0)), "--format", form]
    return command(estate.scenario.domain, *options, *words)


@pytest.fixture
def before(command: CommandLine, broken: Estate, tmp_path: Path) -> Path:
    """The report of the first run, which the second is held against."""
    file = tmp_path / "before.json"
    done = checked(command, broken)
    assert done.code == 1
    file.write_text(done.out, "utf-8")
    return file


def causes(done: Done) -> list[str]:
    return [one["id"] for one in done.json["verdict"]["causes"]]


def test_what_was_there_before_is_known_and_fails_nothing(command: CommandLine, broken: Estate, before: Path) -> None:
    done = checked(command, broken, "--baseline", str(before))

    jsonschema.validate(done.json, json.loads(SCHEMA.read_text("utf-8")))
    assert (done.code, done.json["verdict"]["exit_code"], done.json["verdict"]["status"]) == (0, 0, "problem")
    assert causes(done)[0] == "reach.refused"
    first = json.loads(before.read_text("utf-8"))
    told = done.json["baseline"]
    assert (told["report"], told["started_at"], told["better"]) == (first["id"], first["started_at"], [])
    assert "reach.refused" in [one["cause"] for one in told["known"]]
    assert done.json["verdict"]["headline"].startswith(f"Nothing new since {first['started_at'][:10]}: ")


def test_what_is_new_fails(command: CommandLine, broken: Estate, before: Path) -> None:
    done = checked(command, broken, "--baseline", str(before), "--expect", "mx=mx.corp.example")

    assert done.code == 1
    known = {one["cause"] for one in done.json["baseline"]["known"]}
    assert "reach.refused" in known
    assert "settings.drift" in {*causes(done)} - known
    assert causes(done)[0] == "settings.drift"
    assert done.json["verdict"]["headline"].endswith(": The domain is not as expected")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_what_is_known(command: CommandLine, broken: Estate, before: Path, form: str) -> None:
    done = checked(command, broken, "--baseline", str(before), form=form)

    assert done.code == 0
    assert "known" in done.out
    assert form in {"json", "openmetrics"} or "reach.refused" in done.out
    if form == "openmetrics":
        assert 'reason="reach.refused",certainty="confirmed",impact="blocks",known="true"' in done.out
        assert "diagnose_exit_code" in done.out
    if form == "junit":
        assert ET.fromstring(done.out).get("failures") == "0"
        assert any("known before" in str(one.get("message")) for one in ET.fromstring(done.out).iter("skipped"))
    if form == "nagios":
        assert done.out.startswith("MAIL OK: ")


@pytest.mark.parametrize("suffix", [".json", ".html", ".md"])
def test_a_baseline_is_read_from_every_format_that_holds_a_report(
    command: CommandLine, broken: Estate, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"before{suffix}"
    assert checked(command, broken, "--report", str(file), "--redact").code == 1

    assert checked(command, broken, "--baseline", str(file), "--lang", "zh-Hant").code == 0


# -- what is new, case by case


@pytest.fixture
def report(before: Path) -> Report:
    return saved_report(before.read_bytes())


def found_at(report: Report, place: str, cause: str = "reach.refused") -> Report:
    """*report*, whose cause was found by one more check."""
    finding = ReportFinding(cause=cause, certainty="confirmed", text="Seen there, too.")
    check = ReportCheck(
        id=place, title="T", family="reach", status="fail", skipped_because=None, started_ms=1, duration_ms=1,
        findings=(finding,), facts={},
    )  # fmt: skip
    return replace(report, checks=(*report.checks, check))


def with_first(report: Report, **changes: Any) -> Report:
    first, *others = report.verdict.causes
    return replace(report, verdict=replace(report.verdict, causes=(replace(first, **changes), *others)))


def fails(now: Report, then: Report) -> bool:
    return against(now, then, str).verdict.exit_code == 1


def test_the_same_is_known_and_its_near_misses_are_not(report: Report) -> None:
    assert not fails(report, report)
    assert fails(found_at(report, "reach.pop3.995"), report)
    assert not fails(report, found_at(report, "reach.pop3.995"))
    assert not fails(found_at(report, "reach.pop3.995"), found_at(report, "reach.pop3.995"))
    assert fails(report, with_first(report, impact="hinders"))
    assert not fails(with_first(report, impact="hinders"), report)
    assert not fails(with_first(report, certainty="possible"), replace(report, checks=()))


def test_what_follows_from_a_known_cause_is_new_where_it_was_not(report: Report) -> None:
    wider = with_first(found_at(report, "web.webmail.443", "web.login-page-down"), explains=("web.login-page-down",))

    assert fails(wider, report)
    assert not fails(wider, wider)


def test_a_case_with_a_new_finding_beside_a_known_one_fails(report: Report) -> None:
    place = next(check.id for check in report.checks if check.status == "fail")
    more = ReportFinding(cause="tls.cert-expired", certainty="confirmed", text="It ended.")
    checks = tuple(replace(one, findings=(*one.findings, more)) if one.id == place else one for one in report.checks)
    held = against(replace(report, checks=checks), report, str)
    case = next(
        one for one in ET.fromstring(as_junit(held, RenderStyle())).iter("testcase") if place in one.get("name", "")
    )

    assert case.find("failure") is not None


def test_what_could_not_be_checked_is_new_where_it_could_before(report: Report) -> None:
    quiet = replace(report, verdict=replace(report.verdict, causes=(), unchecked=("A.",), status="inconclusive"))

    assert against(quiet, quiet, str).verdict.exit_code == 0
    more = replace(quiet, verdict=replace(quiet.verdict, unchecked=("A.", "B.")))
    assert against(more, quiet, str).verdict.exit_code == 3
    assert [state(against(one, quiet, str)) for one in (quiet, more)] == ["OK", "UNKNOWN"]
    assert exit_code(against(report, report, str)) == 0


def test_hindrances_count_where_all_causes_do(report: Report) -> None:
    mild = with_first(report, impact="hinders")
    alone = replace(mild, verdict=replace(mild.verdict, causes=mild.verdict.causes[:1], unchecked=()))
    nothing = replace(report, checks=(), verdict=replace(report.verdict, causes=(), unchecked=()))

    assert against(alone, nothing, str, strict=True).verdict.exit_code == 1
    assert against(alone, nothing, str).verdict.exit_code == 0
    assert (state(against(alone, nothing, str)), state(against(alone, alone, str))) == ("WARNING", "OK")
    assert against(alone, alone, str, strict=True).verdict.exit_code == 0


def test_what_has_become_better_is_said(report: Report) -> None:
    healthy = replace(report, verdict=replace(report.verdict, causes=(), unchecked=(), status="healthy", exit_code=0))
    held = against(healthy, report, str)

    assert held.baseline is not None
    assert any("reach.refused" in sentence for sentence in held.baseline.better)
    assert held.verdict.headline == healthy.verdict.headline


def test_a_drift_to_another_value_is_new_and_a_day_less_is_not(
    command: CommandLine, broken: Estate, before: Path
) -> None:
    words = ["--expect", "mx=mx.corp.example", "--expect", "cert-days=3000"]
    then = saved_report(checked(command, broken, *words).out.encode())
    assert not fails(then, then)

    def changed(key: str, value: object) -> Report:
        drift = next(one for one in then.verdict.causes if one.id == "settings.drift")
        evidence = tuple(
            replace(one, data={**one.data, key: value}) if key in one.data else one for one in drift.evidence
        )
        causes = (*(one for one in then.verdict.causes if one is not drift), replace(drift, evidence=evidence))
        return replace(then, verdict=replace(then.verdict, causes=causes))

    assert fails(changed("found", ["evil.example"]), then)
    assert fails(changed("server", "new.corp.example:993"), then)
    assert fails(changed("expected", ["mx2.corp.example"]), then)
    assert not fails(changed("measured", "57"), then)


# -- what is no baseline


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        (None, None, True),
        ("alice@corp.example", "alice@corp.example", True),
        ("Alice@corp.example", "alice@corp.example", True),
        ("user-1@corp.example", "alice@corp.example", True),
        ("bob@corp.example", "alice@corp.example", False),
        (None, "alice@corp.example", False),
        ("alice@corp.example", None, False),
    ],
)
def test_a_baseline_is_of_the_same_subject(report: Report, then: str | None, now: str | None, same: bool) -> None:
    saved = replace(report, subject=replace(report.subject, address=then))
    subject = Subject(domain="corp.example", address=now)

    if same:
        require_same(saved, subject)
        return
    with pytest.raises(OtherSubjectError):
        require_same(saved, subject)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it holds no report of diagnose"),
        ("{}", "it is JSON, but no report of diagnose"),
        ("[]", "it holds the reports of 0 runs"),
        ('{"schema_version": 1, "verdict"', "it ends in the middle"),
        ('{"schema_version": 99, "verdict": {}}', "a newer diagnose wrote it"),
        ("\x00\xff" * 100, "no report"),
    ],
)
def test_a_file_that_holds_no_report_is_one_sentence(
    command: CommandLine, tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "before.json"
    file.write_text(content, "utf-8")

    sentence = command.refused("corp.example", "--baseline", str(file))
    assert str(file) in sentence
    assert told in sentence


def test_the_baseline_of_another_domain_and_no_file_are_one_sentence_each(
    command: CommandLine, before: Path, tmp_path: Path
) -> None:
    other = command.refused("other.example", "--baseline", str(before))
    assert "it is a report of corp.example, and this run is of other.example" in other
    assert "placeholders" not in other
    assert "cannot be read" in command.refused("corp.example", "--baseline", str(tmp_path / "none.json"))
    assert "cannot both" in command.refused("a@corp.example", "--baseline", "-", "--password-stdin")


def test_a_baseline_that_hides_the_company_is_refused_with_what_can_be_one(
    command: CommandLine, broken: Estate, tmp_path: Path
) -> None:
    """Another server may stand behind the same placeholder: what is new would pass as known."""
    hidden, plain = tmp_path / "hidden.json", tmp_path / "plain.json"
    assert checked(command, broken, "--redact=strict", "--report", str(hidden)).code == 1
    assert checked(command, broken, "--redact", "--report", str(plain)).code == 1

    sentence = command.refused("corp.example", "--baseline", str(hidden))
    assert "whether it is of corp.example cannot be told" in sentence
    assert "with a plain --redact, can be the baseline" in sentence
    assert checked(command, broken, "--redact=strict", "--baseline", str(plain)).code == 0
