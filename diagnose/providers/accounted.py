"""A provider's facts one by one, each with its references, the last check's date, and its doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from diagnose.providers.schema import Provider, Reference, Words

NO_FACTS = {"id", "names", "kind", "built_on", "by_files", "sign_in_pages", "unsure", "sources"}
"""Our own labels, and the account of the sources itself."""
OWN_WORDS = {"aliases"}
"""Fields that need no source, since they are words of ours."""
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
    """It rests on memory, on a weak source, or on none that was noted."""
    sources: tuple[Reference, ...]


def facts_of(provider: Provider) -> tuple[Fact, ...]:
    """All that the file of *provider* says, in the order of the schema."""
    blank = Provider(id=provider.id, names=provider.names)
    leaves = (
        leaf
        for name in provider.__struct_fields__
        if name not in NO_FACTS
        for leaf in _leaves(name, getattr(provider, name), getattr(blank, name))
    )
    return tuple(
        Fact(field=field, value=value, unsure=_unsure(provider, field), sources=sources_of(provider, _top(field)))
        for field, value in leaves
    )


def is_sure(provider: Provider, field: str) -> bool:
    """Whether *field*, a dotted name in the file of *provider*, has a source that is worth one."""
    return not _unsure(provider, field)


def _unsure(provider: Provider, field: str) -> bool:
    if _top(field) in OWN_WORDS:
        return False
    named = any(field == name or field.startswith(name + ".") for name in provider.unsure)
    return named or _top(field) in WEAK or not sources_of(provider, _top(field))


def sources_of(provider: Provider, field: str) -> tuple[Reference, ...]:
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
