"""From the files that people write about replies to what replies are read with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.catalogue import catalogue_with
from diagnose.knowledge.loader import KNOWLEDGE, line_of_entry, line_of_word, load
from diagnose.knowledge.packages import REPLIES as OF_REPLIES
from diagnose.knowledge.packages import Package
from diagnose.replies.folding import fold
from diagnose.replies.knowledge import LAYERS, Knowledge, ReadyRule, places_of
from diagnose.replies.phrases import Compounds, Indexing
from diagnose.replies.schema import NO_CAUSE, REPLY, CodeRule, Conditions, ProviderFamily, Rule

REPLIES = KNOWLEDGE / "replies"
CAUSES = KNOWLEDGE / "causes"


def compile_with(brought: tuple[Package, ...]) -> Knowledge:
    """Our own knowledge, and what *brought* adds to it. Raises KnowledgeError."""
    causes = catalogue_with(brought)
    proven = [cause.id for cause in causes if cause.proven_by(REPLY)]
    return compile_folder(REPLIES, causes.ids, proven, [package.folder / OF_REPLIES for package in brought])


def compile_folder(
    folder: Path = REPLIES,
    causes: Collection[str] | None = None,
    proven: Collection[str] | None = None,
    more: Sequence[Path] = (),
) -> Knowledge:
    """The knowledge in *folder*, every cause checked against *causes* (None: not checked).

    *proven*: the causes that words can confirm (None: all of them). *more*: folders of other packages: rules, which
    come before those of *folder* in their layer, and groups of phrases.

    Raises KnowledgeError with file and line for anything that cannot be used.
    """
    return _Compiling(causes, proven).made_of(folder, more)


def rules_in(folder: Path = REPLIES, more: Sequence[Path] = ()) -> Iterator[tuple[int, Path, int, Rule]]:
    """All rules in the order of their use: layer, file, place in the file, rule. Raises KnowledgeError."""
    for layer, name in enumerate(LAYERS):
        for file in (*(f for other in more for f in _files(other, name) if f.exists()), *_files(folder, name)):
            for number, rule in enumerate(load(file, tuple[Rule, ...])):
                yield layer, file, number, rule


class _Compiling:
    def __init__(self, causes: Collection[str] | None, proven: Collection[str] | None) -> None:
        self._causes = causes
        self._proven = proven
        self._indexing = Indexing()
        self._variants: dict[int, str] = {}

    def made_of(self, folder: Path, more: Sequence[Path]) -> Knowledge:
        self._variants = _variants(folder / "variants.yaml")
        families = load(folder / "providers.yaml", tuple[ProviderFamily, ...])
        for number, family in enumerate(families):
            self._check(folder / "providers.yaml", number, family.rejection_hides)
        self._add_groups(folder / "groups.yaml")
        for other in more:
            if (other / "groups.yaml").exists():
                self._add_groups(other / "groups.yaml")
        compounds = self._compounds(folder / "compounds.yaml")
        rules = tuple(
            self._ready(order, layer, file, number, rule)
            for order, (layer, file, number, rule) in enumerate(rules_in(folder, more))
        )
        by_term: dict[int, list[tuple[int, int]]] = {}
        for ready in rules:
            for place, pattern in enumerate(ready.patterns):
                by_term.setdefault(max(pattern.wanted), []).append((ready.order, place))
        return Knowledge(
            variants=self._variants,
            families=families,
            index=self._indexing.done(),
            compounds=compounds,
            packed_rules=tuple(map(msgspec.msgpack.encode, rules)),
            by_term=places_of(by_term),
            codes=self._codes(folder),
            proven=None if self._proven is None else tuple(self._proven),
        )

    def _codes(self, folder: Path) -> dict[str, dict[str, list[CodeRule]]]:
        codes: dict[str, dict[str, list[CodeRule]]] = {}
        for file in _files(folder, "codes"):
            for number, rule in enumerate(load(file, tuple[CodeRule, ...])):
                self._check(file, number, (rule.cause, *rule.also, *rule.against))
                self._check_proof(file, number, rule)
                codes.setdefault(file.stem, {}).setdefault(rule.code, []).append(rule)
        return codes

    def _phrases(self, lists: Iterable[str]) -> Iterator[str]:
        for line in lists:
            for phrase in line.split("|"):
                yield fold(phrase.strip(), self._variants)

    def _add_groups(self, file: Path) -> None:
        for name, group in load(file, dict[str, dict[str, str]]).items():
            try:
                self._indexing.add_group(name, self._phrases(group.values()))
            except ValueError as error:
                raise KnowledgeError(file, _line_of(file, str(error), 0), str(error)) from error

    def _compounds(self, file: Path) -> Compounds:
        groups = self._indexing.groups
        names = load(file, tuple[str, ...])
        for number, name in enumerate(names):
            if name not in groups:
                raise KnowledgeError(file, line_of_entry(file, number), f"there is no group of phrases named {name!r}")
        return Compounds(frozenset(groups[name] for name in names))

    def _ready(self, order: int, layer: int, file: Path, number: int, rule: Rule) -> ReadyRule:
        self._check(file, number, (rule.cause, *rule.also))
        self._check_proof(file, number, rule)
        try:
            patterns, vetoes, doubts = (
                tuple(self._indexing.pattern(fold(line, self._variants)) for line in lines)
                for lines in (rule.match, rule.vetoes, rule.doubts)
            )
        except ValueError as error:
            raise KnowledgeError(file, _line_of(file, str(error), number), str(error)) from error
        if not patterns:
            raise KnowledgeError(file, line_of_entry(file, number), "has no pattern to match")
        meaning = Conditions(**{name: getattr(rule, name) for name in Conditions.__struct_fields__})
        return ReadyRule(layer, order, patterns, vetoes, doubts, meaning)

    def _check(self, file: Path, number: int, causes: Iterable[str]) -> None:
        for cause in causes:
            if self._causes is not None and cause != NO_CAUSE and cause not in self._causes:
                raise KnowledgeError(file, line_of_entry(file, number), f"there is no cause named {cause!r}")

    def _check_proof(self, file: Path, number: int, meaning: Conditions) -> None:
        if meaning.certainty != "confirmed" or meaning.cause == NO_CAUSE or self._proven is None:
            return
        if meaning.cause not in self._proven:
            raise KnowledgeError(file, line_of_entry(file, number), f"no reply is a proof of {meaning.cause!r}")


def known_causes(folder: Path = CAUSES) -> frozenset[str] | None:
    """The ids that the catalogue's files define; None if they define no id yet."""
    found = frozenset(
        identifier
        for file in sorted(folder.glob("*.yaml"))
        for identifier in re.findall(r"^- id: *([a-z0-9.\-]+) *$", file.read_text("utf-8"), re.MULTILINE)
    )
    return found or None


def _files(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.yaml")) if (folder / name).is_dir() else [folder / f"{name}.yaml"]


def _variants(file: Path) -> dict[int, str]:
    """Character -> the one it is compared as. Each entry is a pair of lines of equal length."""
    table: dict[int, str] = {}
    for number, pair in enumerate(load(file, tuple[tuple[str, str], ...])):
        if len(pair[0]) != len(pair[1]):
            raise KnowledgeError(file, line_of_entry(file, number), "pairs two lines of different length")
        table.update({ord(variant): plain for variant, plain in zip(*pair, strict=True)})
    return table


def _line_of(file: Path, problem: str, number: int) -> int:
    """The first line, from the *number*th entry on, that holds what *problem* quotes; else that entry's line."""
    return line_of_word(file, problem.partition("'")[2].rpartition("'")[0], line_of_entry(file, number))
