"""Words of anybody's as Markdown that shows them and nothing else: CommonMark, and what GitHub and GitLab add to it."""

from __future__ import annotations

import re
from urllib.parse import quote as percent_encoded

from diagnose.process.first_use import lazy_pattern
from reports.remedies import pieces

_URL = lazy_pattern(r"https?://[^\s<>\[\]`|\\\"'\u2018-\u201f\u3000-\u303f\uff00-\uffef]+", re.IGNORECASE)
_SPECIAL_WORD = lazy_pattern(
    r"[^\s|]*(?:"
    r"(?<![a-z0-9_])@(?=[a-z0-9])"  # whoever is called so would be notified
    r"|[#!](?=[0-9])"  # an issue or a merge request of that number would be told of this one
    r"|:(?:[a-z+-][a-z0-9_+-]*|100|1234):"  # a picture would stand in its place
    r"|(?:www\.|ftp://|mailto:|xmpp:)"  # a link of GitHub's own making, which takes backslashes for part of it
    r")[^\s|]*",
    re.IGNORECASE | re.ASCII,
)
_PIECE = lazy_pattern(rf"(?P<url>{_URL.pattern})|(?P<word>{_SPECIAL_WORD.pattern})", re.IGNORECASE | re.ASCII)
_ALWAYS = frozenset("\\`*~<|$")
_ENTITY = lazy_pattern(r"&(?=#?\w+;)")
_BLOCK = lazy_pattern(r"[#+\-=>/]|[0-9]{1,9}(?=[.)](?:\s|$))")
"""What begins a heading, a list, a quotation or, on GitLab, a command, where it begins a line."""
_AFTER_OPENING, _AFTER_CLOSING = frozenset("[]^+-!"), frozenset(["", "(", "["])
"""A bracket is a bracket, unless one of these follows, or it begins a line; our documents define no references."""
_PUNCTUATION_AFTER_URL = ".,;:!?)]}*_~"
_KEPT_IN_ADDRESS = "/:?#@!$&*+,;=%~-._"


def plain(words: str) -> str:
    """*words*, which stand on one line, as Markdown for that line; an address in them becomes a link to itself.

    It holds in a paragraph, a heading, an item of a list, and a cell of a table.
    """
    words = words.strip()
    written, done = [], 0
    for piece in _PIECE.finditer(words):
        if piece["word"] is not None:
            written += [_escaped(words, done, piece.start()), code(piece["word"])]
            done = piece.end()
        else:
            url = _without_punctuation(piece["url"])
            # between angle brackets some read an entity as the character that it stands for
            written += [_escaped(words, done, piece.start()), code(url) if _ENTITY.search(url) else f"<{url}>"]
            done = piece.start() + len(url)
    return "".join(written) + _escaped(words, done, len(words))


def code(words: str) -> str:
    """*words*, which stand on one line, in fixed width and copied as they are."""
    return r"\|".join(_in_fixed_width(part) for part in words.split("|"))


def prose(words: str) -> str:
    """*words*, which stand on one line of no table, with what stands between grave accents in fixed width."""
    written = []
    for is_code, part in pieces(words.strip()):
        if is_code:
            written.append(_in_fixed_width(part))
        else:
            blanks = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :] if part.strip() else ""
            written.append(blanks[0] + plain(part) + blanks[1])
    return "".join(written)


def code_link(words: str, url: str) -> str:
    """*words* in fixed width as a link to *url*."""
    return f"[{code(words)}]({_address(url)})"


def verbatim(words: str) -> str:
    """*words*, which stand on one line, as a block of their own that is copied as it stands."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", words)), default=0))
    return f"{fence}sh\n{words}\n{fence}"


def link(words: str, url: str) -> str:
    """*words* as a link to *url*; whoever calls has looked at its scheme."""
    shown = [
        code(word) if _PIECE.search(word) else _escaped(word, 0, len(word), in_link=True)
        for word in re.split(r"(\s+)", words)  # no other link may stand in a link
    ]
    return f"[{''.join(shown)}]({_address(url)})"


def _address(url: str) -> str:
    return _ENTITY.sub("&amp;", percent_encoded(url, safe=_KEPT_IN_ADDRESS))


def _in_fixed_width(words: str) -> str:
    if not words:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", words)), default=0))
    space = " " if len(fence) > 1 or words.startswith(" ") else ""
    return f"{fence}{space}{words}{space}{fence}"


def _without_punctuation(url: str) -> str:
    """*url* without what ends the sentence around it."""
    while url[-1] in _PUNCTUATION_AFTER_URL and not (url[-1] == ")" and url.count("(") >= url.count(")")):
        url = url[:-1]
    return url


def _escaped(words: str, start: int, end: int, *, in_link: bool = False) -> str:
    """The part of *words* from *start* to *end*; what stands around it tells what has to be escaped."""
    written = []
    begins = _BLOCK.match(words) if start == 0 else None
    for at in range(start, end):
        sign, before, after = words[at], words[at - 1 : at], words[at + 1 : at + 2]
        special = (
            sign in _ALWAYS
            or (in_link and sign in "[]")
            or (sign == "[" and (at == 0 or after in _AFTER_OPENING))
            or (sign == "]" and after in _AFTER_CLOSING)
            or (sign == "_" and not (before.isalnum() and after.isalnum()))
            or (sign == "#" and not before.strip())
            or (sign == "&" and _ENTITY.match(words, at) is not None)
            or (begins is not None and at == (begins.end() if begins[0].isdigit() else 0))
        )
        written.append(f"\\{sign}" if special else sign)
    return "".join(written)
