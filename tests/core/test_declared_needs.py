"""What checks read of each other's facts stands in their declarations: found in their code, call by call."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from checks.browser import difference
from checks.login import login
from checks.network import clock, portal
from checks.reach.reach import ReachFacts
from checks.tls import tls
from diagnose.model import Check, Facts, Inputs
from diagnose.running.plugins import all_checks
from tests.support.sources import modules

OURS = "checks."


def of(function: FunctionType) -> tuple[ast.AST, dict[str, Any]]:
    """The code of *function*, and what its names mean."""
    source = textwrap.dedent(inspect.getsource(function))
    try:
        tree: ast.AST = ast.parse(source)
    except SyntaxError:  # a lambda within a call
        tree = ast.parse("()")
    imported = {
        one.asname or one.name: getattr(importlib.import_module(node.module), one.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for one in node.names
    }
    return tree, {**function.__globals__, **inspect.getclosurevars(function).nonlocals, **imported}


def meant(node: ast.AST, names: dict[str, Any]) -> object:
    """What an expression stands for, where that is a name of a module, or one of a module that it imports."""
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=value, attr=attribute):
            module = meant(value, names)
            return getattr(module, attribute, None) if isinstance(module, ModuleType) else None
    return None


def takes_inputs(function: FunctionType) -> bool:
    return any("Inputs" in str(annotation) for annotation in function.__annotations__.values())


def read_by(function: FunctionType, seen: set[FunctionType]) -> Iterator[tuple[str, type[Facts]]]:
    """How and which facts *function* asks its inputs for, and all that it hands them on to."""
    if function in seen:
        return
    seen.add(function)
    tree, names = of(function)
    for node in ast.walk(tree):
        how: str | None = None
        wanted: ast.AST | None = None
        match node:
            case ast.Subscript(value=ast.Name(id="inputs"), slice=wanted):
                how = "needed"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="inputs"), attr="get" | "each" as how), args=[wanted]):
                pass
            case ast.Name() | ast.Attribute():
                other = meant(node, names)
                if isinstance(other, FunctionType) and other.__module__.startswith(OURS) and takes_inputs(other):
                    yield from read_by(other, seen)
        if how is not None and wanted is not None:
            kind = meant(wanted, names)
            if isinstance(kind, type) and issubclass(kind, Facts):
                yield how, kind
            else:
                assert is_handed_on(function, wanted), f"{function.__qualname__} asks for {ast.unparse(wanted)}"
                yield from ((how, one) for one in handed_on(function))


def is_handed_on(function: FunctionType, wanted: ast.AST) -> bool:
    """Whether the type is a parameter of *function*, so that its callers say which."""
    return isinstance(wanted, ast.Name) and wanted.id in inspect.signature(function).parameters


def handed_on(function: FunctionType) -> Iterator[type[Facts]]:
    """The types of facts that calls of *function* in its own module name."""
    for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(function)))):  # type: ignore[arg-type]
        if isinstance(node, ast.Call) and meant(node.func, dict(function.__globals__)) is function:
            kinds = (meant(argument, dict(function.__globals__)) for argument in node.args)
            yield from (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Facts))


def asked_by(check: Check[Any]) -> set[tuple[str, type[Facts]]]:
    called: list[Callable[..., Any]] = [check.probe, check.judge]
    if check.turns is not None:
        called.append(check.turns.spared)
    seen: set[FunctionType] = set()
    return {row for one in called if isinstance(one, FunctionType) for row in read_by(one, seen)}


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_what_a_check_asks_for_is_declared(check: Check[Any]) -> None:
    """``inputs[X]`` only for what is needed; ``get`` and ``each`` for that, for what is read, or for earlier turns."""
    own = {check.facts} if check.turns is not None else set()
    for how, kind in asked_by(check):
        allowed = check.needed_somewhere if how == "needed" else check.needed_somewhere | {*check.needs.read} | own
        assert kind in allowed, f"{check.id} asks for {kind.__name__} ({how})"


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_what_a_check_declares_to_read_is_asked_for(check: Check[Any]) -> None:
    """What is waited for in vain belongs in `starts_after`, if anywhere; and nothing is declared twice."""
    asked = {kind for _, kind in asked_by(check)}
    assert set(check.needs.read) <= asked
    assert len(check.awaited) == len(check.needs.needed) + len(check.needs.read) + len(check.starts_after)


@pytest.mark.parametrize(
    ("check", "names"),
    [
        (portal.CHECK, {"DomainFacts", "HostFacts", "ReachFacts", "ServerFacts", "TlsFacts", "WebFacts"}),
        (clock.CHECK, {"ServerFacts", "TlsFacts", "WebFacts"}),
        (difference.CHECK, {"Visit", "SeenFacts", "ProfilesFacts"}),
        (tls.CHECK, {"ReachFacts", "ServerFacts"}),
        (login.CHECK, {"ServerFacts", "LoginFacts", "PasswordFacts", "ReachFacts", "TlsFacts"}),
    ],
    ids=lambda value: value.id if isinstance(value, Check) else "",
)
def test_readings_are_found_through_calls(check: Check[Any], names: set[str]) -> None:
    """Whichever function, of whichever module, does the asking."""
    assert {kind.__name__ for _, kind in asked_by(check)} == names


def test_a_reading_that_is_not_declared_is_found() -> None:
    """Else this whole file would prove nothing."""

    def judge(_facts: Facts, inputs: Inputs, _target: object) -> tuple[()]:
        assert inputs.get(ReachFacts)
        assert list(inputs.each(login.LoginFacts))
        return ()

    judge.__module__ = OURS + "made_up"
    assert isinstance(judge, FunctionType)
    assert set(read_by(judge, set())) == {("get", ReachFacts), ("each", login.LoginFacts)}


def test_every_function_of_a_check_says_what_it_asks_for() -> None:
    """Plain `Inputs` would be asked for anything."""
    plain = [
        f"{source.name}:{node.lineno}"
        for source in modules("checks")
        for node in source.nodes
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name) and node.annotation.id == "Inputs"
    ]
    assert plain == []
