"""Help in the language of the command line: the texts of a command, and a layout that knows wide characters."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from gettext import gettext as _
from itertools import pairwise
from typing import Any

import click


def translated(command: click.Command) -> click.Command:
    """*command* with its help, which is declared as message ids, in the language of the command line."""
    shown = copy.copy(command)
    shown.context_class = _Context
    shown.help = _(inspect.cleandoc(command.help)) if command.help else None
    shown.epilog = _(command.epilog) if command.epilog else None
    shown.params = [copy.copy(parameter) for parameter in command.params]
    for parameter in shown.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    return shown


def section(title: str, *options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """*options*, which click's decorators make, below one heading, the message id *title*; for `Sectioned` commands."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
        for option in reversed(options):
            command = option(command)
            made: list[Any] = command.params if isinstance(command, click.Command) else command.__click_params__
            made[-1].section = title
        return command

    return decorate


class Sectioned(click.Command):
    """A command whose help shows its options by section; options without a section come last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list a section, in the order in which the sections were declared."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (row := parameter.get_help_record(ctx)):
                rows.setdefault(getattr(parameter, "section", ""), []).append(row)
        rest = rows.pop("", [])
        for title, listed in (*((_(title), listed) for title, listed in rows.items()), (_("Options"), rest)):
            with formatter.section(title):
                formatter.write_dl(listed)


class _Formatter(click.HelpFormatter):
    """Breaks lines by terminal cells: click counts characters, of which a Chinese one takes two cells."""

    def write_heading(self, heading: str) -> None:
        self.write(" " * self.current_indent + _("{heading}:").format(heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        room = self.width - self.current_indent
        super().write_text("\n\n".join(_broken(paragraph, room) for paragraph in text.split("\n\n")))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        listed = list(rows)
        first = min(max(len(name) for name, _words in listed), col_max) + col_spacing
        room = self.width - first - self.current_indent
        super().write_dl([(name, _broken(words, room)) for name, words in listed], col_max, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


def _broken(words: str, room: int) -> str:
    """*words* in lines of at most *room* cells, marked so that click leaves them as they are."""
    if words.isascii():
        return words
    from diagnose.rendering.prose import line_starts

    starts = line_starts(words, room)
    lines = (words[begin:end].rstrip() for begin, end in pairwise([0, *starts, len(words)]))
    return "\b\n" + "\n".join(lines)
