"""The bar of a run over many."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from diagnose.cli.fleet_progress import FleetProgress, progress_or_none
from diagnose.fleet.tasks import Origin, Result, Slowed


@pytest.mark.parametrize(
    ("houses", "told"),
    [
        ((), ""),
        (("a.example", "a.example"), "a.example asked more slowly"),
        (("a.example", "b.example"), "2 providers asked more slowly"),
        (("[red]\x1b[31mx",), "[red]"),
    ],
)
def test_the_bar_says_who_is_asked_more_slowly(houses: tuple[str, ...], told: str) -> None:
    """In words that no server can make anything else of."""
    shown = io.StringIO()
    with FleetProgress(Console(file=shown, force_terminal=True, width=200, color_system=None), 5, str) as bar:
        bar.add(Result(origin=Origin(line=1, id="1"), bad="x"))
        for house in houses:
            bar.add(Result(origin=Origin(line=2, id="2"), bad="x", slowed=Slowed(house=house, seconds=2.0)))

    assert told in shown.getvalue()
    assert ("more slowly" in shown.getvalue()) == bool(houses)
    assert "\x1b[31m" not in shown.getvalue()


@pytest.mark.parametrize(("vantages", "done", "left"), [(1, 0, 4), (1, 3, 1), (2, 3, 5), (1, 9, 0)])
def test_the_time_left_is_that_of_rows_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vantages: int, done: int, left: int
) -> None:
    """Not of those that a run before did, whose results --resume goes on with."""
    (tmp_path / "rows").write_text("a.example\nb.example\nc.example\nd.example\n", "utf-8")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar = progress_or_none(tmp_path / "rows", str, vantages=vantages, done=done, quiet=False)

    assert bar is not None
    assert bar._bar.tasks[0].total == left
