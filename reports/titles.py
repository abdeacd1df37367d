"""What causes are called, where a report holds their ids alone."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.knowledge.catalogue import catalogue


def title_of(cause: str, translate: Callable[[str], str]) -> str:
    """The title of *cause*, an id, in the language of *translate*; the id itself where nobody knows it here."""
    known = catalogue()
    return translate(known[cause].title) if cause in known else cause
