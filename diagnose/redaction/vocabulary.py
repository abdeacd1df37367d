"""The words that tell of nobody: those that replies, causes, providers and protocols are known to be made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from diagnose import browsers, providers
from diagnose.knowledge.catalogue import catalogue
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.providers.recognition import known_hosts
from diagnose.redaction.views import canonical
from diagnose.replies import load_knowledge
from diagnose.running.chosen import every_check

SHORTEST_STEM = 5
"""Letters; a word may go on behind so many that a phrase leaves open."""
LONGEST_ENDING = 8
LONGEST_NUMBER = 3
"""Digits that tell nobody: parts of codes, versions, counts."""
_WORD = lazy_pattern(r"[^\W_]+(?:['’\-_+][^\W_]+)*")
_PART = lazy_pattern(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|[^\W\d_]+")
_APART = lazy_pattern(r"\S+@\S+|\w+://\S+|\{\w+\}|(?:[\w-]+\.)+[a-z]{2,}")
"""Addresses, links and placeholders, whose words are examples."""


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lists of ``knowledge/redaction.yaml``; comments there say what each list holds."""

    technical: str
    own: str
    languages: dict[str, str]
    labels: str
    public_hosts: tuple[str, ...]
    first_names: str


class _Interceptor(msgspec.Struct, frozen=True):
    product: str
    issuers: tuple[str, ...]


class Vocabulary:
    """Words, beginnings of words and phrases that stay in a strictly redacted report."""

    def __init__(self, words: Iterable[str], phrases: Iterable[tuple[str, bool]], listed: Words) -> None:
        """*phrases*: as the index of replies has them, each with whether a word ends where it does."""
        self._words = {canonical(word) for word in words}
        self._stems: set[str] = set()
        self._script: dict[str, list[str]] = {}
        for phrase, closed in phrases:
            if any(map(is_script, phrase)):
                self._script.setdefault(phrase[0], []).append(phrase)
            parts = _WORD.findall(phrase)
            self._words.update(parts, *(re.split(r"[-_'+]", part) for part in parts))
            if not closed and parts and len(parts[-1]) >= SHORTEST_STEM:
                self._stems.add(parts[-1])
        for phrases_of_letter in self._script.values():
            phrases_of_letter.sort(key=len, reverse=True)
        for one in listed.languages.values():
            self._words.update(map(canonical, one.split()))
        self._letters = {c for c in listed.languages["zh"] + listed.languages["ja"] if is_script(c)}
        self._labels = set(listed.labels.split())
        self._first_names = set(listed.first_names.split())
        self.public = frozenset(listed.public_hosts) | known_hosts()

    def knows(self, word: str) -> bool:
        """Whether *word* is known, or made of known words and short numbers."""
        plain = canonical(word)
        if plain in self._words or self._goes_on(plain):
            return True
        parts = _PART.findall(word)
        letters = [part for part in parts if not part.isdigit()]
        numbered = len(letters) == 1 and len(parts) == 2
        return (
            len(parts) > 1
            and len(parts) - len(letters) <= 1
            and all(
                len(part) <= LONGEST_NUMBER
                if part.isdigit()
                else canonical(part) in self._words and (len(part) > 1 or numbered)
                for part in parts
            )
        )

    def _goes_on(self, word: str) -> bool:
        """Whether *word* is the beginning of a known one that may end in many ways, with an ending."""
        sizes = range(max(SHORTEST_STEM, len(word) - LONGEST_ENDING), len(word))
        return word.isalpha() and any(word[:size] in self._stems for size in sizes)

    def is_label(self, label: str) -> bool:
        """Whether *label*, of a host's name, is one that everybody's servers have, with a number or without."""
        plain = re.sub(r"(?<=[a-z])-?\d{1,3}$", "", label.lower())
        return plain in self._labels or plain in self._words or plain.isdigit()

    def is_first_name(self, word: str) -> bool:
        """Whether a known *word* is a first name as well."""
        return word[:1].isupper() and word.lower() in self._first_names

    def known_length(self, words: str, at: int) -> int:
        """How many characters of *words*, in a script without blanks, are a known phrase from *at* on."""
        phrase = next((one for one in self._script.get(words[at], ()) if words.startswith(one, at)), None)
        return len(phrase) if phrase else 1 if words[at] in self._letters else 0


def is_script(character: str) -> bool:
    """Whether *character* is of a script that is written without blanks: Chinese, Japanese; or of Hangul."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"


@made_once
def vocabulary() -> Vocabulary:
    """All that this version knows. Raises KnowledgeError."""
    listed = load(KNOWLEDGE / "redaction.yaml", Words)
    return Vocabulary({*listed.technical.split(), *listed.own.split(), *_told()}, _phrases(), listed)


def _phrases() -> Iterator[tuple[str, bool]]:
    return load_knowledge().index.all_phrases()


def _told() -> Iterator[str]:
    """The words of causes, of what providers and browsers are called, and of ids."""
    for cause in catalogue():
        yield from re.split(r"[.-]", cause.id)
        for sentence in cause.msgids():
            yield from _WORD.findall(_APART.sub(" ", sentence))
    for one in providers.all_providers():
        names = (one.id, one.names.en, one.names.zh_hans, one.names.zh_hant, *one.aliases)
        for name in filter(None, names):
            yield from (name, *_WORD.findall(name))
    yield from browsers.browser_ids()
    for known in load(KNOWLEDGE / "network" / "interceptors.yaml", tuple[_Interceptor, ...]):
        yield from (word for name in (known.product, *known.issuers) for word in _WORD.findall(name))
    for check in every_check():
        yield from re.split(r"[.-]", check.id)
