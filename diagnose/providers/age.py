"""How old a fact is: as old as the youngest of its sources, by that source's own date where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from diagnose.providers.accounted import facts_of
from diagnose.providers.schema import Provider, Reference


class DatedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a provider's file, which its sources vouch for as a whole."""

    field: str
    date: str
    """Of its youngest source: ISO 8601, a year, month or date."""
    source: Reference


def day(reference: Reference) -> date:
    """The first day that *reference* may be of. Raises ValueError for what is no date."""
    year, month, number = (*(int(part) for part in (reference.as_of or reference.checked).split("-")), 1, 1)[:3]
    return date(year, month, number)


def dated_parts(provider: Provider) -> Iterator[DatedPart]:
    """Each part of the file of *provider* that has sources, by its name at the top of the file."""
    parts = {fact.field.partition(".")[0]: fact.sources for fact in facts_of(provider)}
    for field, sources in parts.items():
        if sources:
            youngest = max(sources, key=day)
            yield DatedPart(field=field, date=youngest.as_of or youngest.checked, source=youngest)


def older_than(provider: Provider, oldest: date) -> Iterator[DatedPart]:
    """The parts none of whose sources is of *oldest* or later."""
    return (part for part in dated_parts(provider) if day(part.source) < oldest)
