"""A text as it will be read: what is invisible dropped, letters made plain, and whatever is encoded in it decoded."""

from __future__ import annotations

import binascii
import functools
import html
import re
import sys
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from diagnose.process.first_use import lazy_pattern

DEPTH = 3
"""Encodings one within another that are undone."""
MOST_LOOKED_AT = 64
"""Times the length of a text: what its views hold together, however they branch."""

_IGNORED = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff"
)
"""Controls, and what Unicode calls ignorable by default (UAX #44, Default_Ignorable_Code_Point)."""
_INVISIBLE = lazy_pattern(f"[{_IGNORED}]")
_CONTROLS = lazy_pattern("[\x00-\x08\x0e-\x1f\x7f]")
_DROPPED = {"Cc", "Cf", "Co", "Cs", "Cn", "Mn", "Me"}


def canonical(words: str) -> str:
    """*words* for comparing: letters without case, width, accents and compatibility forms, blanks as one blank.

    What cannot be seen is dropped, so that nothing stands between the letters.
    """
    if words.isascii():
        return " ".join(_CONTROLS.sub("", words).lower().split())
    plain = unicodedata.normalize("NFKD", _INVISIBLE.sub("", words).casefold())
    if not plain.isascii():
        plain = "".join(c for c in plain if c.isspace() or unicodedata.category(c) not in _DROPPED)
    return " ".join(plain.casefold().split())


def views(words: str, least: int, letters: str = "") -> Iterator[str]:
    """*words*, and what they hold in encodings, up to `DEPTH` of them one within another.

    *least*: fewer characters than that in one piece are of no interest. *letters*: those beyond ASCII that are.
    """
    search = _search(least, letters)
    shown = (_CONTROLS if words.isascii() else _INVISIBLE).sub("", words)
    seen, waiting, left = {shown}, [shown], MOST_LOOKED_AT * len(words) + 4096
    yield shown
    for _ in range(DEPTH):
        found: list[str] = []
        for one in waiting:
            for decode in _DECODERS if _MARKS.search(one) else _OF_RUNS if len(one) >= search.shortest else ():
                for view in decode(one, search):
                    left -= len(view)
                    if left < 0:
                        return
                    if len(view) >= least and view not in seen:
                        seen.add(view)
                        found.append(view)
                        yield view
        waiting = found


class _Search:
    """What is of interest: pieces of text long enough, in octets and in what may be an encoding of some."""

    def __init__(self, least: int, letters: str) -> None:
        self.foreign = re.compile(f"[\\x20-\\x7e{re.escape(letters)}{_IGNORED}]{{{least},}}") if letters else None
        self._ascii = re.compile(rb"[\x20-\x7e]{%d,}" % least)
        self.hex = _Runs(2 * least, f"[0-9a-fA-F]{{{2 * least},}}")
        self.base64 = _Runs(4 * least // 3, f"[A-Za-z0-9+/]{{{4 * least // 3},}}")
        self.base32 = _Runs(8 * least // 5, f"[A-Za-z2-7]{{{8 * least // 5},}}")
        rest = max(least - 2, 0)
        self.spelled = _Runs(2 * rest + 3, rf".([-._*|/,;:~+=#])(?:.\1){{{rest},}}.")
        self.decimal = _Runs(3 * least - 1, rf"\d{{2,3}}(?:[\s,;.:]{{1,2}}\d{{2,3}}){{{least - 1},}}")
        self.shortest = min(one.shortest for one in (self.hex, self.base64, self.base32, self.spelled, self.decimal))

    def readable(self, ways: Sequence[bytes]) -> Iterator[str]:
        """What in each of *ways* to decode a piece can be text, as ASCII or in the usual encodings."""
        foreign = self.foreign
        if foreign is None and not self._runs(_APART.join(ways)):  # mostly there is nothing
            return
        for octets in ways:
            if runs := self._runs(octets):
                yield "\n".join(run.decode("ascii") for run in runs)
            if foreign is None:
                continue
            for encoding in _ENCODINGS:
                if found := foreign.findall(octets.decode(encoding, "replace")):
                    yield "\n".join(found)

    def _runs(self, octets: bytes) -> list[bytes]:
        plain = octets.translate(None, _CONTROL_OCTETS)
        return self._ascii.findall(_INVISIBLE_OCTETS.sub(b"", plain))


_search = functools.lru_cache(maxsize=64)(_Search)
"""Of the few secrets of a run, each is searched for in hundreds of texts."""


class _Runs:
    """Pieces of a text that have the form of an encoding; most texts are too short for one."""

    def __init__(self, shortest: int, pattern: str) -> None:
        self.shortest = shortest
        self._pattern = re.compile(pattern)

    def within(self, words: str) -> Iterable[re.Match[str]]:
        """Each piece in *words*."""
        return self._pattern.finditer(words) if len(words) >= self.shortest else ()


_ENCODINGS = ("utf-8", "latin-1", "utf-16-be", "utf-16-le")
_INVISIBLE_OCTETS = lazy_pattern(
    rb"\xc2[\x80-\x9f\xad]|\xcd\x8f|\xcc[\x80-\xbf]|\xe1\xa0[\x8b-\x8f]|"
    rb"\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xe3\x85\xa4|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xf3\xa0[\x80-\x8f]."
)
"""In UTF-8."""
_CONTROL_OCTETS = bytes([*range(0x20), 0x7F])
"""A NUL stands between the letters of UTF-16."""
_APART = b"\xff\xff"
"""Between octets that do not belong together: one of these may be the last of what is invisible, never both."""


# Decoders: each gives what a text may have been before somebody encoded it. None raises, all take linear time.


def _percent(words: str, _search: _Search) -> Iterator[str]:
    """RFC 3986 §2.1, in UTF-8 and Latin-1; the plus sign of forms; and %u of ECMAScript's escape."""
    if "%" in words:
        for encoding in ("utf-8", "latin-1"):
            yield urllib.parse.unquote(words, encoding=encoding)
        if "%u" in words or "%U" in words:
            yield re.sub(r"%[uU]([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), words)
    if "+" in words:
        yield urllib.parse.unquote_plus(words)


def _entities(words: str, _search: _Search) -> Iterator[str]:
    """Character references of HTML and XML."""
    if "&" in words:
        yield html.unescape(words)


_ESCAPE = lazy_pattern(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL
)
_DECIMAL = lazy_pattern(r"\\(\d{3})")


def _escapes(words: str, _search: _Search) -> Iterator[str]:
    r"""Backslash escapes of programming languages, JSON and CSS, \DDD of DNS (RFC 1035 §5.1), quoted characters."""
    if "\\" not in words:
        return

    def character(found: re.Match[str]) -> str:
        braced, four, eight, two, octal, other = found.groups()
        if digits := braced or four or eight or two:
            return _character(int(digits, 16))
        return _character(int(octal, 8)) if octal else str(other)

    yield _ESCAPE.sub(character, words)
    if _DECIMAL.search(words):
        yield _DECIMAL.sub(lambda found: _character(int(found[1])), words)
    if re.search(r"\\[0-9a-fA-F]{2}", words):  # CSS
        yield re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda found: _character(int(found[1], 16)), words)


def _character(code: int) -> str:
    return chr(code) if code <= sys.maxunicode else "\ufffd"


def _misread(words: str, search: _Search) -> Iterator[str]:
    """UTF-8 that was read as Latin-1."""
    if search.foreign and not words.isascii():
        yield words.encode("latin-1", "ignore").decode("utf-8", "ignore")


def _quoted_printable(words: str, search: _Search) -> Iterator[str]:
    """RFC 2045 §6.7, soft line ends and all; and the Q encoding of headers (RFC 2047 §4.2)."""
    if "=" not in words:
        return
    joined = re.sub(r"=\s+", "", words)
    for encoding in ("latin-1",) if search.foreign is None else ("utf-8", "latin-1"):
        yield _octets_in(joined, encoding)
    if "=?" in words:
        yield _octets_in(joined.replace("_", " "), "utf-8")


def _octets_in(words: str, encoding: str) -> str:
    return re.sub(
        r"(?:=[0-9a-fA-F]{2})+",
        lambda found: bytes.fromhex(found[0].replace("=", "")).decode(encoding, "replace"),
        words,
    )


def _utf7(words: str, _search: _Search) -> Iterator[str]:
    """RFC 2152, and IMAP's own (RFC 3501 §5.1.3)."""

    def decoded(found: re.Match[str]) -> str:
        letters = found[1].replace(",", "/")
        if not letters:
            return found[0][0]
        return _from_base64(letters).decode("utf-16-be", "ignore")

    if "+" in words:
        yield re.sub(r"\+([A-Za-z0-9+/]*)-?", decoded, words)
    if "&" in words:
        yield re.sub(r"&([A-Za-z0-9+,]*)-", decoded, words)


_BESIDE_HEX = lazy_pattern(r"0[xX]|\\x|[\s:,;.%-]")


def _hex(words: str, search: _Search) -> Iterator[str]:
    """Hexadecimal octets, with whatever stands between them."""
    for found in search.hex.within(_BESIDE_HEX.sub("", words)):
        runs = (found[0], found[0][1:])
        yield from search.readable([bytes.fromhex(run[: len(run) // 2 * 2]) for run in runs])


def _from_base64(letters: str) -> bytes:
    return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + "==")


_URL_SAFE = str.maketrans("-_", "+/")


def _base64(words: str, search: _Search) -> Iterator[str]:
    """RFC 4648 §4 and §5 with or without padding, blanks and line ends anywhere, begun at any letter."""
    tight = "".join(words.split()).translate(_URL_SAFE)
    for found in search.base64.within(tight):
        ways = (found[0], found[0][::-1])
        yield from search.readable([_from_base64(letters[start:]) for start in range(4) for letters in ways])


_BASE32 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567",
    "0123456789abcdefghijklmnop0123456789abcdefghijklmnopqrstuv",
)


def _base32(words: str, search: _Search) -> Iterator[str]:
    """RFC 4648 §6, begun at any letter, in either case."""
    for found in search.base32.within("".join(words.split())):
        number = int(found[0].translate(_BASE32), 32)
        size = len(found[0]) * 5 // 8 + 1
        yield from search.readable([(number >> shift).to_bytes(size, "big") for shift in range(8)])


def _spelled(words: str, search: _Search) -> Iterator[str]:
    """Letters with one and the same sign between them."""
    for found in search.spelled.within(words):
        yield found[0][::2]


def _decimal(words: str, search: _Search) -> Iterator[str]:
    """Octets in decimal digits, with signs or blanks between them."""
    for found in search.decimal.within(words):
        yield from search.readable([bytes(int(number) % 256 for number in re.findall(r"\d+", found[0]))])


_Decode: TypeAlias = "Callable[[str, _Search], Iterator[str]]"
_OF_RUNS: tuple[_Decode, ...] = (_hex, _base64, _base32, _spelled, _decimal)
"""Those that look for pieces long enough."""
_DECODERS: tuple[_Decode, ...] = (_percent, _entities, _escapes, _misread, _quoted_printable, _utf7, *_OF_RUNS)
_MARKS = lazy_pattern(r"[%&\\=+]|[^\x00-\x7f]")
"""Without one of these the others have nothing to decode."""
