"""The command line: which command, in which language, and how errors a person can cause are told."""

from __future__ import annotations

import sys
from gettext import gettext as _
from importlib import import_module

import click

from diagnose import language
from diagnose.cli import secrets
from diagnose.cli.help import translated
from diagnose.knowledge import KnowledgeError

COMMANDS = {
    "browser": "diagnose.cli.browser",
    "causes": "diagnose.cli.causes",
    "explain": "diagnose.cli.explain",
    "har": "diagnose.cli.har",
    "lab": "diagnose.cli.lab",
    "password-check": "diagnose.cli.password_check",
    "providers": "diagnose.cli.providers",
}
"""Command name to the module whose COMMAND it is; whatever else comes first is an address or a domain."""
MAIN = "diagnose.cli.main_job"

USAGE, INTERRUPTED = 2, 130


def run(arguments: list[str]) -> int:
    """Run the command that *arguments* name; the exit code of the contract."""
    secrets.forget()
    language.speak(language.asked_for(arguments) or language.of_computer())
    chosen = COMMANDS.get(arguments[0]) if arguments else None
    name = f"diagnose {arguments[0]}" if chosen else "diagnose"
    try:
        command = translated(import_module(chosen or MAIN).COMMAND)
        code = command.main(arguments[1:] if chosen else arguments, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"diagnose: {secrets.without_secrets(_sentence(error))}", err=True)
        return USAGE
    except KnowledgeError as error:
        click.echo(f"diagnose: {error}", err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"diagnose: {_('interrupted')}", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads us is gone; Python's own complaint about that helps nobody
        return 0
    return code if isinstance(code, int) else 0


def _sentence(error: click.ClickException) -> str:
    words = " ".join(error.format_message().split()).removesuffix(".")  # click ends with it in every language
    return words if words.endswith(tuple("?!)。？！）")) else _("{sentence}.").format(sentence=words)
