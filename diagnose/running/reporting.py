"""From a record to the report that may be shown: judged, and without the person, or their company as well."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.knowledge.catalogue import catalogue, hinders_only
from diagnose.model import Check, CheckResult
from diagnose.model.report import Report
from diagnose.network import Vantage
from diagnose.process.first_use import one_at_a_time
from diagnose.record.coding import RunRecordError, from_json
from diagnose.record.run import Run
from diagnose.redaction.redact import redact
from diagnose.running.chosen import every_check
from diagnose.running.request import Presentation
from diagnose.verdict.compose import compose
from diagnose.verdict.judging import judge_run
from diagnose.verdict.verdict import judge


def report_of(record: Run, checks: tuple[Check[Any], ...], presentation: Presentation) -> Report:
    """What today's knowledge, and the judges of *checks*, make of *record*; nothing else goes into it."""
    return told(record, judge_run(record, checks, hinders_only), presentation)


def told(record: Run, results: tuple[CheckResult, ...], presentation: Presentation) -> Report:
    """The report of *record*, of which each check found *results*."""
    known = {check.id: check for check in every_check()}
    judgement = judge(record, results, catalogue(), known)
    speaks = presentation.lang, presentation.audience, presentation.contact
    return compose(record, results, judgement, catalogue(), known, *speaks)


def discreet(report: Report, presentation: Presentation, vantage: Vantage | None = None) -> Report:
    """*report* as *presentation* has it redacted. *vantage*: the one that the run looked from, if not this computer.

    Without the company it is judged anew, from its redacted record alone. So its sentences hold nothing else.
    """
    if not presentation.redact:
        return report
    report = redact(report, vantage=vantage)
    return without_company(report, presentation) if presentation.redact == "strict" else report


def without_company(report: Report, presentation: Presentation) -> Report:
    """*report*, from which the person is gone, without their company: domain, hosts, addresses, and unknown words."""
    with one_at_a_time:
        from diagnose.redaction.company import WithoutCompany

    hiding = WithoutCompany(report)
    try:
        record = hiding.record()
        if record is None:
            return hiding.report()
        run = from_json(record, {check.id: check.facts for check in every_check()})
    except RunRecordError:
        return hiding.report()
    again = report_of(run, every_check(), msgspec.structs.replace(presentation, contact=None))
    if judged(again) != judged(report):  # what a judge asked for is hidden; what it found must not change
        return hiding.report()
    beside = hiding.beside()
    verdict = again.verdict
    if report.baseline is not None:  # it decides what the run ends in
        headline = hiding.sentence(report.verdict.headline)
        verdict = msgspec.structs.replace(verdict, headline=headline, exit_code=report.verdict.exit_code)
    return msgspec.structs.replace(
        again, tool=report.tool, replay=beside.replay, baseline=beside.baseline, verdict=verdict, redacted="company"
    )


def judged(report: Report) -> object:
    """What must not differ: the verdict, and each cause with how sure it is and what it shuts."""
    return report.verdict.status, [(one.id, one.certainty, one.impact, one.explains) for one in report.verdict.causes]
