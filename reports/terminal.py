"""The pieces that a report for a terminal is laid out with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.model.internal import Internal
from diagnose.rendering.prose import line_starts
from diagnose.rendering.renderer import SYMBOLS, RenderStyle

NARROWEST = 32
"""Columns below which no layout fits; a narrower terminal wraps by itself."""
HEIGHT = 25
"""Lines, which nothing that is laid out here depends on; without them the system is asked for every block."""
COMMAND_INDENT = "    "
"""Before each line of a command."""
NO_BREAK = "\u00a0"
"""Keeps words together while lines are broken; written as a plain space."""
COLORS: Mapping[str, str] = {
    "healthy": "green",
    "problem": "red",
    "inconclusive": "yellow",
    "pass": "green",
    "warn": "yellow",
    "fail": "red",
    "skip": "dim",
    "error": "magenta",
    "ok": "green",
    "broken": "bold red",
    "hindered": "yellow",
    "unknown": "dim",
}
"""Of the terminal's own sixteen, so that its theme decides how they look."""
_ASCII = str.maketrans(SYMBOLS, "+x-.*-.>~/")


def format_blocks(blocks: Iterable[RenderableType], style: RenderStyle) -> str:
    """*blocks* as text with its line ends; nothing in them is read as markup."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(style.width, NARROWEST),
        height=HEIGHT,
        force_terminal=style.color,
        color_system="standard" if style.color else None,
        no_color=not style.color,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for block in blocks:
        console.print(block, crop=not isinstance(block, Verbatim))
    lines = "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines()).replace(NO_BREAK, " ")
    return lines.translate(_ASCII) if style.ascii else lines


class Verbatim(Internal, frozen=True):
    """Lines that are copied as they stand, and so go on beyond the width; a block of its own."""

    lines: tuple[str, ...]
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Text(line, self.style, no_wrap=True, overflow="ignore")


class Prose(Internal, frozen=True):
    """A paragraph that fills the width it is given."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.divide(line_starts(self.text.plain, options.max_width)):
            line.rstrip()
            line.no_wrap = True
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest_word = max(map(cell_len, self.text.plain.split()), default=0)
        return Measurement(longest_word, cell_len(self.text.plain)).with_maximum(options.max_width)


class Row(Internal, frozen=True):
    """Parts one behind the other, none of them broken that fits on a line."""

    parts: tuple[Text, ...]
    between: str

    @property
    def cell_len(self) -> int:
        """How wide all of them are on one line."""
        return Text(self.between).join(self.parts).cell_len

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line: list[Text] = []
        for part in self.parts:
            if line and Row((*line, part), self.between).cell_len > options.max_width:
                yield Prose(Text(self.between).join(line))
                line = []
            line.append(part)
        yield Prose(Text(self.between).join(line))


def heading(words: str) -> Iterator[RenderableType]:
    """*words* over what follows, set off from what went before."""
    yield ""
    yield Prose(Text(words, "bold"))


def indented(*parts: RenderableType) -> RenderableType:
    """*parts* below each other, under a heading."""
    return Padding(Group(*parts), (0, 0, 0, 2))


def item(mark: str, content: RenderableType, indent: int = 2) -> RenderableType:
    """*content* beside its mark, all its lines aligned."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(no_wrap=True, min_width=cell_len(mark))
    row.add_column()
    row.add_row(Text(mark), content)
    return Padding(row, (0, 0, 0, indent))


def noted(sentence: str, source: str) -> Prose:
    """*sentence* and, less loud, where it comes from."""
    return Prose(Text.assemble(sentence, (f"  [{source}]", "dim")))
