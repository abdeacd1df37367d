"""What a run over many came to, for a terminal: what they have in common first, then how many of which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from diagnose.model import text
from diagnose.model.fleet import FleetCause, FleetCount, FleetSummary, Grouping
from diagnose.rendering.labels import CERTAINTIES, IMPACTS
from diagnose.rendering.page import Advice, AnyBlock, Entry, Heading, Paragraph, Row, Rows

MOST_CAUSES = 10
MOST_NAMES = 5
MOST_VALUES = 10
"""That a terminal shows of causes, of names of a cause, and of values of a table."""
GROUPS: dict[Grouping, str] = {
    "all": text("All {hit} rows").msgid,
    "host": text("All {hit} that use {value}").msgid,
    "domain": text("All {hit} of {value}").msgid,
    "provider": text("All {hit} at the provider {value}").msgid,
    "office": text("All {hit} in the office {value}").msgid,
    "account": text("{hit} of {among}, each by itself").msgid,
}
"""By what those that a cause hits have in common: who they are."""


def summary_blocks(summary: FleetSummary, translate: Callable[[str], str]) -> Iterator[AnyBlock]:
    """*summary* as blocks of a page."""
    _ = translate
    yield Entry(mark="✗" if summary.problems else "?" if summary.exit_code else "✓", title=headline(summary, _))
    if summary.interrupted:
        yield Paragraph(words=_("The run was cut short: further rows may not have been looked at."))
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
    tables = (
        (_("By provider"), summary.by_provider),
        (_("By domain"), summary.by_domain),
        (_("By office"), summary.by_office),
    )
    for title, counts in tables:
        if len(counts) > 1:
            yield Heading(words=title)
            yield Rows(rows=tuple(Row(name=one.name, words=ended(one, _)) for one in counts[:MOST_VALUES]))


def headline(summary: FleetSummary, translate: Callable[[str], str]) -> str:
    """How many rows ended how, in one line."""
    _ = translate
    parts = [
        _("{problems} of {rows} with a problem").format(problems=summary.problems, rows=summary.rows),
        _("{number} healthy").format(number=summary.healthy),
    ]
    if summary.inconclusive:
        parts.append(_("{number} not clear yet").format(number=summary.inconclusive))
    if summary.bad:
        parts.append(_("{number} that could not be run").format(number=summary.bad))
    if summary.duplicates:
        parts.append(_("{number} left out as duplicates").format(number=summary.duplicates))
    return _(", ").join(parts)


def who(cause: FleetCause, translate: Callable[[str], str]) -> str:
    """Those that *cause* hits, in a few words; a single one by its name."""
    if cause.grouping == "account" and cause.hit == 1 and cause.names:
        return cause.names[0]
    return translate(GROUPS[cause.grouping]).format(hit=cause.hit, among=cause.among, value=cause.value)


def names(cause: FleetCause, translate: Callable[[str], str], most: int) -> str:
    """The first of those that *cause* hits; "" where `who` names the only one."""
    _ = translate
    if cause.grouping == "account" and cause.hit == 1:
        return ""
    told = _(", ").join(dict.fromkeys(cause.names[:most]))
    return _("{names} …").format(names=told) if cause.hit > most else told


def ended(count: FleetCount, translate: Callable[[str], str]) -> str:
    """How the rows of *count* ended."""
    _ = translate
    told = _("{problems} of {rows} with a problem").format(problems=count.problems, rows=count.rows)
    if count.inconclusive:
        told += _(", ") + _("{number} not clear yet").format(number=count.inconclusive)
    return told
