"""From the octets that a server sent to words: the one place where what comes from outside is decoded."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote_to_bytes

from diagnose.process.first_use import lazy_pattern, made_once
from diagnose.replies import charsets
from diagnose.replies.folding import LARGEST_REPLY
from diagnose.replies.knowledge import load_knowledge

Familiar = Callable[[str], int]
"""How many characters of a text belong to words that the knowledge has."""

UNDECLARED = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r", "cp1252", "cp1250")
"""Encodings that servers use without saying so; of equally likely ones the first is taken."""
_FOR_WESTERN_WORDS = ("cp1252", "cp1250", *UNDECLARED[:-2])
_HIGH_RUN = lazy_pattern(rb"[\x80-\xff]{4}")
"""Two characters of an East Asian encoding, or a Cyrillic word; Western words have their accents apart."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF_16 = ((lazy_pattern(rb"(?:[\t-~]\0){4}"), "utf-16-le"), (lazy_pattern(rb"(?:\0[\t-~]){4}"), "utf-16-be"))
_ISO_2022 = ((lazy_pattern(rb"\x1b\$\)C"), "iso2022_kr"), (lazy_pattern(rb"\x1b(?:\$[@B(]|\([IJ])"), "iso2022_jp_ext"))
_HEAD = 4096
"""Octets in which a page says how it is encoded."""
_SAID_IN_PAGE = lazy_pattern(
    rb"<meta\b[^>]{0,300}?\bcharset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})"
    rb"|<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)

_SAMPLE = 4096
"""Octets by which encodings are told apart."""
_BETWEEN_PIECES = lazy_pattern(rb"[\r\n<>]+")
"""These are part of no character in any of the encodings."""
_FAULT = lazy_pattern("\ufffd(?!\x1a|\r?\n|$)|[\x80-\x9f\ue000-\uf8ff]")
"""Replacement characters, C1 controls, private use. One may stand at a line's end, or where a secret was cut out."""
FAULT_COSTS, DECLARED_BRINGS = 10, 4
"""Characters of familiar words that outweigh a fault, and a declaration."""
FORMED_BRINGS, BROKEN_COSTS = 10, 8
"""Likewise for characters in the form of UTF-8, which hardly anything else has, and for octets that break it."""
EVERYDAY_SHARE, FAMILIAR_SHARE = 0.8, 0.1
"""Of the characters beyond ASCII: so many are everyday ones, or so many of familiar words, where they are text."""
_BINARY = lazy_pattern(rb"[\0-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]")

_PERCENT_RUN = lazy_pattern(r"(?:%[0-9a-fA-F]{2}){2,}")
_JSON_ESCAPE = lazy_pattern(r"(?:\\u[0-9a-fA-F]{4})+")
_OCTET_ESCAPE = lazy_pattern(r"\\x([0-9a-fA-F]{2})")
_OCTET_RUN = lazy_pattern(r"\\x[89a-fA-F][0-9a-fA-F](?:\\x[0-9a-fA-F]{2}|[ -\[\]-~]{1,3}(?=\\x[89a-fA-F])){1,2000}")
"""Octets as Python shows them; a second octet of GBK or Big5 may be an ASCII letter."""
_UNDECODED = lazy_pattern("[\udc80-\udcff\x1b]")
"""What stands for an octet that a program could not decode (PEP 383), and what begins a character of ISO-2022."""


def decode(octets: bytes, charset: str = "", *, familiar: Familiar | None = None) -> str:
    """*octets* as text, whatever they are encoded in. Never raises, and takes linear time.

    A byte order mark, UTF-8, UTF-16 and ISO-2022 are known by their form. Otherwise *charset* (from a header), a page's
    ``<meta>`` or XML declaration, and `UNDECLARED` are weighed: most of the text should be *familiar*, by default to
    the knowledge of replies. A character that is cut off at the end is dropped. In what is no text in any
    of them each octet beyond ASCII is U+FFFD.
    """
    for mark, encoding in _MARKS:
        if octets.startswith(mark):
            text = _read(octets[len(mark) :], encoding)
            if encoding == "utf-8" or _is_everyday(text, encoding):  # octets of anything may begin like the others
                return text
    for form, encoding in _UTF_16:
        if form.match(octets):
            return _read(octets, encoding)
    if octets.isascii():
        return _read(octets, next((encoding for form, encoding in _ISO_2022 if form.search(octets)), "ascii"))
    names = (charset, *(said[0] or said[1] for said in _SAID_IN_PAGE.findall(octets[:_HEAD])))
    declared = [known for name in names if (known := charsets.codec(name))]
    unicode = _as_utf8(octets)
    if unicode is not None and set(declared) <= {"utf-8"}:
        return unicode
    usual = UNDECLARED if _HIGH_RUN.search(octets) else _FOR_WESTERN_WORDS
    likely = ["utf-8", *declared] if unicode is not None else [*declared, *usual, "utf-8"]
    return _read(octets, _likeliest(octets, likely, declared, familiar or load_knowledge().familiar))


def repaired(text: str, familiar: Familiar) -> str:
    """*text* as it was before it was decoded as Latin-1, or escaped (percent, JSON, Python's octets, PEP 383)."""
    text = text[:LARGEST_REPLY]
    if _UNDECODED.search(text):
        with contextlib.suppress(UnicodeEncodeError):  # surrogates that stand for nothing
            text = decode(text.encode("utf-8", "surrogateescape"), familiar=familiar)
    if not text.isascii():
        text = _read_again(text, familiar)
    if "%" in text:
        text = _PERCENT_RUN.sub(lambda run: decode(unquote_to_bytes(run[0]), familiar=familiar), text)
    if "\\x" in text:
        text = _OCTET_RUN.sub(lambda run: decode(_octets(run[0]), familiar=familiar), text)
    if "\\u" in text:
        text = _JSON_ESCAPE.sub(_unescape, text)
    return text


def _read(octets: bytes, encoding: str) -> str:
    return _decoder(encoding)("replace").decode(octets)  # not final: half a character at the end is left out


@made_once
def _decoder(encoding: str) -> Callable[[str], codecs.IncrementalDecoder]:
    return codecs.getincrementaldecoder(encoding)


def _is_everyday(text: str, encoding: str) -> bool:
    return charsets.everyday(text, encoding) >= EVERYDAY_SHARE * sum(not letter.isascii() for letter in text)


def _as_utf8(octets: bytes) -> str | None:
    """*octets* as UTF-8, but for a character cut off at the end; None where they are something else."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = octets[: error.start]
        cut = error.reason == "unexpected end of data" and error.end == len(octets)
        return (
            whole.decode("utf-8") if cut and not whole.isascii() else None
        )  # an é may be a Latin-1 text's last letter


def _likeliest(octets: bytes, encodings: Sequence[str], declared: Sequence[str], familiar: Familiar) -> str:
    pieces = b"\n".join(piece for piece in _BETWEEN_PIECES.split(octets) if not piece.isascii())[:_SAMPLE]
    best, most, believed = "ascii", float("-inf"), False
    for encoding in dict.fromkeys(encodings):
        text = _read(pieces, encoding)
        foreign = sum(not letter.isascii() for letter in text)
        known, faults = familiar(text), 0 if encoding == "utf-8" else len(_FAULT.findall(text))
        everyday = charsets.everyday(text, encoding)
        score = known - FAULT_COSTS * faults - (foreign - everyday) + DECLARED_BRINGS * (encoding in declared)
        believable = known > FAMILIAR_SHARE * foreign or encoding in declared
        believable |= everyday >= EVERYDAY_SHARE * foreign and not _BINARY.search(pieces)
        if encoding == "utf-8":
            broken = pieces.decode("utf-8", "replace").count("\ufffd")
            score += FORMED_BRINGS * (foreign - broken) - BROKEN_COSTS * broken
            believable = foreign >= 2 * broken
        if score > most:
            best, most, believed = encoding, score, believable
    return best if believed else "ascii"


def _read_again(text: str, familiar: Familiar) -> str:
    """*text* as it was before its octets were decoded as Latin-1 or Windows-1252."""
    for encoding in ("latin-1", "cp1252"):
        try:
            octets = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            if not _HIGH_RUN.search(octets):
                continue
        again = decode(octets, familiar=familiar)
        if familiar(again) > familiar(text):
            return again
    return text


def _octets(run: str) -> bytes:
    return _OCTET_ESCAPE.sub(lambda octet: chr(int(octet[1], 16)), run).encode("latin-1")


def _unescape(run: re.Match[str]) -> str:
    units = bytes.fromhex(run[0].replace("\\u", ""))
    return units.decode("utf-16-be", "replace")
