"""The rows of a fleet as CSV (RFC 4180), for spreadsheets; no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from diagnose.model import quote
from diagnose.model.fleet import FleetRow, FleetSummary
from diagnose.rendering.renderer import RenderStyle

SUFFIX = ".csv"
BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""
COLUMNS = (
    "line", "name", "status", "cause", "certainty", "impact", "headline", "provider", "domain", "office", "vantage",
    "servers", "started_at", "seconds", "error",
)  # fmt: skip
MOST_OWN = 200
"""Columns of the rows themselves."""
LONGEST_CELL = 1000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "|", "%")


def render_fleet(_summary: FleetSummary, rows: Callable[[], Iterator[FleetRow]], _style: RenderStyle) -> Iterator[str]:
    """A line a row, in the order in which they were over; what stood in the row itself comes last."""
    own = dict[str, None]()
    for row in rows():
        if len(own) < MOST_OWN:
            own.update(dict.fromkeys(row.columns))
    names = tuple(own)[:MOST_OWN]
    yield BYTE_ORDER_MARK + _line((*COLUMNS, *(f"row.{name}" for name in names)))
    for row in rows():
        yield _line((*_cells(row), *(str(row.columns.get(name, "")) for name in names)))


def _cells(row: FleetRow) -> tuple[str, ...]:
    cause, verdict = row.cause, row.verdict
    return (
        str(row.line),
        row.name,
        row.status,
        cause.id if cause else "",
        cause.certainty if cause else "",
        cause.impact if cause else "",
        verdict.headline if verdict else "",
        row.provider,
        row.domain,
        row.office,
        row.vantage,
        " ".join(row.at or row.hosts),
        row.started_at,
        f"{row.duration_ms / 1000:.3f}" if verdict else "",
        row.bad or "",
    )


def _line(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([_sanitized(cell) for cell in cells])
    return written.getvalue()


def _sanitized(cell: str) -> str:
    """*cell* on one line, behind an apostrophe where a spreadsheet would compute it."""
    plain = quote(cell, LONGEST_CELL)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) or cell[:1] in {"\t", "\r"} else plain
