"""The knowledge that replies are read with, ready to use."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from diagnose.knowledge import compiled
from diagnose.knowledge.loader import KNOWLEDGE
from diagnose.knowledge.packages import Package, packages
from diagnose.process.first_use import NEEDED_LATER, made_once, made_while_waiting, one_at_a_time, unpack
from diagnose.replies.folding import fold
from diagnose.replies.integers import Numbers, packed
from diagnose.replies.phrases import Compounds, Pattern, PhraseIndex
from diagnose.replies.schema import CodeRule, Conditions, ProviderFamily
from diagnose.replies.wire import Registry

T = TypeVar("T")
_SAMPLE = 2_000
"""Characters that are enough to tell an encoding by."""
MOST_REMEMBERED = 1_000
"""Of what was made with the knowledge."""
LAYERS = ("terms", "signatures", "programs", "words", "general")
"""The rule files (or folders of them), the most specific first."""


class ReadyRule(msgspec.Struct, frozen=True, array_like=True):
    """A rule, its patterns taken apart."""

    layer: int
    """A place in `LAYERS`."""
    order: int
    """A place among all rules."""
    patterns: tuple[Pattern, ...]
    vetoes: tuple[Pattern, ...]
    doubts: tuple[Pattern, ...]
    meaning: Conditions


class Places(msgspec.Struct, frozen=True, array_like=True):
    """Patterns by a term that they need: a rule's place, and the pattern's within the rule."""

    starts: Numbers
    """For each term where its own begin, which is where those of the term before it end; and one more."""
    rules: Numbers
    patterns: Numbers

    def places(self, term: int) -> Iterator[tuple[int, int]]:
        """Those of *term*; none for a number that is no term."""
        starts = self.starts.all
        if 0 <= term < len(starts) - 1:
            for one in range(starts[term], starts[term + 1]):
                yield self.rules.all[one], self.patterns.all[one]


def places_of(by_term: Mapping[int, Sequence[tuple[int, int]]]) -> Places:
    """*by_term*, packed."""
    in_order = [by_term.get(term, ()) for term in range(max(by_term, default=-1) + 1)]
    places = list(chain.from_iterable(in_order))
    return Places(
        starts=packed(accumulate(map(len, in_order), initial=0)),
        rules=packed(rule for rule, _ in places),
        patterns=packed(pattern for _, pattern in places),
    )


class Candidate(NamedTuple):
    """A pattern that a sentence may fit."""

    ready: ReadyRule
    pattern: Pattern
    needs: int
    """One of its terms, beside the one that it was found by: most are ruled out by it."""


class _Candidates(dict[int, tuple[Candidate, ...]]):
    """The patterns that are found by a term, put together when it is first met."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__()
        self._knowledge = knowledge

    def __missing__(self, term: int) -> tuple[Candidate, ...]:
        found = self[term] = tuple(self._candidate(*place) for place in self._knowledge.by_term.places(term))
        return found

    def _candidate(self, order: int, number: int) -> Candidate:
        ready = self._knowledge.rule(order)
        pattern = ready.patterns[number]
        return Candidate(ready, pattern, sorted(pattern.wanted)[-2:][0])  # the higher ones are rarer


class Memory(dict[object, Any]):
    """What was made with the knowledge, by all that it was made of; once there is too much, all is forgotten."""

    def keep(self, key: Hashable, made: T) -> T:
        """Remember *made* under *key*, and return it."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[key] = made
        return made


class Knowledge(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything that replies are read with."""

    variants: dict[int, str]
    """Character -> the one that it is compared as."""
    families: tuple[ProviderFamily, ...]
    index: PhraseIndex
    compounds: Compounds
    packed_rules: tuple[bytes, ...]
    """Each in MessagePack: a text meets a few of hundreds, and unpacked all of them take 4 MiB."""
    by_term: Places
    """A term of the index -> patterns that need it."""
    codes: dict[str, dict[str, list[CodeRule]]]
    """By registry, then by code."""
    proven: tuple[str, ...] | None
    """The causes that words can confirm, by the catalogue; None: all of them."""

    @functools.cached_property
    def _unpacked(self) -> dict[int, ReadyRule]:
        return {}

    def rule(self, order: int) -> ReadyRule:
        """The rule in the place *order*."""
        known = self._unpacked.get(order)
        if known is None:
            known = self._unpacked[order] = unpack(self.packed_rules[order], ReadyRule)
        return known

    @property
    def rules(self) -> tuple[ReadyRule, ...]:
        """All rules, in their order."""
        return tuple(map(self.rule, range(len(self.packed_rules))))

    @functools.cached_property
    def candidates(self) -> Mapping[int, tuple[Candidate, ...]]:
        """A term of the index -> the patterns that are found by it; empty for any other number."""
        return _Candidates(self)

    @functools.cached_property
    def remembered(self) -> Memory:
        """What was made with this knowledge."""
        return Memory()

    def code_rules(self, registry: Registry, code: str) -> list[CodeRule]:
        """What is known of *code*: its own entries, else those for any class of it."""
        known = self.codes.get(registry, {})
        found = known.get(code)
        if found is None and registry == "enhanced":
            found = known.get("X" + code[1:])
        return found or []

    def family_names(self, provider: str | None) -> frozenset[str]:
        """*provider* and the names of the families it belongs to."""
        if provider is None:
            return frozenset()
        return frozenset({provider, *(family.name for family in self.families if provider in family.providers)})

    def familiar(self, text: str) -> int:
        """How many characters of *text* belong to known phrases in other than ASCII letters."""
        folded = fold(text[:_SAMPLE], self.variants)
        return sum(end - at for at, end in self.index.find(folded).values() if not folded[at:end].isascii())

    def proven_by_reply(self, cause: str) -> bool:
        """Whether the catalogue takes words alone for a proof of *cause*."""
        return self.proven is None or cause in self.proven


@made_while_waiting(NEEDED_LATER)
def load_knowledge() -> Knowledge:
    """All knowledge there is, ours and other packages', loaded on first use. Raises KnowledgeError."""
    return knowledge_with(packages().taken)


@made_once
def knowledge_with(brought: tuple[Package, ...]) -> Knowledge:
    """Our own knowledge, and what *brought* adds to it. Raises KnowledgeError."""

    def make() -> Knowledge:
        with one_at_a_time:
            from diagnose.replies.compiling import compile_with  # nobody needs it whose package brings what it makes

        return compile_with(brought)

    return make() if brought else compiled.kept("phrases", _made_of, Knowledge, make)


def _made_of() -> list[Path]:
    here = Path(__file__)
    others = ("compiling", "folding", "integers", "phrases", "schema", "words")
    code = (here, *(here.with_name(f"{name}.py") for name in others))
    return [*compiled.files(KNOWLEDGE / "replies"), *compiled.files(KNOWLEDGE / "causes"), *code]
