"""`diagnose help`: what --help shows, for those who ask in words."""

from __future__ import annotations

from typing import Any

import click

from diagnose.cli import COMMANDS, PROGRAM, Root
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.options import lang_option
from diagnose.cli.output import print_out
from diagnose.cli.parameters import OneOf
from diagnose.cli.settings import Settings
from diagnose.model import text


class HelpAnyway(Sectioned):
    """A command that is carried out whatever settings say."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Those of `Sectioned`; what is wrong with settings is told by the commands that they are for."""
        if isinstance(ctx.obj, Settings):
            ctx.obj = ctx.obj._replace(trouble=None)
        return super().parse_args(ctx, args)


@click.command(
    cls=HelpAnyway,
    examples=(
        Example("diagnose help", text("all commands and options").msgid),
        Example("diagnose help explain", text("what one command does").msgid),
    ),
)
@click.argument("name", metavar="[COMMAND]", type=OneOf(COMMANDS), required=False)
@lang_option
@click.pass_context
def COMMAND(context: click.Context, /, name: str | None, **_given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Show what a command does and its options, as --help does."""
    root = Root()
    shown = (root.get_command(context, name) if name else None) or root.main_job()
    defaults = context.obj.defaults_of(shown)[0] if isinstance(context.obj, Settings) else {}
    path = f"{PROGRAM} {name}" if name else PROGRAM
    asked_about = shown.make_context(path, [], resilient_parsing=True, default_map=defaults)
    print_out(shown.get_help(asked_about) + "\n")
    return 0
