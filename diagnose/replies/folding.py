"""From a text to one that can be compared: what a person sees of it, folded."""

from __future__ import annotations

import html
import re
import unicodedata

from diagnose.process.first_use import lazy_pattern

LARGEST_REPLY = 65_536
"""Bytes (or characters) of a reply that are read; what follows is not looked at."""

_BLOCK_TAG = lazy_pattern(r"(?:br|p|div|li|tr|t[dh]|h[1-6r]|title|center|form|label|option|ul|table|span)$")
_TAG_NAME = lazy_pattern(r"/?([a-z0-9]{1,16})")
_HIDDEN_TAGS = frozenset({"script", "style", "template", "svg"})
_INVISIBLE = lazy_pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_CONTROLS = lazy_pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What of that is ASCII."""
_QUOTES = str.maketrans("‘’‚‛′“”„‟«»‐‑‒–—−", "''''" + "'" + '""""""' + "------")
_UNDECOMPOSED = {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i"}
_MARKED_LATIN = lazy_pattern("[\u00c0-\u024f\u1e00-\u1eff\u0401\u0451]")


def visible(page: str) -> str:
    """The text that a person sees of an HTML *page*, one line a block. One pass, whatever the page is."""
    parts: list[str] = []
    at = 0
    while (start := page.find("<", at)) >= 0:
        parts.append(_one_line(page[at:start]))
        if page.startswith("<!--", start):
            end = page.find("-->", start)
            at = end + 3 if end >= 0 else len(page)
            continue
        at = start + 1
        if not page[at : at + 1].isalpha() and page[at : at + 1] not in ("/", "!", "?"):
            parts.append("<")  # as in "1 < 2"
            continue
        end = page.find(">", start)
        if end < 0:
            break
        name = _TAG_NAME.match(page[at : at + 20].lower())
        tag = name[1] if name else ""
        at = end + 1
        if tag in _HIDDEN_TAGS and page[start + 1] != "/":
            close = page.find(f"</{tag}", at)
            at = close if close >= 0 else len(page)
        elif _BLOCK_TAG.match(tag):
            parts.append("\n")
    parts.append(_one_line(page[at:]))
    return html.unescape("".join(parts))


def _one_line(piece: str) -> str:
    return piece.replace("\r", " ").replace("\n", " ")


def fold(text: str, variants: dict[int, str] | None = None) -> str:
    """*text* in the form that phrases are compared in.

    NFKC (full-width forms), case folded, accents of Latin letters dropped, invisible characters removed.
    Typographic quotes and dashes become plain, white space one blank; a line end stays a line end.
    Chinese *variants* are unified (traditional to simplified).
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = _MARKED_LATIN.sub(_plain_letter, text).translate(_QUOTES)
        if variants:
            text = text.translate(variants)
    text = (_CONTROLS if text.isascii() else _INVISIBLE).sub("", text).casefold()
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _plain_letter(letter: re.Match[str]) -> str:
    return _UNDECOMPOSED.get(letter[0]) or unicodedata.normalize("NFD", letter[0])[0]
