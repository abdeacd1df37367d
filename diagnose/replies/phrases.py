"""Find many phrases in a text at once, in time linear in the text, and rules made of them.

A pattern is a line such as ``{password} & {expired} & !{session}``: terms joined by ``&``.
All have to occur in one sentence in any order, and none of those behind ``!`` may. A term is a
phrase, or the name of a group of phrases in braces. A phrase fits whole words; a ``*`` at either
end lets the word go on there. Scripts without blanks (and Hangul, whose particles follow the word)
have no word limits. There is nothing to repeat or nest, so no pattern can be slow.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import msgspec

from diagnose.process.first_use import lazy_pattern

_LETTERS = "0-9a-z_\u00df-\u024f\u0370-\u052f\u1e00-\u1eff"
_START = lazy_pattern(rf"(?<![{_LETTERS}])[{_LETTERS}]|[^\s{_LETTERS}]")
_WITHIN = lazy_pattern(rf"(?<=[{_LETTERS}])[{_LETTERS}]")
_LETTER = lazy_pattern(rf"[{_LETTERS}]")
_SENTENCE_END = lazy_pattern(r"(?<=[.!?])[ \n]+|[。！？\n]+|(?<=[。！？])")
_HOST = lazy_pattern(r"(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){2,8}[a-z]{2,24}(?![a-z0-9_])")
_ASCII_TOKEN = lazy_pattern(r"(?<![!-;=?-~])[!-;=?-~]+")
_KEY = 3
_HIDDEN = "\ue000"
"""Stands where a name was heard already: no phrase holds it."""
MOST_NAMES = 4
"""How often a sentence is searched again for further names."""
LONGEST_SENTENCE = 400
"""Characters; a longer one is read in pieces, since words far apart do not belong together."""


class Pattern(msgspec.Struct, frozen=True, array_like=True):
    """Terms (as numbers) that must all occur in one sentence, and terms that must not."""

    wanted: frozenset[int]
    unwanted: frozenset[int]

    def fits(self, terms: Collection[int]) -> bool:
        """Whether a sentence with these *terms* is meant."""
        return all(term in terms for term in self.wanted) and not any(term in terms for term in self.unwanted)


Entry = tuple[str, bool, list[int]]
"""A phrase without its stars, whether a word has to end behind it, and the terms that it is."""


class PhraseIndex(msgspec.Struct, frozen=True):
    """All phrases of the knowledge, looked up together.

    A phrase is found through its first characters. So the work for a text is its length times the
    (fixed) number of phrases that share a beginning.
    """

    groups: dict[str, int]
    """Name of a group of phrases -> the term that it is."""
    buckets: dict[str, list[Entry]]
    """First characters -> the phrases that begin so, where a word begins."""
    inside: dict[str, list[Entry]]
    """Likewise, for phrases that may begin within a word."""
    key_sizes: dict[str, tuple[int, ...]]
    """First character of a phrase -> the lengths that keys beginning with it have."""

    def group(self, name: str) -> int:
        """The term that the group called *name* is; one that occurs nowhere where there is no such group."""
        return self.groups.get(name, 0)

    def find(self, sentence: str) -> dict[int, tuple[int, int]]:
        """Term -> where it first occurs in the folded *sentence* (start, end)."""
        found: dict[int, tuple[int, int]] = {}
        self._scan(sentence, _START, self.buckets, found)
        if self.inside:
            self._scan(sentence, _START, self.inside, found)
            self._scan(sentence, _WITHIN, self.inside, found)
        return found

    def _scan(
        self,
        sentence: str,
        starts: re.Pattern[str],
        buckets: Mapping[str, list[Entry]],
        found: dict[int, tuple[int, int]],
    ) -> None:
        for match in starts.finditer(sentence):
            at = match.start()
            for size in self.key_sizes.get(sentence[at], ()):
                for core, closed, terms in buckets.get(sentence[at : at + size], ()):
                    if not sentence.startswith(core, at):
                        continue
                    end = at + len(core)
                    if closed and _LETTER.match(sentence, end):
                        continue
                    for term in terms:
                        found.setdefault(term, (at, end))


class Compounds(msgspec.Struct, frozen=True, array_like=True):
    """Groups of names that hold the name of another thing: a one-time password is no password."""

    terms: frozenset[int]

    def heard(self, sentence: str, index: PhraseIndex) -> dict[int, tuple[int, int]]:
        """What *index* finds in the folded *sentence*, but for what stands only within a longer name."""
        found = index.find(sentence)
        names: set[tuple[int, int]] = set()
        left, rest = found, sentence
        for _ in range(MOST_NAMES):
            new = {left[term] for term in self.terms if term in left} - names
            if not new:
                break
            names |= new
            for start, end in new:
                rest = rest[:start] + _HIDDEN * (end - start) + rest[end:]
            left = index.find(rest)
        if not names:
            return found
        heard = {term: span for term, span in found.items() if not _within(span, names)}
        for term, span in left.items():
            heard.setdefault(term, span)
        return heard


def _within(span: tuple[int, int], names: Collection[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end and span != (start, end) for start, end in names)


class Indexing:
    """Makes a `PhraseIndex`: give it the groups of phrases, then the patterns."""

    def __init__(self, groups: Mapping[str, Iterable[str]] = MappingProxyType({})) -> None:
        """*groups*: folded phrases by the name of their group. Raises ValueError as `add_group` does."""
        self._made = PhraseIndex(groups={}, buckets={}, inside={}, key_sizes={})
        self._term_of_phrase: dict[str, int] = {}
        self._entry: dict[str, list[int]] = {}
        self._count = 0
        for name, phrases in groups.items():
            self.add_group(name, phrases)

    def done(self) -> PhraseIndex:
        """What was made of all that was given."""
        return self._made

    def add_group(self, name: str, phrases: Iterable[str]) -> None:
        """One more group of folded *phrases*. Raises ValueError where there is one of that *name*, or for no phrase."""
        if name in self._made.groups:
            raise ValueError(f"there is a group of phrases named {name!r} already")
        term = self._made.groups[name] = self._new_term()
        for phrase in phrases:
            self._add(phrase, term)

    def pattern(self, text: str) -> Pattern:
        """The compiled form of a folded pattern. Raises ValueError with what is wrong with it."""
        wanted: set[int] = set()
        unwanted: set[int] = set()
        for part in text.split("&"):
            word = part.strip()
            goal = wanted
            if word.startswith("!"):
                goal, word = unwanted, word[1:].strip()
            goal.add(self._term(word))
        if not wanted:
            raise ValueError("a pattern needs at least one phrase that has to occur")
        return Pattern(frozenset(wanted), frozenset(unwanted))

    def _term(self, word: str) -> int:
        if word.startswith("{"):
            name = word[1:].removesuffix("}")
            if f"{{{name}}}" != word or name not in self._made.groups:
                raise ValueError(f"there is no group of phrases named {word!r}")
            return self._made.groups[name]
        if word not in self._term_of_phrase:
            term = self._new_term()
            self._add(word, term)
            self._term_of_phrase[word] = term
        return self._term_of_phrase[word]

    def _new_term(self) -> int:
        self._count += 1
        return self._count

    def _add(self, phrase: str, term: int) -> None:
        if phrase in self._entry:
            self._entry[phrase].append(term)
            return
        terms = self._entry[phrase] = [term]
        inside, open_end = phrase.startswith("*"), phrase.endswith("*")
        core = phrase.removeprefix("*").removesuffix("*")
        if not core.strip() or core != core.strip() or set("*{}!") & set(core):
            raise ValueError(f"{phrase!r} is no phrase")
        closed = not open_end and _LETTER.match(core[-1]) is not None
        key = core[:_KEY]
        sizes = self._made.key_sizes
        sizes[key[0]] = tuple(sorted({*sizes.get(key[0], ()), len(key)}))
        (self._made.inside if inside else self._made.buckets).setdefault(key, []).append((core, closed, terms))


def sentences(text: str) -> list[str]:
    """The sentences of a folded *text*, none longer than LONGEST_SENTENCE."""
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        stripped = sentence.strip()
        pieces.extend(stripped[start : start + LONGEST_SENTENCE] for start in range(0, len(stripped), LONGEST_SENTENCE))
    return pieces


def without_addresses(text: str) -> str:
    """*text* without URLs, mail addresses and host names, whose words are names and no statements."""
    plain = _ASCII_TOKEN.sub(_blank_address, text) if "@" in text or "://" in text else text
    return _HOST.sub(" ", plain)


def _blank_address(token: re.Match[str]) -> str:
    return " " if "@" in token[0] or "://" in token[0] else token[0]
