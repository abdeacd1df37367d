"""Names that a text holds in an encoding: percent signs, Base64, character references, full-width letters and more."""

from __future__ import annotations

import re
from collections.abc import Mapping

from diagnose.process.first_use import lazy_pattern
from diagnose.redaction.views import canonical, views

SHORTEST = 4
"""Letters; a shorter name is found in much that is decoded and means nothing."""
_CHUNK = lazy_pattern(r"(?:&#?\w{1,8};|[^\s\"'<>()\[\]{},;|])+")
_SUSPICIOUS = lazy_pattern(r"%[0-9a-fA-Fu]|&#?\w|=[0-9a-fA-F]{2}|\\|\+[A-Za-z0-9]|[^\x00-\x7f]|[A-Za-z0-9+/_=-]{6}")


class EncodedNames:
    """Finds *names* in what a text holds in an encoding, and puts their placeholders in place of the encoded word."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """*names*: the words to be found, and what stands for each; a word that stands for itself stays."""
        plain = {canonical(name): shown for name, shown in names.items()}
        self._names = {name: shown for name, shown in plain.items() if len(name) >= SHORTEST}
        words = sorted(self._names, key=len, reverse=True)
        self._shape = re.compile("|".join(rf"(?<![\w.-])({re.escape(word)})(?![\w-])" for word in words) or "(?!)")
        self._words = words
        self._least = min(map(len, words), default=0)
        self._letters = "".join(sorted({c for name in names for c in name.casefold() + name if not c.isascii()}))

    def hide(self, words: str) -> str:
        """*words*, with each word in which a name is encoded replaced by the placeholder of that name."""
        if not self._names or not _SUSPICIOUS.search(words):
            return words
        if self._held_in(words) is None:
            return words
        hidden = _CHUNK.sub(lambda chunk: self._held_in(chunk[0]) or chunk[0], words)
        return self._held_in(hidden) or hidden

    def _held_in(self, words: str) -> str | None:
        """The placeholder of the first name that *words* hold in an encoding."""
        for view in views(words, self._least, self._letters):
            for found in self._shape.finditer(canonical(view)):
                name = self._words[(found.lastindex or 1) - 1]
                if (shown := self._names[name]) != name:
                    return shown
        return None
