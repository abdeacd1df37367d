"""Babel's extraction of message ids from this project's own kinds of files (babel.toml says which files)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.pofile import read_po

Found = tuple[int, str | None, str | tuple[str, ...], list[str]]
"""Line, function, message id (or ids, for a plural), comments for the translator."""

ARGUMENTS = {
    "Check": {"title"},
    "command": {"help", "short_help", "epilog"},
    "option": {"help"},
}
"""Calls whose named arguments are message ids without a mark: the code that shows them translates them."""
TRANSLATES = "translate"
"""What a function that translates is called where it has no short name."""
MAKES_TRANSLATING = "translation"
"""What makes one, to be called at once."""


def python(
    fileobj: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """Calls of *keywords* and of what translates; titles of checks; help of click's options and commands.

    Raises ValueError for a text that is put together, since that cannot be looked up in a catalogue.
    """
    yield from sorted(_marked(ast.parse(fileobj.read()), keywords), key=lambda found: found[0])


def _marked(module: ast.Module, keywords: Collection[str]) -> Iterator[Found]:
    for node in ast.walk(module):
        match node:
            case ast.Call(args=inputs) if inputs and _name(node) in keywords:
                if words := tuple(filter(None, map(_literal, inputs))):
                    yield node.lineno, _name(node), words, []
            case ast.Call(args=[first, *_]) if _translates(node):
                if message := _literal(first):
                    yield node.lineno, None, message, []
            case ast.Call():
                wanted = ARGUMENTS.get(_name(node), ())
                for argument in node.keywords:
                    if argument.arg in wanted and (said := _literal(argument.value)):
                        yield argument.value.lineno, None, said, []
            case ast.FunctionDef() if any(_name(decorator) == "command" for decorator in node.decorator_list):
                if said := ast.get_docstring(node):
                    yield node.lineno, None, said, []


def _translates(call: ast.Call) -> bool:
    """Whether *call* is of a function that translates; `str.translate` takes a table, and so no literal."""
    at_once = isinstance(call.func, ast.Call) and _name(call.func) == MAKES_TRANSLATING
    return at_once or _name(call) == TRANSLATES


def _name(node: ast.expr) -> str:
    """Of what is called: the last part of its dotted name."""
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called).rpartition(".")[2]


def _literal(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr() | ast.BinOp(left=ast.Constant() | ast.JoinedStr()):
            raise ValueError(f"line {node.lineno}: a text that is put together cannot be translated")
        case ast.IfExp(body=ast.Constant(value=str())) | ast.IfExp(orelse=ast.Constant(value=str())):
            raise ValueError(f"line {node.lineno}: one of two texts has to be chosen outside of the call")
    return None


def causes(
    fileobj: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """The texts of a file of the catalogue of causes."""
    from diagnose.knowledge.catalogue import Cause
    from diagnose.knowledge.loader import load

    for cause in load(Path(fileobj.name), list[Cause]):
        for words in cause.msgids():
            yield 1, None, words, [cause.id]


def scenarios(
    fileobj: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """The titles in the lab's file of scenarios."""
    from diagnose.knowledge.loader import load
    from diagnose.lab.scenario import Scenario

    for scenario in load(Path(fileobj.name), tuple[Scenario, ...]):
        yield 1, None, scenario.title, [scenario.id]


def commands(
    fileobj: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """What the commands show by which people repeat a check."""
    from diagnose.knowledge.loader import load
    from diagnose.verdict.commands import Command

    for command in load(Path(fileobj.name), tuple[Command, ...]):
        yield 1, None, command.shows, [command.words[0] if isinstance(command.words[0], str) else ""]


def template(
    fileobj: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """The message ids of another program, listed by hand in a template of gettext."""
    for message in read_po(fileobj):
        if message.id:
            words = message.id if isinstance(message.id, str) else tuple(message.id)
            yield 1, "ngettext" if message.pluralizable else None, words, list(message.auto_comments)
