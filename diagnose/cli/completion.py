"""`diagnose completion`: completion of the command line by bash, zsh, fish and PowerShell; and the answers they get.

A shell calls the command with `VARIABLE` and the words typed so far in its environment: the protocol of click.
"""

from __future__ import annotations

import os
from gettext import gettext as _
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from diagnose.cli import COMMANDS, PROGRAM, Root
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.output import print_out
from diagnose.cli.parameters import OneOf
from diagnose.locale import language
from diagnose.model import text

SHELLS = ("bash", "zsh", "fish", "powershell")
VARIABLE = "_DIAGNOSE_COMPLETE"
ASKED = "_complete"
"""How the variable's value ends; the shell's name stands before it."""
POWERSHELL = "completion.ps1"
"""The script of our own, beside this module: click's takes the words after the cursor for ones before it."""
OF_CLICK = (
    # A comma ends no help.
    ('string split "," $completion', 'string split --max 1 "," $completion'),
    # What completes --lang=z follows the sign in that word.
    ("local -a completions\n", "[[ $PREFIX == --*=* ]] && compset -P 1 '*='\n    local -a completions\n"),
    ("compadd -U", 'compadd -U -i "$IPREFIX"'),
    ("completions_with_descriptions -U", 'completions_with_descriptions -U -i "$IPREFIX"'),
    ("set -l response", "set -l option (string match --regex -- '^--[^=]+=' (commandline -t));\n    set -l response"),
    (
        "__fish_complete_directories $metadata[2];",
        '__fish_complete_directories $metadata[2] | string replace --regex -- "^" "$option";',
    ),
    (
        "__fish_complete_path $metadata[2];",
        '__fish_complete_path $metadata[2] | string replace --regex -- "^" "$option";',
    ),
    ("echo $metadata[2];", 'echo "$option$metadata[2]";'),
)
"""What stands in the scripts of click, and what ours have in its place."""


@click.command(
    cls=Sectioned,
    examples=(
        Example('eval "$(diagnose completion bash)"', text("for ~/.bashrc; the same with zsh for ~/.zshrc").msgid),
        Example("diagnose completion fish > ~/.config/fish/completions/diagnose.fish", text("for fish, once").msgid),
        Example(
            "diagnose completion powershell | Out-String | Invoke-Expression", text("for PowerShell's $PROFILE").msgid
        ),
    ),
)
@click.argument("shell", type=OneOf(SHELLS))
def COMMAND(shell: str) -> int:  # noqa: N802 - see main_job
    """Print the script by which a shell completes commands, options, causes, providers and files.

    It needs bash 4.4, zsh, fish, or PowerShell 5.1, or newer.
    """
    print_out(_script(shell))
    return 0


def _script(shell: str) -> str:
    if shell == "powershell":
        return Path(__file__).with_name(POWERSHELL).read_text("utf-8")
    completer = _completer(shell, click.Command(PROGRAM))
    template = completer.source_template
    for of_click, ours in OF_CLICK:
        template = template.replace(of_click, ours)
    return template % completer.source_vars()


def answer() -> int:
    """Print what can follow the words that a shell hands over; the exit code. Nothing for what cannot be read."""
    shell = os.environ[VARIABLE].removesuffix(ASKED)
    if shell not in SHELLS:
        return 0
    try:
        with language.spoken(language.of_terminal()):
            words, incomplete = _completer(shell, click.Command(PROGRAM)).get_completion_args()
            found = candidates(shell, words, incomplete)
    except (click.ClickException, KeyError, ValueError, IndexError):
        return 0
    form = _completer(shell, click.Command(PROGRAM)).format_completion
    print_out("".join(f"{form(one)}\n" for one in found))
    return 0


def candidates(shell: str, words: list[str], incomplete: str) -> list[CompletionItem[str]]:
    """What can follow *words* and begins with *incomplete*. Raises click.ClickException for senseless words."""
    if not words and not incomplete.startswith("-"):
        return command_names(incomplete)  # no command is loaded for that
    words = [word for word in words if word != "="]  # bash takes --lang=zh apart
    root = Root()
    _name, command, rest = root.resolve_command(click.Context(root, resilient_parsing=True), words)
    option, given, _value = incomplete.partition("=")
    if given and option.startswith("--") and not any(option in one.opts for one in command.params):
        return []
    return _completer(shell, command).get_completions(rest, incomplete)


def command_names(incomplete: str) -> list[CompletionItem[str]]:
    """The commands whose names begin so."""
    return [
        CompletionItem(name, help=_(listed.summary)) for name, listed in COMMANDS.items() if name.startswith(incomplete)
    ]


def _completer(shell: str, command: click.Command) -> ShellComplete:
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(shell)
    return kind(command, {}, PROGRAM, VARIABLE)
