"""What a job of GitHub Actions is told beside the report: annotations, and a summary of the step.

The runner reads workflow commands from both streams. They go to standard error: standard output holds the report
alone. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from gettext import gettext as _
from typing import Literal

import click

from diagnose.cli.formats import formats, rendered
from diagnose.model.report import Report, ReportCause
from diagnose.model.text import quote
from diagnose.process.first_use import lazy_pattern
from diagnose.process.standard_streams import tell
from diagnose.rendering.renderer import RenderStyle

Level = Literal["error", "warning", "notice"]
MOST_OF_A_LEVEL = 10
"""Annotations of one level that GitHub shows of a step."""
MOST_OCTETS = 1 << 20
"""Of a step's summary; GitHub refuses a larger one as a whole."""
SUMMARY_FORMAT = "markdown"
_COMMAND = lazy_pattern(r"(?m)^[^\S\n]*:(?=:)|##(?=\[)")
"""Where a line would begin with ``::``, blanks aside, or hold the older ``##[``."""


def without_commands(words: str, environment: Mapping[str, str] = os.environ) -> str:
    """*words* for the log of a job, where no line may be a workflow command of a server's; elsewhere as they are."""
    if not _is_job(environment):
        return words
    return _COMMAND.sub(lambda found: f"{found[0]} ", words)


def _is_job(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


def tell_job(
    content: Report | Sequence[Report], style: RenderStyle, environment: Mapping[str, str] = os.environ
) -> None:
    """Annotate the job and add to the step's summary, where *environment* is that of a job. Never raises.

    What a report hides is hidden here, too.
    """
    if not _is_job(environment):
        return
    reports = [content] if isinstance(content, Report) else content
    for line in workflow_commands(reports):
        tell(line)
    if file := environment.get("GITHUB_STEP_SUMMARY"):
        try:
            _add(file, content, style)
        except (click.ClickException, OSError) as error:
            words = error.strerror if isinstance(error, OSError) else error.format_message()
            tell(f"diagnose: {_('{file} cannot be written: {words}.').format(file=file, words=words)}")


def workflow_commands(reports: Sequence[Report]) -> Iterator[str]:
    """A workflow command for each cause, and one for what could not be checked; at most ten of a level."""
    left: dict[Level, int] = {"error": MOST_OF_A_LEVEL, "warning": MOST_OF_A_LEVEL, "notice": MOST_OF_A_LEVEL}
    for report in reports:
        subject = report.subject.address or report.subject.domain
        told = [(_level(cause, report), cause.title, _message(cause)) for cause in report.verdict.causes]
        if report.verdict.unchecked:
            told.append(("warning", report.verdict.headline, "\n".join(map(quote, report.verdict.unchecked))))
        for level, title, message in told:
            left[level] -= 1
            if left[level] >= 0:
                yield f"::{level} title={_property(f'{subject}: {title}' if subject else title)}::{_data(message)}"


def _level(cause: ReportCause, report: Report) -> Level:
    if cause.certainty == "possible" or report.knows(cause.id):
        return "notice"
    return "error" if cause.impact == "blocks" else "warning"


def _message(cause: ReportCause) -> str:
    seen = [item.text for item in cause.evidence]
    return "\n".join(map(quote, [cause.summary, *seen, f"[{cause.id}]"]))


def _data(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(quote(words)).replace(":", "%3A").replace(",", "%2C")


def _add(file: str, content: Report | Sequence[Report], style: RenderStyle) -> None:
    """Append *content* to *file*, in short where there is no room for all. Raises OSError, click.ClickException."""
    if SUMMARY_FORMAT not in formats():
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace", newline="\n") as stream:
        room = MOST_OCTETS - os.fstat(descriptor).st_size
        for quiet in (False, True):
            written = rendered(SUMMARY_FORMAT, content, _style(style, quiet=quiet)) + "\n"
            if len(written.encode("utf-8", "replace")) <= room:
                stream.write(written)
                return


def _style(style: RenderStyle, *, quiet: bool) -> RenderStyle:
    return RenderStyle(translate=style.translate, audience=style.audience, quiet=quiet)
