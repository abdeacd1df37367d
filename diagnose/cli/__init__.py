"""The command line: which command, in which language, and how errors a person can cause are told."""

from __future__ import annotations

import contextlib
import io
from gettext import gettext as _
from importlib import import_module
from typing import NamedTuple

import click

from diagnose.cli import secrets
from diagnose.cli.formats import unreported
from diagnose.cli.help import translated
from diagnose.cli.output import UnwrittenError, print_out
from diagnose.knowledge import KnowledgeError
from diagnose.locale import language
from diagnose.model import text
from diagnose.model.failure import internal_fault
from diagnose.process.standard_streams import tell


class Listed(NamedTuple):
    """A command beside the main job."""

    module: str
    """The module that holds it as COMMAND."""
    summary: str
    """A message id, for the list of commands: what would tell it is not loaded for that."""


COMMANDS = {
    "explain": Listed("diagnose.cli.explain", text("What a server's reply, an error message or a cause means.").msgid),
    "har": Listed("diagnose.cli.har", text("Read a browser's recording of a failed login.").msgid),
    "replay": Listed("diagnose.cli.replay", text("Judge a saved report again, by today's knowledge.").msgid),
    "compare": Listed("diagnose.cli.compare", text("What got worse or better between two saved reports.").msgid),
    "browser": Listed("diagnose.cli.browser", text("Test the person's own browser.").msgid),
    "causes": Listed("diagnose.cli.causes", text("The causes of failed logins that are known here.").msgid),
    "providers": Listed("diagnose.cli.providers", text("The mail providers that are known here.").msgid),
    "password-check": Listed("diagnose.cli.password_check", text("Whether a new password keeps the rules.").msgid),
    "lab": Listed("diagnose.cli.lab", text("Diagnose an account on a mail estate of this computer's own.").msgid),
}
"""By name; whatever else comes first is an address or a domain."""
MAIN = "diagnose.cli.main_job"

USAGE, INCONCLUSIVE, INTERRUPTED = 2, 3, 130


def run(arguments: list[str]) -> int:
    """Run the command that *arguments* name; the exit code of the contract."""
    secrets.forget()
    with language.spoken(language.asked_for(arguments) or language.of_computer()):
        return _ended(arguments)


def _ended(arguments: list[str]) -> int:
    try:
        return _carried_out([*arguments])  # click takes its list apart
    except click.ClickException as error:
        sentence = secrets.without_secrets(_sentence(error))
        return _without_report(arguments, sentence, USAGE, reported=isinstance(error, UnwrittenError))
    except KnowledgeError as error:
        return _without_report(arguments, str(error), USAGE)
    except (click.Abort, KeyboardInterrupt):
        tell(f"diagnose: {_('interrupted')}")
        return INTERRUPTED
    except Exception as error:  # a fault of ours, told without what it may hold
        return _without_report(
            arguments, _("{sentence}.").format(sentence=internal_fault(error).render(_)), INCONCLUSIVE
        )


def _without_report(arguments: list[str], sentence: str, code: int, *, reported: bool = False) -> int:
    """Tell *sentence*; the exit code: *code*, unless the format asked for has its own way to say so.

    *reported*: standard output has had its report.
    """
    tell(f"diagnose: {sentence}")
    own = unreported(arguments, sentence)
    if own is None:
        return code
    if not reported:
        with contextlib.suppress(click.ClickException):  # nobody is left to be told
            print_out(own[0])
    return own[1]


def _carried_out(arguments: list[str]) -> int:
    chosen = COMMANDS.get(arguments[0]) if arguments else None
    name = f"diagnose {arguments[0]}" if chosen else "diagnose"
    command = translated(import_module(chosen.module if chosen else MAIN).COMMAND)
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
