"""Options that several commands have, each declared once."""

from __future__ import annotations

import click

from diagnose.locale.language import LANGUAGES, of_computer

lang_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=of_computer,
    help="The report's language; by default that of the locale.",
)
audience_option = click.option(
    "--for",
    "audience",
    type=click.Choice(["user", "helpdesk", "admin"]),
    default="user",
    show_default=True,
    help="Whose remedies come first.",
)
no_color_option = click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR).")
clean_browser_option = click.option(
    "--clean-browser",
    "clean_browser",
    is_flag=True,
    help="Also open the webmail page in a clean profile of an installed Chrome, Edge or Chromium.",
)
page_format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Standard output."
)
profiles_option = click.option(
    "--profiles", is_flag=True, help="Read what browsers on this computer hold for the webmail page; never a password."
)
