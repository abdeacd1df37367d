"""How sure a reading of words may be that nothing but those words speaks for."""

from __future__ import annotations

import re

import msgspec

from diagnose.replies.phrases import without_addresses
from diagnose.replies.reader import Reading, Suspect
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.similarity import Opinion, load_likeness
from diagnose.replies.wire import Wire

PROVEN = 0.85
"""A cause that words prove stays confirmed where it is as probable by likeness. From two batches read blind."""
AGREED = 0.85
"""What words name as likely stays so where it is as probable."""
NAMED_BY_AN_ERROR = 0.3
"""The same, where the name of an error says it."""
FILLED = 0.65
"""Of a text's letters: where known words are so many of them, hardly anything else in it could mean something else."""
FILLED_AGREED = 0.15
"""What such words name as likely is possible where it is less probable. What they prove stays proven."""
ONE_REASON = 0.5
"""What a provider's file says of a rejection is only possible where both together are less probable."""
GUESSED = 0.15
"""The least that a cause is named with where words are silent."""
A_FEW_WORDS, GUESSED_OF_FEW = 16, 0.5
"""Octets of UTF-8: letters that say little, and what is guessed from no more than these."""
AGAINST_NONE = 0.37
"""Beside that: of how probable it is that nothing failed. Most of what people hand over tells of a failure."""

_NO_LETTER = re.compile(r"[\W_]+")


def weighed(reading: Reading, words: Wire) -> Reading:
    """*reading* of *words*, folded and taken apart, as sure as its words are, and as texts like it were right.

    Likeness overrules no word. It makes possible what is unlike texts that meant the same. A maker's own words stay
    sure, and so do words that a code seconds. It names a possible cause where no word was recognised, or where words
    say only that something failed.
    """
    first = reading.suspects[0] if reading.suspects else None
    if reading.matched and not reading.bare and (first is None or first.certainty == "possible"):
        return reading
    if reading.outcome == "no-failure":
        return reading  # a server says itself that all went well
    if first and not reading.bare:
        return reading if _earned(reading, words) else made_possible(reading)
    likeness = load_likeness()
    opinion = likeness.opinion(words)
    least = 0.0 if first else GUESSED if _octets(words.text) >= A_FEW_WORDS else GUESSED_OF_FEW
    cause = _most_probable(opinion, least, AGAINST_NONE if least else 0.0)
    agreed = not cause or (first and first.cause == cause)
    nearest = "" if agreed else likeness.nearest(cause, opinion.features)
    if not nearest:
        return made_possible(reading) if first else reading
    others = [Suspect(cause=one.cause, certainty="possible") for one in reading.suspects if one.cause != cause]
    suspects = (Suspect(cause=cause, certainty="possible"), *others)
    return msgspec.structs.replace(reading, suspects=suspects, matched=nearest, outcome="cause", told_by="likeness")


def of_one_reason(reading: Reading, words: Wire) -> Reading:
    """*reading* of a rejection that a provider's file explains; possible where *words* tell of something else."""
    odds = load_likeness().opinion(words).odds
    rejected, explained = (odds.get(one.cause, 0.0) for one in reading.suspects[:2])
    return reading if rejected + explained >= ONE_REASON else made_possible(reading)


def _earned(reading: Reading, words: Wire) -> bool:
    """Whether the first suspect may be as sure as rules have it."""
    first = reading.suspects[0]
    if reading.sign in ("own words", "words and code") or (reading.sign == "error" and first.certainty == "confirmed"):
        return True
    odds = load_likeness().opinion(words).odds.get(first.cause, 1.0)
    if reading.sign == "error":
        return odds >= NAMED_BY_AN_ERROR
    if _filled(reading.matched, words.text):
        return first.certainty == "confirmed" or odds >= FILLED_AGREED
    return odds >= (PROVEN if first.certainty == "confirmed" else AGREED)


def _most_probable(opinion: Opinion, least: float, against_none: float) -> str:
    """The cause that is the most probable; "" where that is less than *least*, or than its part of no failure."""
    enough = max(least, against_none * opinion.odds.get(NO_CAUSE, 0.0))
    return opinion.foremost if opinion.odds[opinion.foremost] >= enough else ""


def _octets(text: str) -> int:
    """How much *text* says: the octets of its letters, of which a Han character has as many as a short word."""
    return len(_NO_LETTER.sub("", text).encode("utf-8", "replace"))


def _filled(matched: str, text: str) -> bool:
    """Whether *matched*, phrases parted by ellipses, are most of the letters of *text*."""
    heard = sum(len(_NO_LETTER.sub("", phrase)) for phrase in matched.split(" … ") if phrase in text)
    return heard >= FILLED * len(_NO_LETTER.sub("", without_addresses(text))) > 0


def made_possible(reading: Reading) -> Reading:
    """*reading*, its first suspect possible."""
    first = Suspect(cause=reading.suspects[0].cause, certainty="possible")
    return msgspec.structs.replace(reading, suspects=(first, *reading.suspects[1:]))
