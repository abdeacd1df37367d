"""The command line: which command, in which language, and how errors a person can cause are told."""

from __future__ import annotations

import contextlib
import io
from gettext import gettext as _
from importlib import import_module

import click

from diagnose.cli import secrets
from diagnose.cli.help import translated
from diagnose.cli.output import print_out
from diagnose.knowledge import KnowledgeError
from diagnose.locale import language
from diagnose.model.failure import internal_fault
from diagnose.process.standard_streams import tell

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

USAGE, INCONCLUSIVE, INTERRUPTED = 2, 3, 130


def run(arguments: list[str]) -> int:
    """Run the command that *arguments* name; the exit code of the contract."""
    secrets.forget()
    try:
        return _carried_out(arguments)
    except click.ClickException as error:
        tell(f"diagnose: {secrets.without_secrets(_sentence(error))}")
        return USAGE
    except KnowledgeError as error:
        tell(f"diagnose: {error}")
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        tell(f"diagnose: {_('interrupted')}")
        return INTERRUPTED
    except Exception as error:  # a fault of ours, told without what it may hold
        tell(f"diagnose: {_('{sentence}.').format(sentence=internal_fault(error).render(_))}")
        return INCONCLUSIVE


def _carried_out(arguments: list[str]) -> int:
    language.speak(language.asked_for(arguments) or language.of_computer())
    chosen = COMMANDS.get(arguments[0]) if arguments else None
    name = f"diagnose {arguments[0]}" if chosen else "diagnose"
    command = translated(import_module(chosen or MAIN).COMMAND)
    # not by click's own `main`, which ends the process with 1 where nobody reads what it writes
    with contextlib.redirect_stdout(io.StringIO()) as asked_for:
        try:
            context = command.make_context(name, arguments[1:] if chosen else arguments)
        except click.exceptions.Exit as over:
            context, code = None, over.exit_code
    if context is None:
        print_out(asked_for.getvalue())  # help, or the version
        return code
    with context:
        return int(command.invoke(context) or 0)


def _sentence(error: click.ClickException) -> str:
    words = " ".join(error.format_message().split()).removesuffix(".")  # click ends with it in every language
    return words if words.endswith(tuple("?!)。？！）")) else _("{sentence}.").format(sentence=words)
