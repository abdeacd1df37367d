"""Whether a page is a gate's check for programs, and not the page that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.process.first_use import made_once


class _Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    place: Literal["header", "page"] = msgspec.field(name="in")
    name: str = ""
    values: tuple[str, ...]
    source: str


@made_once
def _marks() -> tuple[_Mark, ...]:
    return load(KNOWLEDGE / "bot-checks.yaml", tuple[_Mark, ...])


def bot_check(header: Callable[[str], str | None], body: str) -> str | None:
    """What tells that a page, by a *header* of its or in its *body*, is such a check; None where nothing does."""
    for mark in _marks():
        if mark.place == "page":
            found = next((value for value in mark.values if value in body), None)
            if found is not None:
                return found
        elif value := told_by_header(mark.name, header(mark.name) or ""):
            return f"{mark.name}: {value}"
    return None


def told_by_header(name: str, value: str) -> str:
    """*value* where the header *name* tells such a check by it; empty otherwise."""
    known = {mark.name: mark.values for mark in _marks() if mark.place == "header"}
    plain = value.strip().lower()
    return plain if plain in known.get(name, ()) else ""
