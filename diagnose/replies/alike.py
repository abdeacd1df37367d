"""Texts that are alike but for who, when and from where: one of them stands for all, and is read once.

A log says the same of one client after another. Exchanged is what no layer of the reader looks at. No phrase holds it,
no code is made of it, and to the second opinion all digits are the same.
"""

from __future__ import annotations

import functools
import re
import string
from collections import defaultdict
from collections.abc import Mapping, Set

from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.replies.knowledge import load_knowledge

LONGEST = 1_000
"""Characters of a text that another may stand for."""
MOST_WORDS = 5_000
"""Of those that were met, it is remembered where phrases hold them."""
_DIGITS = str.maketrans("0123456789", "9" * 10)
"""What stands for digits, and below for letters: of all of them, fewest phrases hold these."""
_LETTERS_AND_DIGITS = _DIGITS | str.maketrans(string.ascii_letters, "z" * len(string.ascii_letters))
_VARIES = lazy_pattern(
    r"(?<![A-Za-z0-9_.+@/-])(?:"
    r"(?P<local_part>[A-Za-z0-9._+-]{1,64}+)(?=@[A-Za-z0-9])"
    # not what may be a code of three digits, nor the beginning of JSON in base64
    r"|(?!e[w-z])[A-Za-z]{1,12}+(?![2-5]\d\d\b)\d{1,10}+(?=[\s,;:)]|\.\s|\.?$)(?!:\d)"
    r"|(?=\d)(?:"
    # a client's address: not what may be an enhanced status code, or a reply code
    r"(?![45]\.|[45]\d\d\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w@/-]|\.\w)"
    r"|(?:\d{4}-?\d\d-?\d\dT)?\d\d:\d\d:\d\d(?:[.,]\d{1,9}+(?!\.\d))?(?![\d:])"
    r"|(?<=\w\[)\d{1,10}+(?=\])"
    r"|\d{8,20}+(?![\w.@/-])"
    r"))"
)
_MAY_VARY = lazy_pattern(r"[0-9@]")
_WORD = lazy_pattern(r"[0-9A-Za-z_]+")

Places = Mapping[str, Set[tuple[str, str]]]
"""Words of phrases -> the characters before and behind them, blanks left out; "" where a phrase begins or ends."""


def stand_in(text: str) -> str:
    """A text that is read as *text* is, and is the same for many that are like it; *text* where none is known.

    Local parts of mail addresses, numbered names, long numbers, times, processes and clients' addresses are others in
    it. Each is as long as before. What is recognised in *text* is recognised in it, word by word.
    """
    if len(text) > LONGEST or "{" in text or not text.isascii() or not _MAY_VARY.search(text):
        return text
    return _VARIES.sub(_exchanged, text)


def _exchanged(found: re.Match[str]) -> str:
    words, letters = found[0], found["local_part"] is not None
    if letters and _held_within().search(words):
        return words
    text, offset = found.string, found.start()
    if words.isalnum():
        return _word_for(text, offset, found.end(), letters)
    return _WORD.sub(lambda word: _word_for(text, offset + word.start(), offset + word.end(), letters), words)


def _word_for(text: str, start: int, end: int, letters: bool) -> str:
    """What stands for the word of *text* from *start* to *end*."""
    last, first = text[start - 1 : start], text[end : end + 1]
    if last.isspace():
        last = text[:start].rstrip()[-1:]
    if first.isspace():
        first = text[end:].lstrip()[:1]
    return _other_word(text[start:end], letters, last, first)


@functools.lru_cache(maxsize=MOST_WORDS)
def _other_word(word: str, letters: bool, last: str, first: str) -> str:
    """What stands for *word* between *last* and *first*: itself where a phrase may hold it, or would hold the other."""
    other = word.translate(_LETTERS_AND_DIGITS if letters else _DIGITS)
    last, first = last.lower(), first.lower()
    held = _where_held(word.lower()) | _where_held(other.lower())
    return other if held.isdisjoint(((last, first), ("", first), (last, ""), ("", ""))) else word


@functools.lru_cache(maxsize=MOST_WORDS)
def _where_held(word: str) -> Set[tuple[str, str]]:
    """Where phrases hold *word*, or what it begins with and may go on with."""
    words, begun = _places()
    held = {*words.get(word, ())}
    for size in range(1, len(word)):
        if places := begun.get(word[:size]):
            held |= places
    return held


@made_once
def _held_within() -> re.Pattern[str]:
    """What phrases begin with that may begin within a word: it stands in many words that no phrase holds."""
    return re.compile("|".join(re.escape(phrase) for phrase, _, _ in load_knowledge().index.inside), re.IGNORECASE)


@made_once
def _places() -> tuple[Places, Places]:
    """Of all words, and of those that may go on; a text that is ASCII holds no other phrases than these."""
    words: dict[str, set[tuple[str, str]]] = defaultdict(set)
    begun: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for phrase, closed in load_knowledge().index.all_phrases():
        if not phrase.isascii():
            continue
        open_end = 0 if closed else len(phrase)
        for found in _WORD.finditer(phrase):
            start, end = found.span()
            place = (phrase[:start].rstrip()[-1:], phrase[end:].lstrip()[:1])
            words[found[0]].add(place)
            if end == open_end:
                begun[found[0]].add(place)
    return words, begun
