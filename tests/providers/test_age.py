"""A part of a file is as old as the youngest of its sources."""

from __future__ import annotations

from datetime import date

import pytest

from diagnose.providers import all_providers
from diagnose.providers.age import dated_parts, day, older_than
from diagnose.providers.schema import Provider, Reference, Username, Words


def source(checked: str, as_of: str | None = None, *covers: str) -> Reference:
    return Reference(ref="somewhere", covers=covers or ("username",), checked=checked, as_of=as_of)


def known(*sources: Reference) -> Provider:
    return Provider(
        id="corp",
        names=Words(en="Corp"),
        domains=("corp.example",),
        username=Username(form="full-address"),
        sources=sources,
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (source("2026-03-04"), date(2026, 3, 4)),
        (source("2026-03-04", "2024-08"), date(2024, 8, 1)),
        (source("2026-03-04", "2021"), date(2021, 1, 1)),
        (source("2026-03-04", "2025-12-31"), date(2025, 12, 31)),
    ],
)
def test_the_day_of_a_source(one: Reference, expected: date) -> None:
    assert day(one) == expected


@pytest.mark.parametrize("word", ["", "soon", "2026-13", "2026-02-30"])
def test_what_is_no_date(word: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the words
        day(source("2026-03-04", word) if word else source(word))


@pytest.mark.parametrize(
    ("sources", "old"),
    [
        ((source("2026-01-01"),), False),
        ((source("2025-12-31"),), True),
        ((source("2025-12-31"), source("2026-01-01")), False),
        ((source("2026-06-01", "2024-08"),), True),
        ((source("2026-06-01", "2024-08"), source("2026-02-01")), False),
        ((source("2020-01-01", None, "domains"), source("2026-02-01")), False),
    ],
)
def test_older_than(sources: tuple[Reference, ...], old: bool) -> None:
    assert ("username" in {part.field for part in older_than(known(*sources), date(2026, 1, 1))}) == old


def test_a_part_without_a_source_has_no_age() -> None:
    assert [part.field for part in dated_parts(known(source("2026-01-01")))] == ["username"]


def test_every_source_of_ours_has_a_day() -> None:
    newest = max(day(one) for known in all_providers() for one in known.sources)

    assert all(day(one) <= newest for known in all_providers() for one in known.sources)
