"""A run carried out: diagnosed with progress, its report written and shown, and its exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from gettext import gettext as _
from typing import Any

import click

from diagnose.cli import signals
from diagnose.cli.formats import exit_code, rendered, renderer
from diagnose.cli.github_actions import tell_job, without_commands
from diagnose.cli.meanwhile import Meanwhile
from diagnose.cli.output import UnwrittenError, put_out, terminal_style, write_file
from diagnose.cli.progress import progress_or_none
from diagnose.cli.secrets import without_secrets
from diagnose.locale.language import translation
from diagnose.model import quote
from diagnose.model.report import Report
from diagnose.network import Network
from diagnose.process.ending import INTERRUPTED
from diagnose.process.first_use import one_at_a_time
from diagnose.process.standard_streams import tell
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import Diagnosis, diagnose
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer, Observers
from diagnose.running.request import Request

LONGEST_SEEN = 100
"""Characters of a message that are repeated."""
TO_BE_READ = "text"
"""The format that a log shows; whatever is in another goes to a program, which wants it unchanged."""


def carry_out(request: Request, given: dict[str, Any]) -> int:
    """Diagnose, write, show; the exit code."""
    with signals.held_back() as interruption:
        done = diagnosed(request, given, interruption)
        unwritten = write_reports(done.report, given)
    code = show(done, given, unwritten, interrupted=interruption.asked_for)
    _tell_what_was_not_understood(request)
    return code


def _tell_what_was_not_understood(request: Request) -> None:
    """Of messages that the person saw: a report is silent of words that point at nothing."""
    if not request.person.seen:
        return
    with one_at_a_time:
        from diagnose.replies import read_message
    for message in request.person.seen:
        if read_message(message, alone=False).outcome == "unknown":
            sentence = _("What “{words}” (--seen) means is not known here, so it was left out; give the whole message.")
            tell(without_secrets(sentence.format(words=quote(message, LONGEST_SEEN))))


def diagnosed(
    request: Request,
    given: dict[str, Any],
    interruption: Interruption,
    watching: Observer | None = None,
    network: Network | None = None,
) -> Diagnosis:
    """Diagnose, with progress on a terminal; *watching* is told of every change, too. *network*: see `diagnose`."""
    progress = progress_or_none(translation(given["lang"]), quiet=given["quiet"])
    later = Meanwhile(*([progress.show] if progress else ()), partial(renderer, given["form"]))
    with progress or contextlib.nullcontext():
        observers = filter(None, (progress, watching, later))
        return diagnose(request, Observers(*observers), interruption, network=network)


def write_reports(content: Report | Sequence[Report], given: dict[str, Any]) -> list[click.ClickException]:
    """Write one report, or those of many runs, to every file that was asked for; the errors of those that failed."""
    style = RenderStyle(
        translate=translation(given["lang"]),
        audience=given["audience"],
        complete=True,
        verbose=given["verbose"],
    )
    unwritten = []
    for file in given["reports"]:
        try:
            write_file(file, content, style)
        except click.ClickException as error:
            unwritten.append(error)
    return unwritten


def show(
    done: Diagnosis, given: dict[str, Any], unwritten: list[click.ClickException], *, interrupted: bool = False
) -> int:
    """The report to standard output; the exit code. Raises what could not be written, once all else is."""
    code = INTERRUPTED
    try:
        print_report(done.report, given)
        code = exit_code(given["form"], done.report, interrupted=interrupted)
    except click.ClickException as error:
        unwritten.append(error)
    tell_job(done.report, RenderStyle(translate=translation(given["lang"]), audience=given["audience"]))
    raise_together(unwritten)
    return code


def print_report(content: Report | Sequence[Report], given: dict[str, Any]) -> None:
    """Write one report, or those of many runs, to standard output. Raises click.ClickException."""
    style = terminal_style(
        translation(given["lang"]),
        no_color=given["no_color"],
        audience=given["audience"],
        verbose=given["verbose"],
        quiet=given["quiet"],
        file=given["output"],
    )
    words = rendered(given["form"], content, style)
    read = given["form"] == TO_BE_READ and given["output"] is None
    put_out(without_commands(words) if read else words, given["output"], renderer(given["form"]).escapes)


def raise_together(unwritten: list[click.ClickException]) -> None:
    """Raise what could not be written as one UnwrittenError; nothing where all was."""
    if unwritten:
        told, *others = dict.fromkeys(error.format_message() for error in unwritten)
        for other in others:
            told = _("{sentence} {next}").format(sentence=told, next=other)
        raise UnwrittenError(told)
