"""How sure a reading of words may be that nothing but those words speaks for."""

from __future__ import annotations

import re

import msgspec

from diagnose.replies.phrases import without_addresses
from diagnose.replies.reader import Reading, Suspect
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.similarity import features_of, load_likeness
from diagnose.replies.wire import Wire

AGREED = 0.4
"""A cause that is less probable by likeness is only possible. From cross-validation by source and blind batches."""
FILLED = 0.65
"""Of a text's letters: where known words are so many of them, nothing else in it could mean something else."""
ALONE = 0.6
"""A cause that is as probable by likeness is named where no word is known."""

_NO_LETTER = re.compile(r"[\W_]+")


def weighed(reading: Reading, words: Wire, *, stage: str | None = None) -> Reading:
    """*reading* of *words*, folded and taken apart, as sure as its words are, and as texts like it were right.

    Likeness overrules no word: it makes a likely cause possible, and names a possible one where no word was recognised.
    """
    if reading.matched and (not reading.suspects or reading.suspects[0].certainty == "possible"):
        return reading
    if reading.bare:
        return _made_possible(reading)
    if reading.suspects and (reading.suspects[0].certainty == "confirmed" or _filled(reading.matched, words.text)):
        return reading  # the catalogue takes these words for a proof, or the text says nothing but them
    features = features_of(words, stage=stage)
    likeness = load_likeness()
    odds = likeness.probabilities(features)
    if reading.suspects:
        return _made_possible(reading) if odds.get(reading.suspects[0].cause, 1.0) < AGREED else reading
    cause = max(odds, key=lambda one: odds[one])
    if cause == NO_CAUSE or odds[cause] < ALONE:
        return reading
    nearest = likeness.nearest(cause, features)
    if not nearest:
        return reading
    suspects = (Suspect(cause=cause, certainty="possible"),)
    return msgspec.structs.replace(reading, suspects=suspects, matched=nearest, outcome="cause", told_by="likeness")


def _filled(matched: str, text: str) -> bool:
    """Whether *matched*, phrases parted by ellipses, are most of the letters of *text*."""
    heard = sum(len(_NO_LETTER.sub("", phrase)) for phrase in matched.split(" … ") if phrase in text)
    return heard >= FILLED * len(_NO_LETTER.sub("", without_addresses(text))) > 0


def _made_possible(reading: Reading) -> Reading:
    first = Suspect(cause=reading.suspects[0].cause, certainty="possible")
    return msgspec.structs.replace(reading, suspects=(first, *reading.suspects[1:]))
