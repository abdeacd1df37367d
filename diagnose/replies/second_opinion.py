"""How sure a reading of words may be that nothing but those words speaks for."""

from __future__ import annotations

import msgspec

from diagnose.model import Certainty
from diagnose.process.first_use import lazy_pattern
from diagnose.replies.knowledge import load_knowledge
from diagnose.replies.phrases import without_addresses
from diagnose.replies.reader import Reading, Sign, Suspect
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.similarity import Opinion, load_likeness
from diagnose.replies.wire import Wire

PROVEN = 0.98
"""A cause that words prove stays confirmed where it is as probable by likeness.

Of 8,900 texts that taught nothing 96 % of these were right. Of what `AGREED` keeps, 93 % were.
"""
AGREED = 0.98
"""What words name as likely stays so where it is as probable."""
NAMED_BY_AN_ERROR = 0.5
"""The same, where the name of an error says it."""
MAKERS_OWN = 0.3
"""The same, where a maker's own words say it: of those less probable a half were right."""
FILLED = 0.65
"""Of a text's letters: where known words are so many of them, hardly anything else in it could mean something else."""
HALF, HALF_AGREED = 0.45, 0.9
"""The same, where they are so many: what words name stays likely where it is as probable."""
FILLED_AGREED = 0.3
"""What such words name as likely is possible where it is less probable. What they prove stays proven."""
ONE_REASON = 0.5
"""What a provider's file says of a rejection is only possible where both together are less probable."""
GUESSED = 0.5
"""The least that a cause is named with where words are silent.

So it is as probable as all else together, that nothing failed among it. Measured on two batches that taught nothing:
with 0.15 one fault more of 328 was read right, and fourteen fewer of 192 texts without one.
"""
OUTWEIGHED, OUTWEIGHED_BY = 3, 0.5
"""Words that are not sure stand behind a cause so many times as probable, which is at least so probable."""
NOTHING_FAILED, NOTHING_FAILED_BUT_LIKELY = 0.6, 0.95
"""They name nothing where it is so probable that nothing failed, and where they say likely, so probable.

It has to be `OUTWEIGHED` times as probable as what they name, too.
"""
A_FEW_WORDS, GUESSED_OF_FEW = 16, 0.8
"""Octets of UTF-8: letters that say little, and what is guessed from no more than these."""

_ASKED: dict[Sign, float] = {"error": NAMED_BY_AN_ERROR, "own words": MAKERS_OWN}
_CODE = lazy_pattern(r"[!-~]*[0-9.:=_][!-~]*")
"""What a maker calls an error by, such as ``err.login.reqcode``: no words, so that no likeness can doubt it."""
_NUMBER = lazy_pattern(r"\W*0x[0-9a-f]{4,16}\W*")
"""An error's number and nothing beside it: it stands in a table or in none, and is like no other."""
_NO_LETTER = lazy_pattern(r"[\W_]+")


def weighed(reading: Reading, words: Wire) -> Reading:
    """*reading* of *words*, folded and taken apart, as sure as its words are, and as texts like it were right.

    Likeness overrules no word that is sure. It makes possible what is unlike texts that meant the same. Words
    that a code seconds stay sure, and what a maker's own words prove. It names a possible cause where no word was
    recognised, or where words say only that something failed. It goes before what they or a code name as possible where
    it is much likelier. An error's number alone means what a table says.
    """
    first = reading.suspects[0] if reading.suspects else None
    if first is None and (reading.matched or reading.outcome == "no-failure"):
        return reading  # a server says itself that all went well, or a program made a mistake
    earned = _earned(reading, words) if first and not reading.bare else "possible"
    if earned != "possible":
        return _as_sure(reading, earned)
    gives_way = reading.sign == "words"
    if first and not (reading.bare or gives_way):
        return made_possible(reading)
    if _NUMBER.fullmatch(words.text):
        return made_possible(reading) if first else reading
    likeness = load_likeness()
    opinion = likeness.opinion(words, reading)
    coded = first is not None and _by_a_code(reading, first)
    if first and gives_way and not coded and _nothing_failed(first, opinion, bare=reading.bare):
        return msgspec.structs.replace(reading, suspects=(), matched="", outcome="unknown", told_by="likeness")
    if first is None:
        least = GUESSED if _octets(words.text) >= A_FEW_WORDS else GUESSED_OF_FEW
        cause = opinion.foremost if opinion.odds[opinion.foremost] >= least else ""
    else:
        cause = opinion.foremost if (reading.bare and not coded) or _outweighed(first, opinion) else ""
    agreed = not cause or (first and first.cause == cause)
    nearest = "" if agreed else likeness.nearest(cause, words, reading)
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


def _earned(reading: Reading, words: Wire) -> Certainty:
    """How sure the first suspect may be, at most as sure as rules have it."""
    first = reading.suspects[0]
    named = reading.sign in ("own words", "error")
    if reading.sign == "words and code" or first.certainty == "possible" or (named and first.certainty == "confirmed"):
        return first.certainty
    if reading.sign == "own words" and _CODE.fullmatch(reading.matched):
        return first.certainty
    heard = 0.0 if reading.sign in _ASKED else _heard(reading, words.text)
    if heard >= FILLED and first.certainty == "confirmed":
        return "confirmed"
    odds = load_likeness().opinion(words).odds.get(first.cause, 1.0)  # one that has not heard what rules read
    if reading.sign in _ASKED:
        return first.certainty if odds >= _ASKED[reading.sign] else "possible"
    if heard >= FILLED:
        return first.certainty if odds >= FILLED_AGREED else "possible"
    if first.certainty == "confirmed" and odds >= PROVEN:
        return "confirmed"
    return "likely" if odds >= (AGREED if heard < HALF else HALF_AGREED) else "possible"


def _by_a_code(reading: Reading, first: Suspect) -> bool:
    """Whether a registered code says what *first* is, be it in general: unknown words take nothing from it."""
    return any(
        rule.cause == first.cause and rule.certainty != "possible" and not rule.against
        for code in reading.codes
        for rule in load_knowledge().code_rules(code.registry, code.code)
    )


def _nothing_failed(first: Suspect, opinion: Opinion, *, bare: bool) -> bool:
    """Whether that is so much more probable than *first*, or where words are *bare*, more probable than any cause."""
    nothing = opinion.odds.get(NO_CAUSE, 0.0)
    if bare:
        return nothing >= NOTHING_FAILED
    enough = NOTHING_FAILED if first.certainty == "possible" else NOTHING_FAILED_BUT_LIKELY
    return nothing >= enough and nothing > OUTWEIGHED * opinion.odds.get(first.cause, 0.0)


def _outweighed(first: Suspect, opinion: Opinion) -> bool:
    """Whether another cause is so much more probable than *first*, which words name as possible."""
    most = opinion.odds[opinion.foremost]
    return most >= OUTWEIGHED_BY and most > OUTWEIGHED * opinion.odds.get(first.cause, 0.0)


def _octets(text: str) -> int:
    """How much *text* says: the octets of its letters, of which a Han character has as many as a short word."""
    return len(_NO_LETTER.sub("", text).encode("utf-8", "replace"))


def _heard(reading: Reading, text: str) -> float:
    """The part of the letters of *text* that what was recognised is, phrases parted by ellipses.

    Words of a refusal that gives no reason say nothing else.
    """
    said = {phrase for matched in (reading.matched, *reading.refusals) for phrase in matched.split(" … ")}
    within = (any(phrase in other for other in said - {phrase}) for phrase in said)
    heard = sum(
        len(_NO_LETTER.sub("", one)) for one, twice in zip(said, within, strict=True) if one in text and not twice
    )
    return heard / max(1, len(_NO_LETTER.sub("", without_addresses(text))))


def made_possible(reading: Reading) -> Reading:
    """*reading*, its first suspect possible."""
    return _as_sure(reading, "possible")


def _as_sure(reading: Reading, certainty: Certainty) -> Reading:
    """*reading*, its first suspect as sure as *certainty*."""
    first = Suspect(cause=reading.suspects[0].cause, certainty=certainty)
    return msgspec.structs.replace(reading, suspects=(first, *reading.suspects[1:]))
