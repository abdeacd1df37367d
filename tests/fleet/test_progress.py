"""The bar of a run over many."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
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


@pytest.mark.parametrize("width", [40, 59, 60, 80, 120])
@pytest.mark.parametrize("house", [None, "a.very.long.name.of.a.hosting.company.example"])
def test_what_counts_is_whole_in_any_terminal(width: int, house: str | None) -> None:
    """How many rows are over, and how; where there is room, how fast, and who is asked more slowly."""
    shown = io.StringIO()
    slowed = Slowed(house=house, seconds=2.0) if house else None
    with FleetProgress(Console(file=shown, force_terminal=True, width=width, color_system=None), 20_000, str) as bar:
        for _ in range(3):
            bar.add(Result(origin=Origin(line=1, id="1"), bad="x", slowed=slowed))

    last = [line for line in re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", shown.getvalue()) if line.strip()][-1]
    assert "3/20000" in last
    assert "0 ✗  0 ✓  3 ?" in last
    assert cell_len(last) <= width
    assert ("a second" in last) == (width >= 60)
    assert ("a.very" in last) == (house is not None and width >= 80)


@pytest.mark.parametrize(
    ("content", "before", "rows"),
    [
        (b"a.example\nb.example\n", 0, 2),
        (b"a.example\nb.example", 0, 2),
        (b"domain\na.example\nb.example", 1, 2),
        ("domain\na.example\n".encode("utf-16"), 1, 1),
        ("domain\na.example".encode("utf-16-be"), 1, 1),
        (b"", 0, None),
        (b"domain\n", 1, 0),
    ],
)
def test_as_many_rows_as_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, before: int, rows: int | None
) -> None:
    """Neither a header counts, nor does it matter whether the last line has an end."""
    (tmp_path / "rows").write_bytes(content)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bar = progress_or_none(tmp_path / "rows", str, vantages=1, done=0, quiet=False, before=before)

    assert bar is not None
    assert bar._bar.tasks[0].total == rows


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
