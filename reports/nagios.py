"""The report as a plugin of Nagios, Icinga, Naemon or Checkmk prints it: by the guidelines of Monitoring Plugins.

A line with the state, numbers behind a bar, then what people read; the exit code tells the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from diagnose.model.certificates import EXPIRING_DAYS
from diagnose.model.measured import certificate_lives
from diagnose.model.report import Report, ReportCause
from diagnose.model.text import quote
from diagnose.process.first_use import lazy_pattern
from diagnose.rendering.renderer import Audience, Renderer, RenderStyle
from reports.remedies import for_audience
from reports.sanitized import sanitized
from reports.words import contact_line, words

State = Literal["OK", "WARNING", "CRITICAL", "UNKNOWN"]
CODES: dict[State, int] = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
SERVICE = "MAIL"
MOST_OCTETS = 4000
"""Of all that is printed. Nagios reads 4096 by default, later ones 8192."""
LONGEST_LINE = 300
"""Characters of the first line before its bar."""
MOST_NUMBERS = 2000
"""Octets of what stands behind the bar."""

_SHOWN = str.maketrans({"|": "¦", "<": "‹", ">": "›"})
"""A bar would begin the numbers; and monitoring pages take angle brackets for HTML."""
_ASCII = str.maketrans({"|": "/", "<": "(", ">": ")", "·": "-"})
_LABEL = lazy_pattern(r"[^\w.:@ -]")


def state(report: Report) -> State:
    """The state of the service that *report* is about: what blocks is critical, what surely hinders is a warning."""
    verdict = report.verdict
    if report.baseline is not None and verdict.exit_code == 0:
        new = any(cause.certainty != "possible" and not report.knows(cause.id) for cause in verdict.causes)
        return "WARNING" if new else "OK"
    if verdict.status == "problem":
        return "CRITICAL"
    if verdict.status == "inconclusive" and not verdict.sound_in_part:
        return "UNKNOWN"
    return "WARNING" if any(cause.certainty != "possible" for cause in verdict.causes) else "OK"


def exit_code(report: Report) -> int:
    """0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."""
    return CODES[state(report)]


def render(report: Report, style: RenderStyle) -> str:
    """*report* as one line with numbers, and with the causes and their steps below it unless ``style.quiet``."""
    clean = sanitized(report)
    first = quote(_fit(_headline(clean, style), style), LONGEST_LINE)
    lines = [f"{first} | {_numbers(clean)}"]
    room = MOST_OCTETS - len(lines[0].encode()) - 1
    for line in () if style.quiet else _details(clean, style):
        shown = _fit(line, style)
        room -= len(shown.encode()) + 1
        if room < 0:
            break
        lines.append(shown)
    return "\n".join(lines) + "\n"


def unreported(sentence: str) -> tuple[str, int]:
    """What is printed, and the exit code, where there is no report and *sentence* says why."""
    return f"{SERVICE} UNKNOWN: {quote(sentence.translate(_SHOWN), LONGEST_LINE)}\n", CODES["UNKNOWN"]


def _fit(line: str, style: RenderStyle) -> str:
    return line.translate(_ASCII if style.ascii else _SHOWN)


def _headline(report: Report, style: RenderStyle) -> str:
    said, verdict = words(style.translate), report.verdict
    subject = report.subject.address or report.subject.domain
    told = [said.in_part] if verdict.sound_in_part else []
    told += dict.fromkeys([verdict.headline, *(cause.title for cause in verdict.causes[:1])])
    named = f" [{verdict.causes[0].id}]" if verdict.causes else ""
    return f"{SERVICE} {state(report)}: " + (f"{subject}: " if subject else "") + quote(" · ".join(told), 200) + named


def _details(report: Report, style: RenderStyle) -> Iterator[str]:
    for cause in report.verdict.causes:
        yield from _cause(cause, report, style)
    for sentence in report.verdict.unchecked:
        yield f"? {sentence}"
    if line := contact_line(report.contact, style.translate):
        yield line


def _cause(cause: ReportCause, report: Report, style: RenderStyle) -> Iterator[str]:
    said = words(style.translate)
    yield f"{cause.title} [{' · '.join((*said.labels(cause, report), cause.id))}]"
    yield from (f"- {item.text} [{item.check}]" for item in cause.evidence)
    # who watches a monitoring system is no user of the mailbox, whoever is meant elsewhere
    reader: Audience = "admin" if style.audience == "user" else style.audience
    for remedy in for_audience(cause.remedies, reader)[0]:
        yield from (f"{number}. {step}" for number, step in enumerate(remedy.steps, start=1))


def _numbers(report: Report) -> str:
    """``'label'=value[unit];[warn];[crit];[min];[max]``, blanks between them; the most wanted ones come first."""
    found = [_number("time", f"{report.duration_ms / 1000:.3f}s", low="0")]
    ended = Counter(check.status for check in report.checks)
    total = str(len(report.checks))
    found += [
        _number(f"checks {status}", str(ended[status]), low="0", high=total) for status in ("fail", "warn", "error")
    ]
    for life in certificate_lives(report):
        where = f"{life.service.host}:{life.service.port}" if life.service else life.check
        # a range without an end: an alert below its beginning
        found.append(_number(f"days {where}", f"{life.days_left:g}", warn=f"{EXPIRING_DAYS}:", critical="0:"))
    for check in report.checks:
        if check.status != "skip" and check.duration_ms is not None:
            found.append(_number(check.id, f"{check.duration_ms / 1000:.3f}s", low="0"))
    written, room = [], MOST_NUMBERS
    for one in found:
        room -= len(one.encode()) + 1
        if room < 0:
            break
        written.append(one)
    return " ".join(written)


def _number(label: str, value: str, *, warn: str = "", critical: str = "", low: str = "", high: str = "") -> str:
    """One number; of its label all signs are replaced that end it somewhere."""
    written = f"'{_LABEL.sub('_', label)}'={value};{warn};{critical};{low};{high}"
    return written.rstrip(";")


RENDERER = Renderer(format="nagios", suffixes=(), render=render, exit_code=exit_code, unreported=unreported)
