"""`diagnose compare`: two saved reports, and what got worse or better between them."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Any

import click

from diagnose.cli.help import Example, Sectioned
from diagnose.cli.pages import page_options, show_json, show_page
from diagnose.cli.parameters import file_names
from diagnose.cli.saved_reports import STANDARD_INPUT, read_saved
from diagnose.comparison.compare import Comparison, TwoSubjectsError, compared
from diagnose.comparison.differences import Direction
from diagnose.model.text import text
from diagnose.rendering.labels import REDACTED
from diagnose.rendering.page import AnyBlock, Entry, Heading, Mark, Page, Paragraph, Row, Rows
from diagnose.running.request import Presentation

MARKS: dict[Direction, Mark] = {"worse": "✗", "better": "✓", "neither": "•"}
HEADINGS = {
    "worse": text("What got worse").msgid,
    "better": text("What got better").msgid,
    "neither": text("What else differs").msgid,
}


@click.command(
    cls=Sectioned,
    epilog="Exit codes: 0 nothing got worse, 1 something did, 2 wrong usage.",
    examples=(
        Example("diagnose compare before.json after.json", text("what changed since").msgid),
        Example("diagnose compare home.html office.html", text("one mailbox from two places").msgid),
    ),
)
@click.argument("old", metavar="OLD", shell_complete=file_names)
@click.argument("new", metavar="NEW", shell_complete=file_names)
@page_options
def COMMAND(old: str, new: str, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Hold one saved report against another: an earlier one of the same mailbox, or one from another place.

    OLD and NEW are reports that diagnose wrote as .json, .html or .md; - reads one from standard input.
    """
    if old == new == STANDARD_INPUT:
        raise click.UsageError(_("only one of the two reports can come from standard input."))
    first, second = read_saved(old), read_saved(new)
    try:
        comparison = compared(first, second, Presentation(lang=given["lang"]))
    except TwoSubjectsError as error:
        raise click.UsageError(_("{sentence}.").format(sentence=error.sentence.render(_))) from None
    if given["form"] == "json":
        show_json(comparison, given)
    else:
        show_page(Page(blocks=tuple(_blocks(comparison))), given)
    return int(comparison.got_worse)


def _blocks(comparison: Comparison) -> Iterator[AnyBlock]:
    directions = {one.direction for one in comparison.differences}
    if comparison.got_worse:
        yield Entry(mark="✗", title=_("It got worse"))
    elif "better" in directions:
        yield Entry(mark="✓", title=_("It got better, and nothing got worse"))
    else:
        yield Entry(mark="✓", title=_("Nothing got worse"))
    rows = (
        Row(name=name, words=side.headline, note=f"{side.started_at} · {_('Report {id}').format(id=side.id)}")
        for name, side in ((_("First"), comparison.old), (_("Second"), comparison.new))
    )
    yield Rows(rows=tuple(rows))
    if comparison.redacted in REDACTED:
        yield Paragraph(words=_(REDACTED[comparison.redacted]), quiet=True)
        yield Paragraph(words=_("So whether both reports are of the same mailbox cannot be told."), quiet=True)
    for direction, heading in HEADINGS.items():
        found = [one for one in comparison.differences if one.direction == direction]
        if found:
            yield Heading(words=_(heading))
            yield from (Entry(mark=MARKS[one.direction], title=one.text) for one in found)
