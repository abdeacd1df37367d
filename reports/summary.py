"""A report in ten lines, to be pasted into a ticket or a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnose.model.report import Report, ReportCause
from diagnose.rendering.renderer import Audience
from reports.mailbox_provider import mailbox_provider
from reports.remedies import for_audience
from reports.words import Wording, moment, words

MOST_LINES = 10
MOST_SEEN = 3
"""Pieces of evidence."""


def summary(report: Report, translate: Callable[[str], str], audience: Audience = "user") -> str:
    """*report* in at most `MOST_LINES` lines of plain text, in the language of *translate*.

    Of the steps it holds the first one of *audience*.
    """
    _ = translate
    said = words(translate, audience)
    verdict, subject = report.verdict, report.subject
    whose, answer = subject.address or subject.domain, said.answer(verdict)
    lines = [said.pair.format(name=answer, value=whose) if whose else answer, verdict.headline]
    lines += [_told(cause, said) for cause in verdict.causes[:2]]
    if verdict.causes:
        lines += [f"- {seen.text} [{seen.check}]" for seen in verdict.causes[0].evidence[:MOST_SEEN]]
    elif verdict.unchecked:
        lines += [f"- {sentence}" for sentence in verdict.unchecked[:MOST_SEEN]]
    lines += _first_step(report, translate, audience)
    if provider := mailbox_provider(report):
        lines.append(said.pair.format(name=_("Provider"), value=provider))
    lines.append(
        f"{_('Report {id}').format(id=report.id)} · {moment(report.started_at)} · "
        f"{report.tool.name} {report.tool.version}"
    )
    return "\n".join(lines[:MOST_LINES])


def _first_step(report: Report, translate: Callable[[str], str], audience: Audience) -> Iterator[str]:
    """What is to be done first, and by whom where it is not *audience*."""
    _, said = translate, words(translate, audience)
    for cause in report.verdict.causes[:1]:
        own, _others = for_audience(cause.remedies, audience)
        for remedy in own[:1]:
            whose = _("What to do") if remedy.fixer == audience else said.remedy.get(remedy.fixer, remedy.fixer)
            yield from (said.pair.format(name=whose, value=step) for step in remedy.steps[:1])


def _told(cause: ReportCause, said: Wording) -> str:
    noted = said.noted.format(told=cause.id, notes=said.certainty[cause.certainty])
    return said.pair.format(name=noted, value=cause.title)
