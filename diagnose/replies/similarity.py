"""A second opinion on a text: which causes texts that look like it have had, by a linear model over pieces of words.

It knows nothing but labelled texts (`tests/replies`), from which ``python -m tests.replies.train`` makes its data.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterator

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE
from diagnose.process.first_use import lazy_pattern, made_once, unpack
from diagnose.replies.phrases import without_addresses
from diagnose.replies.wire import Wire

DATA = KNOWLEDGE / "replies" / "similarity.msgpack"
LARGEST_DATA = 500 * 1024
"""Bytes."""
LONGEST_WORDS = 600
"""Characters of a text that are compared; a longer one says several things."""
LONGEST_WORD = 30
LEAST_SHARED = 0.1
"""Of the pieces of words of two texts: what texts that are alike have in common."""
MIDDLE = 128
"""A weight's octet that stands for zero."""
_LANE = 3
"""Octets in which the weights of all features of a text add up without a carry."""
_DIGIT = lazy_pattern(r"[0-9]")
_WORD = lazy_pattern(
    "[a-z_0\u00df-\u024f\u0370-\u052f\u1e00-\u1eff]+|[\u1100-\u11ff\uac00-\ud7af]+|[\u3040-\u30ff\u3400-\u9fff]+"
)
_HAN_OR_KANA = ("\u3040", "\u9fff")
"""Words in these are written without blanks between them."""


class Example(msgspec.Struct, frozen=True, array_like=True):
    """A labelled text that stands for others."""

    text: str
    cause: int
    """A place among the causes."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned: for each feature and cause a weight, as one octet above or below `MIDDLE`."""

    causes: tuple[str, ...]
    features: dict[str, int]
    """Feature -> its row of weights, which is as long as there are causes."""
    weights: bytes
    bias: tuple[float, ...]
    scale: float
    """What one step of a weight stands for."""
    examples: tuple[Example, ...]


class Likeness:
    """What texts that are like a text have meant, by a `Model`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._rows: dict[int, int] = {}
        """Rows that were needed: their weights as one number, so that adding two adds all their weights."""
        self._pieces_of = functools.cache(lambda text: frozenset(_pieces(text)))
        """Of examples, which are so many; never of what comes from outside."""

    def probabilities(self, features: Collection[str]) -> dict[str, float]:
        """Cause, or `none` -> how probable it is for a text with these *features*; the sum is 1."""
        model = self._model
        size = len(model.causes)
        rows = [row for feature in features if (row := model.features.get(feature)) is not None]
        sums = sum(map(self._row, rows)).to_bytes(size * _LANE, "little")
        factor, offset = model.scale / math.sqrt(len(rows) + 1), MIDDLE * len(rows)
        scores = [
            (int.from_bytes(sums[at * _LANE : (at + 1) * _LANE], "little") - offset) * factor + model.bias[at]
            for at in range(size)
        ]
        most = max(scores)
        parts = [math.exp(score - most) for score in scores]
        whole = sum(parts)
        return {cause: part / whole for cause, part in zip(model.causes, parts, strict=True)}

    def _row(self, row: int) -> int:
        known = self._rows.get(row)
        if known is None:
            size = len(self._model.causes)
            lanes = bytearray(size * _LANE)
            lanes[::_LANE] = self._model.weights[row * size : (row + 1) * size]
            known = self._rows[row] = int.from_bytes(lanes, "little")
        return known

    def nearest(self, cause: str, features: Collection[str]) -> str:
        """The labelled text of *cause* that shares the most pieces of words with *features*; "" where none does."""
        place = self._model.causes.index(cause)
        own = set(features)
        best, most = "", LEAST_SHARED
        for example in self._model.examples:
            if example.cause == place:
                theirs = self._pieces_of(example.text)
                shared = len(own & theirs) / (len(own | theirs) or 1)
                if shared > most:
                    best, most = example.text, shared
        return best


def features_of(wire: Wire, *, stage: str | None = None) -> frozenset[str]:
    """What a text is compared by, *wire* being it taken apart and folded: pieces of words, codes, form, *stage*."""
    found = set(_pieces(without_addresses(wire.text[: 2 * LONGEST_WORDS])))
    found.update(f"={code.registry}:{code.code}" for code in wire.codes)
    found.update((f"=protocol:{wire.protocol}", f"=formed:{wire.formed}", f"=succeeded:{wire.succeeded}"))
    if stage:
        found.add(f"=stage:{stage}")
    return frozenset(found)


@made_once
def load_likeness() -> Likeness:
    """The model of the package, loaded on first use. Raises KnowledgeError where its file cannot be used."""
    return read_likeness()


def read_likeness() -> Likeness:
    """The model of the package. Raises KnowledgeError where its file cannot be used."""
    try:
        return Likeness(unpack(DATA.read_bytes(), Model))
    except (OSError, msgspec.DecodeError) as error:
        raise KnowledgeError(DATA, 0, str(error)) from error


def _pieces(words: str) -> Iterator[str]:
    """Pieces of the words of a folded text, and of what stands at the borders of two of them."""
    before = ""
    for found in _WORD.finditer(_DIGIT.sub("0", words[:LONGEST_WORDS])):
        word = found[0]
        if _HAN_OR_KANA[0] <= word[0] <= _HAN_OR_KANA[1]:
            for size in (1, 2, 3, 4):
                yield from (word[at : at + size] for at in range(len(word) - size + 1))
            continue
        word = f" {word[:LONGEST_WORD]} "
        for size in (3, 4, 5):
            yield from (word[at : at + size] for at in range(len(word) - size + 1))
        yield word
        if before:
            yield before[-5:] + word[1:5]
        before = word
