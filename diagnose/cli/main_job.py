"""`diagnose ADDRESS` and `diagnose DOMAIN`: the main job as it is declared.

What carries it out is loaded when it is: neither help, nor completion, nor wrong usage needs it.
"""

from __future__ import annotations

from gettext import gettext as _
from typing import Any

import click
from click.shell_completion import CompletionItem

from diagnose import __version__
from diagnose.cli import COMMANDS
from diagnose.cli.formats import formats
from diagnose.cli.help import Example, Sectioned, section
from diagnose.cli.options import (
    audience_option,
    ca_file_option,
    clean_browser_option,
    documentation_option,
    format_options,
    help_desk_option,
    lang_option,
    no_color_option,
    no_history_option,
    no_login_option,
    no_rcpt_option,
    no_third_party_option,
    only_option,
    output_option,
    profiles_option,
    redact_option,
    skip_option,
    status_page_option,
    strict_option,
    verbose_option,
)
from diagnose.cli.parameters import Number, ProviderName, ReportFile, file_names
from diagnose.cli.server_parameters import ServiceUrl, resolver_option
from diagnose.cli.settings import as_error
from diagnose.model.deadline import DEFAULT_SECONDS
from diagnose.model.protocols import PROTOCOLS
from diagnose.model.text import TextError, text
from diagnose.process.first_use import one_at_a_time

SHORTEST_RUN, LONGEST_RUN = 1.0, 3600.0


def _commands(context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: a command's name may follow options."""
    with one_at_a_time:
        from diagnose.cli.completion import command_names
    return [] if context.params.get("subject") else command_names(incomplete)


def _expectable(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: what can be expected, up to its value."""
    with one_at_a_time:
        from diagnose.running.expected import expectable
    return [CompletionItem(f"{name}=") for name in expectable() if name.startswith(incomplete)]


def _tell_version(context: click.Context, _param: click.Parameter, asked: bool) -> None:
    """As click's own option, which looks for catalogues of translations whenever it is declared."""
    if asked and not context.resilient_parsing:
        click.echo(f"diagnose {__version__}", color=context.color)
        context.exit()


def options(command: Any) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
    """The options of the main job that shape output and run, which other commands share."""
    return click.option(
        "--timeout",
        type=Number(SHORTEST_RUN, LONGEST_RUN),
        default=DEFAULT_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="The whole run's deadline.",
    )(report_options(command))


def report_options(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options that shape the report."""
    return section(
        text("The report").msgid,
        click.option(
            "--report",
            "reports",
            type=ReportFile(),
            multiple=True,
            metavar="FILE",
            help="Also write a report; the suffix gives the format: .html .txt .md .json .xml (JUnit) .prom.",
        ),
        format_options("text", *(one for one in formats() if one != "text")),
        output_option,
        audience_option,
        lang_option,
        redact_option,
        help_desk_option,
        status_page_option,
        documentation_option,
        strict_option,
        click.option("-q", "--quiet", is_flag=True, help="No progress; verdict and causes only."),
        verbose_option,
        no_color_option,
    )(command)


def ways(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options of the main job that say where the secret comes from and what is to be checked how."""
    shared = [
        section(
            text("Where the password comes from").msgid,
            click.option("--password-stdin", is_flag=True, help="The password is the first line of standard input."),
            click.option("--password-env", metavar="VAR", help="The password is in this environment variable."),
            click.option("--keyring", is_flag=True, help="The password is in the system's keyring."),
            click.option("--access-token-env", metavar="VAR", help="An OAuth 2 access token instead of a password."),
            no_login_option,
            click.option("--username", metavar="NAME", help="The user name, when it is not the address."),
        ),
        section(
            text("Where the servers are").msgid,
            *(click.option(f"--{one.name}", type=ServiceUrl(one), metavar="URL", help=one.help) for one in PROTOCOLS),
            click.option(
                "--provider",
                "provider_id",
                type=ProviderName(),
                metavar="NAME",
                help="The mail provider, instead of recognising it: by name, domain or id.",
            ),
            resolver_option,
            ca_file_option,
        ),
        section(
            text("What is checked").msgid,
            only_option,
            skip_option,
            click.option(
                "--seen", multiple=True, metavar="TEXT", help="A message that you saw in a mail program or on the page."
            ),
            click.option(
                "--activation-mailbox", metavar="ADDRESS", help="Look here for the activation mail, junk included."
            ),
            click.option(
                "--activation-password-env", metavar="VAR", help="That mailbox's password; asked for on a terminal."
            ),
            profiles_option,
            clean_browser_option,
        ),
        section(
            text("What may be done for it").msgid,
            click.option("--try-all", is_flag=True, help="Log in on every service, even after a rejection."),
            click.option(
                "--send-again",
                is_flag=True,
                help="Send the password even if it was rejected lately, or if the record of tries cannot be used.",
            ),
            no_rcpt_option,
            no_third_party_option,
            no_history_option,
        ),
    ]
    for options_of_one in reversed(shared):
        command = options_of_one(command)
    return command


def held_against(command: Any) -> Any:  # noqa: ANN401 - as above
    """The options of the main job that say what its subject is held against."""
    return section(
        text("For CI and monitoring").msgid,
        click.option(
            "--expect",
            "expected",
            multiple=True,
            metavar="KEY=VALUE",
            shell_complete=_expectable,
            help="What the domain should have; a drift is exit 1: mx=HOST, imap=HOST:993, provider=NAME, cert-days=21, "
            "tls=1.2.",
        ),
        click.option(
            "--baseline",
            metavar="REPORT",
            shell_complete=file_names,
            help="Only what is new since this report (.json, .html, .md) makes it fail.",
        ),
    )(command)


class MainJob(Sectioned):
    """Its help names the other commands, too."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Of the main job, and of the commands."""
        super().format_usage(ctx, formatter)
        formatter.write_usage(ctx.command_path, _("COMMAND [OPTIONS] …"), prefix=_("or: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section, then the options."""
        for section_ in dict.fromkeys(one.section for one in COMMANDS.values()):
            with formatter.section(_(section_)):
                formatter.write_dl(
                    [(f"diagnose {name}", _(one.summary)) for name, one in COMMANDS.items() if one.section == section_]
                )
        super().format_options(ctx, formatter)


EXAMPLES = (
    Example("diagnose alice@corp.example", text("asks for the password, and tells the cause and what to do").msgid),
    Example("diagnose corp.example", text("checks a mail domain without any login").msgid),
    Example("diagnose alice@corp.example -o report.html --redact", text("a page to pass on").msgid),
    Example("diagnose alice@corp.example --imap mail.corp.example:993", text("names the server").msgid),
    Example('diagnose explain "535 5.7.8 authentication failed"', text("what an error message means").msgid),
)


@click.command(
    cls=MainJob,
    examples=EXAMPLES,
    epilog="Exit codes: 0 healthy, 1 a cause that blocks, 2 wrong usage, 3 inconclusive, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_tell_version,
    help="Show the version and exit.",
)
@click.argument("subject", metavar="ADDRESS|DOMAIN", required=False, shell_complete=_commands)
@section(
    text("What may be done for it").msgid,
    click.option("--dry-run", is_flag=True, help="Tell whom the run would contact and why; contact nobody."),
)
@ways
@held_against
@options
def COMMAND(**given: Any) -> int:  # noqa: N802, ANN401 - the name that the dispatcher looks for; click's values
    """Tell why the login to a mailbox fails, prove it, and say what to do.

    An ADDRESS (it holds an @) is diagnosed with one login; a DOMAIN is checked without any.
    """
    with one_at_a_time:
        from diagnose.network import read_system_ahead
    if not given["dry_run"]:
        read_system_ahead()
    with one_at_a_time:
        from diagnose.cli import carrying_out, request
    try:
        subject = request.subject_of(given)
        if given["dry_run"]:
            return request.only_told(subject, given)
        return carrying_out.carry_out(request.request_for(subject, given, ask=True), given)
    except TextError as error:
        raise as_error(error) from None
