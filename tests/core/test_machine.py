"""What a machine lacks leaves tests out by one door, and is said first and last; under CI it is a failure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest, machine

TESTS = Path(machine.__file__).parent
Skipped, Failed = pytest.skip.Exception, pytest.fail.Exception


@pytest.mark.parametrize(
    ("ci", "excused", "outcome"), [("", False, Skipped), ("true", False, Failed), ("true", True, Skipped)]
)
def test_what_is_lacking_fails_only_where_it_could_be_had(
    ci: str, excused: bool, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="missing here: a mill"):
        machine.lacking("a mill", excused=excused)


def test_what_is_needed_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program on the PATH or a file by its path; what is here is not named."""
    monkeypatch.setenv("CI", "")
    machine.need(sh="dash")
    machine.need(**{__file__: "this"})
    with pytest.raises(Skipped, match=r"missing here: no-such-mill \(mill\), /no/such/file \(files\)$"):
        machine.need(**{"sh": "dash", "no-such-mill": "mill", "/no/such/file": "files"})
    assert machine.one_of("no-such-mill", "sh").endswith("/sh")
    with pytest.raises(Skipped, match="missing here: no-such-mill or none-such"):
        machine.one_of("no-such-mill", "none-such")


def test_there_is_no_other_door() -> None:
    """A test that skips by itself would be left out under CI, too, and nobody would hear of it."""
    skips = re.compile(r"pytest\.(skip|importorskip)\b(?!\.Exception)|mark\.skip")
    doors = {file.name for file in TESTS.rglob("*.py") if skips.search(file.read_text(encoding="utf-8"))}
    assert doors - {Path(__file__).name} == {"machine.py"}


def packages_needed(file: Path) -> Iterator[str]:
    """The Debian packages that the calls of `need` in *file* name, in place or by a table of the same file."""
    source = file.read_text(encoding="utf-8")
    if "need(" not in source:
        return
    tree = ast.parse(source)
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "need"):
            continue
        for keyword in call.keywords:
            value = tables.get(ast.unparse(keyword.value), keyword.value)
            for part in value.values if isinstance(value, ast.Dict) else [value]:
                if isinstance(part, ast.Constant):
                    yield str(part.value)


def test_what_tests_need_is_installed_before_them() -> None:
    """What is on the machine of whoever wrote a test is not on the next one; Debian has these from the start."""
    servers = (TESTS.parent / ".ci" / "servers").read_text(encoding="utf-8")
    installed = servers.partition("servers=(")[2].partition(")")[0].split()
    files = [file for file in TESTS.rglob("test_*.py") if file.name != Path(__file__).name]
    needed = {package for file in files for package in packages_needed(file)}

    assert {"fish", "squid", "mandoc", "bind9-dnsutils"} <= needed
    assert needed - set(installed) == {"bash"}


def test_what_was_left_out_is_said_last() -> None:
    """Once a reason, with how many tests."""
    said: list[str] = []
    reasons = ["missing here: a mill", "missing here: a mill", "missing here: IPv6"]
    skipped: list[Any] = [SimpleNamespace(longrepr=("file", 1, f"Skipped: {reason}")) for reason in reasons]
    reporter: Any = SimpleNamespace(stats={"skipped": skipped}, section=said.append, write_line=said.append)

    conftest.pytest_terminal_summary(reporter)

    assert said == ["left out", "2 tests: missing here: a mill", "1 test: missing here: IPv6"]


def test_a_run_that_leaves_nothing_out_says_nothing() -> None:
    said: list[str] = []
    conftest.pytest_terminal_summary(SimpleNamespace(stats={}, section=said.append, write_line=said.append))  # type: ignore[arg-type]  # all that it uses
    assert said == []
