"""A second opinion on a text: which causes texts that look like it have had, by a linear model over pieces of words.

It knows nothing but labelled texts (`tests/replies`), from which ``python -m tests.replies.train`` makes its data.
"""

from __future__ import annotations

import functools
import math
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate, combinations, pairwise
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
_MOST_ADDED = (1 << 16) // (2 * _ZERO)
"""As many rows of weights surely add up without a carry."""
MOST_SENTENCES = 12
"""Of a text, whose known phrases are compared."""
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

    features: frozenset[str]
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


class Likeness:
    """What texts that are like a text have meant, by a `Model`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._rows = _Rows(model)
        self._remembered = functools.lru_cache(maxsize=MOST_TEXTS)(self._opinion)
        self._examples: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {}
        """Causes that were named: their labelled texts, and the pieces of words of each."""

    def opinion(self, wire: Wire, reading: Reading | None = None) -> Opinion:
        """What is thought of the text that *wire* is, taken apart and folded; *reading* is what its words say."""
        return self._remembered(_compared(wire, reading))

    def _opinion(self, compared: _Compared) -> Opinion:
        features = _features(compared)
        odds = self.probabilities(features)
        return Opinion(features, odds, max((one for one in odds if one != NO_CAUSE), key=odds.__getitem__))

    def probabilities(self, features: Collection[str]) -> Mapping[str, float]:
        """Cause, or `none` -> how probable it is for a text with these *features*; the sum is 1."""
        model = self._model
        known = self._rows
        rows = [known[key] for key in {*map(key_of, features)} if key in known.places]
        sums: Iterable[int] = self._added(rows[:_MOST_ADDED])
        for start in range(_MOST_ADDED, len(rows), _MOST_ADDED):
            sums = map(add, sums, self._added(rows[start : start + _MOST_ADDED]))
        factor, offset = model.scale / math.sqrt(len(rows) + 1), _ZERO * len(rows)
        scores = [(total - offset) * factor + bias for total, bias in zip(sums, model.bias, strict=True)]
        most = max(scores)
        parts = [math.exp(score - most) for score in scores]
        whole = sum(parts)
        return MappingProxyType({cause: part / whole for cause, part in zip(model.causes, parts, strict=True)})

    def _added(self, rows: list[int]) -> array[int]:
        return array("H", sum(rows).to_bytes(len(self._model.causes) * _LANE, sys.byteorder))

    def nearest(self, cause: str, features: Collection[str]) -> str:
        """The labelled text of *cause* that shares the most pieces of words with *features*; "" where none is kept."""
        own = set(features)
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
    return zlib.crc32(feature.encode("utf-8", "replace")) % MOST_KEYS


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
    found = _pieces(compared.words)
    names = _names()
    for terms in compared.heard:
        groups = sorted(names[term] for term in terms if term in names)
        found.update(groups)
        found.update(map("&".join, combinations(groups, 2)))
    found.update(f"={code.registry}:{code.code}" for code in compared.codes)
    found.update(compared.said)
    return frozenset(found)


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


def _pieces(words: str) -> set[str]:
    """Pieces of the words of a folded text, and of what stands at the borders of two of them."""
    found: set[str] = set()
    before = ""
    for word in _WORD.findall(words):
        if _HAN_OR_KANA[0] <= word[0] <= _HAN_OR_KANA[1] or _THAI_OR_LAO[0] <= word[0] <= _THAI_OR_LAO[1]:
            found.update(_pieces_of(word, written_apart=False))
            continue
        apart = f" {word[:LONGEST_WORD]} "
        found.update(_pieces_of(apart, written_apart=True))
        if before:
            found.add(before[-5:] + apart[1:5])
        before = apart
    return found


@functools.lru_cache(maxsize=MOST_WORDS)
def _pieces_of(word: str, *, written_apart: bool) -> tuple[str, ...]:
    """The pieces of one word; whoever writes about logins has few words."""
    sizes = (3, 4, 5) if written_apart else (1, 2, 3, 4)
    pieces = [word[at : at + size] for size in sizes for at in range(len(word) - size + 1)]
    return (*pieces, word) if written_apart else tuple(pieces)
