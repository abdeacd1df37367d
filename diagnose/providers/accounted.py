"""A provider's facts one by one, each with where it comes from, when somebody last looked, and whether it is unsure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from diagnose.providers.schema import Provider, Source, Words

NO_FACTS = {"id", "names", "kind", "unsure", "sources"}
"""Our own labels, and the account of the sources itself."""
WEAK = {"reports"}
"""Fields that are weak by definition."""
COVERED_WITH = {"mx_note": "mx", "webmail_others": "webmail"}
"""Fields that another one's sources stand for."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a provider's file."""

    field: str
    """Its dotted name there."""
    value: Any
    unsure: bool
    """It rests on memory or on a weak source."""
    sources: tuple[Source, ...]


def facts_of(provider: Provider) -> tuple[Fact, ...]:
    """All that the file of *provider* says, in the order of the schema."""
    blank = Provider(id=provider.id, names=provider.names)
    return tuple(
        Fact(
            field=field,
            value=value,
            unsure=_top(field) in WEAK
            or any(field == name or field.startswith(name + ".") for name in provider.unsure),
            sources=sources_of(provider, _top(field)),
        )
        for name in provider.__struct_fields__
        if name not in NO_FACTS
        for field, value in _leaves(name, getattr(provider, name), getattr(blank, name))
    )


def sources_of(provider: Provider, field: str) -> tuple[Source, ...]:
    """The sources of a field by its name at the top of the file."""
    covered = COVERED_WITH.get(field, field)
    return tuple(source for source in provider.sources if covered in source.covers)


def _top(field: str) -> str:
    return field.partition(".")[0]


def _leaves(name: str, value: Any, blank: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - fields of any type
    """What the file says beside *blank*: parts are taken apart; words, and lists of whatever, are one value each."""
    if isinstance(value, msgspec.Struct) and not isinstance(value, Words):
        for inner in value.__struct_fields__:
            yield from _leaves(f"{name}.{inner}", getattr(value, inner), getattr(blank, inner))
    elif value != blank:
        yield name, value
