"""`diagnose lab`: a mail estate on loopback with a chosen fault, diagnosed for real."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from gettext import gettext as _
from typing import Any

import click

from diagnose.account.secret import Secret
from diagnose.account.subject import subject_of_run
from diagnose.cli.help import Sectioned
from diagnose.cli.main_job import carry_out, options, other_mailbox
from diagnose.cli.output import print_out
from diagnose.cli.parameters import ResolverAddress, ServiceUrl
from diagnose.discovery import Wishes
from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import PASSWORD, SCENARIOS, Scenario
from diagnose.lab.trial import Trial
from diagnose.model.protocols import PAGE
from diagnose.model.report import Report
from diagnose.providers import Language
from diagnose.rendering.renderer import Audience
from diagnose.running.diagnosis import Request, diagnose

AT_ONCE = 6
"""Scenarios that are under way side by side; most of their time is waiting."""


def request_for(
    estate: Estate, *, seconds: float, strict: bool, redact: bool, audience: Audience, lang: Language = "en"
) -> Request:
    """The diagnosis of the account on *estate*."""
    page, other = estate.webmail_url, estate.scenario.other_mailbox
    return Request(
        subject=subject_of_run(estate.address, estate.username),
        wishes=Wishes(options=(ServiceUrl(PAGE).convert(page, None, None),) if page else ()),
        password=Secret(estate.password) if estate.password else None,
        access_token=Secret(estate.access_token) if estate.access_token else None,
        other_mailbox=other_mailbox(other, Secret(PASSWORD)) if other else None,
        seen=estate.scenario.seen,
        nameserver=ResolverAddress().convert(estate.resolver, None, None) if estate.scenario.online else None,
        vantage=estate.computer,
        ca_file=estate.ca_file,
        seconds=seconds,
        strict=strict,
        redact=redact,
        history=estate.history,
        audience=audience,
        lang=lang,
    )


def scenario_named(name: str) -> Scenario:
    """The scenario called *name*. Raises click.UsageError."""
    if name not in SCENARIOS:
        import difflib

        close = difflib.get_close_matches(name, SCENARIOS, n=3) or ["healthy"]
        raise click.UsageError(
            _("no scenario is called “{name}”; did you mean {close}? (diagnose lab --list)").format(
                name=name, close=_(", ").join(close)
            )
        )
    return SCENARIOS[name]


def _carry_out_all(seconds: float) -> int:
    """Every scenario, a line each: expected, found. 1 when one of them disagrees."""
    from diagnose.lab import trial

    def carried_out(scenario: Scenario) -> Trial:
        return trial.carry_out(scenario, diagnosed)

    def diagnosed(estate: Estate) -> Report:
        return diagnose(request_for(estate, seconds=seconds, strict=False, redact=False, audience="user")).report

    began = time.monotonic()
    disagreeing = lacking = 0
    _print_row(" ", _("scenario"), _("expected"), _("found"), _("seconds"))
    with ThreadPoolExecutor(AT_ONCE) as pool, contextlib.ExitStack() as stack:
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)  # Ctrl-C: what has not begun does not begin
        for done in pool.map(carried_out, SCENARIOS.values()):
            disagreeing += not done.agrees and done.lacking is None
            lacking += done.lacking is not None
            sign = "–" if done.lacking is not None else "✓" if done.agrees else "✗"
            _print_row(sign, done.scenario.id, *_outcome(done), f"{done.seconds:.1f}")
    summary = _("{agreeing} agree, {disagreeing} disagree, {lacking} not possible here")
    agreeing = len(SCENARIOS) - disagreeing - lacking
    told = summary.format(agreeing=agreeing, disagreeing=disagreeing, lacking=lacking)
    print_out(f"{told} ({time.monotonic() - began:.0f} s)\n")
    return 1 if disagreeing else 0


def _print_row(sign: str, name: str, expected: str, found: str, seconds: str) -> None:
    width = max(map(len, SCENARIOS))
    print_out(f"{sign} {name:<{width}} {seconds:>8}  {expected:<33} {found}\n")


def _outcome(done: Trial) -> tuple[str, str]:
    """What was expected, and what was found."""
    expected, found = (", ".join(causes) or "healthy" for causes in (done.scenario.expects, done.found))
    code = "" if done.exit_code in {None, done.scenario.exit_code} else f" (exit {done.exit_code})"
    faults = code + "".join(f" [{fault}]" for fault in done.broken)
    return expected, (done.lacking or found) + faults


@click.command(cls=Sectioned, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("scenario", default="wrong-password")
@click.option("--list", "listing", is_flag=True, help="Name the scenarios.")
@click.option("--all", "everything", is_flag=True, help="Diagnose every scenario and compare with what is expected.")
@options
def COMMAND(scenario: str, listing: bool, everything: bool, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Bring up a mail estate on loopback, with the fault that SCENARIO names, and diagnose an account on it."""
    if listing:
        width = max(map(len, SCENARIOS))
        for one in SCENARIOS.values():
            print_out(f"{one.id:<{width}}  {_(one.title)}\n")
        return 0
    if everything:
        return _carry_out_all(given["timeout"])
    chosen = scenario_named(scenario)
    try:
        with Estate(chosen) as estate:
            request = request_for(
                estate,
                seconds=given["timeout"],
                strict=given["strict"],
                redact=given["redact"],
                audience=given["audience"],
                lang=given["lang"],
            )
            return carry_out(request, given)
    except EstateError as error:
        raise click.ClickException(str(error)) from None
