"""Babel's extraction of message ids from this project's own kinds of files (babel.toml says which files)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from babel.messages.extract import extract_python
from babel.messages.pofile import read_po

Found = tuple[int, str | None, str | tuple[str, ...], list[str]]
"""Line, function, message id (or ids, for a plural), comments for the translator."""

ARGUMENTS = {
    "Check": {"title"},
    "command": {"help", "short_help", "epilog"},
    "option": {"help"},
    "version_option": {"help"},
}
"""Calls whose named arguments are message ids without a mark: they are translated by whoever shows them."""


def python(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """Marked calls; titles of checks; help of click's options, and docstrings that are help of its commands.

    Raises ValueError for a text that is put together, since that cannot be looked up in a catalogue.
    """
    marked: Any = extract_python(fileobj, keywords, comment_tags, options)  # type: ignore[arg-type]  # too narrow
    yield from marked
    fileobj.seek(0)
    for node in ast.walk(ast.parse(fileobj.read())):
        match node:
            case ast.Call():
                yield from _arguments(node)
            case ast.FunctionDef() if any(_name(d) == "command" for d in node.decorator_list):
                if words := ast.get_docstring(node):
                    yield node.lineno, None, words, []


def _arguments(call: ast.Call) -> Iterator[Found]:
    wanted = ARGUMENTS.get(_name(call), ())
    for given in call.keywords:
        if given.arg not in wanted:
            continue
        match given.value:
            case ast.Constant(value=str(words)):
                yield given.value.lineno, None, words, []
            case ast.JoinedStr() | ast.BinOp():
                raise ValueError(f"line {given.value.lineno}: a text put together cannot be translated")


def _name(node: ast.expr) -> str:
    """Of what is called: the last part of its dotted name."""
    called = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(called).rpartition(".")[2]


def causes(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """The texts of a file of the catalogue of causes."""
    from diagnose.catalogue import Cause
    from diagnose.knowledge.loader import load

    for cause in load(Path(fileobj.name), list[Cause]):
        for words in cause.msgids():
            yield 1, None, words, [cause.id]


def template(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """The message ids of another program, listed by hand in a template of gettext."""
    for message in read_po(fileobj):
        if message.id:
            words = message.id if isinstance(message.id, str) else tuple(message.id)
            yield 1, "ngettext" if message.pluralizable else None, words, list(message.auto_comments)
