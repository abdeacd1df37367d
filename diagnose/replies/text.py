"""From what came over the wire to text that can be compared: decoded, repaired, folded."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

LARGEST_REPLY = 65_536
"""Bytes (or characters) of a reply that are read; what follows is not looked at."""

_BLOCK_TAG = re.compile(r"(?:br|p|div|li|tr|t[dh]|h[1-6r]|title|center|form|label|option|ul|table|span)$")
_TAG_NAME = re.compile(r"/?([a-z0-9]{1,16})")
_HIDDEN_TAGS = frozenset({"script", "style", "template", "svg"})
_ENCODINGS = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r", "cp1252")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{4}")
"""Two characters of an East Asian encoding, or a Cyrillic word; Western words have their accents apart."""
_PERCENT_RUN = re.compile(r"(?:%[0-9a-fA-F]{2}){2,}")
_JSON_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_QUOTES = str.maketrans("‘’‚‛′“”„‟«»‐‑‒–—−", "''''" + "'" + '""""""' + "------")
_UNDECOMPOSED = {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i"}
_MARKED_LATIN = re.compile("[\u00c0-\u024f\u1e00-\u1eff\u0451]")

Familiar = Callable[[str], int]
"""How many characters of a text belong to words that the knowledge has."""


def decode(reply: str | bytes, familiar: Familiar) -> str:
    """*reply* as text, whatever it is encoded in; never raises.

    UTF-8 and ISO-2022-JP are recognised by their form. Of the other encodings the one is taken
    that makes most of the text *familiar*. Text that a client decoded as Latin-1 is encoded again
    and decoded likewise; escapes (percent, JSON) are undone. What cannot be decoded becomes U+FFFD.
    """
    text = _from_bytes(reply[:LARGEST_REPLY], familiar) if isinstance(reply, bytes) else reply[:LARGEST_REPLY]
    if not text.isascii():
        text = _repair(text, familiar)
    if "%" in text:
        text = _PERCENT_RUN.sub(lambda run: _from_bytes(unquote_to_bytes(run[0]), familiar), text)
    if "\\u" in text:
        text = _JSON_ESCAPE.sub(_unescape, text)
    return text


def _from_bytes(raw: bytes, familiar: Familiar) -> str:
    if b"\x1b$" in raw:
        return raw.decode("iso2022_jp", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3:  # cut in the middle of a character
            return raw[: error.start].decode("utf-8")
    order = _ENCODINGS if _HIGH_RUN.search(raw) else (*_ENCODINGS[-1:], *_ENCODINGS[:-1])
    decoded = [raw.decode(encoding, "replace") for encoding in order]
    return max(decoded, key=lambda text: familiar(text) - 10 * text.count("\ufffd"))  # the first of equals


def _repair(text: str, familiar: Familiar) -> str:
    """*text* as it was before somebody decoded its bytes as Latin-1 or Windows-1252."""
    for encoding in ("latin-1", "cp1252"):
        try:
            raw = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            repaired = _from_bytes(raw, familiar)
        if _HIGH_RUN.search(raw) and familiar(repaired) > familiar(text):
            return repaired
    return text


def _unescape(run: re.Match[str]) -> str:
    units = bytes.fromhex(run[0].replace("\\u", ""))
    return units.decode("utf-16-be", "replace")


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

    NFKC (full-width forms), case folded, accents of Latin letters dropped, invisible characters
    removed, typographic quotes and dashes plain, white space one blank (a line end stays a line
    end), Chinese *variants* (traditional to simplified) unified.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = _MARKED_LATIN.sub(_plain_letter, text).translate(_QUOTES)
        if variants:
            text = text.translate(variants)
    text = _INVISIBLE.sub("", text).casefold()
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _plain_letter(letter: re.Match[str]) -> str:
    return _UNDECOMPOSED.get(letter[0]) or unicodedata.normalize("NFD", letter[0])[0]
