"""What a run over many came to, for a terminal: what they have in common first, then how many of which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnose.model.fleet import FleetSummary
from diagnose.rendering.fleet_words import change, changed, ended, guessed, headline, names, slowed, who
from diagnose.rendering.labels import CERTAINTIES, IMPACTS
from diagnose.rendering.page import Advice, AnyBlock, Entry, Heading, Paragraph, Row, Rows

MOST_CAUSES = 10
MOST_NAMES = 5
MOST_VALUES = 10
"""That a terminal shows of causes, of names of a cause, and of values of a table."""


def summary_blocks(summary: FleetSummary, translate: Callable[[str], str]) -> Iterator[AnyBlock]:
    """*summary* as blocks of a page."""
    _ = translate
    yield Entry(mark="✗" if summary.problems else "?" if summary.exit_code else "✓", title=headline(summary, _))
    if summary.interrupted:
        yield Paragraph(words=_("The run was cut short: further rows may not have been looked at."))
    if told := slowed(summary, _, MOST_NAMES):
        yield Paragraph(words=told)
    if summary.changes is not None:
        yield Paragraph(words=changed(summary.changes, _))
        for one in summary.changes.first[:MOST_CAUSES]:
            yield Entry(mark="✗" if one.change == "new" else "✓", title=change(one, _), note=one.id)
    if summary.causes:
        yield Heading(words=_("What they have in common"))
    for place, cause in enumerate(summary.causes[:MOST_CAUSES]):
        labels = " · ".join((_(CERTAINTIES[cause.certainty]), _(IMPACTS[cause.impact]), cause.id))
        yield Entry(
            mark="✗" if cause.impact == "blocks" else "!",
            title=_("{who}: {cause}").format(who=who(cause, _), cause=cause.title),
            note=labels,
            words="" if cause.grouping == "domain" else names(cause, _, MOST_NAMES),
        )
        if place == 0 and cause.remedies:
            yield Advice(remedies=cause.remedies)
    if (more := len(summary.causes) - MOST_CAUSES) > 0:
        yield Paragraph(words=_("… and {number} more").format(number=more), quiet=True)
    if told := guessed(summary, _):
        yield Paragraph(words=told)
    tables = (
        (_("By provider"), summary.by_provider),
        (_("By domain"), summary.by_domain),
        (_("By office"), summary.by_office),
        (_("By vantage"), summary.by_vantage),
    )
    for title, counts in tables:
        if len(counts) > 1:
            yield Heading(words=title)
            yield Rows(rows=tuple(Row(name=one.name, words=ended(one, _)) for one in counts[:MOST_VALUES]))
