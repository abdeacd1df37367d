"""Charsets by their names, and what people write in them every day."""

from __future__ import annotations

import codecs
import re

from diagnose.process.first_use import lazy_pattern, made_once

_DECLARED = lazy_pattern(r";\s{0,9}charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([^\s\"';,]{1,40})", re.IGNORECASE)
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
"""Codecs of Python's that no page is written in; some take hours for a page."""
_LABELS = {"x-gbk": "gb18030", "x-sjis": "cp932", "windows-31j": "cp932", "x-euc-jp": "euc_jp", "x-x-big5": "big5"}
"""Names that browsers know (Encoding Standard §4.2) and Python does not."""
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
}
"""The larger charset that is meant by a smaller one's name (Encoding Standard §4.2)."""


def charset_in(content_type: str) -> str:
    """What the value of a Content-Type header declares; "" where it declares none."""
    found = _DECLARED.search(content_type)
    return found[1] if found else ""


@made_once
def codec(name: str | bytes) -> str:
    """Python's codec for the charset that a page calls *name*; "" for an unknown one, UTF-16 and UTF-32."""
    label = (name if isinstance(name, str) else name.decode("ascii", "replace")).strip(" \t\"'").lower()[:40]
    try:
        known = codecs.lookup(_LABELS.get(label, label)).name.replace("_", "-")
        "".encode(known)  # raises LookupError for a codec that makes no text
    except (LookupError, ValueError):
        return ""
    return "" if known in _NO_CHARSETS or known.startswith(("utf-16", "utf-32")) else _MEANT.get(known, known)


_LATIN = "À-ÖØ-öø-ſ"
_APART = r"(?<![A-Za-z])[{0}]+(?![A-Za-z])"
"""Letters of another alphabet, in words of their own."""
_EVERYDAY = lazy_pattern(
    "|".join(
        (
            rf"(?<![{_LATIN}])[{_LATIN}]{{1,3}}(?![{_LATIN}])",
            _APART.format("\u0370-\u03ff"),
            r"\b[А-ЯЁЄІЇҐ]?[а-яёєіїґ]+\b",
            r"\b[А-ЯЁЄІЇҐ]+\b",
            _APART.format("\u05d0-\u05ea\u0600-\u06ff\u0e00-\u0e7f"),
            "[\u3001-\u301f\uff01-\uff5e]",
            "[‘’‚“”„–—…‹›«»€©®°§·•¡¿\xa0]",
        )
    )
)
_KANA, _HANGUL, _IDEOGRAPHS = ("\u3041", "\u30fe"), ("\uac00", "\ud7a3"), ("\u4e00", "\u9fff")
"""First and last; a regular expression of so large a range is slow to compile."""
_FIRST_LEVEL = {
    "gb2312": ((0xB0, 0xD7), (0xA1, 0xFE)),
    "big5": ((0xA4, 0xC6), (0x40, 0xFE)),
    "euc_jp": ((0xB0, 0xCF), (0xA1, 0xFE)),
}
"""Where a charset has the ideographs that are used most: its first and second octets."""
_SCRIPTS: dict[str, tuple[str, ...]] = {
    "gb18030": ("gb2312",),
    "big5": ("big5",),
    "big5hkscs": ("big5",),
    "shift_jis": ("euc_jp", "kana"),
    "cp932": ("euc_jp", "kana"),
    "euc_jp": ("euc_jp", "kana"),
    "euc_kr": ("hangul",),
    "cp949": ("hangul",),
    **dict.fromkeys(("cp1250", "cp1251", "cp1252", "koi8_r"), ()),
}
_ALL_SCRIPTS = ("gb2312", "big5", "euc_jp", "kana", "hangul")
"""Of UTF-8 and UTF-16."""


def everyday(text: str, encoding: str) -> int:
    """How many of the characters of *text* beyond ASCII people write every day who use *encoding*."""
    number = sum(len(found[0]) for found in _EVERYDAY.finditer(text))
    scripts = _SCRIPTS.get(encoding, _ALL_SCRIPTS)
    if "kana" in scripts:
        number += len(_within(_KANA, text))
    if "hangul" in scripts:
        number += len(_within(_HANGUL, text))
    if levels := [_first_level(script) for script in scripts if script in _FIRST_LEVEL]:
        number += sum(any(letter in level for level in levels) for letter in _within(_IDEOGRAPHS, text))
    return number


def _within(letters: tuple[str, str], text: str) -> list[str]:
    first, last = letters
    return [letter for letter in text if first <= letter <= last]


@made_once
def _first_level(charset: str) -> frozenset[str]:
    (first, last), (low, high) = _FIRST_LEVEL[charset]
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(low, high + 1))
    return frozenset("".join(pair.decode(charset, "ignore") for pair in pairs))
