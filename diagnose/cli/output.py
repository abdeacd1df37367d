"""Reports out: to standard output, and to files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from gettext import gettext as _
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

import click

from diagnose.first_use import one_at_a_time
from diagnose.model.renderer import Audience, Renderer, RenderStyle
from diagnose.model.report import Report


def formats() -> tuple[str, ...]:
    """The ids of all formats, by entry point; nothing is loaded."""
    return tuple(sorted({point.name for point in entry_points(group="diagnose.reports")}))


def renderer(name: str) -> Renderer:
    """The format called *name*."""
    (point, *_) = entry_points(group="diagnose.reports", name=name)
    with one_at_a_time:
        return cast("Renderer", point.load())


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
    """Write *report* to *file*, in the format of its suffix. Raises click.ClickException."""
    words = renderer(SUFFIXES[file.suffix.lower()]).render(report, style)
    try:
        descriptor, fresh = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=file.suffix)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(words)
            mask = os.umask(0)
            os.umask(mask)
            Path(fresh).chmod(0o666 & ~mask)
            Path(fresh).replace(file)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise click.ClickException(
            _("{file} cannot be written: {words}.").format(file=file, words=error.strerror)
        ) from None


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
    """*words* to standard output, whatever its encoding can hold."""
    stream = sys.stdout
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(words.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except BrokenPipeError:  # whoever reads us is gone; the flush at the end of the process must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
