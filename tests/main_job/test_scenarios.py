"""Every scenario of the lab through the main job: what must be found, and what must not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from diagnose.cli.lab import AT_ONCE, request_for
from diagnose.comparison.replay import replayed
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.lab.trial import Trial, carry_out
from diagnose.model.report import Report
from diagnose.model.saved import plain_report
from diagnose.record.coding import from_json
from diagnose.redaction.redact import redact
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.chosen import every_check
from diagnose.running.diagnosis import diagnose
from diagnose.running.reporting import discreet, report_of
from diagnose.running.request import Presentation
from reports.json import render
from tests.machine import lacking
from tests.pace import patient

from .together import PAIRS

LEFT = {check.id: check.facts for check in every_check()}
Carried = Mapping[str, Future[tuple[Trial, Report | None]]]


def diagnosed(estate: Estate) -> Report:
    """The report of the account on *estate*."""
    return diagnose(request_for(estate, seconds=patient(30))).report


@pytest.fixture(scope="module")
def carried_out() -> Iterator[Carried]:
    """Every scenario carried out, side by side and once for all tests: most of the time is waiting."""

    def carry(name: str) -> tuple[Trial, Report | None]:
        reports: list[Report] = []

        def keep(estate: Estate) -> Report:
            reports.append(diagnosed(estate))
            return reports[0]

        return carry_out(SCENARIOS[name], keep), next(iter(reports), None)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(carry, name) for name in SCENARIOS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, carried_out: Carried) -> None:
    """The root cause first, no other confirmed or likely cause, no fault of a check, no promise broken."""
    done, report = carried_out[name].result()
    if report is None:
        lacking(str(done.lacking), excused=True)

    assert done.agrees, f"expected {SCENARIOS[name].expects}, found {done.found}, exit {done.exit_code}, {done.broken}"


@pytest.mark.parametrize("name", [name for name, one in SCENARIOS.items() if not one.expects])
def test_a_healthy_estate_has_no_cause_at_all(name: str, carried_out: Carried) -> None:
    """Healthy is a claim too: not even a possible cause is named, but for what was over at the second try."""
    done, report = carried_out[name].result()
    if report is None:
        lacking(str(done.lacking), excused=True)

    assert tuple(cause.id for cause in report.verdict.causes) == SCENARIOS[name].hints
    assert report.verdict.status == "healthy"


def judged(report: Report) -> object:
    """All that a judgement says, but for its sentences."""
    causes = [(one.id, one.certainty, one.impact, one.explains) for one in report.verdict.causes]
    ruled_out = {one.id for one in report.verdict.ruled_out}
    return report.verdict.exit_code, causes, ruled_out, [(one.name, one.state) for one in report.path]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_redacted_report_is_judged_again_to_the_same_end(name: str, carried_out: Carried) -> None:
    done, report = carried_out[name].result()
    if report is None:
        lacking(str(done.lacking), excused=True)

    assert judged(replayed(redact(report), Presentation())) == judged(report)
    strict = discreet(report, Presentation(redact="strict"))
    assert strict.record is not None
    assert judged(replayed(strict, Presentation())) == judged(strict) == judged(report)
    said = json.dumps(plain_report(strict), ensure_ascii=False)
    folders = re.findall(r"/diagnose-lab-\w+", json.dumps(plain_report(report)))
    assert [word for word in ("alice", "corp.example", *folders) if word in said] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_other_pair_is_found_in_a_run(name: str, carried_out: Carried) -> None:
    """Whatever else a run finds beside its root cause is folded into it, and written down here."""
    done, report = carried_out[name].result()
    if report is None:
        lacking(str(done.lacking), excused=True)
    sure = [cause for cause in report.verdict.causes if cause.certainty != "possible"]
    proven = {f.cause for check in report.checks for f in check.findings if f.certainty != "possible"}
    folded = {(cause.id, other) for cause in sure for other in cause.explains if other in proven}

    assert folded == {(pair.root, pair.follows) for pair in PAIRS if pair.scenario == name}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_saved_report_is_judged_again_as_it_was(name: str, carried_out: Carried) -> None:
    """From the record in its JSON alone: every verdict, check and piece of evidence, in every language."""
    done, report = carried_out[name].result()
    if report is None:
        lacking(str(done.lacking), excused=True)
    record = from_json(json.loads(render(report, RenderStyle()))["record"], LEFT)

    assert report_of(record, every_check(), Presentation()) == report
    translated = report_of(record, every_check(), Presentation(lang="zh-Hans"))
    assert translated.verdict.exit_code == report.verdict.exit_code
    assert [cause.id for cause in translated.verdict.causes] == [cause.id for cause in report.verdict.causes]


@pytest.mark.parametrize(("name", "days"), [("healthy", 0), ("clock-behind", -60)])
def test_the_report_says_how_far_this_computers_clock_is_ahead(name: str, days: int, carried_out: Carried) -> None:
    _, report = carried_out[name].result()

    assert report is not None
    assert report.environment.clock_offset_s is not None
    assert abs(report.environment.clock_offset_s - days * 86400) < 60
