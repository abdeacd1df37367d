"""A report in ten lines, to be pasted into a ticket or a mail."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.model.report import Report, ReportCause
from reports.words import moment, words

MOST_LINES = 10
MOST_SEEN = 3
"""Pieces of evidence."""


def summary(report: Report, translate: Callable[[str], str]) -> str:
    """*report* in at most `MOST_LINES` lines of plain text, in the language of *translate*."""
    _ = translate
    said = words(translate)
    verdict, subject = report.verdict, report.subject
    lines = [": ".join(filter(None, (said.answer(verdict), subject.address or subject.domain))), verdict.headline]
    lines += [_told(cause, said.certainty[cause.certainty]) for cause in verdict.causes[:2]]
    if verdict.causes:
        lines += [f"- {seen.text} [{seen.check}]" for seen in verdict.causes[0].evidence[:MOST_SEEN]]
    elif verdict.unchecked:
        lines += [f"- {sentence}" for sentence in verdict.unchecked[:MOST_SEEN]]
    if subject.provider:
        lines.append(said.pair.format(name=_("Provider"), value=subject.provider))
    lines.append(
        f"{_('Report {id}').format(id=report.id)} · {moment(report.started_at)} · "
        f"{report.tool.name} {report.tool.version}"
    )
    return "\n".join(lines[:MOST_LINES])


def _told(cause: ReportCause, certainty: str) -> str:
    return f"{cause.id} ({certainty}): {cause.title}"
