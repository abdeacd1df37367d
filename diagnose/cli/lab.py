"""`diagnose lab`: a mail estate on loopback with a chosen fault, diagnosed for real."""

from __future__ import annotations

from gettext import gettext as _
from typing import Any

import click

from diagnose.cli.main_job import carry_out, options
from diagnose.cli.parameters import ResolverAddress, ServiceUrl
from diagnose.diagnosis import Request
from diagnose.discovery import Wishes
from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import SCENARIOS, Scenario
from diagnose.model.renderer import Audience
from diagnose.providers import Language
from diagnose.secret import Secret
from diagnose.subject import parse_subject


def request_for(
    estate: Estate, *, seconds: float, strict: bool, redact: bool, audience: Audience, lang: Language = "en"
) -> Request:
    """The diagnosis of the account on *estate*."""
    page = estate.webmail_url
    return Request(
        subject=parse_subject(estate.address, estate.username),
        wishes=Wishes(
            options=(ServiceUrl("webmail").convert(page, None, None),) if page else (),
            third_party=False,
        ),
        password=Secret(estate.password) if estate.password else None,
        access_token=Secret(estate.access_token) if estate.access_token else None,
        nameserver=ResolverAddress().convert(estate.resolver, None, None),
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


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("scenario", default="wrong-password")
@click.option("--list", "listing", is_flag=True, help="Name the scenarios.")
@options
def COMMAND(scenario: str, listing: bool, **given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Bring up a mail estate on loopback, with the fault that SCENARIO names, and diagnose an account on it."""
    if listing:
        width = max(map(len, SCENARIOS))
        for one in SCENARIOS.values():
            click.echo(f"{one.id:<{width}}  {one.title}")
        return 0
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
