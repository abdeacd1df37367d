"""A run held against an earlier report of the same subject: what that knows fails nothing, only what is new does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import msgspec

from diagnose.comparison.differences import of_causes, of_certificates
from diagnose.model import Subject, TextError, text
from diagnose.model.report import Baseline, KnownCause, Report, ReportCause
from diagnose.redaction.redact import USER
from diagnose.redaction.strict import KEPT_DOMAIN

MEASURED = "measured"
"""The key in a finding's data whose value changes from day to day, and makes nothing new."""


class OtherSubjectError(TextError):
    """The baseline tells of another subject than the run is of."""


def require_same(baseline: Report, subject: Subject) -> None:
    """Raise OtherSubjectError unless *baseline* is a report of *subject*; one that hides the person may be."""
    then, now = baseline.subject.address, subject.address
    locals_ = {(one or "").rpartition("@")[0].casefold() for one in (then, now)}
    alike = (then is None) == (now is None) and (len(locals_) == 1 or USER in locals_)
    same = baseline.subject.domain.casefold() == subject.domain.casefold()
    if not same and KEPT_DOMAIN.fullmatch(baseline.subject.domain):
        raise OtherSubjectError(
            text(
                "its names are placeholders (--redact=strict), so whether it is of {domain} cannot be told; "
                "a report written without that option, or with a plain --redact, can be the baseline",
                domain=subject.domain,
            )
        )
    if not same or not alike:
        one = then or baseline.subject.domain
        raise OtherSubjectError(
            text("it is a report of {one}, and this run is of {other}", one=one, other=subject.name)
        )


def against(report: Report, baseline: Report, translate: Callable[[str], str], *, strict: bool = False) -> Report:
    """*report* with what *baseline* knows marked, what is new first, and an exit code by that alone.

    *strict*: causes that only hinder make a run fail, too.
    """
    known = tuple(one for cause in report.verdict.causes if (one := _known(cause, report, baseline)) is not None)
    ids = {one.cause for one in known}
    changes = (*of_causes(baseline, report), *of_certificates(baseline, report))
    held = Baseline(
        report=baseline.id,
        started_at=baseline.started_at,
        known=known,
        better=tuple(one.sentence.render(translate) for one in changes if one.direction == "better"),
    )
    verdict = report.verdict
    failing = [one for one in verdict.causes if one.certainty != "possible" and (strict or one.impact == "blocks")]
    day = baseline.started_at[:10]
    if new_ones := [one for one in failing if one.id not in ids]:
        headline = text("New since {day}: {title}", day=day, title=new_ones[0].title).render(translate)
        causes = tuple(sorted(verdict.causes, key=lambda one: one not in new_ones))
        verdict = msgspec.structs.replace(verdict, headline=headline, causes=causes)
        return msgspec.structs.replace(report, baseline=held, verdict=verdict)
    new = set(verdict.unchecked) - set(baseline.verdict.unchecked)
    headline = verdict.headline
    if failing:
        headline = text("Nothing new since {day}: {answer}", day=day, answer=headline).render(translate)
    return msgspec.structs.replace(
        report,
        baseline=held,
        verdict=msgspec.structs.replace(verdict, exit_code=3 if new else 0, headline=headline),
    )


def _known(cause: ReportCause, report: Report, baseline: Report) -> KnownCause | None:
    """*cause* where *baseline* has all that speaks for it at the same places, as sure and as grave; else None."""
    before = next((one for one in baseline.verdict.causes if one.id == cause.id), None)
    if before is not None and cause.impact == "blocks" and before.impact != "blocks":
        return None
    now, then = set(_seen(cause, report)), set(_seen(cause, baseline))
    told, told_then = set(_told(cause)), set(_told(before)) if before is not None else set()
    if not now or not now <= then or not told <= told_then:
        return None
    return KnownCause(cause=cause.id, checks=tuple(dict.fromkeys(check for check, _ in sorted(now))))


def _seen(cause: ReportCause, report: Report) -> Iterator[tuple[str, str]]:
    """Where *report* finds *cause* and what follows from it: ids of checks and of causes."""
    ids = {cause.id, *cause.explains}
    for check in report.checks:
        for finding in check.findings:
            if finding.cause in ids and (finding.certainty != "possible" or cause.certainty == "possible"):
                yield check.id, finding.cause


def _told(cause: ReportCause) -> Iterator[str]:
    """What a check was held against and found: of the same check another value is new."""
    for one in cause.evidence:
        if "expectation" in one.data:
            yield json.dumps({name: value for name, value in one.data.items() if name != MEASURED}, sort_keys=True)
