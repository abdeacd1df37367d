"""Make the reader's second opinion from the labelled texts: ``python -m tests.replies.train``.

A linear model over the features of `diagnose.replies.similarity`, fitted by stochastic gradient descent with one step
size a weight (AdaGrad, Duchi et al. 2011). A text that may have several causes asks only that one of them be likely.
Nothing but the standard library is used, and no function whose last digit hangs on the machine: the same corpus and
seed give the same weights everywhere, and the same file, byte for byte, where zlib is the same.
"""

from __future__ import annotations

import math
import random
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from itertools import repeat
from typing import NamedTuple

import click
import msgspec

from diagnose.model.protocols import ReplyForm
from diagnose.replies.reader import read_with_words
from diagnose.replies.similarity import (
    DATA,
    LARGEST_WEIGHT,
    Example,
    Features,
    Likeness,
    Model,
    features_of,
    key_of,
    packed,
    unpacked,
)
from tests.replies.corpus import (
    CONCEPTS,
    NO_CAUSE,
    SEEN,
    STUDIED,
    TAUGHT,
    WRITTEN_ANEW,
    Labelled,
    concepts,
    labelled,
)

SEED = 20_240
MOST_FEATURES, MOST_WEIGHTS = 40_000, 376_000
FEWEST_TEXTS = 3
"""Of a feature, and of a cause: in fewer it tells nothing that holds elsewhere."""
ROUNDS, ORDERS = 3, 4
"""How often all texts are learned from, and in how many orders; the weights are the mean of those of all orders.

Orders are learned side by side, in a process each.
"""
STEP = 1.5
"""Of the first text; steps become shorter evenly, and end at nothing."""
FIRST_SQUARES = 0.01
ONE, ZERO = 1 << 14, 1 << 20
"""What weights of 1 and 0 are kept as: whole numbers add up to the same in any order, and by every Python.

All weights of a feature are one number, so that adding two of these adds them all: 32 bits for each, none below 0.
"""
LANE = 32
FAINTEST = -20
"""A cause whose score is below the highest one by more has no part in a text."""
SMALLEST_SLOPE = 0.02
"""A cause whose probability is as near to what it should be is left alone."""
LEFT_OUT = 0.4
"""The part of a text's features that a round does without, by chance: then no few of them may decide.

Of four batches held back, 2 to 3 % more were right by it.
"""
FOLDS = 5
LEARNED = 0.9
"""A text whose causes are as probable together teaches nothing more."""
EXAMPLES_OF_A_CAUSE = 12
LONGEST_EXAMPLE = 120
LARGER = 0.0001
"""The part of all weights that is larger than the largest one that is kept, and is cut to it."""
OFTEN = 2
"""How often each text that rules know or that was read blind is learned from: such words reach a helpdesk the most."""


class Taught(msgspec.Struct, frozen=True):
    """A labelled text as the model sees it."""

    labelled: Labelled
    features: frozenset[str]

    @property
    def causes(self) -> tuple[str, ...]:
        """The cause and what may be meant, too."""
        return (self.labelled.cause, *self.labelled.also)


def taught(texts: Iterable[Labelled]) -> list[Taught]:
    """*texts* as the model sees them, every second one as a login probe tells of it, others as bare words.

    What rules read in a text is told of `WRITTEN_ANEW` alone: few rules were written from these, so rules err there
    nearly as often as they do on texts never seen.
    """
    hinted = {text.reply for file in WRITTEN_ANEW for text in labelled(file)}
    given = [
        (
            text,
            _AsTold(
                text.reply, *((text.protocol, text.stage) if number % 2 == 0 else (None, None)), text.reply in hinted
            ),
        )
        for number, text in enumerate(texts)
    ]
    different = [*dict.fromkeys(told for _, told in given)]
    with ProcessPoolExecutor(ORDERS) as pool:
        read = pool.map(_features, different, chunksize=400)
        features = {told: frozenset(map(sys.intern, found)) for told, found in zip(different, read, strict=True)}
    return [Taught(text, features[told]) for text, told in given]


class _AsTold(NamedTuple):
    """A text, and what is told with it."""

    reply: str
    protocol: ReplyForm | None
    stage: str | None
    hinted: bool
    """What rules read in it is told."""


def _features(told: _AsTold) -> frozenset[str]:
    reading, words = read_with_words(told.reply, protocol=told.protocol, stage=told.stage)
    return features_of(words, reading if told.hinted else None)


def train(texts: list[Taught], *, seed: int = SEED, rounds: int = ROUNDS) -> Model:
    """The model that *texts* teach."""
    files = fingerprints()
    counts = Counter(text.labelled.cause for text in texts)
    causes = tuple(sorted(cause for cause, count in counts.items() if count >= FEWEST_TEXTS))
    place = {cause: at for at, cause in enumerate(causes)}
    keys = sorted(set(map(key_of, _telling(texts, place))))
    rows = {key: at for at, key in enumerate(keys)}
    inputs = [sorted({rows[key] for key in map(key_of, text.features) if key in rows}) for text in texts]
    wanted = [
        {place[cause]: 1 + (cause == text.labelled.cause) for cause in text.causes if cause in place} for text in texts
    ]
    weights, bias = _mean_of_orders(_Task(inputs, wanted, len(rows), len(causes), rounds), seed)
    kept = _kept(keys, weights)
    return Model(
        causes=causes,
        features=Features.of(kept.steps),
        bias=tuple(round(weight, 6) for weight in bias),
        scale=round(kept.scale, 9),
        examples=tuple(_examples(texts, place)),
        corpus=files,
    )


class _Kept(NamedTuple):
    steps: dict[int, dict[int, int]]
    """Key of a feature -> place of a cause -> steps of the weight, above or below zero."""
    scale: float
    """What one step stands for."""


def _kept(keys: list[int], weights: list[list[int]]) -> _Kept:
    """The largest of all weights, in steps; a feature that speaks for and against nothing is kept as well."""
    sizes = sorted((abs(weight) for row in weights for weight in row if weight), reverse=True)[:MOST_WEIGHTS]
    smallest, largest = sizes[-1], sizes[int(LARGER * len(sizes))]
    scale = largest / LARGEST_WEIGHT
    steps = {
        key: {
            cause: max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, math.floor(weight / scale + 0.5)))
            for cause, weight in enumerate(row)
            if abs(weight) >= smallest
        }
        for key, row in zip(keys, weights, strict=True)
    }
    return _Kept(steps, scale / ONE)


def fingerprints() -> dict[str, str]:
    """SHA-256 of each file of labelled texts that teaches, by its place below `tests/replies`."""
    return {
        str(file.relative_to(CONCEPTS.parent)): sha256(file.read_bytes()).hexdigest()
        for file in (*SEEN, *STUDIED, *TAUGHT, CONCEPTS)
    }


def _telling(texts: list[Taught], place: dict[str, int]) -> list[str]:
    """The features that tell most about the cause (mutual information), by name."""
    seen: Counter[str] = Counter()
    beside: Counter[tuple[str, int]] = Counter()
    causes: Counter[int] = Counter()
    for text in texts:
        cause = place.get(text.labelled.cause)
        if cause is None:
            continue
        causes[cause] += 1
        seen.update(text.features)
        beside.update((name, cause) for name in text.features)
    total = sum(causes.values())
    told: dict[str, float] = {}
    for (name, cause), count in sorted(beside.items()):
        if seen[name] >= FEWEST_TEXTS:
            expected = seen[name] * causes[cause] / total
            told[name] = told.get(name, 0.0) + (count - expected) ** 2 / (expected + 1)
    return sorted(sorted(told, key=lambda name: (-told[name], name))[:MOST_FEATURES])


class _Task(NamedTuple):
    """What has to be fitted."""

    inputs: list[list[int]]
    """For each text the rows of its features."""
    wanted: list[dict[int, int]]
    """For each text the places of its causes, and how much each of them counts."""
    features: int
    causes: int
    rounds: int


def _mean_of_orders(task: _Task, seed: int) -> tuple[list[list[int]], list[float]]:
    """As `_fitted`, the mean of as many orders of the texts as `ORDERS`."""
    with ProcessPoolExecutor(ORDERS) as pool:
        fitted = list(pool.map(_fitted, repeat(task), range(seed, seed + ORDERS)))
    rows = zip(*(weights for weights, _ in fitted), strict=True)
    sums = [[sum(column) for column in zip(*of_feature, strict=True)] for of_feature in rows]
    means = [[weight // ORDERS for weight in row] for row in sums]
    return means, [sum(column) / ORDERS for column in zip(*(bias for _, bias in fitted), strict=True)]


def _fitted(task: _Task, seed: int) -> tuple[list[list[int]], list[float]]:
    """Rows of weights, of which `ONE` is 1, and the bias of each cause."""
    inputs, wanted, features, causes, rounds = task
    chance = random.Random(seed)
    weights = [_row_of([ZERO] * causes)] * features
    squares = [[FIRST_SQUARES] * causes for _ in range(features)]
    bias, bias_squares = [0.0] * causes, [FIRST_SQUARES] * causes
    shifts = [LANE * at for at in range(causes)][:: 1 if sys.byteorder == "little" else -1]
    order = [at for at, causes_of in enumerate(wanted) if causes_of]
    left, whole_way = rounds * len(order), rounds * len(order)
    for _ in range(rounds):
        chance.shuffle(order)
        for at in order:
            pace, left = STEP * left / whole_way, left - 1
            given = [row for row in inputs[at] if chance.random() >= LEFT_OUT]
            factor = 1 / math.sqrt(len(given) + 1)
            part, nothing = factor / ONE, ZERO * len(given)
            scores = _weights_of(sum(map(weights.__getitem__, given)), causes)
            probable = _softmax([(score - nothing) * part + more for score, more in zip(scores, bias, strict=True)])
            goal = wanted[at]
            if sum(probable[cause] for cause in goal) > LEARNED:
                continue
            whole = sum(probable[cause] * share for cause, share in goal.items()) + 1e-12
            moves = []
            for cause, probability in enumerate(probable):
                share = goal.get(cause, 0)
                slope = probability - (probability * share / whole if share else 0.0)
                if abs(slope) < SMALLEST_SLOPE:
                    continue
                bias_squares[cause] += slope * slope
                bias[cause] -= pace * slope / math.sqrt(bias_squares[cause])
                step = slope * factor
                moves.append((cause, shifts[cause], step * step, ONE * pace * step))
            for row in given:
                gathered = squares[row]
                change = 0
                for cause, shift, square, step in moves:
                    gathered[cause] = whole = gathered[cause] + square
                    change += int(step / math.sqrt(whole)) << shift
                weights[row] -= change
    return [[weight - ZERO for weight in _weights_of(row, causes)] for row in weights], bias


def _row_of(weights: list[int]) -> int:
    return int.from_bytes(array("I", weights).tobytes(), sys.byteorder)


def _weights_of(row: int, causes: int) -> array[int]:
    return array("I", row.to_bytes(causes * LANE // 8, sys.byteorder))


def _softmax(scores: list[float]) -> list[float]:
    most = max(scores)
    parts = [_exponential(score - most) for score in scores]
    whole = sum(parts)
    return [part / whole for part in parts]


def _exponential(power: float) -> float:
    """e to a *power* of at most 0, by additions and multiplications alone: those are the same on every machine."""
    if power < FAINTEST:
        return 0.0
    halvings = 8
    small = power / 256
    value = 1 + small * (1 + small / 2 * (1 + small / 3 * (1 + small / 4)))
    for _ in range(halvings):
        value *= value
    return value


def _examples(texts: list[Taught], place: dict[str, int]) -> Iterable[Example]:
    """Short texts of each cause, as unlike each other as they come."""
    for cause, at in sorted(place.items()):
        if cause == NO_CAUSE:
            continue
        own = {
            text.labelled.reply: text.features
            for text in texts
            if text.labelled.cause == cause and len(text.labelled.reply) <= LONGEST_EXAMPLE
        }
        taken: list[str] = []
        covered: set[str] = set()
        while own and len(taken) < EXAMPLES_OF_A_CAUSE:
            best = max(sorted(own), key=lambda reply: len(own[reply] - covered) / (20 + len(own[reply])))
            covered |= own.pop(best)
            taken.append(best)
        yield from (Example(reply, at) for reply in taken)


def by_source(texts: list[Taught], folds: int = FOLDS) -> Iterable[tuple[Taught, Mapping[str, float]]]:
    """Each text with what a model says of it that saw no text of its source."""
    sources = sorted({_source(text.labelled) for text in texts})
    random.Random(SEED).shuffle(sources)
    for fold in range(folds):
        left_out = set(sources[fold::folds])
        model = Likeness(train([text for text in texts if _source(text.labelled) not in left_out]))
        yield from ((text, model.probabilities(text.features)) for text in texts if _source(text.labelled) in left_out)


def _source(text: Labelled) -> str:
    """The product or place that a text is from: everything before its language or file."""
    return text.source.partition(" localisation")[0].partition(":")[0].partition("#")[0] or text.id[0]


def bands(told: Iterable[tuple[Taught, Mapping[str, float]]], floors: Collection[float]) -> Iterable[str]:
    """For each floor: how many texts have a likeliest cause as probable as that, and how many of those are right."""
    best = [(max(odds.items(), key=lambda pair: pair[1]), text.causes) for text, odds in told]
    for floor in floors:
        sure = [cause in causes for (cause, odds), causes in best if odds >= floor]
        yield f"at least {floor:.1f}: {len(sure) / len(best):4.0%} of texts, {sum(sure) / max(len(sure), 1):5.1%} right"


def corpus() -> list[Labelled]:
    """All texts that teach the second opinion, in their order; those of `SEEN` and `STUDIED` several times."""
    files = (*(*SEEN, *STUDIED) * OFTEN, *TAUGHT)
    return [*(text for file in files for text in labelled(file)), *concepts()]


def changed_since() -> list[str]:
    """The files of labelled texts that the shipped data were not learned from as they are now."""
    learned = unpacked(DATA.read_bytes()).corpus
    now = fingerprints()
    return sorted(file for file in learned.keys() | now.keys() if learned.get(file) != now.get(file))


@click.command()
@click.option("--check", is_flag=True, help="Tell whether the shipped data belong to the texts, and write nothing.")
@click.option("--by-source", "crosswise", is_flag=True, help="Cross-validate by source, and write nothing.")
def main(check: bool, crosswise: bool) -> None:
    """Write the data of the second opinion."""
    if check:
        if changed := changed_since():
            raise click.ClickException(f"{', '.join(changed)} changed; run python -m tests.replies.train")
        return
    texts = taught(corpus())
    if crosswise:
        for line in bands(by_source(texts), (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)):
            click.echo(line)
        return
    model = train(texts)
    DATA.write_bytes(packed(model))
    features = model.features
    told = f"{len(texts)} texts, {len(features.counts)} features, {len(features.causes)} weights"
    click.echo(f"{told}, {DATA.stat().st_size} bytes")


if __name__ == "__main__":
    main()
