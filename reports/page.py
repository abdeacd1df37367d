"""Pages for a terminal, laid out as the text report is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.knowledge.catalogue import LONGEST_FACT
from diagnose.rendering.page import Advice, Entry, Heading, Mark, Page, Paragraph, Row, Rows, Verbatim
from diagnose.rendering.renderer import RenderStyle
from diagnose.rendering.shell import shell_lines
from reports.advice import advice, steps
from reports.sanitized import sanitized
from reports.terminal import COMMAND_INDENT, Prose, format_blocks, heading, indented, item
from reports.terminal import Verbatim as Copied
from reports.words import words

WIDEST_NAME = 0.45
"""A share of the width; with a wider name among them, values stand below their names."""
COLORS: Mapping[Mark, str] = {"✓": "green", "✗": "red", "!": "yellow", "?": "yellow", "•": "default"}


def page(page: Page, style: RenderStyle) -> str:
    """*page* for a terminal of ``style.width`` columns; escape sequences only with ``style.color``."""
    # a page holds texts of the knowledge, whose longest are longer than what a server may say
    return format_blocks(_laid_out(sanitized(page, LONGEST_FACT), style), style).lstrip("\n")


def _laid_out(page: Page, style: RenderStyle) -> Iterator[RenderableType]:
    headed, behind_steps = False, False
    for block in page.blocks:
        headed = headed or isinstance(block, Heading)
        if isinstance(block, Entry):
            if behind_steps:  # which are those of the entry before
                yield ""
            yield Padding(_entry(block), (0, 0, 0, 2 if headed else 0))
        else:
            yield from _block(block, style)
        behind_steps = isinstance(block, Advice)


def _block(block: Heading | Paragraph | Rows | Advice | Verbatim, style: RenderStyle) -> Iterator[RenderableType]:
    match block:
        case Heading():
            yield from heading(block.words)
        case Paragraph():
            yield indented(Prose(Text(block.words, "dim" if block.quiet else "")))
        case Verbatim():
            yield Copied(tuple(f"{COMMAND_INDENT}{line}" for line in _lines(block, style)))
        case Rows():
            yield indented(_rows(block.rows, style))
        case Advice(everybody=True):
            for remedy in block.remedies:
                yield from steps(remedy, words(style.translate, style.audience))
        case Advice():
            yield from advice(block.remedies, style, words(style.translate, style.audience))


def _lines(block: Verbatim, style: RenderStyle) -> list[str]:
    return shell_lines(block.command, style.width - len(COMMAND_INDENT))


def _entry(entry: Entry) -> RenderableType:
    lines: list[RenderableType] = [Prose(Text(entry.title, f"bold {COLORS[entry.mark]}"))]
    if entry.note:
        lines.append(Prose(Text(entry.note, "dim")))
    if entry.words:
        lines.append(Prose(Text(entry.words)))
    return item(entry.mark, Group(*lines), indent=0)


def _rows(rows: tuple[Row, ...], style: RenderStyle) -> RenderableType:
    if max((cell_len(row.name) for row in rows), default=0) > WIDEST_NAME * style.width:
        return Group(*(Group(Prose(Text(row.name)), Padding(_told(row), (0, 0, 0, 2))) for row in rows))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(Text(row.name), _told(row))
    return table


def _told(row: Row) -> RenderableType:
    return Group(Prose(Text(row.words)), *([Prose(Text(row.note, "dim"))] if row.note else ()))
