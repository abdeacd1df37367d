"""Options that several commands have, each declared once."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from diagnose.cli.parameters import FileName, LanguageName, OneLine, OneOf, OutputFile, PageAddress
from diagnose.locale.language import of_terminal
from diagnose.process.first_use import one_at_a_time

lang_option = click.option(
    "--lang",
    type=LanguageName(),
    default=of_terminal,
    help="The report's language, also as zh, zh_CN or zh-TW; by default that of the locale.",
)
audience_option = click.option(
    "--for",
    "audience",
    type=OneOf(["user", "helpdesk", "admin"], also={"administrator": "admin"}),
    default="user",
    show_default=True,
    help="Whose remedies come first.",
)
no_color_option = click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR).")


def _redaction(_context: click.Context, _option: click.Parameter, value: str | None) -> bool | str:
    """What `Presentation.redact` is."""
    return value if value == "strict" else value is not None


redact_option = click.option(
    "--redact",
    type=OneOf(["person", "strict"]),
    is_flag=False,
    flag_value="person",
    callback=_redaction,
    metavar="[=strict]",
    help="Hide local part, names and addresses of this computer; =strict: the company and its servers, too.",
)
help_desk_option = click.option(
    "--help-desk", type=OneLine(), metavar="TEXT", help="Whom the report names for further help."
)
status_page_option = click.option(
    "--status-page",
    type=PageAddress(),
    metavar="URL",
    help="Your organisation's page about outages, named in report and steps.",
)
documentation_option = click.option(
    "--documentation",
    type=PageAddress(),
    metavar="URL",
    help="Where your organisation keeps a copy of docs/, for links from causes to their pages.",
)


def _checks(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """For shells: checks and families that begin so."""
    with one_at_a_time:
        from diagnose.running.plugins import all_checks
    names = {name for check in all_checks() for name in (check.id, check.family)}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


only_option = click.option(
    "--only", multiple=True, metavar="CHECK", shell_complete=_checks, help="Only this check or family."
)
skip_option = click.option(
    "--skip", multiple=True, metavar="CHECK", shell_complete=_checks, help="Not this check or family."
)
ca_file_option = click.option("--ca-file", type=FileName(), metavar="PEM", help="Trust these authorities too.")
no_login_option = click.option("--no-login", is_flag=True, help="Test everything but the login.")
no_rcpt_option = click.option(
    "--no-rcpt", is_flag=True, help="Do not ask the domain's mail server whether the mailbox exists."
)
no_third_party_option = click.option(
    "--no-third-party", is_flag=True, help="Contact nobody but the person's own provider and organisation."
)
no_history_option = click.option(
    "--no-history", is_flag=True, help="Neither read nor write the record of rejected logins."
)
strict_option = click.option("--strict", is_flag=True, help="Exit 1 on causes that only hinder, too.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Everybody's remedies and all facts.")
clean_browser_option = click.option(
    "--clean-browser",
    "clean_browser",
    is_flag=True,
    help="Also open the webmail page in a clean profile of an installed Chrome, Edge or Chromium.",
)
profiles_option = click.option(
    "--profiles", is_flag=True, help="Read what browsers on this computer hold for the webmail page; never a password."
)
output_option = click.option(
    "-o",
    "--output",
    "output",
    type=OutputFile(),
    metavar="FILE",
    help="Write to FILE instead of standard output; without --format its suffix gives the format.",
)


def format_options(*forms: str) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
    """``--format`` with *forms*, the first of which is the default, and ``--json`` for short."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - likewise
        for option in (
            click.option("--json", "form", flag_value="json", help="JSON, for programs."),
            click.option(
                "--format",
                "form",
                type=OneOf(forms),
                default=forms[0],
                show_default=True,
                help="Standard output.",
            ),
        ):
            command = option(command)
        return command

    return decorate


page_format_option = format_options("text", "json")
