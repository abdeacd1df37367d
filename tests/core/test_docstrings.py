"""Docstrings are short sentences that say what a thing is: at most twenty words each, and no "is none"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.support.sources import modules

MOST_WORDS = 20

_SENTENCE_END = re.compile(r"(?<=[.:;!?])\s+|\n\n")
_PREDICATE = re.compile(r"\b(?:is|are|was|were) none\b")


def offences(docstring: str) -> list[str]:
    """The sentences of *docstring* that break the rule. A colon and a semicolon end a sentence, too."""
    sentences = (" ".join(one.split()) for one in _SENTENCE_END.split(docstring))
    return [one for one in sentences if len(one.split()) > MOST_WORDS or _PREDICATE.search(one)]


def docstrings(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring among *nodes*: of modules, classes, functions, constants and fields."""
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            described = [None, *node.body]
            for before, after in zip(described, node.body, strict=False):
                if isinstance(before, ast.Assign | ast.AnnAssign | None) and (found := _text(after)):
                    yield after.lineno, found


def _text(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(found))):
            return found
    return None


@pytest.mark.parametrize("room", ["diagnose", "checks", "reports"])
def test_a_docstring_is_short_sentences(room: str) -> None:
    found = [
        f"{source.name}:{line}: {offence}"
        for source in modules(room)
        for line, docstring in docstrings(source.nodes)
        for offence in offences(docstring)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("docstring", "count"),
    [
        ("One " * 20 + "more.", 1),
        ("Short. " + "One " * 20 + "\nmore.", 1),
        ("The port; None when it is none.", 1),
        ("All headers; those that are\nnone are left out.", 1),
        ("One " * 19 + "more.", 0),
        ("One " * 15 + "more: " + "one " * 15 + "more.", 0),
        ("None of them is open, and it names none.", 0),
    ],
)
def test_what_breaks_the_rule(docstring: str, count: int) -> None:
    assert len(offences(docstring)) == count


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('"""Module."""', [1]),
        ('class A:\n    """Class."""\n    a: int = 0\n    """Field."""', [2, 4]),
        ('A = 1\n"""Constant."""\ndef f() -> None:\n    """Function."""', [2, 4]),
        ('async def f() -> None:\n    """Function."""', [2]),
        ('def f() -> str:\n    return """No docstring."""', []),
        ('def f() -> None:\n    f()\n    """No docstring."""', []),
    ],
)
def test_where_docstrings_stand(source: str, lines: list[int]) -> None:
    assert sorted(line for line, _ in docstrings(ast.walk(ast.parse(source)))) == lines
