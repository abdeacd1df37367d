"""One expectation and what it is held against: the same form, station and sentences for all checks of the family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from diagnose.model import Facts, Finding, Text, text
from diagnose.model.stations import AddedStation

CAUSE = "settings.drift"
STATION = AddedStation(name="expectation", title=text("Expectations").msgid, behind="mailbox")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected under one name, and what was found."""

    name: str
    expected: tuple[str, ...]
    found: tuple[str, ...] = ()
    certain: bool = True
    """Whether nothing else could have been found: whatever was asked has answered."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one server has of what is expected of all."""

    place: str
    """``host:port``."""
    value: str | None = None
    """None: it could not be seen."""


class MeasuredFacts(Facts, frozen=True, kw_only=True):
    """What every server has of one thing, and the least that is expected of it."""

    expected: tuple[str, ...]
    servers: tuple[Measured, ...] = ()


def drift(name: str, sentence: Text, expected: Iterable[str], **found: object) -> Finding:
    """The finding that something else than what is *expected* under *name* was *found*."""
    return Finding(
        cause=CAUSE,
        certainty="confirmed",
        proof="difference",
        stands=True,
        text=sentence,
        data={"expectation": name, "expected": [*expected], **found},
    )


def differing(one: Compared, domain: str) -> Finding:
    """The finding that something else was found of *domain* than *one* expects."""
    sentence = text(
        "{name} of {domain}: {expected} is expected, and {found} was found.",
        name=one.name,
        domain=domain,
        expected=one.expected,
        found=one.found or text("nothing"),
    )
    return drift(one.name, sentence, one.expected, found=[*one.found])


def below(name: str, facts: MeasuredFacts, order: Iterable[str] | None = None) -> Iterator[Finding]:
    """A finding for each server that has less than is expected; *order*: of words, least first; else of numbers."""
    ranks = {word: rank for rank, word in enumerate(order)} if order is not None else None

    def rank(value: str) -> float:
        return float(ranks.get(value, -1)) if ranks is not None else float(value)

    least = max(facts.expected, key=rank)
    for one in facts.servers:
        if one.value is not None and rank(one.value) < rank(least):
            sentence = text(
                "{name} of {server}: at least {expected} is expected, and {found} was found.",
                name=name,
                server=one.place,
                expected=least,
                found=one.value,
            )
            yield drift(name, sentence, (least,), server=one.place, measured=one.value)


def unmeasured(facts: MeasuredFacts) -> Text | None:
    """Where nothing could be measured; None: it was, on all servers."""
    unseen = tuple(one.place for one in facts.servers if one.value is None)
    if unseen:
        return text("not to be seen on {servers}", servers=unseen)
    return None if facts.servers else text("no server was found to look at")


def left_open(name: str, reason: Text | None) -> Text | None:
    """The sentence that an expectation could not be checked; None where it was, for lack of a *reason*."""
    if reason is None:
        return None
    return text("Whether {name} is as expected could not be found out: {reason}.", name=name, reason=reason)
