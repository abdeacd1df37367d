"""Find many phrases in a text at once, in time linear in the text, and rules made of them.

A pattern is a line such as ``{password} & {expired} & !{session}``: terms joined by ``&``.
All have to occur in one sentence in any order, and none of those behind ``!`` may. A term is a
phrase, or the name of a group of phrases in braces. A phrase fits whole words; a ``*`` at either
end lets the word go on there. Scripts without blanks (and Hangul, whose particles follow the word)
have no word limits. There is nothing to repeat or nest, so no pattern can be slow.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from diagnose.process.first_use import lazy_pattern
from diagnose.replies.integers import Numbers, packed
from diagnose.replies.words import SEPARATOR, Words, in_blocks

_LETTERS = "0-9a-z_\u00df-\u024f\u0370-\u052f\u1e00-\u1eff"
_WORD = lazy_pattern(rf"[{_LETTERS}]+|[^\s{_LETTERS}]")
"""A word, or a letter that begins one wherever it stands."""
_LETTER = lazy_pattern(rf"[{_LETTERS}]")
_SENTENCE_END = lazy_pattern(r"(?<=[.!?])[ \n]+|[。！？\n]+|(?<=[。！？])")
_MARK = lazy_pattern(r"[.!?。！？\n]")
_HOST = lazy_pattern(r"(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){2,8}[a-z]{2,24}(?![a-z0-9_])")
_DOT_WITHIN = lazy_pattern(r"\.[a-z0-9-]")
"""Stands in every host name."""
_ASCII_TOKEN = lazy_pattern(r"(?<![!-;=?-~])[!-;=?-~]+")
_KEY = 3
"""Characters; of phrases at one place, the shorter ones than this are heard first."""
_HIGHEST = "\U0010ffff"
"""No letter comes behind it."""
_DOT = "."
"""Begins half of what may begin within a word, the ends of domains, and stands in few sentences."""
_HIDDEN = "\ue000"
"""Stands where a name was heard already: no phrase holds it."""
MOST_WORDS = 5_000
"""Of those that were met, what begins with them is remembered."""
MOST_NAMES = 4
"""How often a sentence is searched again for further names."""
LONGEST_SENTENCE = 400
"""Characters; a longer one is read in pieces, since words far apart do not belong together."""


Spans = dict[int, tuple[int, int]]
"""A term -> where it first occurs in a sentence (start, end)."""
Entry = tuple[str, bool, list[int]]
"""A phrase without its stars, whether a word has to end behind it, and the terms that it is."""


class Pattern(msgspec.Struct, frozen=True, array_like=True):
    """Terms (as numbers) that must all occur in one sentence, and terms that must not."""

    wanted: frozenset[int]
    unwanted: frozenset[int]

    def fits(self, terms: Spans) -> bool:
        """Whether a sentence with these *terms* is meant."""
        return terms.keys() >= self.wanted and self.unwanted.isdisjoint(terms)


class Phrases(msgspec.Struct, frozen=True, array_like=True):
    """Phrases without their stars, in the order of their characters; row by row what belongs to them."""

    words: Words
    closed: bytes
    """Whether a word has to end behind it: 1, else 0."""
    first_terms: Numbers
    """The first of the terms that it is; hardly any is several."""
    several: Numbers
    """Rows of those that are several, in order, one for each further term."""
    more_terms: Numbers
    """The further term, for each of these."""
    rank: Numbers
    """Which of several that begin at one place is heard first."""
    shorter: Numbers
    """The row of the longest other phrase that it begins with, or -1."""
    longest: int
    """Characters."""

    def longest_at(self, sentence: str, place: int, first: int, words: list[str]) -> int:
        """The row of the longest of *words* that *sentence* holds at *place*; one before *first* for none.

        *words*: all phrases that begin with the word there, which stand from row *first* on.
        """
        # the phrase that the rest of the sentence comes behind, in order, is this one or begins with it
        row = first + bisect_right(words, sentence[place : place + self.longest]) - 1
        while row >= first and not sentence.startswith(words[row - first], place):
            row = self.shorter.all[row]
        return row

    def begun(self, text: str, row: int) -> int:
        """The row of the longest phrase that *text* begins with, or -1: that in *row*, or one it begins with."""
        while row >= 0 and not text.startswith(self.words[row]):
            row = self.shorter.all[row]
        return row

    def may_go_on(self, longest: int) -> bool:
        """Whether behind the phrase in row *longest*, or one that it begins with, the last word may go on."""
        closed, shorter = self.closed, self.shorter.all
        while longest >= 0 and closed[longest]:
            longest = shorter[longest]
        return longest >= 0

    def terms(self, row: int) -> Iterator[int]:
        """The terms that the phrase in *row* is."""
        yield self.first_terms.all[row]
        rows = self.several.all
        for place in range(bisect_left(rows, row), len(rows)):
            if rows[place] != row:
                break
            yield self.more_terms.all[place]

    def rows_from(self, longest: int) -> list[int]:
        """The row *longest* and those of all phrases that its phrase begins with, in the order they are heard in."""
        rows: list[int] = []
        while longest >= 0:
            rows.append(longest)
            longest = self.shorter.all[longest]
        return sorted(rows, key=self.rank.all.__getitem__)


class _Beginning(NamedTuple):
    """What begins with a word."""

    ended: tuple[tuple[int, int], ...]
    """The terms of phrases that end within the word or with it, as they are heard: each with its phrase's length."""
    first: int
    words: list[str]
    """The phrases that go on behind it, which stand from row `first` on; none where no phrase does."""


class _Beginnings:
    """What begins with each word that was met; people who write about logins have few words."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self.with_word = functools.lru_cache(maxsize=MOST_WORDS)(self._with_word)
        """What begins with a word; None where nothing does."""
        self.with_phrase = functools.lru_cache(maxsize=MOST_WORDS)(self._with_phrase)
        """The terms of what a phrase, by its row, begins with and is; and whether the word at its end goes on."""

    def _with_word(self, word: str) -> _Beginning | None:
        known, size = self._phrases.words, len(word)
        first = known.before(word)
        words: list[str] = []
        if first < len(known) and known[first].startswith(word):
            words = [known[row] for row in range(first, known.behind(word + _HIGHEST))]
        longest = self._phrases.begun(word, self._phrases.longest_at(word, 0, first, words))
        if not words and not self._phrases.may_go_on(longest):  # a name, as most words are that nobody knows
            return None
        ended = self._ended(word, longest, goes_on=False)
        if all(len(one) == size or _goes_on(word, one[size]) for one in words):
            words = []
        return _Beginning(ended, first, words) if ended or words else None

    def _with_phrase(self, row: int, goes_on: bool) -> tuple[tuple[int, int], ...]:
        return self._ended(self._phrases.words[row], row, goes_on=goes_on)

    def _ended(self, text: str, longest: int, *, goes_on: bool) -> tuple[tuple[int, int], ...]:
        """The terms of what *text* begins with, the phrase in row *longest* and shorter ones, each with its length."""
        phrases, sizes = self._phrases, dict[int, int]()
        for row in phrases.rows_from(longest):
            size = len(phrases.words[row])
            cut = goes_on if size == len(text) else _LETTER.match(text, size)
            if not (cut and phrases.closed[row]):
                for term in phrases.terms(row):
                    sizes.setdefault(term, size)
        return tuple(sizes.items())


def _goes_on(word: str, letter: str) -> bool:
    """Whether *letter* behind *word* would be part of the word."""
    return bool(_LETTER.match(word[-1]) and _LETTER.match(letter))


class PhraseIndex(msgspec.Struct, frozen=True, dict=True):
    """All phrases of the knowledge, looked up together.

    The work for a text is its length times the logarithm of the number of phrases; only the few that may begin within a
    word are searched for one by one.
    """

    groups: dict[str, int]
    """Name of a group of phrases -> the term that it is."""
    phrases: Phrases
    """Those that begin where a word begins."""
    inside: list[Entry]
    """Those that may begin within a word."""

    def group(self, name: str) -> int:
        """The term that the group called *name* is; one that occurs nowhere where there is no such group."""
        return self.groups.get(name, 0)

    def is_no(self, answer: str) -> bool:
        """Whether the folded *answer* is a word for no and nothing else."""
        return self.find(answer).get(self.group("answer_no")) == (0, len(answer))

    def all_phrases(self) -> Iterator[tuple[str, bool]]:
        """Each phrase without its stars, and whether a word has to end behind it."""
        yield from zip(self.phrases.words, map(bool, self.phrases.closed), strict=True)
        yield from ((word, closed) for word, closed, _ in self.inside)

    @functools.cached_property
    def _beginnings(self) -> _Beginnings:
        return _Beginnings(self.phrases)

    @functools.cached_property
    def _inside_without_dot(self) -> list[Entry]:
        return [entry for entry in self.inside if _DOT not in entry[0]]

    def find(self, sentence: str) -> Spans:
        """Term -> where it first occurs in the folded *sentence* (start, end)."""
        found: Spans = {}
        beginnings, phrases = self._beginnings, self.phrases
        for match in _WORD.finditer(sentence):
            word = match[0]
            beginning = beginnings.with_word(word)
            if beginning is None:
                continue
            ended, first, words = beginning
            place = match.start()
            if words:
                longest = phrases.longest_at(sentence, place, first, words)
                if longest >= first and (size := len(words[longest - first])) > len(word):
                    goes_on = _LETTER.match(sentence, place + size) is not None
                    ended = beginnings.with_phrase(longest, goes_on)
            for term, size in ended:
                if term not in found:
                    found[term] = (place, place + size)
        for word, ends, of_word in self.inside if _DOT in sentence else self._inside_without_dot:
            place = sentence.find(word)
            while place >= 0 and ends and _LETTER.match(sentence, place + len(word)):
                place = sentence.find(word, place + 1)
            if place >= 0:
                for term in of_word:
                    found.setdefault(term, (place, place + len(word)))
        return found


class Compounds(msgspec.Struct, frozen=True, array_like=True):
    """Groups of names that hold the name of another thing: a one-time password is no password."""

    terms: frozenset[int]

    def heard(self, sentence: str, index: PhraseIndex) -> Spans:
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
        self.groups: dict[str, int] = {}
        """Name of a group of phrases -> the term that it is."""
        self._entries: list[Entry] = []
        self._inside: list[Entry] = []
        self._term_of_phrase: dict[str, int] = {}
        self._terms: dict[str, list[int]] = {}
        self._count = 0
        for name, phrases in groups.items():
            self.add_group(name, phrases)

    def done(self) -> PhraseIndex:
        """What was made of all that was given."""
        by_length = sorted(self._entries, key=lambda entry: min(_KEY, len(entry[0])))
        rows = sorted(zip(by_length, range(len(by_length)), strict=True), key=lambda row: row[0][0])
        further = [(row, term) for row, ((_, _, terms), _) in enumerate(rows) for term in terms[1:]]
        return PhraseIndex(
            groups=self.groups,
            phrases=Phrases(
                words=in_blocks([word for (word, _, _), _ in rows]),
                closed=bytes(closed for (_, closed, _), _ in rows),
                first_terms=packed(terms[0] for (_, _, terms), _ in rows),
                several=packed(row for row, _ in further),
                more_terms=packed(term for _, term in further),
                rank=packed(rank for _, rank in rows),
                shorter=packed(_shorter([word for (word, _, _), _ in rows])),
                longest=max((len(word) for word, _, _ in self._entries), default=0),
            ),
            inside=self._inside,
        )

    def add_group(self, name: str, phrases: Iterable[str]) -> None:
        """One more group of folded *phrases*. Raises ValueError where there is one of that *name*, or for no phrase."""
        if name in self.groups:
            raise ValueError(f"there is a group of phrases named {name!r} already")
        term = self.groups[name] = self._new_term()
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
            if f"{{{name}}}" != word or name not in self.groups:
                raise ValueError(f"there is no group of phrases named {word!r}")
            return self.groups[name]
        if word not in self._term_of_phrase:
            term = self._new_term()
            self._add(word, term)
            self._term_of_phrase[word] = term
        return self._term_of_phrase[word]

    def _new_term(self) -> int:
        self._count += 1
        return self._count

    def _add(self, phrase: str, term: int) -> None:
        if phrase in self._terms:
            self._terms[phrase].append(term)
            return
        terms = self._terms[phrase] = [term]
        inside, open_end = phrase.startswith("*"), phrase.endswith("*")
        core = phrase.removeprefix("*").removesuffix("*")
        if not core.strip() or core != core.strip() or set("*{}!" + SEPARATOR) & set(core):
            raise ValueError(f"{phrase!r} is no phrase")
        closed = not open_end and _LETTER.match(core[-1]) is not None
        (self._inside if inside else self._entries).append((core, closed, terms))


def _shorter(words: list[str]) -> list[int]:
    """For each of sorted *words* the place of the nearest one before it that it begins with, or -1."""
    found: list[int] = []
    begun: list[int] = []
    for place, word in enumerate(words):
        while begun and not word.startswith(words[begun[-1]]):
            begun.pop()
        found.append(begun[-1] if begun else -1)
        begun.append(place)
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a folded *text*, none longer than LONGEST_SENTENCE."""
    if len(text) <= LONGEST_SENTENCE and not _MARK.search(text):
        return [text.strip()] if text.strip() else []
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        stripped = sentence.strip()
        pieces.extend(stripped[start : start + LONGEST_SENTENCE] for start in range(0, len(stripped), LONGEST_SENTENCE))
    return pieces


def without_addresses(text: str) -> str:
    """*text* without URLs, mail addresses and host names, whose words are names and no statements."""
    plain = _ASCII_TOKEN.sub(_blank_address, text) if "@" in text or "://" in text else text
    return _HOST.sub(" ", plain) if "." in plain and _DOT_WITHIN.search(plain) else plain


def _blank_address(token: re.Match[str]) -> str:
    return " " if "@" in token[0] or "://" in token[0] else token[0]
