"""Sentences of ours that hold words of others, and the words of others made harmless."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import msgspec

Argument = str | int | float | None
LONGEST_QUOTE = 500
"""Characters shown of anything that came from outside."""


class Text(msgspec.Struct, frozen=True):
    """A translatable sentence: a gettext message id with named arguments.

    What comes from outside is only ever an argument, never part of the message id.
    """

    msgid: str
    args: dict[str, Argument] = {}

    def render(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in the language of *translate*, its arguments made harmless by `quote`."""
        shown = {name: quote(value) if isinstance(value, str) else value for name, value in self.args.items()}
        return translate(self.msgid).format(**shown)


def text(msgid: str, /, **args: Argument) -> Text:
    """Mark *msgid* for translation (the extraction keyword) and bind its arguments."""
    return Text(msgid, args)


def quote(outside: str, limit: int = LONGEST_QUOTE) -> str:
    """*outside* on one line, without control characters or direction overrides, at most *limit* characters.

    Removed are the Unicode categories Cc (line ends and tabs become a space), Cf (escape and bidi
    controls live there), Co, Cs and Cn.
    """
    shortened = outside[: 2 * limit]
    spaced = " ".join(shortened.split())
    clean = "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs", "Cn"})
    return clean if len(clean) <= limit and len(outside) <= 2 * limit else clean[: limit - 1] + "…"
