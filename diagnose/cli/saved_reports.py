"""Saved reports that a command is given: read from a file that a person names, or from standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from gettext import gettext as _
from pathlib import Path
from typing import TypeVar

import click

from diagnose.cli.output import cannot_be_read
from diagnose.model.report import Report
from diagnose.model.saved import LARGEST, saved_report, saved_reports
from diagnose.model.text import TextError
from diagnose.process.regular_file import open_regular

STANDARD_INPUT = "-"
T = TypeVar("T")


def read_saved(file: str) -> Report:
    """The report in *file*, ``-`` for standard input. Raises click.ClickException, with the file's name."""
    return _read(file, saved_report)


def read_all_saved(file: str) -> tuple[Report, ...]:
    """The reports in *file*: one, or those of an array or of JSON Lines. Raises as `read_saved` does."""
    return _read(file, saved_reports)


def _read(file: str, read: Callable[[bytes], T]) -> T:
    try:
        return read(_content(file))
    except TextError as error:
        raise unreadable(file, error) from None
    except OSError as error:
        raise click.ClickException(cannot_be_read(_shown(file), error)) from None


def unreadable(file: str, error: TextError) -> click.ClickException:
    """What is said of the report in *file*, which *error* says cannot be used."""
    return click.ClickException(_("{file}: {words}.").format(file=_shown(file), words=error.sentence.render(_)))


def _shown(file: str) -> str:
    return _("standard input") if file == STANDARD_INPUT else file


def _content(file: str) -> bytes:
    """At most one octet more than a report may have. Raises OSError; for what is no regular file, too."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(LARGEST + 1)
    with open_regular(Path(file)) as stream:
        return stream.read(LARGEST + 1)
