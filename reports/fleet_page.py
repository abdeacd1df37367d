"""A run over many as one HTML page that needs no network and no other file; its script only filters and sorts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from diagnose.model.fleet import FleetCount, FleetRow, FleetSummary
from diagnose.process.first_use import made_once
from diagnose.rendering.fleet_words import change, changed, ended, guessed, headline, names, slowed, who
from diagnose.rendering.renderer import RenderStyle
from reports.remedies import can_be_followed, for_audience, pieces
from reports.sanitized import sanitized
from reports.templating import environment, style_and_script
from reports.titles import title_of
from reports.words import SYMBOLS, moment, words

if TYPE_CHECKING:
    from jinja2 import Template

MOST_ROWS = 5000
"""Rows of the table. Of more, those that are not healthy come in; the results hold all."""
MOST_CAUSES = 100
MOST_NAMES = 20


def render_fleet(summary: FleetSummary, rows: Callable[[], Iterator[FleetRow]], style: RenderStyle) -> Iterator[str]:
    """The page in pieces."""
    shown = (row for row in rows() if summary.rows <= MOST_ROWS or row.status != "healthy")
    summary = sanitized(summary)
    yield from _template().generate(
        summary=summary,
        rows=map(sanitized, islice(shown, MOST_ROWS)),
        left_out=summary.rows > MOST_ROWS,
        _=style.translate,
        words=words(style.translate),
        symbols={**SYMBOLS, "bad": "–"},
        status={**words(style.translate).verdict, "bad": style.translate("could not be run")},
        **style_and_script("fleet.css", "fleet.js"),
        audience=style.audience,
        headline=headline(summary, style.translate),
        who=lambda cause: who(cause, style.translate),
        named=lambda cause: names(cause, style.translate, MOST_NAMES),
        changed=changed(summary.changes, style.translate) if summary.changes is not None else "",
        changes=[change(one, style.translate) for one in summary.changes.first] if summary.changes is not None else [],
        guessed=guessed(summary, style.translate),
        slowed=slowed(summary, style.translate, MOST_NAMES),
        ended=lambda count: ended(count, style.translate),
        causes=summary.causes[:MOST_CAUSES],
        plainly=lambda name: name,
        title_of=lambda cause: title_of(cause, style.translate),
        bars=_bars,
        moment=moment,
        pieces=pieces,
        for_audience=for_audience,
        can_be_followed=can_be_followed,
    )


def _bars(count: FleetCount, most: int) -> list[tuple[str, float, float]]:
    """Class, begin and length of each part of *count*'s bar, in hundredths of that of *most* rows."""
    parts = (
        ("problem", count.problems),
        ("inconclusive", count.inconclusive),
        ("healthy", count.rows - count.problems - count.inconclusive),
    )
    found, begin = [], 0.0
    for kind, number in parts:
        if number > 0:
            length = round(100 * number / max(most, 1), 2)
            found.append((kind, round(begin, 2), length))
            begin += length
    return found


@made_once
def _template() -> Template:
    return environment().get_template("fleet.html.j2")
