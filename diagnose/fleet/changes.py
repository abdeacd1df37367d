"""What changed since the last run over the same rows: causes that are new, gone, or still there. Pure."""

from __future__ import annotations

from diagnose.model.fleet import RowChanges
from diagnose.model.report import ReportCause, Verdict


class Earlier:
    """What the last run found, by the id of the row; a row that could not be judged now stays as it was."""

    def __init__(self) -> None:
        self.is_there = False
        """Whether there was a run before."""
        self._before: dict[str, tuple[str, ...]] = {}
        self._now: dict[str, tuple[str, ...]] = {}

    def compared(self, row: str, status: Verdict | None, causes: tuple[ReportCause, ...]) -> RowChanges:
        """What is other than before; *status* None: the row could not be run."""
        before = self._before.get(row, ())
        found = tuple(dict.fromkeys(one.id for one in causes if one.certainty != "possible"))
        if not found and status not in {"healthy", "problem"}:
            self._keep(row, before)
            return RowChanges()
        unseen = tuple(one for one in before if one not in found)
        gone = () if status == "inconclusive" else unseen
        self._keep(row, found if gone == unseen else found + unseen)
        return RowChanges(
            new=tuple(one for one in found if one not in before),
            gone=gone,
            still=tuple(one for one in found if one in before),
        )

    def run_ended(self, *, whole: bool) -> None:
        """The next run is compared with this one, where it was *whole*."""
        if whole:
            self._before, self.is_there = self._now, True
        self._now = {}

    def _keep(self, row: str, causes: tuple[str, ...]) -> None:
        if causes:
            self._now[row] = causes
