"""Reports out: to standard output, and to files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING

import click

from diagnose.cli.formats import format_of, rendered, renderer
from diagnose.model.text import TextError
from diagnose.process import standard_streams
from diagnose.process.encodings import Escapes, can_express, in_ascii, is_utf_8, unreadable
from diagnose.process.files_in_use import replace
from diagnose.process.first_use import one_at_a_time
from diagnose.process.terminal import takes_sequences

if TYPE_CHECKING:
    from diagnose.model.report import Report
    from diagnose.rendering.renderer import Audience, RenderStyle


UNREADABLE = (
    "diagnose: question marks stand for letters that the encoding {encoding} of standard output lacks; "
    "-o FILE writes them, in UTF-8, and --lang en does without."
)
"""In English alone: it is told where another language cannot be read."""


def cannot_be_read(file: Path | str, why: OSError | TextError) -> str:
    """*why* nothing comes out of *file*, in a sentence."""
    return _("{file} cannot be read: {words}.").format(file=file, words=_words_of(why))


def cannot_be_written(file: Path | str, why: OSError | TextError) -> str:
    """*why* nothing goes into *file*, in a sentence."""
    return _("{file} cannot be written: {words}.").format(file=file, words=_words_of(why))


def _words_of(error: OSError | TextError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else error.sentence.render(_)


class UnwrittenError(click.ClickException):
    """A report that there is could not be written to every place that was asked for."""


def write_file(file: Path, content: Report | Sequence[Report], style: RenderStyle) -> None:
    """Write one report, or those of many runs, to *file* in the format of its suffix. It appears whole or not at all.

    It keeps the mode of the file that it replaces. A new one, which tells much of a person, is for its owner alone;
    what another user's program collects has the mode that the umask leaves.
    Raises click.ClickException; ValueError for a suffix that is no format's.
    """
    name = format_of(file.suffix)
    if name is None:
        raise ValueError(file.suffix)
    write_words(file, rendered(name, content, style), for_collectors=renderer(name).for_collectors)


def write_words(file: Path, words: str | Iterable[str], *, for_collectors: bool = False) -> None:
    """Write *words* to *file*, which appears whole or not at all, and keeps its mode. Raises click.ClickException.

    Words that come in pieces are never together in memory.
    *for_collectors*: another user's program reads it, so that a new one has the mode that the umask leaves.
    """
    with one_at_a_time:
        from diagnose.process.short_lived import short_lived_folder
    try:
        if (why := irreplaceable(file)) is not None:
            raise click.ClickException(why)
        mode = stat.S_IMODE(file.stat().st_mode) & 0o777 if file.exists() else None
        # in a folder of its own: a collector takes up whatever has the suffix of its files
        with short_lived_folder(".", file.parent) as folder:
            fresh = folder / file.name
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            descriptor = os.open(fresh, flags, 0o666 if for_collectors else 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
                stream.writelines([words] if isinstance(words, str) else words)
            if mode is not None:
                fresh.chmod(mode)
            replace(fresh, file)
    except OSError as error:
        raise click.ClickException(cannot_be_written(file, error)) from None


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
        return _("“{file}” is not a regular file.").format(file=file)
    return None


def terminal_style(
    translate: Callable[[str], str],
    *,
    no_color: bool,
    audience: Audience = "user",
    verbose: bool = False,
    quiet: bool = False,
    file: Path | None = None,
) -> RenderStyle:
    """What standard output can show: a terminal's width and colours, or plain text of 80 columns.

    *file*: what takes its place; it is written in UTF-8.
    """
    with one_at_a_time:
        from diagnose.rendering.renderer import SYMBOLS, RenderStyle
    terminal = file is None and sys.stdout.isatty()
    wanted = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return RenderStyle(
        translate=translate,
        width=shutil.get_terminal_size().columns if terminal else 80,
        height=shutil.get_terminal_size().lines if terminal else None,
        color=terminal and wanted and takes_sequences(sys.stdout),
        ascii=file is None and not can_express(sys.stdout.encoding, SYMBOLS),
        audience=audience,
        verbose=verbose,
        quiet=quiet,
    )


def put_out(words: str, file: Path | None, escapes: Escapes | None = None) -> None:
    """*words* to *file*, where one takes the place of standard output. *escapes*: see `print_out`.

    Raises click.ClickException.
    """
    if file is None:
        print_out(words, escapes)
    else:
        write_words(file, words)


def print_out(words: str, escapes: Escapes | None = None) -> None:
    """*words* to standard output, whatever its encoding can hold. Raises click.ClickException.

    *escapes*: the grammar of what programs read as UTF-8; where standard output is in another encoding, it gets ASCII.
    """
    if escapes is not None and not is_utf_8(sys.stdout.encoding):
        words = in_ascii(words, escapes)
    elif escapes is None and unreadable(sys.stdout.encoding, words):
        standard_streams.tell(UNREADABLE.format(encoding=sys.stdout.encoding))
    try:
        standard_streams.write(words)
    except OSError as error:
        sentence = _("standard output cannot be written: {words}.").format(words=error.strerror)
        raise click.ClickException(sentence) from None
