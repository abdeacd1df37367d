"""A second opinion on a text: which causes texts that look like it have had, by a linear model over pieces of words.

It knows nothing but labelled texts (`tests/replies`), from which ``python -m tests.replies.train`` makes its data.
"""

from __future__ import annotations

import functools
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, combinations, count, pairwise, repeat
from math import exp, sqrt
from operator import add
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

    def starts(self) -> Iterable[int]:
        """Where in `causes` and `weights` each feature's begin, in the order of features; and where the last ends."""
        return accumulate(self.counts, initial=0)

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


class Odds(Mapping[str, float]):
    """How probable each cause is, in quotients that are made where one is asked for: hardly any is."""

    def __init__(self, places: Mapping[str, int], parts: Sequence[float]) -> None:
        """*places*: those that the causes have in *parts*, each of which is in proportion to its cause's odds."""
        self._places = places
        self._parts = parts
        self._whole = sum(parts)

    def __getitem__(self, cause: str) -> float:
        """How probable *cause* is. Raises KeyError for one that the model does not know."""
        return self._parts[self._places[cause]] / self._whole

    def __iter__(self) -> Iterator[str]:
        """All causes of the model, and `none`."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)


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


class _Rows:
    """The weights of each feature that was needed, as one number, so that adding two adds all their weights."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._numbers = dict(zip(model.features.keys(), count()))
        """The keys of all features -> their places in the model."""
        self._starts = array("I", model.features.starts())
        self._rows = [0] * len(self._numbers)
        """By these places; 0 for what was not needed yet."""

    def known(self, features: Iterable[str]) -> set[int]:
        """The places in the model of those of *features* that it knows."""
        found = {self._numbers.get(key, _UNKNOWN) for key in keys_of(features)}
        found.discard(_UNKNOWN)
        return found

    def added(self, places: Iterable[int]) -> int:
        """The rows of *places* added up, of which there are not more than `MOST_ADDED`."""
        rows = self._rows
        return sum([rows[place] or self._made(place) for place in places])

    def _made(self, place: int) -> int:
        lanes = array("H", [_ZERO]) * len(self._model.causes)
        for cause, weight in self._model.features.row(self._starts[place], self._starts[place + 1]):
            lanes[cause] = weight - (MIDDLE - _ZERO)
        row = self._rows[place] = int.from_bytes(lanes.tobytes(), sys.byteorder)
        return row


class _Word(NamedTuple):
    """What the model knows of the pieces of a word."""

    known: array[int]
    """The places of those that it knows: a set of them would take ten times the memory, and longer to come by."""
    weights: int
    """The rows of these, added up."""


class _Pairs(dict[tuple[str, str], int]):
    """The places of pairs of groups of phrases that were met; `_UNKNOWN` for those that the model does not know."""

    def __init__(self, rows: _Rows) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, pair: tuple[str, str]) -> int:
        known = self._rows.known(("&".join(pair),))
        place = self[pair] = known.pop() if known else _UNKNOWN
        return place


class Likeness:
    """What texts that are like a text have meant, by a `Model`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._places = {cause: place for place, cause in enumerate(model.causes)}
        self._rows = _Rows(model)
        self._remembered = functools.lru_cache(maxsize=MOST_TEXTS)(self._opinion)
        self._nearest = functools.lru_cache(maxsize=MOST_TEXTS)(self._nearest_to)
        self._pairs = _Pairs(self._rows)
        self._word = functools.lru_cache(maxsize=MOST_WORDS)(self._of_word)
        self._examples: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {}
        """Causes that were named: their labelled texts, and the pieces of words of each."""

    def opinion(self, wire: Wire, reading: Reading | None = None) -> Opinion:
        """What is thought of the text that *wire* is, taken apart and folded; *reading* is what its words say."""
        return self._remembered(_compared(wire, reading))

    def _opinion(self, compared: _Compared) -> Opinion:
        parts = self._parts(*self._known(compared))
        named = parts.copy()
        named[self._places[NO_CAUSE]] = -1.0
        return Opinion(Odds(self._places, parts), self._model.causes[named.index(max(named))])

    def _known(self, compared: _Compared) -> tuple[Iterable[int], int]:
        """For each cause the weights of all features of *compared* together, and how many of these are known.

        What a text has twice counts once.
        """
        words, others = _words_in(compared.words)
        others.extend(_told_in(compared))
        rows, found, total, added = self._rows, set[int](), 0, 0
        for known, weights in map(self._word, words):
            total += weights
            added += len(known)
            if twice := found.intersection(known):
                total -= rows.added(twice)
            found.update(known)
        heard = [_groups_of(terms) for terms in compared.heard]
        beside = rows.known(chain(others, *heard))
        for groups in heard:
            beside.update(map(self._pairs.__getitem__, combinations(groups, 2)))
        beside.discard(_UNKNOWN)
        beside -= found
        found |= beside
        if added + len(beside) > MOST_ADDED:
            return self._totals(found), len(found)
        return self._apart(total + rows.added(beside)), len(found)

    def _of_word(self, word: str) -> _Word:
        known = self._rows.known(_pieces_of(word))
        return _Word(array("I", known), self._rows.added(known))

    def probabilities(self, features: Collection[str]) -> Mapping[str, float]:
        """Cause, or `none` -> how probable it is for a text with these *features*; the sum is 1."""
        known = self._rows.known(features)
        return Odds(self._places, self._parts(self._totals(known), len(known)))

    def _parts(self, totals: Iterable[int], features: int) -> list[float]:
        """What the odds are in proportion to, by the weights of so many *features*, added up for each cause."""
        model = self._model
        factor, offset = model.scale / sqrt(features + 1), _ZERO * features
        scores = [(total - offset) * factor + bias for total, bias in zip(totals, model.bias, strict=True)]
        most = max(scores)
        return [exp(score - most) for score in scores]

    def _totals(self, known: Iterable[int]) -> Iterable[int]:
        """For each cause the weights of the features in the places *known* together, however many these are."""
        places = [*known]
        totals: Iterable[int] = repeat(0, len(self._model.causes))
        for start in range(0, len(places), MOST_ADDED):
            totals = map(add, totals, self._apart(self._rows.added(places[start : start + MOST_ADDED])))
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
