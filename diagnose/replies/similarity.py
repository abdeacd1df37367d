"""A second opinion on a text: which causes texts that look like it have had, by a linear model over pieces of words.

It knows nothing but labelled texts (`tests/replies`), from which ``python -m tests.replies.train`` makes its data.
"""

from __future__ import annotations

import functools
import math
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, chain, combinations, pairwise, repeat
from operator import add
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE
from diagnose.process.first_use import lazy_pattern, made_once, unpack
from diagnose.replies.knowledge import load_knowledge
from diagnose.replies.phrases import without_addresses
from diagnose.replies.reader import Reading
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.wire import Code, Wire

DATA = KNOWLEDGE / "replies" / "similarity.msgpack"
"""Compressed (zlib, RFC 1950)."""
LARGEST_DATA = 500 * 1024
"""Bytes."""
LONGEST_WORDS = 600
"""Characters of a text that are compared; a longer one says several things."""
LONGEST_WORD = 30
MOST_WORDS, MOST_TEXTS = 5_000, 500
"""What is remembered: the pieces of words, and opinions on texts; those that differ in digits or addresses are one."""
MIDDLE = 128
"""A weight's octet that stands for zero."""
MOST_KEYS = 1 << 24
"""A feature is known by a number below this: of as many features as are kept, hardly two have the same."""
LARGEST_WEIGHT = 15
"""Steps above or below zero."""
_LANE = array("H").itemsize
"""Octets of an unsigned integer, in which the weights of many features of a text add up without a carry."""
_ZERO = LARGEST_WEIGHT + 1
MOST_ADDED = (1 << 16) // (2 * _ZERO)
"""As many rows of weights surely add up without a carry."""
MOST_SENTENCES = 12
"""Of a text, whose known phrases are compared."""
_UNKNOWN = -1
"""No feature's key."""
_DIGIT = lazy_pattern(r"[0-9]")
_WORD = lazy_pattern(
    "[a-z_0\u00df-\u024f\u0370-\u0dff\u1e00-\u1fff]+|[\u1100-\u11ff\uac00-\ud7af]+"
    "|[\u0e00-\u0eff]+|[\u3040-\u30ff\u3400-\u9fff]+"
)
_HAN_OR_KANA, _THAI_OR_LAO = ("\u3040", "\u9fff"), ("\u0e00", "\u0eff")
"""Words in these are written without blanks between them."""


class Example(msgspec.Struct, frozen=True, array_like=True):
    """A labelled text that stands for others."""

    text: str
    cause: int
    """A place among the causes."""


class Features(msgspec.Struct, frozen=True, array_like=True):
    """For each feature the causes that it speaks for or against.

    Octets of one kind stand together, which a compressor makes small.
    """

    steps: tuple[bytes, bytes, bytes]
    """From one feature's key to the next: the lowest octets of all, the middle ones, the highest ones."""
    counts: bytes
    """How many causes each feature speaks of."""
    causes: bytes
    """From one cause's place to the next one's; the first of a feature counts from -1."""
    weights: bytes
    """One for each of `causes`, above or below `MIDDLE`."""

    @classmethod
    def of(cls, rows: Mapping[int, Mapping[int, int]]) -> Features:
        """Of key -> place of a cause -> weight, which is above or below zero."""
        keys = sorted(rows)
        steps = [after - before for before, after in pairwise((0, *keys))]
        places = [sorted(rows[key]) for key in keys]
        return cls(
            steps=(bytes(s & 255 for s in steps), bytes(s >> 8 & 255 for s in steps), bytes(s >> 16 for s in steps)),
            counts=bytes(map(len, places)),
            causes=bytes(after - before for one in places for before, after in pairwise((-1, *one))),
            weights=bytes(MIDDLE + rows[key][place] for key, one in zip(keys, places, strict=True) for place in one),
        )

    def keys(self) -> Iterable[int]:
        """The keys of the features, in their order."""
        low, middle, high = self.steps
        return accumulate(
            map(sum, zip(low, (octet << 8 for octet in middle), (octet << 16 for octet in high), strict=True))
        )

    def rows(self) -> Iterable[tuple[int, int]]:
        """Where in `causes` and `weights` each feature's begin and end, in the order of the features."""
        return pairwise((0, *accumulate(self.counts)))

    def row(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """The places of causes that one feature speaks of, each with its weight's octet."""
        causes = accumulate(self.causes[start:end], initial=-1)
        next(causes)
        return zip(causes, self.weights[start:end], strict=True)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned."""

    causes: tuple[str, ...]
    features: Features
    bias: tuple[float, ...]
    scale: float
    """What one step of a weight stands for."""
    examples: tuple[Example, ...]
    corpus: dict[str, str]
    """SHA-256 of each file of labelled texts that it was learned from."""


class Opinion(msgspec.Struct, frozen=True):
    """What texts that are like a text have meant."""

    odds: Mapping[str, float]
    """Cause, or `none` -> how probable it is; the sum is 1."""
    foremost: str
    """The most probable cause."""


class _Compared(NamedTuple):
    """All that a text is compared by: texts in which it is the same are one text to the model."""

    words: str
    """Without addresses, each digit a zero."""
    heard: tuple[tuple[int, ...], ...]
    codes: tuple[Code, ...]
    said: tuple[str, ...]
    """The protocol, and what its words are read as."""


class _Rows(dict[int, int]):
    """The weights of each feature that was needed, as one number, so that adding two adds all their weights."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self.places = dict(zip(model.features.keys(), model.features.rows(), strict=True))
        """Keys of all features -> where what is known of each begins and ends."""

    def __missing__(self, key: int) -> int:
        lanes = array("H", [_ZERO]) * len(self._model.causes)
        for cause, weight in self._model.features.row(*self.places[key]):
            lanes[cause] = weight - (MIDDLE - _ZERO)
        known = self[key] = int.from_bytes(lanes.tobytes(), sys.byteorder)
        return known


class _Word(NamedTuple):
    """What the model knows of the pieces of a word."""

    keys: frozenset[int]
    """Of those that are known."""
    weights: int
    """The rows of these, added up."""


class _Pairs(dict[tuple[str, str], int]):
    """The keys of pairs of groups of phrases that were met; `_UNKNOWN` for those that the model does not know."""

    def __init__(self, known: Collection[int]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, pair: tuple[str, str]) -> int:
        key = key_of("&".join(pair))
        known = self[pair] = key if key in self._known else _UNKNOWN
        return known


class Likeness:
    """What texts that are like a text have meant, by a `Model`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._named = tuple(cause for cause in model.causes if cause != NO_CAUSE)
        self._rows = _Rows(model)
        self._remembered = functools.lru_cache(maxsize=MOST_TEXTS)(self._opinion)
        self._nearest = functools.lru_cache(maxsize=MOST_TEXTS)(self._nearest_to)
        self._pairs = _Pairs(self._rows.places)
        self._word = functools.lru_cache(maxsize=MOST_WORDS)(self._of_word)
        self._examples: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {}
        """Causes that were named: their labelled texts, and the pieces of words of each."""

    def opinion(self, wire: Wire, reading: Reading | None = None) -> Opinion:
        """What is thought of the text that *wire* is, taken apart and folded; *reading* is what its words say."""
        return self._remembered(_compared(wire, reading))

    def _opinion(self, compared: _Compared) -> Opinion:
        odds = self._odds(*self._known(compared))
        return Opinion(odds, max(self._named, key=odds.__getitem__))

    def _known(self, compared: _Compared) -> tuple[Iterable[int], int]:
        """For each cause the weights of all features of *compared* together, and how many of these are known.

        What a text has twice counts once.
        """
        words, others = _words_in(compared.words)
        others.extend(_told_in(compared))
        rows, found, total, added = self._rows, set[int](), 0, 0
        for keys, weights in map(self._word, words):
            total += weights
            added += len(keys)
            if not found.isdisjoint(keys):
                total -= sum(map(rows.__getitem__, found & keys))
            found |= keys
        beside = set[int]()
        for terms in compared.heard:
            groups = _groups_of(terms)
            others += groups
            beside.update(map(self._pairs.__getitem__, combinations(groups, 2)))
        beside = ((beside | keys_of(others)) & rows.places.keys()) - found
        found |= beside
        if added + len(beside) > MOST_ADDED:
            return self._added(list(found)), len(found)
        return self._apart(total + sum(map(rows.__getitem__, beside))), len(found)

    def _of_word(self, word: str) -> _Word:
        keys = keys_of(_pieces_of(word)) & self._rows.places.keys()
        return _Word(frozenset(keys), sum(map(self._rows.__getitem__, keys)))

    def probabilities(self, features: Collection[str]) -> Mapping[str, float]:
        """Cause, or `none` -> how probable it is for a text with these *features*; the sum is 1."""
        keys = keys_of(features) & self._rows.places.keys()
        return self._odds(self._added(list(keys)), len(keys))

    def _odds(self, totals: Iterable[int], features: int) -> Mapping[str, float]:
        """The odds by the weights of so many *features*, added up for each cause."""
        model = self._model
        factor, offset = model.scale / math.sqrt(features + 1), _ZERO * features
        scores = [(total - offset) * factor + bias for total, bias in zip(totals, model.bias, strict=True)]
        most = max(scores)
        parts = [math.exp(score - most) for score in scores]
        whole = sum(parts)
        return MappingProxyType(dict(zip(model.causes, [part / whole for part in parts], strict=True)))

    def _added(self, keys: Sequence[int]) -> Iterable[int]:
        """For each cause the weights of *keys* together, however many these are."""
        totals: Iterable[int] = repeat(0, len(self._model.causes))
        for start in range(0, len(keys), MOST_ADDED):
            rows = map(self._rows.__getitem__, keys[start : start + MOST_ADDED])
            totals = map(add, totals, self._apart(sum(rows)))
        return totals

    def _apart(self, rows: int) -> array[int]:
        """For each cause its own of *rows*, which were added up."""
        return array("H", rows.to_bytes(len(self._model.causes) * _LANE, sys.byteorder))

    def nearest(self, cause: str, wire: Wire, reading: Reading | None = None) -> str:
        """The labelled text of *cause* that shares the most pieces of words with a text, given as in `opinion`.

        It is "" where none is kept.
        """
        return self._nearest(cause, _compared(wire, reading))

    def _nearest_to(self, cause: str, compared: _Compared) -> str:
        own = _features(compared)
        best, most = "", -1.0
        for text, theirs in self._examples_of(cause):
            common = len(own & theirs)
            shared = common / (len(own) + len(theirs) - common or 1)
            if shared > most:
                best, most = text, shared
        return best

    def _examples_of(self, cause: str) -> tuple[tuple[str, frozenset[str]], ...]:
        known = self._examples.get(cause)
        if known is None:
            place = self._model.causes.index(cause)
            texts = (example.text for example in self._model.examples if example.cause == place)
            known = self._examples[cause] = tuple((text, frozenset(_pieces(_shortened(text)))) for text in texts)
        return known


def key_of(feature: str) -> int:
    """The number that *feature* is known by."""
    return keys_of((feature,)).pop()


def keys_of(features: Iterable[str]) -> set[int]:
    """The numbers that *features* are known by."""
    return {zlib.crc32(feature.encode("utf-8", "replace")) % MOST_KEYS for feature in features}


def features_of(wire: Wire, reading: Reading | None = None) -> frozenset[str]:
    """What a text is compared by, *wire* being it taken apart and folded, and *reading* what its words say.

    These are pieces of its words, its codes and its protocol. Groups of known phrases are the same in every language.
    They count each alone, and in pairs within a sentence. What rules read in it is a hint like any other.
    """
    return _features(_compared(wire, reading))


def _compared(wire: Wire, reading: Reading | None) -> _Compared:
    protocol = (f"#{wire.protocol}{'!' if wire.formed else ''}",) if wire.protocol else ()
    return _Compared(
        _shortened(without_addresses(wire.text[: 2 * LONGEST_WORDS])),
        wire.heard[:MOST_SENTENCES],
        wire.codes,
        protocol if reading is None else (*protocol, *_said(reading)),
    )


def _said(reading: Reading) -> Iterable[str]:
    """What rules read: the causes, and how much was recognised for the first one."""
    if not reading.suspects:
        yield f"?{reading.outcome}"
        return
    first, *others = reading.suspects
    yield f"?{first.cause}"
    yield "?bare" if reading.bare else f"?{first.certainty} {reading.sign}"
    yield from (f"??{other.cause}" for other in others)


def _shortened(words: str) -> str:
    return _DIGIT.sub("0", words[:LONGEST_WORDS])


def _features(compared: _Compared) -> frozenset[str]:
    return frozenset(chain(_pieces(compared.words), *map(_phrases_of, compared.heard), _told_in(compared)))


def _phrases_of(terms: tuple[int, ...]) -> Iterable[str]:
    """The groups of known phrases in one sentence, each alone and in pairs; *terms* are what was found in it."""
    groups = _groups_of(terms)
    return chain(groups, map("&".join, combinations(groups, 2)))


def _groups_of(terms: tuple[int, ...]) -> list[str]:
    names = _names()
    return sorted([names[term] for term in terms if term in names])


def _told_in(compared: _Compared) -> Iterable[str]:
    """What is told beside the words."""
    return chain((f"={code.registry}:{code.code}" for code in compared.codes), compared.said)


@made_once
def _names() -> dict[int, str]:
    """The names of the groups of phrases, by the terms that they are."""
    return {term: f"{{{name}}}" for name, term in load_knowledge().index.groups.items()}


@made_once
def load_likeness() -> Likeness:
    """The model of the package, loaded on first use. Raises KnowledgeError where its file cannot be used."""
    return read_likeness()


def read_likeness() -> Likeness:
    """The model of the package. Raises KnowledgeError where its file cannot be used."""
    try:
        return Likeness(unpacked(DATA.read_bytes()))
    except (OSError, zlib.error, msgspec.DecodeError, ValueError) as error:
        raise KnowledgeError(DATA, 0, str(error)) from error


def unpacked(data: bytes) -> Model:
    """The model that *data* hold. Raises zlib.error, msgspec.DecodeError."""
    return unpack(zlib.decompress(data), Model)


def packed(model: Model) -> bytes:
    """*model* as `unpacked` takes it: the same for the same model and zlib."""
    return zlib.compress(msgspec.msgpack.encode(model), 9)


def _pieces(words: str) -> Iterable[str]:
    """Pieces of the words of a folded text, and of what stands at the borders of two of them."""
    apart, borders = _words_in(words)
    return chain(*map(_pieces_of, apart), borders)


def _words_in(words: str) -> tuple[list[str], list[str]]:
    """The words of a folded text, between blanks where they are written apart; and the borders of two such words."""
    all_apart = words.isascii()
    found = [
        f" {word[:LONGEST_WORD]} " if all_apart or not _runs_on(word[0]) else word for word in _WORD.findall(words)
    ]
    apart = found if all_apart else [word for word in found if word.startswith(" ")]
    return found, [before[-5:] + after[1:5] for before, after in pairwise(apart)]


def _runs_on(letter: str) -> bool:
    """Whether words with *letter* are written without blanks between them."""
    return _HAN_OR_KANA[0] <= letter <= _HAN_OR_KANA[1] or _THAI_OR_LAO[0] <= letter <= _THAI_OR_LAO[1]


def _pieces_of(word: str) -> list[str]:
    """The pieces of one word."""
    written_apart = word.startswith(" ")
    sizes = (3, 4, 5) if written_apart else (1, 2, 3, 4)
    pieces = [word[at : at + size] for size in sizes for at in range(len(word) - size + 1)]
    return [*pieces, word] if written_apart else pieces
