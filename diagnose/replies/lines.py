"""Which part of a text tells what happened: lines by their weight, settings and counters left out, advice apart."""

from __future__ import annotations

import re
from collections.abc import Callable

from diagnose.process.first_use import lazy_pattern

_LEVELS: tuple[tuple[int, str], ...] = (
    (0, r"TRACE|FINEST|FINER|FINE|DEBUG|VERBOSE"),
    (1, r"INFO|NOTICE|CONFIG"),
    (2, r"WARN|WARNING"),
    (3, r"ERROR|SEVERE|CRIT|CRITICAL|FATAL|PANIC|EMERG|ALERT"),
)
"""What logging libraries (Log4j, java.util.logging, Python, syslog) call their levels, in capitals or after level=."""
_LEVEL = lazy_pattern(
    r"^.{0,60}?(?:(?:^|[\s\[(<|:/])(?:"
    + "|".join(f"(?P<n{weight}>{names})" for weight, names in _LEVELS)
    + r")(?=[\s\])>|:/]|$)|\blevel=[\"']?(?P<word>[a-z]{3,9})\b)"
)
_SYSLOG = lazy_pattern(r"^<(\d{1,3})>")
"""RFC 5424 section 6.2.1: the rest of a division by eight is the severity, 3 and less an error, 4 a warning."""
_ANDROID = lazy_pattern(r"^(?:\d\d-\d\d \S{1,14} {1,3}(?:\d+ {1,3}){0,2})?([VDIWEF])(?:/| (?=\S{1,40}:))")
_WEIGHT_OF_LETTER = {"V": 0, "D": 0, "I": 1, "W": 2, "E": 3, "F": 3}
_ERROR = 3
LONGEST_ANSWER = 8
"""Characters of a word for no."""

_SETTING = lazy_pattern(
    r"(?<![\w.\-?&;/])(?!\w*(?:code|errno|error|err|status|reason|number|num|result|alert|port)\s?=)[A-Za-z][\w.\-]{0,60}\s?="
    r"\s?[\"']?(?:-?\d{1,12}(?:\.\d+)?\s?(?:ms|sec|secs|s|m|h|d|kb|mb|k|bytes)?|true|false|yes|no|on|off|null|none)"
    r"[\"']?(?=[\s,;)\]}|]|$)",
    re.IGNORECASE,
)
"""A name with a number or a switch as its value: how a program is set up, or what it has counted."""
_TIME_SETTING = lazy_pattern(
    r"[\"']?\b\w{0,40}(?:time-?out|interval|retries|keep-?alive|delay)[\"']?\s?(?::|set to)\s?[\"']?\d{1,9}"
    r"(?:\.\d+)?\s?(?:ms|sec|secs|seconds|s|m)?\b[\"']?(?=[\s,;)\]}]|$)|\bset\w{0,20}timeout\w{0,10}\(\d{1,9}\)",
    re.IGNORECASE,
)
_NUMBER_FOLLOWS = lazy_pattern(r"(?::|set to)\s?[\"']?\d|\(\d", re.IGNORECASE)
"""Stands in every such setting of a time."""


def weighty(text: str) -> str:
    """*text* without log lines below the level of an error, where another log line tells of an error.

    Lines that name no level are kept.
    """
    lines = text.splitlines()
    if len(lines) < 2:
        return text
    weights = [_weight(line) for line in lines]
    if _ERROR not in weights:
        return text
    return "\n".join(line for line, weight in zip(lines, weights, strict=True) if weight is None or weight >= _ERROR)


def without_settings(text: str) -> str:
    """*text* without settings and counters (``timeout=300``): they name a thing and say nothing about it."""
    if "=" in text:
        text = _SETTING.sub(" ", text)
    if (":" in text or "set" in text.casefold()) and _NUMBER_FOLLOWS.search(text):
        text = _TIME_SETTING.sub(" ", text)
    return text


def without_denied(text: str, is_no: Callable[[str], bool]) -> str:
    """*text* without lines that name a state and answer it with no (``Account locked: no``)."""
    if ":" not in text:
        return text
    return "\n".join(line for line in text.split("\n") if not _denies(line, is_no))


def _denies(line: str, is_no: Callable[[str], bool]) -> bool:
    _, mark, answer = line.rpartition(":")
    answer = answer.strip(" .。")
    return bool(mark) and 0 < len(answer) <= LONGEST_ANSWER and is_no(answer)


def _weight(line: str) -> int | None:
    """How heavy a log line is; None for one that names no level."""
    if found := _SYSLOG.match(line):
        severity = int(found[1]) % 8
        return _ERROR if severity <= _ERROR else 2 if severity == _ERROR + 1 else 1
    if letter := _ANDROID.match(line):
        return _WEIGHT_OF_LETTER[letter[1]]
    found = _LEVEL.match(line)
    if found is None:
        return None
    if word := found["word"]:
        return next((weight for weight, names in _LEVELS if word.upper() in names.split("|")), None)
    return next(weight for weight, _ in _LEVELS if found[f"n{weight}"])
