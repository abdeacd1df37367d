"""The mask: whatever brought a text, what passed it holds no secret of the run, in no form that can be read.

A text is taken as it will be shown. Where it, or what is encoded in it, holds a secret, that word is masked whole.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import html.entities
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING

from diagnose.process.first_use import lazy_pattern
from diagnose.redaction.views import canonical, views

if TYPE_CHECKING:
    from diagnose.account.secret import Secret

MASK = "•••"
MASKED = b"\x1a"
"""What stands for a secret in octets until they are decoded: SUBSTITUTE of ECMA-48, the same in all charsets."""
SHORT = 4
"""Octets; fewer of them are found in many a word that has nothing to do with the secret."""
TIGHT = 6
"""Characters from which on a secret is found with blanks between its letters, too."""
CUT = "…"
"""At the end of a text that was too long."""
LEAST_CUT = 3
"""Characters of a secret that are hidden where the rest was cut off."""
LONGEST = 1 << 15
"""Characters; what is longer is cut off, and no report shows so much of anything."""
LONGEST_SECRET = 4096
"""Characters; so many are dropped before the place where octets were cut off, so that no part of one is left."""
MOST_WORDS = 50
"""Masked one by one; a text that holds more is masked as a whole."""
SHORT_TEXT = 200
"""Characters; names, titles and the like come again and again, for those who watch a run and in its report."""
MOST_REMEMBERED = 1000
_UNLIKE_ASCII = ("utf-16-le", "utf-16-be")
_CHARSETS = (
    *("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949", "iso2022_jp", *_UNLIKE_ASCII),
    *("koi8_r", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
)
"""In which a server may repeat a secret that it was sent in UTF-8."""
_CUT_LETTER = lazy_pattern(
    r"(?:\\(?:[uU]\{?|x)?[0-9a-fA-F]{0,7}|%[uU]?[0-9a-fA-F]{0,3}|&#?[xX]?[0-9a-zA-Z]{0,8}|=[0-9a-fA-F]?)\s?$"
)
"""The beginning of an escape, a percent-encoded octet, a character reference or one of quoted-printable."""
_WORD_ENDS = lazy_pattern(r"[\s\"'<>()\[\]{},]")


class Mask:
    """Hides the secrets it is made of; prepared once, used by any number of threads."""

    def __init__(self, secrets: Iterable[Secret], known: Iterable[str | None] = ()) -> None:
        """*known*: words that everybody knows, such as the address; a secret that is a part of one stays in it."""
        words = dict.fromkeys(secret.reveal() for secret in secrets)
        told = {one: canonical(one) for one in known if one}
        within = {word for word in words if any(canonical(word) in plain for plain in told.values())}
        kept = sorted((one for one, plain in told.items() if any(canonical(w) in plain for w in within)), key=len)
        self._masked = tuple(map(_Masked, words.keys() - within))
        self._masked_apart = tuple(map(_Masked, within))
        self._known = re.compile(f"({'|'.join(map(re.escape, reversed(kept)))})", re.IGNORECASE)
        self._remembered = functools.lru_cache(maxsize=MOST_REMEMBERED)(self._hidden)

    def __bool__(self) -> bool:
        return bool(self._masked or self._masked_apart)

    def hide(self, words: str) -> str:
        """*words*, `LONGEST` characters at most, with each word that holds a secret replaced by the mask."""
        return self._remembered(words) if len(words) <= SHORT_TEXT else self._hidden(words)

    def _hidden(self, words: str) -> str:
        for one in self._masked:
            words = one.hide(words)
        if self._masked_apart:
            parts = self._known.split(words)
            words = "".join(part if place % 2 else self._hide_apart(part) for place, part in enumerate(parts))
        return words

    def hide_octets(self, octets: bytes) -> bytes:
        """*octets* of a server, not decoded yet, with `MASKED` for each secret in them, whatever its charset.

        In the wrong charset a secret could come out as letters that are not its own, and yet tell it.
        """
        octets = octets.replace(MASKED, b"")
        for one in (*self._masked, *self._masked_apart):
            octets = one.hide_octets(octets)
        return octets

    def _hide_apart(self, words: str) -> str:
        for one in self._masked_apart:
            words = one.hide(words)
        return words


class _Masked:
    """One secret, in all its ways of being written."""

    def __init__(self, secret: str) -> None:
        word = secret.strip() or secret  # servers may drop the blanks at the ends
        self._octets = word.encode("utf-8", "surrogateescape")
        self._short = len(self._octets) < SHORT
        edge = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])") if self._short else ("", "")
        ways = (re.escape, _in_a_quoted_string, _percent_encoded, _as_html)
        self._written = re.compile(
            "|".join("".join(map(way, word)).join(edge) for way in ways) if word else "(?!)", re.I
        )
        self._encoded = re.compile(b"|".join(map(re.escape, _encodings(word, self._octets))) or b"(?!)", re.I)
        self._cores = _base64_cores(self._octets)
        self._base64 = re.compile(rf"[A-Za-z0-9+/_-]{{{max(1, min(map(len, self._cores)))},}}={{0,2}}")
        plain = canonical(word)
        tight = "".join(plain.split())
        self._tight = len(tight) >= TIGHT
        self._needle = tight if self._tight else plain
        if self._short or len(self._needle) < (SHORT if plain.isascii() else 2):
            self._needle = ""
        backwards = "".join(canonical(word[::-1]).split()) if self._tight else canonical(word[::-1])
        # read from either end; where one letter stands for several, these come in their own order
        self._forms = (self._needle, self._needle[::-1], backwards if self._needle else "")
        typed = unicodedata.normalize("NFC", word)  # may be shorter: ß is compared as ss
        self._least = min(len(self._needle), len("".join(typed.split())))
        written = {*word, *word.upper(), *word.lower(), *self._needle}
        self._letters = "".join(sorted(c for c in written if not c.isascii()))

    def hide(self, words: str) -> str:
        """*words* without this secret."""
        if not self._octets:
            return words
        words = self._base64.sub(self._masked_run, self._written.sub(MASK, words))
        words, rest = words[:LONGEST], words[LONGEST:]
        for _ in range(MOST_WORDS):
            if not self._held_in(words):
                return words + CUT if rest else words
            words = self._without_one(words)
        return MASK

    def hide_octets(self, octets: bytes) -> bytes:
        """*octets* without this secret, as `Mask.hide_octets` has it."""
        octets = self._encoded.sub(MASKED, octets)
        if octets.isascii() or not self._octets:  # then any charset reads as the mask for words does
            return octets
        words = self.hide(octets.decode("latin-1"))
        if words.endswith(CUT):
            words = words[: LONGEST - LONGEST_SECRET]
        return words.replace(MASK, MASKED.decode("ascii")).encode("latin-1", "ignore")

    def _masked_run(self, found: re.Match[str]) -> str:
        letters = found.group().replace("-", "+").replace("_", "/")
        holds = any(core in letters for core in self._cores)
        return MASK if holds and not (self._short and not _is_base64_of(self._octets, letters)) else found.group()

    def _held_in(self, words: str) -> bool:
        """Whether *words*, or what is encoded in them, hold the secret, or where they were cut off its beginning."""
        if not self._needle:
            return False
        cut = words.endswith(CUT)
        least = min(self._least, TIGHT) if cut else self._least
        shown = words.removesuffix(CUT)
        # where an encoded letter was cut in two, nothing ends with the letter before it but what is left without it
        ways = dict.fromkeys((shown, _CUT_LETTER.sub("", shown)) if cut else (shown,))
        # of very few letters something can be found in whatever is decoded
        decoded = (views(way, least, self._letters) if len(self._needle) >= SHORT else (way,) for way in ways)
        for view in chain.from_iterable(decoded):
            plain = canonical(view)
            plain = "".join(plain.split()) if self._tight else plain
            if any(form in plain for form in self._forms) or (cut and _ends_in_the_beginning(plain, self._needle)):
                return True
        return False

    def _without_one(self, words: str) -> str:
        """*words*, which hold the secret, with the first word that does masked."""
        end = _smallest(lambda place: self._held_in(words[:place]), len(words))
        start = end - _smallest(lambda size: self._held_in(words[end - size : end]), end)
        if not self._held_in(words[start:end]):
            return MASK
        start = max((found.end() for found in _WORD_ENDS.finditer(words, 0, start)), default=0)
        behind = _WORD_ENDS.search(words, end)
        return words[:start] + MASK + (words[behind.start() :] if behind else "")


def _encodings(word: str, octets: bytes) -> list[bytes]:
    """*octets* of *word*, and those of other charsets that have its letters; what is short could stand anywhere."""
    found = {octets}
    # in all others ASCII reads as it does in UTF-8, and to load them takes 4 ms of every run
    for charset in _UNLIKE_ASCII if word.isascii() and word.isprintable() else _CHARSETS:
        with contextlib.suppress(UnicodeEncodeError):
            found.add(word.encode(charset))
    return sorted((one for one in found if len(one) >= SHORT), key=len, reverse=True)


def _smallest(holds: Callable[[int], bool], most: int) -> int:
    """The smallest number for which *holds*, which holds for *most* and, mostly, for all numbers above the answer."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _ends_in_the_beginning(words: str, secret: str) -> bool:
    """Whether *words* end in the beginning of *secret*, of `LEAST_CUT` characters or more."""
    tail = words[-len(secret) :]
    place = tail.find(secret[:LEAST_CUT])
    while place >= 0:
        if secret.startswith(tail[place:]):
            return True
        place = tail.find(secret[:LEAST_CUT], place + 1)
    return False


# Patterns for one character, as servers may write it. In none of them can the sign that begins an escape stand for
# itself, so that there is one way to read a text, and a failed match is found out in linear time.


def _in_a_quoted_string(character: str) -> str:
    """IMAP's quoted string (RFC 9051 §4.3), and JSON's (RFC 8259 §7)."""
    if character == "\\":
        return r"\\\\"
    ways = dict.fromkeys([character, "\\" + character, json.dumps(character)[1:-1]])
    return f"(?:{'|'.join(map(re.escape, ways))})" if _special(character) else character


def _percent_encoded(character: str) -> str:
    """Percent-encoding (RFC 3986 §2.1), as far as it was done, and a form's plus sign."""
    encoded = "".join(f"%{octet:02x}" for octet in character.encode("utf-8", "surrogateescape"))
    plain = "" if character == "%" else r"|\+" if character == " " else f"|{re.escape(character)}"
    return f"(?:{encoded}{plain})" if _special(character) else character


def _as_html(character: str) -> str:
    """Character references of HTML, as far as they were used."""
    code = ord(character)
    names = [html.entities.codepoint2name.get(code), "apos" if character == "'" else None]
    references = "|".join([*filter(None, names), f"#0*{code}", f"#x0*{code:x}"])
    plain = "" if character == "&" else f"|{re.escape(character)}"
    return f"(?:&(?:{references});?{plain})" if _special(character) else character


def _special(character: str) -> bool:
    return not (character.isascii() and character.isalnum())


def _is_base64_of(octets: bytes, letters: str) -> bool:
    """Whether *letters*, at whatever alignment, are base64 of *octets* or of a SASL answer with them in it."""
    bare = letters.rstrip("=")
    for shift in range(4):
        padded = "A" * shift + bare
        decoded = base64.b64decode(padded[: len(padded) - (len(padded) % 4 == 1)] + "==")
        if decoded[-(-3 * shift // 4) :] == octets or b"\0" + octets in decoded or b"Bearer " + octets in decoded:
            return True
    return False


def _base64_cores(octets: bytes) -> tuple[str, ...]:
    """At each of the three alignments, the letters of base64 that *octets* alone decide."""
    cores = []
    for shift in range(3):
        letters = base64.b64encode(bytes(shift) + octets).decode()
        first, last = -(-8 * shift // 6), 8 * (shift + len(octets)) // 6
        cores.append(letters[first:last])
    return tuple(cores)
