"""Live progress of a run over many: how many rows are over and how, how fast, and how long it may still take."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from diagnose.fleet.tasks import Result
from diagnose.model import quote

if TYPE_CHECKING:
    from rich.console import Console

CHUNK = 1 << 20
ROOM_FOR_ALL = 60
"""Columns of a terminal; in a narrower one the bar and the rate are left out."""


class FleetProgress:
    """A bar on a terminal; use as a context manager."""

    def __init__(self, console: Console, total: int | None, translate: Callable[[str], str]) -> None:
        """*total*: about how many rows there are; None where nobody knows."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            Task,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.table import Column
        from rich.text import Text

        _ = translate

        class TimeLeft(TimeRemainingColumn):
            """With the word, or it could be the time that has passed."""

            def render(self, task: Task) -> Text:
                shown = super().render(task)
                left = _("{time} left").format(time=shown.plain) if task.time_remaining is not None else ""
                return Text(left, style=shown.style)

        class IfThereIsRoom(TextColumn):
            """The first to be cut off."""

            def render(self, task: Task) -> Text:
                shown = super().render(task)
                shown.no_wrap, shown.overflow = True, "ellipsis"
                return shown

        self._translate = translate
        self._ended = Counter[str]()
        self._slowed: set[str] = set()
        whole = Column(no_wrap=True)
        all_fit = console.width >= ROOM_FOR_ALL
        columns: list[ProgressColumn] = [
            *([BarColumn()] if all_fit else []),
            MofNCompleteColumn(table_column=whole),
            *([TextColumn("{task.fields[rate]}")] if all_fit else []),
            TimeLeft(table_column=whole),
            TextColumn("{task.fields[counts]}"),
            *([IfThereIsRoom("{task.fields[slowed]}", markup=False, table_column=Column())] if all_fit else []),
        ]
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("", total=total, rate="", counts="", slowed="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._bar.stop()

    def add(self, result: Result) -> None:
        """One more row is over."""
        _ = self._translate
        self._ended[result.report.verdict.status if result.report else "bad"] += 1
        shown = _("{problems} ✗  {healthy} ✓  {unclear} ?").format(
            problems=self._ended["problem"],
            healthy=self._ended["healthy"],
            unclear=self._ended["inconclusive"] + self._ended["bad"],
        )
        if result.slowed is not None:
            self._slowed.add(result.slowed.house)
        speed = self._bar.tasks[0].speed
        rate = _("{number} a second").format(number=f"{speed:.1f}") if speed else ""
        self._bar.update(self._task, advance=1, rate=rate, counts=shown, slowed=self._told_slowed())

    def _told_slowed(self) -> str:
        _ = self._translate
        if not self._slowed:
            return ""
        if len(self._slowed) == 1:
            return _("{name} asked more slowly").format(name=quote(next(iter(self._slowed))))
        return _("{number} providers asked more slowly").format(number=len(self._slowed))


def progress_or_none(
    file: Path, translate: Callable[[str], str], *, vantages: int, done: int, quiet: bool, before: int = 0
) -> FleetProgress | None:
    """A bar where standard error is a terminal; *file*: the rows, whose lines are counted for each of *vantages*.

    *done*: rows that an earlier run did, so that the time left is that of the others. *before*: lines before the rows.
    """
    if quiet or not sys.stderr.isatty():
        return None
    from rich.console import Console

    lines = _lines_in(file)
    return FleetProgress(Console(stderr=True), lines and max((lines - before) * vantages - done, 0), translate)


def _lines_in(file: Path) -> int | None:
    try:
        with file.open("rb") as stream:
            lines, last = 0, b"\n"
            while last[-2:] and (chunk := stream.read(CHUNK)):
                lines, last = lines + chunk.count(b"\n"), chunk
            return lines + (b"\n" not in last[-2:]) or None  # in UTF-16 a line may end in two octets
    except OSError:
        return None
