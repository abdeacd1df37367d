"""Writes the manual page of the command from the commands themselves: ``python -m docs.write_man_page``."""

from __future__ import annotations

import inspect
import os
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from diagnose import __version__
from diagnose.cli import COMMANDS
from diagnose.cli.help import Sectioned, translated
from diagnose.cli.main_job import COMMAND as MAIN
from diagnose.cli.settings import FILE_NAME, FOLDER
from diagnose.locale.language import spoken

HERE = Path(__file__).with_name("diagnose.1")
CHANGED = "2026-11-29"
"""The day of the last change of what the commands take."""
LONGEST_LINE = 78
"""Characters, as mandoc wants it."""
EXIT_CODES = {
    "0": "healthy: nothing that blocks a login was found, and the login works, or was not asked for",
    "1": "at least one cause that blocks, confirmed or likely",
    "2": "wrong usage",
    "3": "inconclusive: nothing found, but something needed could not be checked",
    "130": "interrupted; what was found so far is still reported",
}
VARIABLES = {
    "DIAGNOSE_CONFIG": "A settings file to be read instead of all others; an empty value: none is read.",
    "DIAGNOSE_CA_FILE, DIAGNOSE_LANG, …": "Values of --ca-file, --lang and the other options that can be set.",
    "LC_ALL, LC_MESSAGES, LANG": "The language of reports, help and errors where --lang names none.",
    "NO_COLOR": "No colours.",
    "PAGER, LESS": "The program that shows long lists on a terminal, and what less is told; an empty PAGER: none.",
}
FILES = {
    f"~/.config/{FOLDER}/{FILE_NAME}": "Your settings. On macOS and Windows they lie elsewhere; diagnose config tells.",
    f"/etc/xdg/{FOLDER}/{FILE_NAME}": "The settings of all users of this computer.",
    f"~/.local/state/{FOLDER}": "The record of rejected logins, which keeps a run from locking an account.",
}


def page() -> str:
    """The manual page in roff, for man and mandoc."""
    with spoken("en"):
        return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    main = translated(MAIN)
    summary, *described = _paragraphs(main)
    yield '.\\" Written by docs/write_man_page.py from the commands.'
    yield f'.TH DIAGNOSE 1 {CHANGED} "diagnose {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"diagnose \\- {_plain(summary[0].lower() + summary[1:]).removesuffix('.')}"
    yield ".SH SYNOPSIS"
    yield ".B diagnose"
    yield "[\\fIOPTIONS\\fR] \\fIADDRESS\\fR|\\fIDOMAIN\\fR"
    yield ".br"
    yield ".B diagnose"
    yield "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] ..."
    yield ".SH DESCRIPTION"
    yield from _prose([summary, *described])
    yield ".SH COMMANDS"
    for name, listed in COMMANDS.items():
        yield from _tagged(f"\\fB{_plain(name)}\\fR", listed.summary)
    yield ".SH OPTIONS"
    yield from _options(main)
    for name, listed in COMMANDS.items():
        command = translated(import_module(listed.module).COMMAND)
        yield f'.SH "DIAGNOSE {name.upper()}"'
        yield from _of_command(name, command, {one.name for one in main.params})
    yield ".SH EXAMPLES"
    yield from list(_examples(main))[1:]  # no paragraph begins right behind a heading
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from _tagged(f"\\fB{code}\\fR", meaning)
    yield ".SH ENVIRONMENT"
    for name, meaning in VARIABLES.items():
        yield from _tagged(f"\\fB{_plain(name)}\\fR", meaning)
    yield ".SH FILES"
    for name, meaning in FILES.items():
        yield from _tagged(f"\\fI{_plain(name)}\\fR", meaning)


def _of_command(name: str, command: click.Command, known: set[str | None]) -> Iterator[str]:
    context = click.Context(command, info_name=f"diagnose {name}")
    yield f".B diagnose {_plain(name)}"
    yield _plain(" ".join(command.collect_usage_pieces(context)))
    yield ".PP"
    yield from _prose(_paragraphs(command))
    own = [one for one in command.params if isinstance(one, click.Option) and one.name not in known]
    shared = [one for one in command.params if isinstance(one, click.Option) and one.name in known]
    for option in own:
        yield from _option(option, context)
    if shared:
        *names, last = (f"\\fB{_plain(_long_name(one))}\\fR" for one in shared)
        yield ".PP"
        yield "Options as above:"
        yield from (f"{one}," for one in names)
        yield f"{last}."
    yield from _examples(command)
    if command.epilog:
        yield ".PP"
        yield from _prose([command.epilog])


def _long_name(option: click.Option) -> str:
    return next((one for one in option.opts if one.startswith("--")), option.opts[0])


def _options(command: click.Command) -> Iterator[str]:
    """The options below their headings, those without one at the end."""
    context, by_heading = click.Context(command, info_name="diagnose"), dict[str, list[click.Option]]()
    for one in command.get_params(context):
        if isinstance(one, click.Option):
            by_heading.setdefault(getattr(one, "section", ""), []).append(one)
    by_heading["Options"] = by_heading.pop("", [])
    for heading, options in by_heading.items():
        yield f'.SS "{_plain(heading)}"'
        for option in options:
            yield from _option(option, context)


def _option(option: click.Option, context: click.Context) -> Iterator[str]:
    record = option.get_help_record(context)
    if record is not None:
        names, meaning = record
        parts = (f"\\fB{_plain(one)}\\fR" if one.startswith("-") else f"\\fI{_plain(one)}\\fR" for one in names.split())
        yield from _tagged(" ".join(parts), meaning)


def _examples(command: click.Command) -> Iterator[str]:
    for example in command.examples if isinstance(command, Sectioned) else ():
        yield ".PP"
        yield from _guarded(example.meaning[0].upper() + example.meaning[1:] + ":")
        yield ".PP"
        yield ".nf"
        yield ".RS 4"
        yield from _guarded(example.line)
        yield ".RE"
        yield ".fi"


def _tagged(tag: str, meaning: str) -> Iterator[str]:
    yield ".TP"
    yield tag
    yield from _guarded(meaning)


def _paragraphs(command: click.Command) -> list[str]:
    return [" ".join(one.split()) for one in inspect.cleandoc(command.help or "").split("\n\n")]


def _prose(paragraphs: list[str]) -> Iterator[str]:
    for place, words in enumerate(paragraphs):
        if place:
            yield ".PP"
        yield from _guarded(words)


def _guarded(words: str) -> Iterator[str]:
    """*words*, each sentence on lines of its own; none of the lines can be read as a request."""
    for sentence in re.split(r"(?<=[.!?]) +(?=[A-Z])", words.strip()):
        for line in textwrap.wrap(_plain(sentence), LONGEST_LINE, break_long_words=False, break_on_hyphens=False):
            yield f"\\&{line}" if line.startswith((".", "'")) else line


def _plain(words: str) -> str:
    """*words* as roff text: what means something to roff is escaped, and so is all beyond ASCII."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    escaped = escaped.replace("…", "...").replace("`", "\\(ga").replace("'", "\\(aq").replace('"', "\\(dq")
    return "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in escaped)


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"
    HERE.write_text(page(), "utf-8")
