"""The command line: which command, in which language, and how errors a person can cause are told."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from gettext import gettext as _
from importlib import import_module
from typing import NamedTuple

import click

from diagnose.cli import secrets, settings
from diagnose.cli.formats import unreported
from diagnose.cli.help import translated
from diagnose.cli.output import UnwrittenError, print_out
from diagnose.knowledge import KnowledgeError
from diagnose.locale import language
from diagnose.model import text
from diagnose.process import ending
from diagnose.process.ending import INTERRUPTED
from diagnose.process.first_use import one_at_a_time
from diagnose.process.standard_streams import tell

UNDERSTAND, LOOK, HERE = (
    text("What an error means").msgid,
    text("Another look at a login").msgid,
    text("On this computer").msgid,
)
"""Headings over the commands in the help."""


class Listed(NamedTuple):
    """A command beside the main job."""

    module: str
    """The module that holds it as COMMAND."""
    summary: str
    """A message id, for the list of commands: what would tell it is not loaded for that."""
    section: str = HERE
    """The heading that it stands below in that list."""


COMMANDS = {
    "explain": Listed(
        "diagnose.cli.explain", text("What a server's reply, an error message or a cause means.").msgid, UNDERSTAND
    ),
    "har": Listed("diagnose.cli.har", text("Read a browser's recording of a failed login.").msgid, LOOK),
    "replay": Listed("diagnose.cli.replay", text("Judge a saved report again, by today's knowledge.").msgid, LOOK),
    "compare": Listed("diagnose.cli.compare", text("What got worse or better between two saved reports.").msgid, LOOK),
    "ticket": Listed("diagnose.cli.ticket", text("Write what to send about a saved report, and to whom.").msgid, LOOK),
    "fleet": Listed("diagnose.cli.fleet", text("Many mailboxes and domains at once, and what they share.").msgid, LOOK),
    "browser": Listed("diagnose.cli.browser", text("Test the person's own browser.").msgid, LOOK),
    "causes": Listed("diagnose.cli.causes", text("The causes of failed logins that are known here.").msgid, UNDERSTAND),
    "providers": Listed("diagnose.cli.providers", text("The mail providers that are known here.").msgid, UNDERSTAND),
    "password-check": Listed("diagnose.cli.password_check", text("Whether a new password keeps the rules.").msgid),
    "config": Listed("diagnose.cli.config", text("The settings in force, and where each comes from.").msgid),
    "completion": Listed("diagnose.cli.completion", text("Completion of this command by your shell.").msgid),
    "desktop-entry": Listed(
        "diagnose.cli.desktop_entry", text("Put the self-test into the menu of a Linux desktop.").msgid
    ),
    "lab": Listed("diagnose.cli.lab", text("Diagnose an account on a mail estate of this computer's own.").msgid),
    "help": Listed("diagnose.cli.help_command", text("What a command does, and its options.").msgid),
}
"""By name; whatever else comes first is an address or a domain."""
MAIN = "diagnose.cli.main_job"
PROGRAM = "diagnose"

USAGE, INCONCLUSIVE = 2, 3


def run(arguments: list[str]) -> int:
    """Run the command that *arguments* name; the exit code of the contract."""
    secrets.forget()
    ending.forget()
    set_ = settings.of_computer(arguments)
    with language.spoken(language.asked_for(arguments) or language.named(set_.lang or "") or language.of_terminal()):
        return _ended(arguments, set_)


def _ended(arguments: list[str], set_: settings.Settings) -> int:
    try:
        return _carried_out([*arguments], set_)  # click takes its list apart
    except click.ClickException as error:
        if ending.of_interruption(error):
            return _interrupted(arguments)
        sentence = secrets.without_secrets(_sentence(error, arguments))
        if isinstance(error, click.UsageError):
            sentence = _("{sentence} ({command})").format(sentence=sentence, command=_help_for(error.ctx))
        return _without_report(arguments, sentence, USAGE, reported=isinstance(error, UnwrittenError))
    except KnowledgeError as error:
        return _without_report(arguments, str(error), USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(arguments)
    except BaseException as error:
        if ending.interrupted(error):
            return _interrupted(arguments)
        if not isinstance(error, Exception):
            raise
        # a fault of ours, told without what it may hold
        with one_at_a_time:
            from diagnose.model.failures import internal_fault
        return _without_report(
            arguments, _("{sentence}.").format(sentence=internal_fault(error).render(_)), INCONCLUSIVE
        )


def _interrupted(arguments: list[str]) -> int:
    return _without_report(arguments, _("interrupted"), INTERRUPTED)


def _without_report(arguments: list[str], sentence: str, code: int, *, reported: bool = False) -> int:
    """Tell *sentence*; the exit code: *code*, unless the format asked for has its own way to say so.

    *reported*: standard output has had its report.
    """
    tell(f"{PROGRAM}: {sentence}")
    own = unreported(arguments, sentence)
    if own is None:
        return code
    if not reported:
        with contextlib.suppress(click.ClickException):  # nobody is left to be told
            print_out(own[0])
    return own[1]


def _carried_out(arguments: list[str], set_: settings.Settings) -> int:
    root = Root()
    # not by click's own `main`, which ends the process with 1 where nobody reads what it writes
    with contextlib.redirect_stdout(io.StringIO()) as asked_for:
        try:
            name, command, words = root.resolve_command(click.Context(root), arguments)
            defaults, trouble = set_.defaults_of(command)
            context = command.make_context(
                f"{PROGRAM} {name}" if name else PROGRAM,
                words,
                default_map=defaults,
                obj=set_._replace(trouble=trouble),
            )
        except click.exceptions.Exit as over:
            context, code = None, over.exit_code
    if context is None:
        print_out(asked_for.getvalue())  # help, or the version
        return code
    with context, _errors_of(context):
        return int(command.invoke(context) or 0)


@contextlib.contextmanager
def _errors_of(context: click.Context) -> Iterator[None]:
    """Usage errors that are raised within know which command they are of."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or context
        raise


class Root(click.Group):
    """All commands; the main job is carried out by whatever else is named."""

    def __init__(self) -> None:
        super().__init__(PROGRAM, context_settings={"ignore_unknown_options": True}, add_help_option=False)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name in the person's language; its module is loaded."""
        listed = COMMANDS.get(cmd_name)
        return translated(import_module(listed.module).COMMAND) if listed else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command, list[str]]:
        """Name, command and its own words; without a name it is the main job.

        Options may stand before the name. Raises click.exceptions.NoSuchCommand for what can be no address either.
        """
        words = list(args)
        if words and words[0] not in COMMANDS and words[0].startswith("-"):
            words = self._name_first(words)
        if words and (command := self.get_command(ctx, words[0])):
            return words[0], command, words[1:]
        job = self.main_job()
        operands = _operands(words, _takes_value(job)) if len(words) > 1 else []
        if len(operands) > 1:
            with one_at_a_time:
                from diagnose.cli.meant import several_operands
            if (wrong := several_operands(operands)) is not None:
                raise wrong
        return None, job, list(args)

    def main_job(self) -> click.Command:
        """The main job in the person's language."""
        return translated(import_module(MAIN).COMMAND)

    def _name_first(self, words: list[str]) -> list[str]:
        """*words* with the command's name in front, where it follows options; values of options are no names."""
        takes_value = _takes_value(self.main_job())
        place, unknown = 0, False
        while place < len(words) and words[place] != "--":
            word = words[place]
            if word.startswith("-"):
                unknown = word not in takes_value and "=" not in word
                place += 2 if takes_value.get(word) else 1
            elif word in COMMANDS:
                return [word, *words[:place], *words[place + 1 :]]
            elif unknown:  # an option of the command's own, which may take a value
                place, unknown = place + 1, False
            else:
                break
        return words


def _takes_value(command: click.Command) -> dict[str, bool]:
    """By each name of an option of *command*: whether its value is the next word, as `Sectioned` reads it."""
    return {
        name: not (option.is_flag or option.count or isinstance(option.flag_value, str))
        for option in command.params
        if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }


def _operands(words: list[str], takes_value: dict[str, bool]) -> list[str]:
    """What of *words* is neither an option nor its value; nothing where an option is unknown, which is told first."""
    found, place = list[str](), 0
    while place < len(words):
        word = words[place]
        if word == "--":
            return [*found, *words[place + 1 :]]
        if not word.startswith("-") or word == "-":
            found.append(word)
        elif word.partition("=")[0] not in takes_value:
            return []
        place += 2 if takes_value.get(word) else 1
    return found


def _help_for(context: click.Context | None) -> str:
    return f"{context.command_path if context and context.command_path else PROGRAM} --help"


def _sentence(error: click.ClickException, arguments: list[str]) -> str:
    if isinstance(error, click.NoSuchOption):
        with one_at_a_time:
            from diagnose.cli.meant_option import no_such_option
        return no_such_option(error, arguments)
    said = error.format_message()
    if said.startswith(f"{error.message} "):  # click goes on so in every language
        said = _("{sentence} {next}").format(sentence=error.message, next=said[len(error.message) + 1 :])
    words = " ".join(said.split()).removesuffix(".")  # click ends with it in every language
    return words if words.endswith(tuple("?!)。？！）")) else _("{sentence}.").format(sentence=words)
