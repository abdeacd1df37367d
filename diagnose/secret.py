"""A secret that gives nothing away, and the mask for texts that might echo it."""

from __future__ import annotations

import base64
import html.entities
import json
import re
from typing import NoReturn

MASK = "•••"
SHORT = 4
"""Octets; fewer of them are found in many a word that has nothing to do with the secret."""


class Secret:
    """A password or an access token.

    No way of showing, formatting, comparing, pickling or serialising it tells anything about it,
    not even its length. Only `reveal` hands it out, and only the login probe calls that.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The secret itself; for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    __reduce_ex__ = __reduce__  # type: ignore[assignment]  # whatever the protocol

    def masked_in(self, words: str) -> str:
        """*words* with every way in which the secret may stand in them replaced by a mask.

        Covers the secret in any letter case, each of its characters as it is, quoted as in IMAP (RFC 9051 §4.3)
        and JSON, percent-encoded or as HTML text; and base64 of any alignment that holds it (SASL PLAIN, LOGIN,
        XOAUTH2), cut off or not. A `SHORT` one is part of many words, and masked only where it stands by itself.
        """
        needle = self.__value.strip() or self.__value  # servers may drop the blanks at the ends
        if not needle:
            return words
        ways = (re.escape, _in_a_quoted_string, _percent_encoded, _as_html)
        octets = needle.encode("utf-8", "surrogateescape")
        short = len(octets) < SHORT
        edge = ("(?<![A-Za-z0-9])", "(?![A-Za-z0-9])") if short else ("", "")
        written = re.compile("|".join("".join(map(way, needle)).join(edge) for way in ways), re.IGNORECASE)
        cores = _base64_cores(octets)
        run = re.compile(rf"[A-Za-z0-9+/_-]{{{min(map(len, cores))},}}={{0,2}}")

        def masked_run(found: re.Match[str]) -> str:
            letters = found.group().replace("-", "+").replace("_", "/")
            holds = any(core in letters for core in cores) and not (short and not _is_base64_of(octets, letters))
            return MASK if holds else found.group()

        return run.sub(masked_run, written.sub(MASK, words))


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
