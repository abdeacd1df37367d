"""Reports out: to standard output, and to files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from gettext import gettext as _
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

import click

from diagnose.model.failure import internal_fault
from diagnose.model.report import Report
from diagnose.process import standard_streams
from diagnose.process.first_use import one_at_a_time
from diagnose.rendering.renderer import Audience, Renderer, RenderStyle


def formats() -> tuple[str, ...]:
    """The ids of all formats, by entry point; nothing is loaded."""
    return tuple(sorted({point.name for point in entry_points(group="diagnose.reports")}))


def renderer(name: str) -> Renderer:
    """The format called *name*. Raises click.ClickException where whoever brings it is broken."""
    (point, *_others) = entry_points(group="diagnose.reports", name=name)
    try:
        with one_at_a_time:
            return cast("Renderer", point.load())
    except Exception as error:
        raise _unusable(name, error) from error


def rendered(name: str, report: Report, style: RenderStyle) -> str:
    """*report* in the format called *name*. Raises click.ClickException."""
    format_ = renderer(name)
    try:
        return format_.render(report, style)
    except Exception as error:
        raise _unusable(name, error) from error


def _unusable(name: str, error: Exception) -> click.ClickException:
    sentence = _("the format “{name}” cannot be written: {words}.")
    return click.ClickException(sentence.format(name=name, words=internal_fault(error).render(_)))


SUFFIXES = {
    ".html": "html",
    ".txt": "text",
    ".md": "markdown",
    ".json": "json",
    ".xml": "junit",
    ".prom": "openmetrics",
}
"""The suffix of a report file to the format it asks for (contract)."""


def suffixes() -> tuple[str, ...]:
    """The suffixes whose formats are installed."""
    present = formats()
    return tuple(suffix for suffix, name in SUFFIXES.items() if name in present)


def write_file(file: Path, report: Report, style: RenderStyle) -> None:
    """Write *report* to *file*, in the format of its suffix; it appears whole or not at all.

    It keeps the mode of the file that it replaces; a new one, which tells much of a person, is for its owner alone.
    Raises click.ClickException.
    """
    words = rendered(SUFFIXES[file.suffix.lower()], report, style)
    try:
        if (why := irreplaceable(file)) is not None:
            raise click.ClickException(why)
        mode = stat.S_IMODE(file.stat().st_mode) & 0o777 if file.exists() else 0o600
        descriptor, fresh = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=file.suffix)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
                stream.write(words)
            Path(fresh).chmod(mode)
            Path(fresh).replace(file)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise click.ClickException(
            _("{file} cannot be written: {words}.").format(file=file, words=error.strerror)
        ) from None


def irreplaceable(file: Path) -> str | None:
    """Why a report cannot take the place of *file*, in a sentence; None where it can. Raises OSError."""
    try:
        kind = file.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(kind):
        return _("“{file}” is a link, which a report does not replace.").format(file=file)
    if stat.S_ISDIR(kind):
        return _("“{file}” is a folder.").format(file=file)
    if not stat.S_ISREG(kind):
        return _("“{file}” is no regular file.").format(file=file)
    return None


def terminal_style(
    translate: Callable[[str], str],
    *,
    no_color: bool,
    audience: Audience = "user",
    verbose: bool = False,
    quiet: bool = False,
) -> RenderStyle:
    """What standard output can show: a terminal's width and colours, or plain text of 80 columns."""
    terminal = sys.stdout.isatty()
    color = terminal and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return RenderStyle(
        translate=translate,
        width=shutil.get_terminal_size().columns if terminal else 80,
        color=color,
        ascii="utf" not in (sys.stdout.encoding or "").lower(),
        audience=audience,
        verbose=verbose,
        quiet=quiet,
    )


def print_out(words: str) -> None:
    """*words* to standard output, whatever its encoding can hold. Raises click.ClickException."""
    try:
        standard_streams.write(words)
    except OSError as error:
        sentence = _("standard output cannot be written: {words}.").format(words=error.strerror)
        raise click.ClickException(sentence) from None
