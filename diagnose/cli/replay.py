"""`diagnose replay`: a saved report, judged again by today's knowledge."""

from __future__ import annotations

from typing import Any

import click

from diagnose.cli.carrying_out import print_report, raise_together, show, write_reports
from diagnose.cli.formats import format_of, require_many
from diagnose.cli.help import Sectioned
from diagnose.cli.main_job import report_options
from diagnose.cli.pages import tell_what_is_left_out
from diagnose.cli.parameters import file_names
from diagnose.cli.request import presentation
from diagnose.cli.saved_reports import read_all_saved, unreadable
from diagnose.comparison.replay import NOWHERE, UnfitRecordError, replayed
from diagnose.running.diagnosis import Diagnosis
from diagnose.running.reporting import discreet

WORST_FIRST = (1, 3, 0)
"""Exit codes: what several reports end in is that of the worst."""


@click.command(
    cls=Sectioned,
    epilog="Nothing is sent over any network. Exit codes: those of a run with the same verdict; 2 wrong usage.",
)
@click.argument("file", metavar="REPORT", shell_complete=file_names)
@report_options
def COMMAND(file: str, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Judge a saved report again, by what this version of diagnose knows, and say what has changed.

    REPORT is a report that diagnose wrote as .json, .html or .md; - reads one from standard input. A .json may hold
    several, as diagnose lab --all writes them, in an array or one a line.
    """
    saved = read_all_saved(file)
    if len(saved) > 1:
        in_files = [name for one in given["reports"] if (name := format_of(one.suffix)) is not None]
        require_many([*in_files, given["form"]])
    tell_what_is_left_out()
    shown = presentation(given)
    try:
        reports = tuple(discreet(replayed(one, shown, strict=given["strict"]), shown, NOWHERE) for one in saved)
    except UnfitRecordError as error:
        raise unreadable(file, error) from None
    if len(reports) == 1:
        return show(Diagnosis(report=reports[0]), given, write_reports(reports[0], given))
    unwritten = write_reports(reports, given)
    try:
        print_report(reports, given)
    except click.ClickException as error:
        unwritten.append(error)
    raise_together(unwritten)
    return WORST_FIRST[min(WORST_FIRST.index(one.verdict.exit_code) for one in reports)]
