"""How sure a reading of words may be that nothing but those words speaks for."""

from __future__ import annotations

import re

import msgspec

from diagnose.replies.phrases import without_addresses
from diagnose.replies.reader import Reading, Suspect
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.similarity import Opinion, load_likeness
from diagnose.replies.wire import Wire

AGREED = 0.5
"""A cause that is less probable by likeness is only possible. From cross-validation by source and blind batches."""
FILLED = 0.65
"""Of a text's letters: where known words are so many of them, hardly anything else in it could mean something else."""
FILLED_AGREED = 0.15
"""What such words say is only possible where it is less probable than that."""
ALONE = 0.51
"""Of what all causes have by likeness together: a cause with as much is named where words are silent or bare."""

_NO_LETTER = re.compile(r"[\W_]+")


def weighed(reading: Reading, words: Wire, *, stage: str | None = None) -> Reading:
    """*reading* of *words*, folded and taken apart, as sure as its words are, and as texts like it were right.

    Likeness overrules no word. It makes a likely cause possible, and names a possible one where no word was recognised.
    It does so, too, where words say only that something failed.
    """
    first = reading.suspects[0] if reading.suspects else None
    if reading.matched and not reading.bare and (first is None or first.certainty == "possible"):
        return reading
    if first and first.certainty == "confirmed" and not reading.bare:
        return reading  # the catalogue takes these words for a proof
    likeness = load_likeness()
    opinion = likeness.opinion(words, stage=stage)
    if first and not reading.bare:
        least = FILLED_AGREED if _filled(reading.matched, words.text) else AGREED
        return _made_possible(reading) if opinion.odds.get(first.cause, 1.0) < least else reading
    cause = _most_probable(opinion)
    agreed = not cause or (first and first.cause == cause)
    nearest = "" if agreed else likeness.nearest(cause, opinion.features)
    if not nearest:
        return _made_possible(reading) if first else reading
    others = [Suspect(cause=one.cause, certainty="possible") for one in reading.suspects if one.cause != cause]
    suspects = (Suspect(cause=cause, certainty="possible"), *others)
    return msgspec.structs.replace(reading, suspects=suspects, matched=nearest, outcome="cause", told_by="likeness")


def _most_probable(opinion: Opinion) -> str:
    """The cause that is more probable than all others together, of a text that rather tells of a failure; else ""."""
    failed = 1 - opinion.odds.get(NO_CAUSE, 0.0)
    return opinion.foremost if failed > 0.5 and opinion.odds[opinion.foremost] >= ALONE * failed else ""


def _filled(matched: str, text: str) -> bool:
    """Whether *matched*, phrases parted by ellipses, are most of the letters of *text*."""
    heard = sum(len(_NO_LETTER.sub("", phrase)) for phrase in matched.split(" … ") if phrase in text)
    return heard >= FILLED * len(_NO_LETTER.sub("", without_addresses(text))) > 0


def _made_possible(reading: Reading) -> Reading:
    first = Suspect(cause=reading.suspects[0].cause, certainty="possible")
    return msgspec.structs.replace(reading, suspects=(first, *reading.suspects[1:]))
