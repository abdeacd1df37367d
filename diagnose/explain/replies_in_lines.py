"""Many replies, one JSON object a line (RFC 8259), read and answered one after the other in bounded space."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import IO, Any, get_args

import msgspec

from diagnose.knowledge.catalogue import catalogue
from diagnose.model import Certainty, TextError, quote, text
from diagnose.model.text import Text, json_text
from diagnose.process.first_use import convert, decode
from diagnose.replies import Outcome, Reading, ReplyForm, Suspect, ToldBy, read_message
from diagnose.replies.alike import stand_in
from diagnose.replies.schema import Stage

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes; whole pages are replies too, though only their beginning is read."""
MOST_REMEMBERED, LONGEST_REMEMBERED = 4_000, 1_000
"""Readings, and characters of the replies that they are of: logs say the same again and again."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PROTOCOLS: tuple[ReplyForm, ...] = get_args(ReplyForm)
_STAGES: tuple[Stage, ...] = get_args(Stage)


class LineError(TextError, ValueError):
    """A line that cannot be answered."""

    def __init__(self, number: int, sentence: Text) -> None:
        super().__init__(sentence)
        self.number = number
        """Counted from 1."""


class ReplyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One reply and what is known about it; other keys are ignored."""

    id: str | int
    reply: str
    protocol: Any = None
    """Here and below: a value that is not known is as good as none."""
    provider: Any = None
    stage: Any = None


class LineReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply was read as."""

    id: str | int
    reading: Reading


def read_lines(
    stream: IO[bytes], protocol: ReplyForm | None = None, provider: str | None = None
) -> Iterator[LineReading]:
    """Read the lines in order; *protocol* and *provider* are those of lines that name none. Empty lines are skipped.

    Raises LineError at the first line that is too long, or no object with an id and a reply.
    """
    read = functools.lru_cache(maxsize=MOST_REMEMBERED)(read_message)
    for number, raw in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
        if len(raw) > LONGEST_LINE:
            raise LineError(number, text("it is longer than {limit} bytes.", limit=LONGEST_LINE))
        words = raw.removeprefix(_BYTE_ORDER_MARK).strip()
        if not words:
            continue
        try:
            line = _line(words)
        except (ValueError, RecursionError, msgspec.ValidationError):
            raise LineError(number, text("it is not a JSON object with “id” and “reply”.")) from None
        yield LineReading(id=line.id, reading=_read(line, read, protocol, provider))


def _line(words: bytes) -> ReplyLine:
    """The line that *words* are. Raises ValueError, RecursionError, msgspec.ValidationError."""
    try:
        return decode(words, ReplyLine)
    except (msgspec.DecodeError, UnicodeError):
        # the standard library's reader takes the lone surrogates that stand for undecodable octets
        return convert(json.loads(words), ReplyLine)


def _read(
    line: ReplyLine, remembering: Callable[..., Reading], protocol: ReplyForm | None, provider: str | None
) -> Reading:
    read = remembering if len(line.reply) <= LONGEST_REMEMBERED else read_message
    return read(
        stand_in(line.reply),
        protocol=line.protocol if line.protocol in _PROTOCOLS else protocol,
        provider=line.provider if isinstance(line.provider, str) else provider,
        stage=line.stage if line.stage in _STAGES else None,
    )


def format_line(answer: LineReading, translate: Callable[[str], str] = str) -> str:
    """*answer* as one line of JSON, titles in the language of *translate*; no line end after it."""
    reading = answer.reading
    rest = _rest_of_line(reading.suspects, reading.matched, reading.outcome, reading.told_by, translate)
    return f'{{"id": {json_text(answer.id, indent=None)}, {rest}'


@functools.lru_cache(maxsize=MOST_REMEMBERED)
def _rest_of_line(
    suspects: tuple[Suspect, ...], matched: str, outcome: Outcome, told_by: ToldBy, translate: Callable[[str], str]
) -> str:
    """What stands in a line behind the id."""
    causes = ", ".join([_cause_in_line(one.cause, one.certainty, translate) for one in suspects])
    told = ", ".join(
        f'"{name}": {json_text(words, indent=None)}'
        for name, words in (("matched", quote(matched)), ("outcome", outcome), ("told_by", told_by))
    )
    return f'"causes": [{causes}], {told}}}'


@functools.lru_cache(maxsize=MOST_REMEMBERED)
def _cause_in_line(cause: str, certainty: Certainty, translate: Callable[[str], str]) -> str:
    """One of the causes that stand there."""
    named = {"id": cause, "certainty": certainty, "title": translate(catalogue()[cause].title)}
    return json_text(named, indent=None)
