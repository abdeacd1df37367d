"""What a person expects of a subject: words as ``mx=mx.corp.example``, read by the checks that hold it against them."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose.account.pasted import FULL_WIDTH
from diagnose.model import Expectable, Text, TextError, text
from diagnose.model.likeness import close_names
from diagnose.running.plugins import all_checks

MOST_VALUES = 100
"""Of one name."""
LONGEST_WORD = 10_000
"""Characters."""


class ExpectationError(TextError):
    """A word names nothing that can be expected, or no value of it."""


def expectable() -> dict[str, Expectable]:
    """All that can be expected, by name, in the order of the checks."""
    return {one.name: one for check in all_checks() for one in check.expects}


def expectations(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The values of each name in *words*, ``name=value`` or ``name=value,value``, each value once.

    Raises ExpectationError, which says what is wrong and what would be right.
    """
    found: dict[str, dict[str, None]] = {}
    known: dict[str, Expectable] | None = None
    for word in words:
        known = expectable() if known is None else known
        one, values = _read(word, known)
        found.setdefault(one.name, {}).update(dict.fromkeys(values))
    for name, values_of_one in found.items():
        if len(values_of_one) > MOST_VALUES:
            raise ExpectationError(text("{name} has more than {most} values", name=name, most=MOST_VALUES))
    return {name: tuple(values_of_one) for name, values_of_one in found.items()}


def _read(word: str, known: dict[str, Expectable]) -> tuple[Expectable, list[str]]:
    name, equals, rest = word.translate(FULL_WIDTH).partition("=")
    name = name.strip().lower()
    if name not in known:
        raise ExpectationError(_unknown(name, known))
    one = known[name]
    values = [value.strip() for value in rest.split(",") if value.strip()] if len(word) <= LONGEST_WORD else []
    if not equals or not values:
        raise ExpectationError(_wrong(one, text("“{word}” names no value", word=word)))
    try:
        return one, [one.read(value) for value in values]
    except TextError as error:
        raise ExpectationError(_wrong(one, error.sentence)) from None


def _unknown(name: str, known: dict[str, Expectable]) -> Text:
    close = close_names(name, known, 1)
    if close:
        return text("nothing is called “{name}” that can be expected; did you mean {close}?", name=name, close=close[0])
    return text("nothing is called “{name}” that can be expected; there are {known}", name=name, known=tuple(known))


def _wrong(one: Expectable, reason: Text) -> Text:
    if one.example is None:
        return text("{name}: {reason}", name=one.name, reason=reason)
    example = f"{one.name}={one.example}"
    return text("{name}: {reason}; for example: {example}", name=one.name, reason=reason, example=example)
