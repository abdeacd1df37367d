"""A report as a text that other formats embed, and the report that a saved file holds, whatever its format."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from diagnose.model.byte_order_mark import marked_encoding
from diagnose.model.picture import MediaType
from diagnose.model.report import SCHEMA_VERSION, Report
from diagnose.model.text import Text, TextError, text
from diagnose.process.first_use import convert, lazy_pattern

BLOCK = "diagnose_report"
"""The key that a block begins with."""
BLOCK_VERSION = 1
COLUMNS = 100
"""Letters of base64 a line: a mail takes 998 octets (RFC 5322 §2.1.1), and people see less of a short line."""
LARGEST = 16 << 20
"""Octets of a saved file, and of the JSON that is packed in one. Pictures make reports of several megabytes."""
PAGE_OF_OURS = '<meta name="generator" content="diagnose">'
"""Stands in the head of each page that holds a report."""
DEEPEST = 60
"""Levels of values one within another; a report of ours has about ten."""
_BEGIN = lazy_pattern(r'^[>\s]*\{"diagnose_report": ?(\d{1,9}),', re.MULTILINE)
_DATA = lazy_pattern(r'"data": ?\[([^\]]*)(\]?)')
_LETTERS = lazy_pattern(r'"([A-Za-z0-9+/=]*)"')


class SavedReportError(TextError):
    """A file holds no report that can be read, and why, in a sentence without its end."""


def plain_report(report: Report) -> dict[str, Any]:
    """*report* as values of JSON and its id, facts sorted by name, pictures in base64.

    JSON knows no NaN and no infinity (RFC 8259 §6): None stands in their place.
    """
    built = built_report(report)
    plain: dict[str, Any]
    try:
        plain = msgspec.json.decode(msgspec.json.encode(built))  # a third of the time that the other way takes
    except UnicodeEncodeError:  # of half a character
        plain = json.loads(json.dumps(built), parse_constant=lambda _: None)
    return plain


def built_report(report: Report) -> dict[str, Any]:
    """As `plain_report`, for who writes it down at once: NaN and infinity are still themselves."""
    return {**msgspec.to_builtins(report, order="deterministic"), "id": report.id}


def machine_readable(report: Report) -> str:
    """The block that a format embeds so that `saved_report` can read *report* back: packed JSON, without pictures.

    Whatever the report holds, the block holds ASCII letters, digits, blanks, line ends and ``{}[]":,_+/=`` alone.
    A line has about a hundred characters; the last one has no line end.
    It may stand as it is in a script element (application/json), in a comment, or in a fence of Markdown.
    It has to begin a line, and be the last block of its file.
    """
    plain = _without_pictures(plain_report(report))
    packed = zlib.compress(json.dumps(plain, separators=(",", ":")).encode("ascii"), 9)
    letters = base64.b64encode(packed).decode("ascii")
    lines = ",\n".join(f'"{letters[at : at + COLUMNS]}"' for at in range(0, len(letters), COLUMNS))
    return f'{{"{BLOCK}": {BLOCK_VERSION}, "encoding": "zlib+base64", "data": [\n{lines}\n]}}'


def saved_report(content: bytes) -> Report:
    """The report in the *content* of a file: JSON itself, or a page or text with a block of `machine_readable`.

    Of a file with several blocks it is the last: what servers said stands before it. What later versions added, and
    an older report does not have, gets its default. Raises SavedReportError.
    """
    if len(content) > LARGEST:
        raise SavedReportError(text("it is larger than {limit} MB, and no report is", limit=LARGEST >> 20))
    words = _decoded(content)
    if words.lstrip()[:1] in {"{", "["} and not _BEGIN.match(words):
        return _report(_parsed(words))
    blocks = list(_BEGIN.finditer(words))
    if not blocks:
        if PAGE_OF_OURS in words:  # the block stands at its end
            raise _truncated()
        raise SavedReportError(text("it holds no report of diagnose; save the report as .json, .html or .md"))
    last = blocks[-1]
    _require_known(int(last[1]), BLOCK_VERSION)
    return _report(_parsed(_unpacked(words[last.start() :])))


def saved_reports(content: bytes) -> tuple[Report, ...]:
    """The reports in the *content* of a file: those of an array or of JSON Lines, in their order, or its only one.

    Raises SavedReportError, also for a part that is no report.
    """
    if len(content) > LARGEST:
        return (saved_report(content),)
    words = _decoded(content)
    lines = [line for line in words.splitlines() if line.strip()]
    if words.lstrip()[:1] == "[":
        values = _parsed(words)
    elif len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        values = [_parsed(line) for line in lines]
    else:
        return (saved_report(content),)
    if not isinstance(values, list) or not values:
        return (_report(values),)
    return tuple(map(_report, values))


def _decoded(content: bytes) -> str:
    encoding = marked_encoding(content) or "utf-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise SavedReportError(text("it is not a text in UTF-8, as reports of diagnose are")) from None


def _parsed(words: str) -> object:
    """The values of JSON in *words*; an object's last value of a name counts. Raises SavedReportError."""
    try:
        value: object = json.loads(words, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        if not words[error.pos :].strip() or error.msg.startswith("Unterminated string"):
            raise _truncated() from None
        sentence = text("it is not JSON: line {line}, column {column}", line=error.lineno, column=error.colno)
        raise SavedReportError(sentence) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets within brackets
        raise SavedReportError(text("it is not JSON that a report could be")) from None
    _require_flat(value)
    return value


def _require_flat(value: object) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise SavedReportError(text("it is not JSON that a report could be"))
        below = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [item for items in below for item in items if isinstance(item, dict | list)]


def _unpacked(words: str) -> str:
    """The JSON in the block that *words* begin with, quoted by ``>`` or not. Raises SavedReportError."""
    found = _DATA.search(words)
    if found is None or not found[2]:
        raise _truncated()
    unpacking = zlib.decompressobj()
    try:
        octets = base64.b64decode("".join(_LETTERS.findall(found[1])), validate=True)
        unpacked = unpacking.decompress(octets, LARGEST)
    except (binascii.Error, zlib.error):
        raise _damaged() from None
    if unpacking.unconsumed_tail:
        raise SavedReportError(text("it is larger than {limit} MB, and no report is", limit=LARGEST >> 20))
    if not unpacking.eof:
        raise _damaged()
    try:
        return unpacked.decode("ascii")
    except UnicodeDecodeError:
        raise _damaged() from None


def _truncated() -> SavedReportError:
    return SavedReportError(text("it ends in the middle of the report; save or copy the whole file again"))


def _damaged() -> SavedReportError:
    return SavedReportError(
        text("its machine-readable block was changed on the way; save or copy the whole file again")
    )


def _require_known(version: int, known: int) -> None:
    if version > known:
        raise SavedReportError(newer(version, known))


def newer(version: int, known: int) -> Text:
    """Why a file is not read whose shape has the higher number *version*."""
    return text(
        "a newer diagnose wrote it (version {version} of its shape, and this one reads {known}); install that",
        version=version,
        known=known,
    )


def _report(value: object) -> Report:
    if isinstance(value, list) and all(isinstance(one, dict) and "verdict" in one for one in value):
        sentence = text("it holds the reports of {count} runs; save the one that is wanted by itself", count=len(value))
        raise SavedReportError(sentence)
    version = value.get("schema_version") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(version, int) or "verdict" not in value:
        raise SavedReportError(text("it is JSON, but no report of diagnose; name one that --report wrote"))
    _require_known(version, SCHEMA_VERSION)
    try:
        report = convert(_with_pictures({"lang": "en", "path": [], **value}), Report, builtin_types=(bytes,))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # of a lone surrogate where an id belongs
        place = str(error).rpartition(" - at `")[2].rstrip("`") if isinstance(error, msgspec.ValidationError) else "$"
        sentence = text("it is not a report of diagnose: the value at {place} is not what belongs there", place=place)
        raise SavedReportError(sentence) from None
    return _without_commands(report)


def _without_commands(report: Report) -> Report:
    """*report* without what people copy into a shell: whoever sent the file could have written that.

    The record brings it anew, quoted.
    """
    causes = tuple(msgspec.structs.replace(cause, commands=()) for cause in report.verdict.causes)
    return msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, causes=causes))


def _is_picture(value: Mapping[str, Any]) -> bool:
    return value.get("media_type") in get_args(MediaType) and isinstance(value.get("data"), str)


def _with_pictures(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """*value*, the pictures in it as octets again; what is no base64 is no picture."""
    if isinstance(value, list):
        return [_with_pictures(one) for one in value]
    if not isinstance(value, dict):
        return value
    if not _is_picture(value):
        return {name: _with_pictures(one) for name, one in value.items()}
    try:
        return {**value, "data": base64.b64decode(value["data"], validate=True)}
    except (binascii.Error, ValueError):
        return {**value, "data": b""}


def _without_pictures(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_without_pictures(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _is_picture(value):
        return {**value, "data": ""}
    return {name: _without_pictures(one) for name, one in value.items()}
