"""The encoding of a file of rows: by its mark, by what it can be read as, and by what it reads like then.

Spreadsheets write UTF-8 and UTF-16, and without either what is usual where they run: GB18030 in China, Windows-1252 in
the west. Most octets mean something in both of those: only one of them makes names of places.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import BinaryIO

from diagnose.model import TextError, text
from diagnose.model.byte_order_mark import marked_encoding
from diagnose.process.first_use import lazy_pattern
from diagnose.process.regular_file import open_regular

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How files of Excel, LibreOffice and WPS begin: ZIP (.xlsx, .ods), and Compound File Binary (.xls, .et)."""
BEGINNING = 1 << 16
"""Octets that tell a text from other files."""
_CONTROLS = lazy_pattern("[\x00-\x08\x0e-\x1f]")
_CHINESE = lazy_pattern(rb"[\xa1-\xa9\xb0-\xd7][\xa1-\xfe]")
"""Punctuation and frequent characters of GB 2312, which most Chinese texts consist of."""
_WESTERN = lazy_pattern(
    rb"(?<=[A-Za-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff]{1,2}(?![\x80-\xff])"
    rb"|(?<![\x80-\xff])[\xc0-\xd6\xd8-\xf6\xf8-\xff]{1,2}(?=[A-Za-z])"
)
"""One or two letters with accents within or beside others."""
NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "gb18030": "GB18030", "cp1252": "Windows-1252"}
"""As people write them."""


class EncodingError(TextError):
    """A file is no text, or none in the encoding that was named."""


def opened(file: Path, wanted: str | None = None) -> io.TextIOWrapper:
    """*file* as a text, in the encoding *wanted* where one is named. Raises EncodingError, OSError."""
    stream = open_regular(file)
    begins = stream.read(max(map(len, WORKBOOKS)))
    stream.seek(0)
    if begins.startswith(WORKBOOKS):
        stream.close()
        raise EncodingError(text("it is a workbook; save the sheet as CSV, and give that file"))
    encoding = wanted or _encoding_of(stream)
    if encoding is None or not _is_plain(encoding, stream):
        stream.close()
        raise no_text(wanted)
    stream.seek(0)
    return io.TextIOWrapper(stream, encoding=encoding, newline=None)


def no_text(wanted: str | None) -> EncodingError:
    """That a file is no text in *wanted*, or None: in none of those that are tried."""
    if wanted is None:
        return EncodingError(text("it is not a text in UTF-8, UTF-16 or GB18030"))
    return EncodingError(text("it is not a text in {encoding}", encoding=NAMES.get(wanted, wanted)))


def guessed(stream: io.TextIOWrapper) -> str | None:
    """The encoding of *stream* by name, where another one could be meant as well."""
    return NAMES[stream.encoding] if stream.encoding in {"gb18030", "cp1252"} else None


def _encoding_of(stream: BinaryIO) -> str | None:
    beginning = stream.read(BEGINNING)
    marked = marked_encoding(beginning) or _utf_16(beginning)
    if marked is not None:
        return marked
    if _is_text_in("utf-8", stream):
        return "utf-8"
    chinese, western = _likeness(stream)
    first, second = ("cp1252", "gb18030") if western > chinese else ("gb18030", "cp1252")
    plausible = [one for one in (first, second) if one != "cp1252" or western]
    return next((one for one in plausible if _is_text_in(one, stream)), None)


def _likeness(stream: BinaryIO) -> tuple[int, int]:
    """How many places of *stream* are like Chinese, and how many like a language of the west."""
    chinese = western = 0
    stream.seek(0)
    for line in iter(lambda: stream.readline(BEGINNING), b""):
        if not line.isascii():
            chinese += len(_CHINESE.findall(line))
            western += len(_WESTERN.findall(line))
    return chinese, western


def _utf_16(beginning: bytes) -> str | None:
    """UTF-16 without a mark: every other octet of what is mostly ASCII is zero."""
    even, odd = beginning[0:200:2], beginning[1:200:2]
    if len(odd) > 2 and odd.count(0) > len(odd) * 0.8 and not even.count(0):
        return "utf-16-le"
    if len(even) > 2 and even.count(0) > len(even) * 0.8 and not odd.count(0):
        return "utf-16-be"
    return None


def _is_plain(encoding: str, stream: BinaryIO) -> bool:
    """Whether *stream* is text in *encoding*, without signs that control machines."""
    if not _is_text_in(encoding, stream):
        return False
    stream.seek(0)
    return not _CONTROLS.search(codecs.getincrementaldecoder(encoding)().decode(stream.read(BEGINNING)))


def _is_text_in(encoding: str, stream: BinaryIO) -> bool:
    """Whether all of *stream* can be read so: a run over thousands of rows ends at no octet in the middle."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(BEGINNING):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
