"""What a run over many mailboxes and domains comes to: what they have in common, and how many of which."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from diagnose.model.check import Certainty
from diagnose.model.report import Impact, ReportCause, ReportRemedy, Verdict

Grouping = Literal["all", "host", "domain", "provider", "office", "vantage", "account"]
"""What those that a cause hits have in common. ``all``: they are all rows, of several domains.
``vantage``: it hits them from there, and not from elsewhere, where they were looked at, too.
``account``: nothing but the cause, and each is hit by itself."""


class FleetCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the fleet, and those that it hits."""

    id: str
    title: str
    summary: str
    certainty: Certainty
    impact: Impact
    grouping: Grouping
    value: str = ""
    """Which host, domain, provider, office or vantage; empty for all, and for accounts."""
    hit: int
    """Rows."""
    among: int
    """Rows of the same value that could be judged."""
    names: tuple[str, ...]
    """Of the first rows that it hits."""
    remedies: tuple[ReportRemedy, ...] = ()


class FleetCount(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of one cause, provider, domain or office ended."""

    name: str
    rows: int
    problems: int
    inconclusive: int = 0


class RowChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is other than in the last run over the same rows: ids of causes, those that are merely possible aside."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    still: tuple[str, ...] = ()


Change = Literal["new", "gone"]


class FleetChange(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of one row that is new, or gone."""

    name: str
    id: str
    title: str
    change: Change


class FleetChanges(msgspec.Struct, frozen=True, kw_only=True):
    """How many causes of rows are new, gone and still there since the last run, and the first that changed."""

    new: int
    gone: int
    still: int
    first: tuple[FleetChange, ...] = ()


class FleetGuess(msgspec.Struct, frozen=True, kw_only=True):
    """What most rows that are not clear yet have as their best guess; no cause of the fleet, for nothing proves it."""

    id: str
    title: str
    hit: int
    """Rows."""
    among: int
    """Rows that are not clear yet."""


class FleetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole run over many came to."""

    lang: str
    started_at: str
    """RFC 3339, UTC; of the first row that was begun."""
    rows: int
    healthy: int
    problems: int
    inconclusive: int
    bad: int
    """Rows that nothing could be diagnosed by."""
    narrowed: tuple[str, ...] = ()
    """The options by which parts were left out, of any row."""
    sound_in_part: int = 0
    """Of the inconclusive rows those of which parts were left out, and nothing is wrong with the rest."""
    duration_ms: int = 0
    """Of all runs together, however many went on at once."""
    duplicates: int = 0
    interrupted: bool = False
    """More rows may have been to come."""
    slowed: tuple[str, ...] = ()
    """Providers and domains whose servers turned connections away, so that their rows came more slowly."""
    changes: FleetChanges | None = None
    """None: there was no run before."""
    causes: tuple[FleetCause, ...] = ()
    guess: FleetGuess | None = None
    by_cause: tuple[FleetCount, ...] = ()
    by_provider: tuple[FleetCount, ...] = ()
    by_domain: tuple[FleetCount, ...] = ()
    by_office: tuple[FleetCount, ...] = ()
    by_vantage: tuple[FleetCount, ...] = ()

    @property
    def exit_code(self) -> Literal[0, 1, 3]:
        """As of a single run: 1 where a row has a problem, else 3 where one is not clear or could not be begun."""
        if self.problems:
            return 1
        return 3 if self.inconclusive > self.sound_in_part or self.bad or self.interrupted or not self.rows else 0


class RowVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one row, as far as tables and pages tell it."""

    status: Verdict
    headline: str
    causes: tuple[ReportCause, ...] = ()
    unchecked: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    """The options by which parts were left out."""
    exit_code: Literal[0, 1, 3] = 3

    @property
    def sound_in_part(self) -> bool:
        """Whether nothing is wrong with the part that was looked at."""
        return bool(self.narrowed) and self.exit_code == 0


class FleetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row and what came of it."""

    line: int
    name: str
    """The address or domain; empty where a row names none."""
    domain: str = ""
    provider: str = ""
    office: str = ""
    vantage: str = ""
    """From where it was looked at, where that was more than one place."""
    columns: dict[str, Any] = {}
    bad: str | None = None
    """Why nothing could be diagnosed."""
    verdict: RowVerdict | None = None
    hosts: tuple[str, ...] = ()
    """Servers that somebody or something named for it."""
    at: tuple[str, ...] = ()
    """Servers on which its first cause was found."""
    duration_ms: int = 0
    started_at: str = ""
    changes: RowChanges | None = None
    slowed: str = ""
    """The provider or domain whose rows came more slowly, since its servers turned connections away."""

    @property
    def status(self) -> str:
        """The verdict's, or ``bad``."""
        return self.verdict.status if self.verdict is not None else "bad"

    @property
    def cause(self) -> ReportCause | None:
        """What is the matter: the first cause, unless it is merely possible or the row is healthy."""
        if self.verdict is None or self.verdict.status == "healthy":
            return None
        return next((one for one in self.verdict.causes if one.certainty != "possible"), None)

    @property
    def guess(self) -> ReportCause | None:
        """What may be the matter, where nothing is clear: the first cause, which is merely possible."""
        if self.verdict is None or self.verdict.status != "inconclusive" or self.cause is not None:
            return None
        return next(iter(self.verdict.causes), None)


def counted(rows: Iterable[FleetCount], most: int) -> tuple[FleetCount, ...]:
    """At most *most* of *rows*: those first in which most is wrong."""
    return tuple(sorted(rows, key=lambda one: (-one.problems, -one.inconclusive, -one.rows, one.name))[:most])
