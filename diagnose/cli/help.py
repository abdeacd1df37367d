"""Help in the language of the command line: the texts of a command, and a layout that knows wide characters."""

from __future__ import annotations

import copy
import inspect
import shutil
from collections.abc import Callable, Iterable, Iterator
from gettext import gettext as _
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from diagnose.cli.settings import NO_CONFIG, Settings, warning_of
from diagnose.locale.language import spoken_now
from diagnose.model import text
from diagnose.process.standard_streams import tell

PARAMS = "__click_params__"
"""Where click's decorators keep the options of a function that is no command yet."""


def translated(command: click.Command) -> click.Command:
    """*command* with its help, which is declared as message ids, in the language of the command line."""
    shown = copy.copy(command)
    shown.context_class = _Context
    translate = spoken_now()
    shown.help = translate(inspect.cleandoc(command.help)) if command.help else None
    shown.epilog = translate(command.epilog) if command.epilog else None
    shown.params = [copy.copy(parameter) for parameter in command.params]
    for parameter in shown.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = translate(parameter.help)
    return shown


def section(title: str, *options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """*options*, which click's decorators make, below one heading, the message id *title*; for `Sectioned` commands."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - a click decorator takes functions and commands alike
        made: list[Any] = command.params if isinstance(command, click.Command) else vars(command).get(PARAMS, [])
        before = len(made)
        for option in reversed(options):
            command = option(command)
        for one in (made or vars(command).get(PARAMS, []))[before:]:
            one.section = title
        return command

    return decorate


class Example(NamedTuple):
    """A command line for the help, and what it is for."""

    line: str
    meaning: str
    """A message id."""


WIDEST, NARROWEST = 100, 20
"""Columns of a help text, however wide or narrow the terminal is."""
TWO_COLUMNS = 60
"""Columns from which on the options stand beside what they do."""


def _show_help(context: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(context.get_help(), color=context.color)
        context.exit()


class Sectioned(click.Command):
    """A command whose help shows examples, and its options by section; options without a section come last."""

    def __init__(self, *args: Any, examples: tuple[Example, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self.add_help_option = False
        self.context_settings = {"max_content_width": WIDEST}
        self.examples = examples
        self.params += [
            click.Option(
                [NO_CONFIG],
                is_flag=True,
                expose_value=False,
                help=text("Without what settings files and the environment say (diagnose config).").msgid,
            ),
            click.Option(  # click's own looks for catalogues of translations whenever a command line is read
                ["-h", "--help"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_show_help,
                help=text("Show this message and exit.").msgid,
            ),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's; where a file takes the place of standard output, its suffix says the format that no option says.

        An option that may do without a value takes one behind ``=`` alone: what follows is the next argument.
        """
        rest = super().parse_args(ctx, list(self._with_values(args)))
        if isinstance(ctx.obj, Settings) and ctx.obj.trouble is not None:  # after what --help does
            raise ctx.obj.trouble
        if isinstance(ctx.obj, Settings) and ctx.obj.unheeded:
            tell(warning_of(ctx.obj.unheeded))
        file = ctx.params.get("output")
        if file is not None and ctx.get_parameter_source("form") is not ParameterSource.COMMANDLINE:
            ctx.params["form"] = self.form_of(file) or ctx.params["form"]
        return rest

    def _with_values(self, args: list[str]) -> Iterator[str]:
        """*args*, options that stand without their value with the one that they then have."""
        optional = {
            name: f"{name}={option.flag_value}"
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag and isinstance(option.flag_value, str)
            for name in option.opts
        }
        end = args.index("--") if "--" in args else len(args)
        yield from (optional.get(one, one) for one in args[:end])
        yield from args[end:]

    def form_of(self, file: Path) -> str | None:
        """The format that *file*'s suffix names, among those of the option --format."""
        from diagnose.cli.formats import format_of

        known = next(
            (one.type for one in self.params if one.name == "form" and isinstance(one.type, click.Choice)), None
        )
        form = format_of(file.suffix)
        return form if known is not None and form in known.choices else None

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does, then the examples."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section(_("Examples")):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example.line}\n")
                    formatter.indent()
                    formatter.indent()
                    formatter.write_text(_(example.meaning))
                    formatter.dedent()
                    formatter.dedent()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list a section, in the order in which the sections were declared."""
        for title, rows in self.option_rows(ctx).items():
            with formatter.section(_(title) if title else _("Options")):
                formatter.write_dl(rows)

    def option_rows(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """Names and help of the options by section, a message id; those without a section below "", at the end."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (row := parameter.get_help_record(ctx)):
                rows.setdefault(getattr(parameter, "section", ""), []).append(row)
        rows[""] = rows.pop("", [])
        return rows


class _Formatter(click.HelpFormatter):
    """Breaks lines by terminal cells: click counts characters, of which a Chinese one takes two cells.

    On a narrow terminal, where click would write fifty columns all the same, what an option does stands below it.
    """

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        if width is None:
            width = max(min(shutil.get_terminal_size().columns, max_width or WIDEST) - 2, NARROWEST)
        super().__init__(indent_increment, width, max_width)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        label = _("Usage:")
        super().write_usage(prog, args, prefix or (f"{label} " if label.isascii() else label))

    def write_heading(self, heading: str) -> None:
        self.write(" " * self.current_indent + _("{heading}:").format(heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        room = self.width - self.current_indent
        super().write_text("\n\n".join(_broken(paragraph, room) for paragraph in text.split("\n\n")))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        listed = list(rows)
        if self.width < TWO_COLUMNS:
            col_max = self.indent_increment
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
