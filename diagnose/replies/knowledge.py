"""The knowledge that replies are read with: groups of phrases, rules made of them, codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.catalogue import catalogue_with
from diagnose.knowledge.loader import KNOWLEDGE, line_of_entry, line_of_word, load
from diagnose.knowledge.packages import REPLIES as OF_REPLIES
from diagnose.knowledge.packages import Package, packages
from diagnose.model.check import Certainty
from diagnose.model.protocols import ReplyForm
from diagnose.process.first_use import made_once
from diagnose.replies.folding import fold
from diagnose.replies.phrases import Pattern, PhraseIndex
from diagnose.replies.wire import Registry

Stage = Literal["connect", "greeting", "capability", "starttls", "login", "select", "rcpt", "data"]
_SAMPLE = 2_000
"""Characters that are enough to tell an encoding by."""
REPLY = "reply"
"""The catalogue's name for a proof that consists of words."""
NO_CAUSE = "none"
"""Stands where a cause would: the reply reports nothing that stops a login."""

REPLIES = KNOWLEDGE / "replies"
CAUSES = KNOWLEDGE / "causes"
LAYERS = ("terms", "signatures", "programs", "words", "general")
"""The rule files (or folders of them), the most specific first."""


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reply that a rule has to read, with what the reader is told about it."""

    reply: str
    protocol: ReplyForm | None = None
    stage: str | None = None
    provider: str | None = None


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rules and codes share: the cause, and where the meaning holds."""

    cause: str
    certainty: Certainty = "likely"
    also: tuple[str, ...] = ()
    """Causes that the same text may stand for, likeliest first."""
    protocols: tuple[ReplyForm, ...] = ()
    """Empty: any. A reply of unknown protocol fits all."""
    stages: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    """Provider ids or names of provider families; the meaning holds only there."""
    on_success: bool = False
    """Also read in a reply that reports success."""
    from_server: bool = False
    """Read only in text that has the form of a server's reply: a mail program would mean something else by it."""
    from_program: bool = False
    """Read only in text that no server sent: what a program or library calls what it met itself."""
    source: str = ""


class Rule(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Patterns (see `diagnose.replies.phrases`), one of which has to fit, and what they mean."""

    match: tuple[str, ...]
    vetoes: tuple[str, ...] = msgspec.field(name="not", default=())
    """Patterns that forbid the rule when any sentence of the reply fits one."""
    doubts: tuple[str, ...] = ()
    """Patterns that keep the rule from confirming anything when any sentence of the reply fits one."""
    matches: tuple[str | Example, ...] = ()
    misses: tuple[str | Example, ...] = ()


class CodeRule(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a registered code means."""

    code: str
    """As the registry writes it; an enhanced status code may begin with X for any class."""
    general: bool = False
    """The code says too little to be believed before words that say more."""
    against: tuple[str, ...] = ()
    """Causes that are no more than possible beside this code, whatever the words say."""
    decisive: bool = False
    """The code is believed before any words."""


class ProviderFamily(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Providers that answer alike, and what hides behind their plain rejection."""

    name: str
    providers: tuple[str, ...]
    rejection_hides: tuple[str, ...] = ()
    source: str = ""


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """A rule ready to use."""

    layer: int
    order: int
    patterns: tuple[Pattern, ...]
    vetoes: tuple[Pattern, ...]
    doubts: tuple[Pattern, ...]
    rule: Rule


class Knowledge:
    """Everything that replies are read with, compiled."""

    def __init__(
        self,
        folder: Path = REPLIES,
        causes: frozenset[str] | None = None,
        proven_by_reply: frozenset[str] | None = None,
        more: Sequence[Path] = (),
    ) -> None:
        """Load *folder*, every cause checked against *causes* (None: not checked).

        *proven_by_reply*: the causes that words can confirm (None: all of them). *more*: folders of other packages:
        rules, which come before those of *folder* in their layer, and groups of phrases.

        Raises KnowledgeError with file and line for anything that cannot be used.
        """
        self._causes = causes
        self._proven_by_reply = proven_by_reply
        self.variants = _variants(folder / "variants.yaml")
        self.families = load(folder / "providers.yaml", tuple[ProviderFamily, ...])
        for number, family in enumerate(self.families):
            self._check(folder / "providers.yaml", number, family.rejection_hides)
        self.index = PhraseIndex()
        self._add_groups(folder / "groups.yaml")
        for other in more:
            if (other / "groups.yaml").exists():
                self._add_groups(other / "groups.yaml")
        self.rules: list[Compiled] = []
        for layer, name in enumerate(LAYERS):
            for file in (*(f for other in more for f in _files(other, name) if f.exists()), *_files(folder, name)):
                self._compile(file, layer)
        self.by_term: dict[int, list[tuple[Pattern, Compiled]]] = {}
        for compiled in self.rules:
            for pattern in compiled.patterns:
                self.by_term.setdefault(max(pattern.wanted), []).append((pattern, compiled))
        self.codes: dict[tuple[str, str], list[CodeRule]] = {}
        for file in _files(folder, "codes"):
            for number, code_rule in enumerate(load(file, tuple[CodeRule, ...])):
                self._check(file, number, (code_rule.cause, *code_rule.also, *code_rule.against))
                self._check_proof(file, number, code_rule)
                self.codes.setdefault((file.stem, code_rule.code), []).append(code_rule)

    def code_rules(self, registry: Registry, code: str) -> list[CodeRule]:
        """What is known of *code*: its own entries, else those for any class of it."""
        found = self.codes.get((registry, code))
        if found is None and registry == "enhanced":
            found = self.codes.get((registry, "X" + code[1:]))
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

    def _phrases(self, lists: Iterable[str]) -> Iterator[str]:
        for line in lists:
            for phrase in line.split("|"):
                yield fold(phrase.strip(), self.variants)

    def _add_groups(self, file: Path) -> None:
        for name, group in load(file, dict[str, dict[str, str]]).items():
            try:
                self.index.add_group(name, self._phrases(group.values()))
            except ValueError as error:
                raise KnowledgeError(file, _line_of(file, str(error), 0), str(error)) from error

    def _compile(self, file: Path, layer: int) -> None:
        for number, rule in enumerate(load(file, tuple[Rule, ...])):
            self._check(file, number, (rule.cause, *rule.also))
            self._check_proof(file, number, rule)
            try:
                patterns, vetoes, doubts = (
                    tuple(self.index.pattern(fold(line, self.variants)) for line in lines)
                    for lines in (rule.match, rule.vetoes, rule.doubts)
                )
            except ValueError as error:
                raise KnowledgeError(file, _line_of(file, str(error), number), str(error)) from error
            if not patterns:
                raise KnowledgeError(file, line_of_entry(file, number), "has no pattern to match")
            order = len(self.rules)
            self.rules.append(
                Compiled(layer=layer, order=order, patterns=patterns, vetoes=vetoes, doubts=doubts, rule=rule)
            )

    def _check(self, file: Path, number: int, causes: Iterable[str]) -> None:
        for cause in causes:
            if self._causes is not None and cause != NO_CAUSE and cause not in self._causes:
                raise KnowledgeError(file, line_of_entry(file, number), f"there is no cause named {cause!r}")

    def proven_by_reply(self, cause: str) -> bool:
        """Whether the catalogue takes words alone for a proof of *cause*."""
        return self._proven_by_reply is None or cause in self._proven_by_reply

    def _check_proof(self, file: Path, number: int, meaning: Conditions) -> None:
        if meaning.certainty == "confirmed" and meaning.cause != NO_CAUSE and not self.proven_by_reply(meaning.cause):
            raise KnowledgeError(file, line_of_entry(file, number), f"no reply is a proof of {meaning.cause!r}")


def load_knowledge() -> Knowledge:
    """All knowledge there is, ours and other packages', loaded on first use. Raises KnowledgeError."""
    return knowledge_with(packages().taken)


@made_once
def knowledge_with(brought: tuple[Package, ...]) -> Knowledge:
    """Our own knowledge, and what *brought* adds to it. Raises KnowledgeError."""
    causes = catalogue_with(brought)
    words_prove = frozenset(cause.id for cause in causes if cause.proven_by(REPLY))
    return Knowledge(REPLIES, frozenset(causes.ids), words_prove, [package.folder / OF_REPLIES for package in brought])


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
