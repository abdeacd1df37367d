"""Rows that are looked at from several places."""

from __future__ import annotations

from diagnose.fleet.rows import ID_OCTETS, BadRow, Row
from diagnose.fleet.tasks import task_of
from diagnose.fleet.vantages import from_each
from diagnose.model import Subject, text
from diagnose.running.request import Request

ROWS = [Row(line=line, id=f"{line:024x}", subject=Subject(domain="corp.example")) for line in range(3)]
BAD = BadRow(line=9, id="9", reason=text("no address"))


def test_each_row_comes_from_every_place_as_a_row_of_its_own() -> None:
    """The same one each time, so that a run that goes on knows which it has."""
    found = [one for one in from_each(ROWS, ["Lima", "Oslo"]) if isinstance(one, Row)]

    assert [(one.line, one.vantage) for one in found] == [(n, place) for n in range(3) for place in ("Lima", "Oslo")]
    assert len({one.id for one in found} | {one.id for one in ROWS}) == 9
    assert all(len(one.id) == 2 * ID_OCTETS for one in found)
    assert found == list(from_each(ROWS, ["Lima", "Oslo"]))
    assert found[:1] == list(from_each(ROWS[:1], ["Lima"]))


def test_what_cannot_be_run_anywhere_comes_once() -> None:
    assert list(from_each([BAD], ["Lima", "Oslo"])) == [BAD]


def test_without_a_label_all_stays_as_it_is() -> None:
    assert list(from_each([*ROWS, BAD], ())) == [*ROWS, BAD]


def test_a_task_knows_from_where_it_is_looked_at() -> None:
    (row,) = from_each(ROWS[:1], ["Lima"])
    assert isinstance(row, Row)
    origin = task_of(row, Request(subject=Subject(domain=""))).origin

    assert (origin.place, origin.id) == ((0, "Lima"), row.id)
