"""`diagnose replay`: a saved report, judged again by today's knowledge."""

from __future__ import annotations

from typing import Any

import click

from diagnose.cli.help import Sectioned
from diagnose.cli.main_job import presentation, report_options, show, write_reports
from diagnose.cli.pages import tell_what_is_left_out
from diagnose.cli.parameters import file_names
from diagnose.cli.saved_reports import read_saved, unreadable
from diagnose.comparison.replay import UnfitRecordError, replayed
from diagnose.network import Vantage
from diagnose.running.diagnosis import Diagnosis
from diagnose.running.reporting import discreet


class _Nowhere(Vantage, frozen=True, kw_only=True):
    """The run was made from where it was made: this computer, which is not asked, may be another."""

    def own_addresses(self) -> frozenset[str]:
        """None that is known."""
        return frozenset()


NOWHERE = _Nowhere()


@click.command(
    cls=Sectioned,
    epilog="Nothing is sent over any network. Exit codes: those of a run with the same verdict; 2 wrong usage.",
)
@click.argument("file", metavar="REPORT", shell_complete=file_names)
@report_options
def COMMAND(file: str, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Judge a saved report again, by what this version of diagnose knows, and say what has changed.

    REPORT is a report that diagnose wrote as .json, .html or .md; - reads one from standard input.
    """
    saved = read_saved(file)
    tell_what_is_left_out()
    try:
        shown = presentation(given)
        report = discreet(replayed(saved, shown, strict=given["strict"]), shown, NOWHERE)
    except UnfitRecordError as error:
        raise unreadable(file, error) from None
    unwritten = write_reports(report, given)
    return show(Diagnosis(report=report), given, unwritten)
