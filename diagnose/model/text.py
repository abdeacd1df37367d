"""Sentences of ours that hold words of others, and the words of others sanitized."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import msgspec

from diagnose.process.first_use import lazy_pattern

Argument: TypeAlias = "str | int | float | Text | tuple[str | int, ...] | None"
LONGEST_QUOTE = 500
"""Characters shown of anything that came from outside."""

_HARMFUL = lazy_pattern("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]")
"""What JSON allows unescaped and a terminal must not get: C1 controls, direction and other invisible controls;
and lone surrogates, which UTF-8 cannot hold."""
_REMOVED = {"Cc", "Cf", "Co", "Cs", "Cn"}
"""Categories of Unicode; what is printable by Python has none of them."""
_PLACEHOLDER = lazy_pattern(r"(\{\w+\})")


_on_one_line = json.JSONEncoder(ensure_ascii=False).encode


class Text(msgspec.Struct, frozen=True):
    """A translatable sentence: a gettext message id with named arguments.

    What comes from outside is only ever an argument, never part of the message id. A tuple is an enumeration.
    """

    msgid: str
    args: dict[str, Argument] = {}

    def render(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in the language of *translate*, its arguments sanitized by `quote`."""
        return translate(self.msgid).format(**{name: _shown(value, translate) for name, value in self.args.items()})


def _shown(value: Argument, translate: Callable[[str], str]) -> str | int | float | None:
    match value:
        case str():
            return quote(value)
        case Text():
            return value.render(translate)
        case tuple():
            return quote(translate(text(", ").msgid).join(map(str, value)))
        case _:
            return value


def text(msgid: str, /, **args: Argument) -> Text:
    """Mark *msgid* for translation (the extraction keyword) and bind its arguments."""
    return Text(msgid, args)


def reworded(msgid: str, change: Callable[[str], str]) -> str:
    """*msgid* with *change* made to all of it but its placeholders, so that its arguments still find their places."""
    return "".join(part if _PLACEHOLDER.fullmatch(part) else change(part) for part in _PLACEHOLDER.split(msgid))


class TextError(Exception):
    """An error that a person can cause; its message is a sentence that can be said in their language."""

    about: ClassVar[str | None] = None
    """The long name of the option that it is about, where it is always the same."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence.render()


def quote(outside: str, limit: int = LONGEST_QUOTE) -> str:
    """*outside* on one line, without control characters or direction overrides, at most *limit* characters.

    The Unicode categories Cc, Cf (bidi controls), Co, Cs and Cn are removed. Line ends and tabs become a space.
    """
    if len(outside) <= limit and outside.isprintable() and "  " not in outside and outside == outside.strip(" "):
        return outside  # as nearly all is
    shortened = outside[: 2 * limit]
    spaced = " ".join(shortened.split())
    clean = spaced if spaced.isprintable() else "".join(c for c in spaced if unicodedata.category(c) not in _REMOVED)
    return clean if len(clean) <= limit and len(outside) <= 2 * limit else clean[: limit - 1] + "…"


def json_text(plain: Any, indent: int | None = 2) -> str:  # noqa: ANN401 - any JSON value
    """*plain* as JSON (RFC 8259) that keeps its value, and is harmless on a terminal too; no line end after it."""
    return _sanitized(_on_one_line(plain) if indent is None else json.dumps(plain, ensure_ascii=False, indent=indent))


def json_line(built: Any) -> str:  # noqa: ANN401 - what msgspec takes
    """As `json_text`, on one line and in a fifth of the time; NaN and infinity are null."""
    try:
        return _sanitized(msgspec.json.encode(built).decode("utf-8"))
    except UnicodeEncodeError:  # of half a character
        plain = json.loads(_on_one_line(built), parse_constant=lambda _: None)
        return _sanitized(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))


def _sanitized(written: str) -> str:
    if written.isascii() and "\x7f" not in written:
        return written
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
