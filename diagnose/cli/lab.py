"""`diagnose lab`: a mail estate on loopback with a chosen fault, diagnosed for real."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from gettext import gettext as _
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from diagnose.account.person import Person
from diagnose.account.secret import Secret
from diagnose.account.subject import subject_of_run
from diagnose.cli import signals
from diagnose.cli.carrying_out import carry_out, print_report, raise_together, write_reports
from diagnose.cli.formats import format_of, require_many
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.lab_serving import ServeFormat, serve
from diagnose.cli.main_job import options
from diagnose.cli.output import print_out
from diagnose.cli.parameters import OneOf
from diagnose.cli.request import other_mailbox, presentation
from diagnose.cli.server_parameters import ResolverAddress, ServiceUrl
from diagnose.discovery import DiscoveryOptions
from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import PASSWORD, SCENARIOS, Scenario
from diagnose.lab.trial import Trial
from diagnose.model import text
from diagnose.model.likeness import close_names
from diagnose.model.protocols import PAGE
from diagnose.model.report import Report
from diagnose.process.standard_streams import tell
from diagnose.running.diagnosis import diagnose
from diagnose.running.expected import expectations
from diagnose.running.request import NetworkOptions, Presentation, Request

SERVED = "healthy"
"""The scenario that is served where none is named."""
AT_ONCE = 6
"""Scenarios that are under way side by side; most of their time is waiting."""


def request_for(
    estate: Estate, *, seconds: float, strict: bool = False, presentation: Presentation | None = None
) -> Request:
    """The diagnosis of the account on *estate*."""
    page, other = estate.webmail_url, estate.scenario.other_mailbox
    return Request(
        subject=subject_of_run(estate.address, estate.username),
        person=Person(
            password=Secret(estate.password) if estate.password else None,
            access_token=Secret(estate.access_token) if estate.access_token else None,
            other_mailbox=other_mailbox(other, Secret(PASSWORD)) if other else None,
            seen=estate.scenario.seen,
        ),
        discovery=DiscoveryOptions(services=(ServiceUrl(PAGE).convert(page, None, None),) if page else ()),
        network=NetworkOptions(
            nameserver=ResolverAddress().convert(estate.resolver, None, None) if estate.scenario.online else None,
            ca_file=estate.ca_file,
            vantage=estate.computer,
        ),
        expected=expectations(estate.scenario.expected),
        strict=strict,
        seconds=seconds,
        history=estate.history,
        presentation=presentation or Presentation(),
    )


def _request(estate: Estate, given: dict[str, Any], *, strict: bool) -> Request:
    return request_for(estate, seconds=given["timeout"], strict=strict, presentation=presentation(given))


def scenario_named(name: str) -> Scenario:
    """The scenario called *name*. Raises click.UsageError."""
    if name not in SCENARIOS:
        close = close_names(name, SCENARIOS)
        sentence = (
            _("no scenario is called “{name}”; did you mean {close}?")
            if close
            else _("no scenario is called “{name}”; diagnose lab --list names them all.")
        )
        raise click.UsageError(sentence.format(name=name, close=_(", ").join(close)))
    return SCENARIOS[name]


def _carry_out(scenario: Scenario, given: dict[str, Any]) -> int:
    """Diagnose the account on the estate of *scenario*; the exit code. A signal leaves nothing of it half up.

    Raises EstateError, click.ClickException, and KeyboardInterrupt for a signal while it comes up or goes.
    """
    with signals.held_back() as interruption, Estate(scenario) as estate:
        if interruption.asked_for:
            raise KeyboardInterrupt
        code = carry_out(_request(estate, given, strict=given["strict"]), given)
    if interruption.asked_for:
        raise KeyboardInterrupt
    return code


def _carry_out_all(given: dict[str, Any], *, shows_reports: bool) -> int:
    """Carry out every scenario, write the table and the reports that were asked for; 1 when one of them disagrees.

    Where standard output *shows_reports*, the table goes to standard error. After Ctrl-C the reports that there are
    get written, and KeyboardInterrupt is raised. Raises click.ClickException.
    """
    in_files = [name for file in given["reports"] if (name := format_of(file.suffix)) is not None]
    require_many([*in_files, *([given["form"]] if shows_reports else [])])
    trials, unwritten, interrupted = list[Trial](), list[click.ClickException](), False
    try:
        _show_table(_trials(given), trials, _to_standard_error(given) if shows_reports else _to_standard_output)
    except click.ClickException as error:  # the files do not depend on what becomes of standard output
        unwritten.append(error)
    except KeyboardInterrupt:
        interrupted = True
    reports = tuple(done.report for done in trials if done.report is not None)
    unwritten += write_reports(reports, given)
    if shows_reports:
        try:
            print_report(reports, given)
        except click.ClickException as error:
            unwritten.append(error)
    raise_together(unwritten)
    if interrupted:
        raise KeyboardInterrupt
    return 1 if any(not done.agrees and done.lacking is None for done in trials) else 0


def _trials(given: dict[str, Any]) -> Iterator[Trial]:
    """Every scenario carried out, side by side, in the order of the file."""
    from diagnose.lab import trial

    def carried_out(scenario: Scenario) -> Trial:
        return trial.carry_out(scenario, diagnosed)

    def diagnosed(estate: Estate) -> Report:
        return diagnose(_request(estate, given, strict=False)).report

    with ThreadPoolExecutor(AT_ONCE) as pool, contextlib.ExitStack() as stack:
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)  # Ctrl-C: what has not begun does not begin
        yield from pool.map(carried_out, SCENARIOS.values())


def _show_table(carried_out: Iterable[Trial], trials: list[Trial], show: Callable[[str], None]) -> None:
    """*show* a line for each trial as it is over, with a heading and a summary; add each to *trials*."""
    began = time.monotonic()
    disagreeing = lacking = 0
    show(_row(" ", _("scenario"), _("expected"), _("found"), _("seconds")))
    for done in carried_out:
        trials.append(done)
        disagreeing += not done.agrees and done.lacking is None
        lacking += done.lacking is not None
        sign = "–" if done.lacking is not None else "✓" if done.agrees else "✗"
        show(_row(sign, done.scenario.id, *_outcome(done), f"{done.seconds:.1f}"))
    summary = _("{agreeing} agree, {disagreeing} disagree, {lacking} not possible here")
    agreeing = len(SCENARIOS) - disagreeing - lacking
    told = summary.format(agreeing=agreeing, disagreeing=disagreeing, lacking=lacking)
    show(f"{told} ({time.monotonic() - began:.0f} s)")


def _to_standard_output(line: str) -> None:
    print_out(line + "\n")


def _to_standard_error(given: dict[str, Any]) -> Callable[[str], None]:
    """Shows the table as progress, and as all progress not with --quiet."""
    return (lambda _line: None) if given["quiet"] else tell


def _row(sign: str, name: str, expected: str, found: str, seconds: str) -> str:
    width = max(map(len, SCENARIOS))
    return f"{sign} {name:<{width}} {seconds:>8}  {expected:<33} {found}"


def _outcome(done: Trial) -> tuple[str, str]:
    """What was expected, and what was found."""
    expected, found = (", ".join(causes) or "healthy" for causes in (done.scenario.expects, done.found))
    code = "" if done.exit_code in {None, done.scenario.exit_code} else f" (exit {done.exit_code})"
    faults = code + "".join(f" [{fault}]" for fault in done.broken)
    return expected, (done.lacking or found) + faults


def _scenarios(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: scenarios that begin so."""
    return [CompletionItem(one.id, help=_(one.title)) for one in SCENARIOS.values() if one.id.startswith(incomplete)]


def _serve(scenario: str, form: ServeFormat | None, given: dict[str, Any], *, beside: bool, serving: bool) -> int:
    """Keep an estate up. Raises click.ClickException."""
    if beside or not serving:
        raise click.UsageError(
            _("--serve cannot be used with --list, --all or --report.")
            if serving
            else _("--serve-format goes with --serve.")
        )
    source = click.get_current_context().get_parameter_source("scenario")
    chosen = scenario_named(SERVED if source is ParameterSource.DEFAULT else scenario)
    try:
        return serve(chosen, form, given)
    except EstateError as error:
        raise click.ClickException(str(error)) from None


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose lab", text("the report of a wrong password").msgid),
        Example("diagnose lab cert-expired --lang zh -o report.html", text("another fault, as a page").msgid),
        Example("diagnose lab --list", text("all faults that can be had").msgid),
        Example("diagnose lab --serve", text("servers to try things out on, until Ctrl-C").msgid),
    ),
)
@click.argument("scenario", default="wrong-password", shell_complete=_scenarios)
@click.option("--list", "listing", is_flag=True, help="Name the scenarios.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Diagnose every scenario and compare with what is expected; --format and --report write all reports.",
)
@click.option(
    "--serve",
    "serving",
    is_flag=True,
    help="Keep the estate up until a signal, and print how it is reached; by default one without a fault.",
)
@click.option(
    "--serve-format",
    type=OneOf(["shell", "env", "json"]),
    help="How that is printed: command lines, variables, or JSON; -o FILE.env and FILE.json mean the same.",
)
@options
def COMMAND(  # noqa: N802 - see main_job
    scenario: str,
    listing: bool,
    everything: bool,
    serving: bool,
    serve_format: ServeFormat | None,
    **given: Any,  # noqa: ANN401 - see main_job
) -> int:
    """Bring up a mail estate on loopback, with the fault that SCENARIO names, and diagnose an account on it."""
    if serving or serve_format:
        return _serve(
            scenario, serve_format, given, beside=bool(listing or everything or given["reports"]), serving=serving
        )
    if listing:
        width = max(map(len, SCENARIOS))
        for one in SCENARIOS.values():
            print_out(f"{one.id:<{width}}  {_(one.title)}\n")
        return 0
    if everything:
        context = click.get_current_context()
        # the scenarios say what is found without it
        if given["strict"] and context.get_parameter_source("strict") is ParameterSource.COMMANDLINE:
            raise click.UsageError(_("--strict cannot be used with --all."))
        source = context.get_parameter_source("form")
        return _carry_out_all(given, shows_reports=source is not ParameterSource.DEFAULT or given["output"])
    chosen = scenario_named(scenario)
    try:
        return _carry_out(chosen, given)
    except EstateError as error:
        raise click.ClickException(str(error)) from None
