"""To mypy it is an error that a check asks for facts which it does not declare: each kind of it, and what is right."""

from __future__ import annotations

import pytest
from mypy.api import run

BEGIN = """
from collections.abc import Iterable
from typing import Never

from diagnose.api import NO_NEEDS, Check, Context, Facts, Finding, Inputs, Subject, need, read


class One(Facts, frozen=True):
    word: str


class Two(Facts, frozen=True):
    word: str


class Own(Facts, frozen=True):
    word: str


def probe(_target: Subject, _inputs: Inputs[Never], _context: Context) -> Own:
    return Own("")


def with_one(_target: Subject, inputs: Inputs[One], _context: Context) -> Own:
    return Own(inputs[One].word)


def with_both(_target: Subject, inputs: Inputs[One | Two], context: Context) -> Own:
    found = inputs.get(Two)
    return Own(found.word) if found else with_one(_target, inputs, context)


def judge(_facts: Own, _inputs: Inputs[Never], _target: Subject) -> Iterable[Finding]:
    return ()


def of_one(_facts: Own, inputs: Inputs[One], _target: Subject) -> Iterable[Finding]:
    return [] if any(facts.word for _, facts in inputs.each(One)) else ()


def of_earlier_turns(_facts: Own, inputs: Inputs[Own], _target: Subject) -> Iterable[Finding]:
    return [] if inputs.get(Own) else ()


"""
CHECK = 'Check(id="own", family="own", title="T", each=Subject, facts=Own, probe={}, judge={}, needs={})\n'
RIGHT = [
    CHECK.format(*one)
    for one in (
        ("probe", "judge", "NO_NEEDS"),
        ("probe", "judge", "need(One)"),
        ("with_one", "judge", "need(One)"),
        ("with_one", "of_one", "need(One, where=lambda target: True)"),
        ("with_both", "of_one", "need(One) | read(Two)"),
        ("with_both", "judge", "read(Two) | need(One)"),
        ("probe", "of_earlier_turns", "NO_NEEDS"),
    )
]
WRONG = [
    *(
        CHECK.format(*one)
        for one in (
            ("with_one", "judge", "NO_NEEDS"),
            ("with_one", "judge", "need(Two)"),
            ("with_both", "judge", "need(One)"),
            ("with_both", "judge", "read(Two)"),
            ("probe", "of_one", "NO_NEEDS"),
            ("probe", "of_one", "read(Two)"),
            ("with_one", "of_one", "(One,)"),
        )
    ),
    CHECK.format("with_one", "judge", "").replace(", needs=", ""),
    "def helper(inputs: Inputs[One]) -> Two: return inputs[Two]\n",
    "def helper(inputs: Inputs[Never]) -> object: return inputs.get(One)\n",
    "def helper(inputs: Inputs[Two]) -> object: return list(inputs.each(One))\n",
    "def caller(who: Subject, inputs: Inputs[One], context: Context) -> Own: return with_both(who, inputs, context)\n",
]


@pytest.fixture(scope="module")
def wrong_lines(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The statements that mypy finds fault with, of all that are right and all that are wrong."""
    folder = tmp_path_factory.mktemp("typed")
    file = folder / "declared.py"
    file.write_text(BEGIN + "".join([*RIGHT, *WRONG]), "utf-8")
    said, unsaid, _ = run(
        ["--strict", "--no-error-summary", "--show-absolute-path", "--cache-dir", str(folder / "cache"), str(file)]
    )
    assert not unsaid
    lines = file.read_text("utf-8").splitlines(keepends=True)
    places = [line.removeprefix(f"{file}:") for line in said.splitlines() if ": error: " in line]
    assert all(place.partition(":")[0].isdecimal() for place in places), said
    return {lines[int(place.partition(":")[0]) - 1] for place in places}


@pytest.mark.parametrize("statement", WRONG)
def test_what_is_forgotten_is_an_error(statement: str, wrong_lines: set[str]) -> None:
    assert statement in wrong_lines


def test_what_is_declared_is_none(wrong_lines: set[str]) -> None:
    """Nor is what is declared and not asked for, which is found elsewhere."""
    assert wrong_lines <= {*WRONG}
