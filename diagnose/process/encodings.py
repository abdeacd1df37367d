"""What a terminal's encoding can express, and what stands for a character that it cannot."""

from __future__ import annotations

import codecs
import unicodedata
from typing import Literal

Escapes = Literal["json", "xml"]
"""By which grammar a character can be written in ASCII: RFC 8259 §7, or XML 1.0 §4.1."""

LIKENESS = "likeness"
"""The name of the error handler, for streams and `str.encode`."""
ALIKE = {
    "✓": "+", "✗": "x", "╳": "/", "•": "*", "·": "-", "–": "-", "—": "-", "─": "-", "╌": ".", "→": ">", "←": "<",
    "…": ".", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "¦": "/", "‹": "(", "›": ")",
    "×": "x", "≤": "<", "≥": ">", "≠": "!", "−": "-", "\u00a0": " ", "ß": "s", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "「": '"', "」": '"',
    "，": ",", "。": ".", "：": ":", "；": ";", "、": ",", "（": "(", "）": ")", "？": "?", "！": "!",
}  # fmt: skip
"""One character of ASCII for each, so that columns stay where they are."""
UNKNOWN = "?"


def can_express(encoding: str | None, words: str) -> bool:
    """Whether each character of *words* has a form in *encoding*; None, and what is no encoding, is UTF-8."""
    try:
        words.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    except LookupError:
        return True
    return True


def is_utf_8(encoding: str | None) -> bool:
    """Whether *encoding* is UTF-8; None, and what is no encoding, counts as that."""
    try:
        return codecs.lookup(encoding or "utf-8").name == "utf-8"
    except LookupError:
        return True


def unreadable(encoding: str | None, words: str) -> bool:
    """Whether *words* cannot be understood in *encoding*: it lacks more than a tenth of the letters in them."""
    if words.isascii() or is_utf_8(encoding):
        return False
    letters = {character for character in words if character.isalpha()}
    return 10 * sum(not can_express(encoding, letter) for letter in letters) > len(letters)


def in_ascii(words: str, escapes: Escapes) -> str:
    """*words*, in which each character beyond ASCII is escaped, so that their bytes mean the same in any encoding."""
    if escapes == "xml":
        return words.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return "".join(one if one.isascii() else _json_escape(one) for one in words)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _alike(character: str) -> str:
    if character in ALIKE:
        return ALIKE[character]
    plain = unicodedata.normalize("NFKD", character)[:1]
    return plain if plain.isascii() and plain.isprintable() else UNKNOWN


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """For `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_alike, error.object[error.start : error.end])), error.end


codecs.register_error(LIKENESS, _stand_in)
