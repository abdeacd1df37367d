"""What many rows have in common: from their verdicts to the causes of the fleet. Pure; rows may come one by one.

Experts ask first whether it is one or all. All of one server, domain or provider points at that, and one account alone
at the account. All of an office points at its line, as far as a line can bring the cause about: each of its people may
have mistyped a password all the same.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from diagnose import providers
from diagnose.knowledge.catalogue import Catalogue, remedies_for
from diagnose.locale.language import translation
from diagnose.model.check import Certainty
from diagnose.model.fleet import (
    Change,
    FleetCause,
    FleetChange,
    FleetChanges,
    FleetCount,
    FleetGuess,
    FleetRow,
    FleetSummary,
    Grouping,
    RowChanges,
    counted,
)
from diagnose.model.report import Impact, ReportCause, ReportRemedy

MOST_NAMES = 20
"""Rows of a cause that are named."""
MOST_GROUPS = 200_000
"""Values that are counted of each kind, such as domains; rows of further ones are counted in the whole alone."""
MOST_HITS = 50_000
"""Rows with a cause whose places are kept, so that no row is explained twice; further ones are counted."""
MOST_LINES = 200_000
"""Rows of which it is kept from how many vantages they could be judged; further ones are not compared."""
MOST_COUNTS = 50
"""Rows of a table."""
FEWEST = 2
"""Rows that make a group."""
_CERTAINTY: dict[Certainty, int] = {"confirmed": 0, "likely": 1, "possible": 2}
_FIRST: dict[str, tuple[Grouping, ...]] = {
    "host": ("host", "domain", "provider", "office", "all"),
    "service": ("host", "domain", "provider", "office", "all"),
    "domain": ("domain", "provider", "host", "office", "all"),
    "computer": ("all", "office", "provider", "domain", "host"),
    "browser": ("all", "office", "provider", "domain", "host"),
}
"""By a cause's scope: which of several groups that explain the same rows is named."""
_OTHERWISE: tuple[Grouping, ...] = ("domain", "provider", "host", "office", "all")
_PLACES: frozenset[Grouping] = frozenset({"office", "all"})
"""What stands before all rows of these is a line, or a computer; few causes are a matter of that."""


Group: TypeAlias = tuple[Grouping, str]
"""A kind and a value of it."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A row that a cause hits, as small as may be: there are many."""

    name: str
    domain: str
    line: int
    vantage: str
    groups: frozenset[Group]


@dataclass
class _Found:
    """What is known of one cause."""

    cause: ReportCause
    certainty: Certainty
    impact: Impact
    rows: int = 0
    by_group: Counter[Group] = field(default_factory=Counter)
    hits: list[_Hit] = field(default_factory=list)


class SharedCauses:
    """Counts rows as they come, in bounded space."""

    def __init__(self, catalogue: Catalogue, lang: providers.Language) -> None:
        self._catalogue = catalogue
        self._lang: providers.Language = lang
        self._translate: Callable[[str], str] = translation(lang)
        self._ended = Counter[str]()
        self._judged = Counter[Group]()
        """Rows that could be judged, by what they belong to."""
        self._problems = Counter[Group]()
        self._unclear = Counter[Group]()
        self._both = Counter[Group]()
        """Rows that are not clear and could be judged all the same."""
        self._vantages = Counter[int]()
        """By line: the vantages from which it could be judged."""
        self._found: dict[str, _Found] = {}
        self._kept = 0
        self._started_at = ""
        self._duration_ms = 0
        self._slowed: dict[str, None] = {}
        self._narrowed: dict[str, None] = {}
        self._sound_in_part = 0
        self._guessed = Counter[str]()
        self._titles: dict[str, str] = {}
        """Of causes that were guessed."""
        self._changes: Counter[str] | None = None
        self._changed: list[FleetChange] = []

    def add(self, row: FleetRow) -> None:
        """Count *row*."""
        self._ended[row.status] += 1
        if row.slowed and len(self._slowed) < MOST_COUNTS:
            self._slowed[row.slowed] = None
        if row.changes is not None:
            self._count_changes(row, row.changes)
        if row.verdict is None:
            return
        self._duration_ms += row.duration_ms
        self._started_at = min(self._started_at or row.started_at, row.started_at)
        groups = frozenset(_groups(row))
        self._narrowed.update(dict.fromkeys(row.verdict.narrowed))
        self._sound_in_part += row.verdict.sound_in_part
        is_judged = row.status != "inconclusive" or row.cause is not None or row.verdict.sound_in_part
        if row.vantage and is_judged and (row.line in self._vantages or len(self._vantages) < MOST_LINES):
            self._vantages[row.line] += 1
        for group in groups:
            if is_judged and row.status == "inconclusive":
                self._count(self._both, group)
            if is_judged:
                self._count(self._judged, group)
            if row.status == "problem":
                self._count(self._problems, group)
            if row.status == "inconclusive":
                self._count(self._unclear, group)
        if (cause := row.cause) is not None:
            self._hit(cause, row, groups)
        if (guess := row.guess) is not None:
            self._guessed[guess.id] += 1
            self._titles[guess.id] = guess.title

    def summary(self, *, duplicates: int = 0, interrupted: bool = False) -> FleetSummary:
        """What all rows that were added come to."""
        ended = self._ended
        causes = [one for found in self._found.values() for one in self._causes(found)]
        causes.sort(key=self._rank)
        return FleetSummary(
            lang=self._lang,
            started_at=self._started_at,
            rows=ended.total(),
            healthy=ended["healthy"],
            problems=ended["problem"],
            inconclusive=ended["inconclusive"],
            bad=ended["bad"],
            narrowed=tuple(self._narrowed),
            sound_in_part=self._sound_in_part,
            duration_ms=self._duration_ms,
            duplicates=duplicates,
            interrupted=interrupted,
            slowed=tuple(sorted(self._slowed)),
            changes=self._all_changes(),
            causes=tuple(causes),
            guess=self._guess(),
            by_cause=counted(
                (
                    FleetCount(name=found.cause.id, rows=found.rows, problems=found.rows)
                    for found in self._found.values()
                ),
                MOST_COUNTS,
            ),
            by_provider=self._counts("provider"),
            by_domain=self._counts("domain"),
            by_office=self._counts("office"),
            by_vantage=self._counts("vantage"),
        )

    def _guess(self) -> FleetGuess | None:
        """The best guess of most rows that are not clear. Told beside the causes: sharing a guess proves nothing."""
        unclear = self._ended["inconclusive"] - self._sound_in_part
        ((name, hit),) = self._guessed.most_common(1) or [("", 0)]
        if hit < FEWEST or 2 * hit <= unclear:
            return None
        return FleetGuess(id=name, title=self._titles[name], hit=hit, among=unclear)

    def _count(self, counter: Counter[Group], group: Group) -> None:
        if group in counter or len(counter) < MOST_GROUPS:
            counter[group] += 1

    def _hit(self, cause: ReportCause, row: FleetRow, groups: frozenset[Group]) -> None:
        found = self._found.setdefault(cause.id, _Found(cause, cause.certainty, cause.impact))
        found.rows += 1
        found.certainty = min(found.certainty, cause.certainty, key=lambda one: _CERTAINTY[one])
        if cause.impact == "blocks":
            found.impact = "blocks"
        # a server that the row uses, and where nothing was found, does not explain it
        elsewhere: set[Group] = {("host", host) for host in set(row.hosts) - set(row.at)} if row.at else set()
        for group in groups - elsewhere:
            self._count(found.by_group, group)
        if self._kept < MOST_HITS:
            self._kept += 1
            found.hits.append(_Hit(row.name, row.domain, row.line, row.vantage, groups - elsewhere))

    def _count_changes(self, row: FleetRow, changes: RowChanges) -> None:
        counts = self._changes if self._changes is not None else Counter[str]()
        self._changes = counts
        counts.update(new=len(changes.new), gone=len(changes.gone), still=len(changes.still))
        titles = {one.id: one.title for one in row.verdict.causes} if row.verdict is not None else {}
        kinds: tuple[tuple[Change, tuple[str, ...]], ...] = (("new", changes.new), ("gone", changes.gone))
        for change, ids in kinds:
            for cause in ids[: max(0, MOST_COUNTS - len(self._changed))]:
                known = self._translate(self._catalogue[cause].title) if cause in self._catalogue else cause
                title = titles.get(cause, known)
                self._changed.append(FleetChange(name=row.name, id=cause, title=title, change=change))

    def _all_changes(self) -> FleetChanges | None:
        counts = self._changes
        if counts is None:
            return None
        changed = sorted(self._changed, key=lambda one: one.change != "new")
        return FleetChanges(new=counts["new"], gone=counts["gone"], still=counts["still"], first=tuple(changed))

    def _counts(self, grouping: Grouping) -> tuple[FleetCount, ...]:
        values = {value for counter in (self._judged, self._unclear) for kind, value in counter if kind == grouping}
        return counted(
            (
                FleetCount(
                    name=value,
                    rows=self._judged[grouping, value] + self._unclear[grouping, value] - self._both[grouping, value],
                    problems=self._problems[grouping, value],
                    inconclusive=self._unclear[grouping, value],
                )
                for value in values
            ),
            MOST_COUNTS,
        )

    # -- one or all

    def _causes(self, found: _Found) -> Iterator[FleetCause]:
        """*found* as causes of vantages, of groups, those first that explain most, and of accounts for all the rest."""
        apart = self._apart(found)
        for vantage, numbers in sorted(apart.items()):
            hits = [found.hits[number] for number in numbers]
            yield self._as_cause(found, "vantage", vantage, hits, len(hits), self._judged["vantage", vantage])
        left = {*range(len(found.hits))}.difference(*apart.values())
        covered = len(found.hits) - len(left)
        preferred = _FIRST.get(self._catalogue[found.cause.id].scope, _OTHERWISE) if self._knows(found) else _OTHERWISE
        members: dict[Group, list[int]] = {}
        for number in sorted(left):
            for group in found.hits[number].groups:
                if group[0] != "vantage":
                    members.setdefault(group, []).append(number)
        waiting = [
            (-len(numbers), preferred.index(group[0]), group[1], group)
            for group, numbers in members.items()
            if self._is_whole(found, group, [found.hits[number] for number in numbers])
        ]
        heapq.heapify(waiting)
        while waiting:
            size, rank, value, group = heapq.heappop(waiting)
            numbers = [number for number in members[group] if number in left]
            if len(numbers) < -size:  # a larger group has explained some of them
                if len(numbers) >= FEWEST:
                    heapq.heappush(waiting, (-len(numbers), rank, value, group))
                continue
            left -= set(numbers)
            covered += len(numbers)
            hits = [found.hits[number] for number in numbers]
            yield self._as_cause(found, group[0], value, hits, found.by_group[group], self._judged[group])
        if rest := found.rows - covered:
            hits = [found.hits[number] for number in sorted(left)]
            among = sum(self._judged["domain", domain] for domain in {hit.domain for hit in hits})
            yield self._as_cause(found, "account", "", hits, rest, max(rest, among))

    def _apart(self, found: _Found) -> dict[str, list[int]]:
        """By vantage: the hits on rows that could be judged from elsewhere, too, and were not hit from everywhere."""
        from_ = Counter(hit.line for hit in found.hits if hit.vantage)
        apart: dict[str, list[int]] = {}
        for number, hit in enumerate(found.hits):
            if hit.vantage and from_[hit.line] < self._vantages[hit.line]:
                apart.setdefault(hit.vantage, []).append(number)
        return apart

    def _is_whole(self, found: _Found, group: Group, hits: list[_Hit]) -> bool:
        """Whether all rows of *group* that could be judged are hit, and that says more than their domains would."""
        grouping, value = group
        if len({(hit.line, hit.name) for hit in hits}) < FEWEST:  # one that was looked at from several places is one
            return False
        if grouping in _PLACES and self._knows(found) and not self._catalogue[found.cause.id].shared_in_a_place:
            return False
        if found.by_group[group] != self._judged[group]:
            return False
        if grouping in {"provider", "all"}:
            return len({hit.domain for hit in hits}) > 1
        return grouping != "office" or any(kind == "office" and other != value for kind, other in self._judged)

    def _as_cause(
        self, found: _Found, grouping: Grouping, value: str, hits: list[_Hit], hit: int, among: int
    ) -> FleetCause:
        cause, alone = found.cause, found.rows == 1
        return FleetCause(
            id=cause.id,
            title=cause.title,
            summary=cause.summary,
            certainty=found.certainty,
            impact=found.impact,
            grouping=grouping,
            value=value,
            hit=hit,
            among=among,
            names=tuple(dict.fromkeys(one.name for one in hits))[:MOST_NAMES],
            remedies=cause.remedies if alone or not self._knows(found) else self._remedies(cause.id, grouping, value),
        )

    def _remedies(self, cause: str, grouping: Grouping, value: str) -> tuple[ReportRemedy, ...]:
        """Those of the catalogue, said of many: what differs from row to row is a blank."""
        facts: dict[str, str] = {}
        traits, doubted = frozenset[str](), frozenset[str]()
        if grouping == "provider" and value in providers.provider_ids():
            known = providers.provider(value)
            facts.update(providers.provider_facts(known, "", self._lang))
            traits, doubted = providers.provider_traits(known, ""), providers.doubted_facts(known, "")
        if grouping in {"host", "domain"}:
            facts[grouping] = value
        return remedies_for(self._catalogue[cause], facts, self._translate, traits, doubted=doubted)

    def _knows(self, found: _Found) -> bool:
        return found.cause.id in self._catalogue

    def _rank(self, cause: FleetCause) -> tuple[bool, bool, bool, int, int, int, str, str]:
        """As in a single report, but what many share before what one has; then the one that hits most."""
        known = cause.id in self._catalogue
        drift = known and self._catalogue[cause.id].scope == "expectation"
        order = self._catalogue.order(cause.id) if known else 0
        weight = (cause.impact != "blocks", drift, cause.grouping == "account")
        return (*weight, _CERTAINTY[cause.certainty], -cause.hit, order, cause.grouping, cause.value)


def _groups(row: FleetRow) -> Iterator[Group]:
    yield "all", ""
    if row.domain:
        yield "domain", row.domain
    if row.provider:
        yield "provider", row.provider
    if row.office:
        yield "office", row.office
    if row.vantage:
        yield "vantage", row.vantage
    yield from (("host", host) for host in row.hosts)
