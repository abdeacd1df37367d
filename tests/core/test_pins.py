"""What the tests run with: all that is imported is declared, all that is declared is pinned, with hashes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

TOP = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
OURS = {"diagnose", "checks", "reports", "tests", "benchmarks", "docs"}
PINNED = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?: ; [^\\\n]+)? \\\n(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+",
    re.MULTILINE,
)
"""One package in a file of pins."""
EVERYTHING = ("chromium", "dask", "keyring", "dev")


def requirements(*extras: str) -> list[Requirement]:
    """What pyproject declares: for everybody, for the build, and for *extras*."""
    declared: list[str] = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
    for extra in extras:
        declared = declared + PROJECT["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in declared]


def statements(body: list[ast.stmt], *, for_types: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Those of *body*, and those inside them, and whether a type checker alone reads it.

    An expression holds no statement.
    """
    for one in body:
        yield one, for_types
        within = for_types or (isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING")
        otherwise = one.orelse if isinstance(one, ast.If) else []
        for part in ast.iter_child_nodes(one):
            if isinstance(part, ast.stmt):
                yield from statements([part], for_types=for_types if part in otherwise else within)
            elif isinstance(part, ast.ExceptHandler | ast.match_case):
                yield from statements(part.body, for_types=for_types)


def imported_anywhere(*folders: str) -> Iterator[tuple[str, Path, bool]]:
    """Top-level names of packages that modules in *folders* import, wherever in the module, each with one of them.

    And whether a type checker alone reads that.
    """
    for folder in folders:
        for file in sorted((TOP / folder).rglob("*.py")):
            for node, for_types in statements(ast.parse(file.read_bytes()).body):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    names = [node.module]
                yield from ((name.partition(".")[0], file, for_types) for name in names)


@pytest.mark.parametrize(
    ("folders", "extras"),
    [
        (("diagnose", "checks", "reports"), ("chromium", "dask", "keyring")),
        (("tests", "benchmarks"), ("dev",)),
    ],
)
def test_what_is_imported_is_declared(folders: tuple[str, ...], extras: tuple[str, ...]) -> None:
    """By name: what another package happens to bring may be gone with its next version.

    What a type checker alone reads is there where types are checked.
    """
    at_run_time = {canonicalize_name(one.name) for one in requirements(*extras)}
    for_types = {canonicalize_name(one.name) for one in requirements(*extras, "dev")}
    distributions = packages_distributions()
    undeclared = {
        f"{file.relative_to(TOP)} imports {name}"
        for name, file, by_types_alone in imported_anywhere(*folders)
        if name not in sys.stdlib_module_names | OURS
        and (for_types if by_types_alone else at_run_time).isdisjoint(
            canonicalize_name(one) for one in distributions.get(name, [name])
        )
    }
    assert undeclared == set()


@cache
def pins(name: str) -> dict[str, list[Version]]:
    """Versions by package in a file of pins; several where they differ by system or Python."""
    found: dict[str, list[Version]] = {}
    for one in PINNED.finditer((TOP / ".ci" / "pins" / f"{name}.txt").read_text(encoding="utf-8")):
        found.setdefault(one["name"], []).append(Version(one["version"]))
    return found


@pytest.mark.parametrize(
    ("name", "extras"),
    [("lab", ()), ("dev", EVERYTHING), ("lowest", EVERYTHING)],
)
def test_what_is_declared_is_pinned(name: str, extras: tuple[str, ...]) -> None:
    """A version that pyproject takes. If this fails, run ``make pins``."""
    unmet = {
        f"{one}: {found}"
        for one in requirements(*extras)
        for found in [pins(name).get(canonicalize_name(one.name), [])]
        if not found or not all(one.specifier.contains(version, prereleases=True) for version in found)
    }
    assert unmet == set()


@pytest.mark.parametrize("name", ["lab", "dev", "lowest"])
def test_every_pin_has_its_hashes_and_no_registry(name: str) -> None:
    content = (TOP / ".ci" / "pins" / f"{name}.txt").read_text(encoding="utf-8")

    left = PINNED.sub("", content)
    assert [line for line in left.splitlines() if not line.lstrip().startswith("#")] == []
    assert "://" not in content


def test_the_lab_is_pinned_as_the_tests_are() -> None:
    assert pins("lab").items() <= pins("dev").items()


def test_the_oldest_versions_tested_are_those_declared() -> None:
    """A bound that another package overrides says less than what was tested."""
    declared = {canonicalize_name(one.name): min(Version(s.version) for s in one.specifier) for one in requirements()}
    assert {name: pins("lowest")[name] for name in declared} == {name: [oldest] for name, oldest in declared.items()}
