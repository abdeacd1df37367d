"""What changed between two runs over the same rows."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.fleet.changes import Earlier
from diagnose.model.fleet import RowChanges
from diagnose.model.report import ReportCause, Verdict
from tests.reports import samples


def causes(*ids: str, certainty: str = "confirmed") -> tuple[ReportCause, ...]:
    (one, *_) = samples.wrong_password().verdict.causes
    return tuple(msgspec.structs.replace(one, id=name, certainty=certainty) for name in ids)


def after(*runs: tuple[Verdict | None, tuple[ReportCause, ...]]) -> RowChanges:
    """The changes of the last of *runs*, of one row."""
    earlier, found = Earlier(), RowChanges()
    for status, told in runs:
        found = earlier.compared("row", status, told)
        earlier.run_ended(whole=True)
    return found


@pytest.mark.parametrize(
    ("runs", "changes"),
    [
        ([("problem", causes("a"))], RowChanges(new=("a",))),
        ([("problem", causes("a")), ("problem", causes("a"))], RowChanges(still=("a",))),
        ([("problem", causes("a")), ("healthy", ())], RowChanges(gone=("a",))),
        ([("problem", causes("a")), ("problem", causes("b"))], RowChanges(new=("b",), gone=("a",))),
        (
            [("problem", causes("a", "b")), ("problem", causes("b", "c"))],
            RowChanges(new=("c",), gone=("a",), still=("b",)),
        ),
        ([("healthy", causes("a")), ("problem", causes("a"))], RowChanges(still=("a",))),
        ([("problem", causes("a")), ("healthy", causes("a", certainty="possible"))], RowChanges(gone=("a",))),
        ([("problem", causes("a")), ("inconclusive", ())], RowChanges()),
        ([("problem", causes("a")), (None, ())], RowChanges()),
        ([("problem", causes("a")), ("inconclusive", ()), ("problem", causes("a"))], RowChanges(still=("a",))),
        ([("problem", causes("a")), (None, ()), ("healthy", ())], RowChanges(gone=("a",))),
        ([("problem", causes("a")), ("inconclusive", causes("b"))], RowChanges(new=("b",))),
        (
            [("problem", causes("a")), ("inconclusive", causes("b")), ("problem", causes("a"))],
            RowChanges(still=("a",), gone=("b",)),
        ),
    ],
)
def test_causes_are_new_or_gone_or_still_there(
    runs: list[tuple[Verdict | None, tuple[ReportCause, ...]]], changes: RowChanges
) -> None:
    """What could not be judged is neither: nothing is gone because nobody could look."""
    assert after(*runs) == changes


def test_rows_are_told_apart() -> None:
    earlier = Earlier()
    earlier.compared("one", "problem", causes("a"))
    earlier.run_ended(whole=True)

    assert earlier.compared("other", "problem", causes("a")) == RowChanges(new=("a",))


def test_a_run_that_broke_off_is_compared_with_nothing() -> None:
    """The next one is held against the last whole one."""
    earlier = Earlier()
    earlier.compared("row", "problem", causes("a"))
    earlier.run_ended(whole=True)
    earlier.compared("row", "healthy", ())
    earlier.run_ended(whole=False)

    assert earlier.is_there
    assert earlier.compared("row", "problem", causes("a")) == RowChanges(still=("a",))
