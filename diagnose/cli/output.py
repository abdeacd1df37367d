"""Reports out: to standard output, and to files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from gettext import gettext as _
from pathlib import Path

import click

from diagnose.cli.formats import format_of, rendered
from diagnose.model.report import Report
from diagnose.process import standard_streams
from diagnose.rendering.renderer import Audience, RenderStyle


def write_file(file: Path, content: Report | Sequence[Report], style: RenderStyle) -> None:
    """Write one report, or those of many runs, to *file* in the format of its suffix. It appears whole or not at all.

    It keeps the mode of the file that it replaces; a new one, which tells much of a person, is for its owner alone.
    Raises click.ClickException; ValueError for a suffix that is no format's.
    """
    name = format_of(file.suffix)
    if name is None:
        raise ValueError(file.suffix)
    words = rendered(name, content, style)
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
