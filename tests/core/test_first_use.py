"""What is made on first use survives that threads ask for it at once."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import diagnose
from diagnose.process.first_use import lazy_pattern, made_once, one_at_a_time
from tests.machine import lacking
from tests.support.sources import Source, all_modules

STARTS = 200
ROOT = Path(diagnose.__file__).parents[1]
OF_ONE_THREAD = (
    *("diagnose/cli", "diagnose/locale", "diagnose/__main__.py", "diagnose/command.py"),
    "diagnose/process/first_use.py",
)
"""Run before there is a second one, or hold the lock themselves."""
SLOW = {"system_settings"}
"""Starts a program, for which nobody else is to wait; it makes no type, and two who ask at once get the same."""
PLAIN = {
    "_pieces_of",
    "_rest_of_line",
    "registered",
    "_is_listed",
    "_cause_in_line",
    "of_ours",
    "_where_held",
    "_other_word",
}
"""Asked thousands of times, they make nothing but strings and yes or no; what they look into is made once."""
HELD = {"_shared"}
"""Called under the lock, and keeps the last few alone."""


@pytest.mark.timeout(900)
def test_no_start_of_many_dies() -> None:
    """Each with eight threads that touch everything for the first time at once; an end by a signal counts, too."""
    if not hasattr(os, "fork"):
        lacking("fork, with which each starts", excused=True)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.core.starts", str(STARTS)], cwd=ROOT, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stdout) == (0, f"{{'well': {STARTS}}}\n"), ended.stderr[-3000:]


def code() -> Iterator[Source]:
    yield from (source for source in all_modules() if not source.name.startswith(OF_ONE_THREAD))


def is_guarded(node: ast.AST) -> bool:
    """Whether it is a block of `one_at_a_time`, or a function that holds the same lock."""
    if isinstance(node, ast.With):
        return any(isinstance(i.context_expr, ast.Name) and i.context_expr.id == "one_at_a_time" for i in node.items)
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(d, ast.Name) and d.id == "made_once" for d in node.decorator_list
    )


def unguarded(node: ast.AST, *, in_function: bool = False) -> Iterator[ast.AST]:
    if is_guarded(node):
        return
    if in_function:
        yield node
    inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from unguarded(child, in_function=inside)


def test_a_function_imports_nothing_beside_another_thread() -> None:
    """A package whose parts two threads import at once comes out of it half made (_DeadlockError, ImportError)."""
    wrong = [
        (source.name, node.lineno)
        for source in code()
        for node in unguarded(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert wrong == []


def test_types_are_taken_apart_under_the_lock() -> None:
    """msgspec's own typed readers are called in one place."""
    wrong = []
    for source in code():
        for node in source.nodes if "msgspec." in source.text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("msgspec."):
                function = ast.unparse(node.func)
                typed = any(keyword.arg == "type" for keyword in node.keywords) or len(node.args) > 1
                if function.endswith((".convert", "Decoder")) or (function.endswith(".decode") and typed):
                    wrong.append((source.name, node.lineno))
    assert wrong == []


def test_caches_are_filled_under_the_lock() -> None:
    """By `made_once`."""
    wrong = [
        (source.name, node.name)
        for source in code()
        for node in source.nodes
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).partition("(")[0].endswith("cache") and node.name not in SLOW | PLAIN | HELD
    ]
    assert wrong == []


def test_what_is_made_once_is_made_once_whoever_asks() -> None:
    """By as many threads as there are; what fails is tried again, and each argument has its own."""
    made: list[int] = []

    @made_once
    def make(number: int) -> list[int]:
        time.sleep(0.01)
        made.append(number)
        if made.count(1) == 1 and number == 1:
            raise msgspec.ValidationError
        return [number]

    with pytest.raises(msgspec.ValidationError):
        make(1)
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda n=n: found.append(make(n % 2))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == [0, 1, 1]
    assert len({id(one) for one in found}) == 2


def test_a_pattern_is_made_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, whatever is asked of it."""
    made: list[str | bytes] = []
    compiling = re.compile

    def compile_and_tell(words: bytes, flags: int) -> re.Pattern[bytes]:
        made.append(words)
        return compiling(words, flags)

    monkeypatch.setattr(re, "compile", compile_and_tell)
    found = lazy_pattern(rb"(\d)a", re.IGNORECASE)
    assert made == []
    assert found.search(b"x1A")
    assert found.search(b"2a")
    assert not found.match(b"x1A")
    assert found.sub(rb"<\1>", b"1a2A") == b"<1><2>"
    assert found.pattern == rb"(\d)a"
    assert len(made) <= 4  # once for each method


def held(value: object) -> Iterator[object]:
    """The lazy patterns that a module, a class or a collection holds."""
    if type(value).__name__ == "_Pattern":
        yield value
    elif isinstance(value, tuple | list):
        yield from (one for item in value for one in held(item))
    elif isinstance(value, type):
        yield from (one for name, item in vars(value).items() if name[:2] != "__" for one in held(item))


def test_every_pattern_is_a_regular_expression() -> None:
    """Which would else be told when it is first used."""
    written, patterns = 0, dict[int, object]()
    for source in code():
        calls = [node.func for node in source.nodes if isinstance(node, ast.Call)]
        count = sum(isinstance(func, ast.Name) and func.id == "lazy_pattern" for func in calls)
        if count:
            written += count
            name = source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            module = importlib.import_module(name)
            patterns |= {id(one): one for value in vars(module).values() for one in held(value)}
    for one in patterns.values():
        assert one.groups >= 0  # type: ignore[attr-defined]  # as any pattern

    assert len(patterns) >= written > 100


def test_what_is_made_is_handed_out_while_something_else_is_being_made() -> None:
    """Whoever loads a large package holds the lock for long."""
    letters = made_once(lambda word, times=1: [*word] * times)
    made, handed_out = letters("ab", times=2), threading.Event()
    assert letters("ab") == ["a", "b"]

    def ask() -> None:
        if letters("ab", times=2) is made:
            handed_out.set()

    with one_at_a_time:
        threading.Thread(target=ask, daemon=True).start()
        assert handed_out.wait(60)


def test_what_is_to_be_forgotten_is_made_again_and_nothing_else() -> None:
    made: list[str] = []

    @made_once
    def make(name: str) -> int:
        made.append(name)
        return len(made)

    assert [make("one"), make("two"), make("one")] == [1, 2, 1]
    make.forget("one")
    make.forget("never made")
    assert [make("two"), make("one"), make("one")] == [2, 3, 3]
    assert made == ["one", "two", "one"]
