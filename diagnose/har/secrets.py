"""What must not leave a recording: known by its place, or by its shape; and what stands in for it."""

from __future__ import annotations

import itertools
import re
import urllib.parse

from diagnose.process.first_use import lazy_pattern
from diagnose.replies import load_knowledge
from diagnose.replies.folding import fold

STAND_IN = "~"
SHORTEST_SECRET, SHORTEST_PASSWORD, SHORTEST_NAME = 8, 4, 3
"""Characters; what is shorter is hidden in its own place only, since it may be a part of any word."""
MOST_SECRETS = 1_000
"""Cookies and tokens that are looked for outside their own places; passwords and names are looked for all."""
LONGEST_SECRET = 4_000

_STANDING_IN = lazy_pattern(rf"{STAND_IN}(?:[1-9]\d{{0,3}})?")
_WORD = lazy_pattern(r"[A-Za-z0-9_\-+/=.%]{6,}")
_ADDRESS = lazy_pattern(r"[\w.!#$%&'*+/=?^`{|}-]{1,64}@(?=[\w-]{1,63}\.)")
_PLAIN_PART = lazy_pattern(r"[A-Za-z]*\d{0,3}|\d{0,5}")
_ENCODED_WHOLE = 24
_ENCODED = 16
_ENCODED_MIXED = 12


class Secrets:
    """The secrets that a recording has shown so far. Has no representation that shows them."""

    __slots__ = ("_known", "_numbers", "_ordered")

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._ordered: list[str] = []
        self._numbers: dict[str, str] = {}

    def learn(self, value: object, shortest: int = SHORTEST_SECRET) -> None:
        """From now on *value* is hidden wherever it stands, percent-encoded or not."""
        if not isinstance(value, str) or not shortest <= len(value) <= LONGEST_SECRET:
            return
        for form in {value, value.strip(), urllib.parse.unquote_plus(value)}:
            room = shortest < SHORTEST_SECRET or len(self._known) < MOST_SECRETS
            new = len(form) >= shortest and form not in self._known and not _STANDING_IN.fullmatch(form)
            if new and room and not ordinary(form):
                self._known.add(form)

    def learn_name(self, value: object) -> None:
        """Hide a user name or an address likewise; its local part is hidden alone, too."""
        if isinstance(value, str):
            self.learn(value, SHORTEST_NAME)
            self.learn(urllib.parse.unquote_plus(value).partition("@")[0], SHORTEST_NAME)

    def hide(self, words: str) -> str:
        """*words* without known secrets, local parts of addresses, and what looks like a token."""
        words = _ADDRESS.sub("user@", self._without_known(words))
        return _WORD.sub(lambda word: _hidden(word[0]), words)

    def stand_in(self, value: str) -> str:
        """The same short sign for the same *value*, so that what repeats can still be seen to repeat."""
        return self._numbers.setdefault(value, f"{STAND_IN}{len(self._numbers) + 1}") if value else ""

    def knows(self, words: str) -> bool:
        """Whether *words* hold a known secret, an address, or what looks like one."""
        return self.hide(words) != words

    def _without_known(self, words: str) -> str:
        if len(self._ordered) != len(self._known):
            self._ordered = sorted(self._known, key=lambda secret: (-len(secret), secret))
        for secret in self._ordered:
            if secret in words:
                words = words.replace(secret, STAND_IN)
        return words


def ordinary(value: str) -> bool:
    """Whether it is a phrase that messages are made of: to hide it would garble them, and it gives nothing away."""
    folded = fold(value)
    known = load_knowledge()
    return any(start == 0 and end == len(folded) for start, end in known.index.find(folded).values())


def _hidden(word: str) -> str:
    if len(word) >= _ENCODED_WHOLE and _mixed(word):
        return STAND_IN
    return "".join(STAND_IN if secret_shaped(piece) else piece for piece in re.split(r"([./%])", word))


def secret_shaped(word: str) -> bool:
    """Whether *word* looks like a token, an id, a one-time code or anything else encoded."""
    if len(word) < 6:
        return False
    if word.isdigit():
        return True
    if word.startswith("eyJ") and len(word) >= _ENCODED:  # base64 of a JSON object: JWT, RFC 7519
        return True
    switches = sum(a.islower() and b.isupper() for a, b in itertools.pairwise(word))
    if switches >= 5 and len(word) >= _ENCODED:
        return True
    if all(_PLAIN_PART.fullmatch(part) for part in re.split("[-_]", word)):
        return False
    if not any(c.isdigit() for c in word):
        return bool(re.search(r"[+=]", word)) and len(word) >= _ENCODED
    hexadecimal = re.fullmatch(r"[0-9a-fA-F]+", word) is not None
    return len(word) >= (_ENCODED_MIXED if hexadecimal or _mixed(word) else _ENCODED)


def _mixed(word: str) -> bool:
    return any(c.islower() for c in word) and any(c.isupper() for c in word) and any(c.isdigit() for c in word)
