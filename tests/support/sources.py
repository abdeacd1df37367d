"""The code of the product's packages, parsed once in a process for all tests that look at it."""

from __future__ import annotations

import ast
import functools
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import diagnose

ROOT = Path(diagnose.__file__).parents[1]
PACKAGES = {name: ROOT / name for name in ("diagnose", "checks", "reports")}


class Source(NamedTuple):
    """One module."""

    name: str
    """Its path below `ROOT`, with slashes."""
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """All that `ast.walk` finds in the tree."""


@functools.cache
def modules(package: str) -> tuple[Source, ...]:
    """The modules of *package*, by name of file; nobody changes what is in them."""
    gc.disable()  # nothing of it is garbage, to the end
    found = tuple(_read(file) for file in sorted(PACKAGES[package].rglob("*.py")))
    gc.freeze()
    gc.enable()
    return found


def all_modules() -> Iterator[Source]:
    """Those of all packages."""
    for package in PACKAGES:
        yield from modules(package)


def _read(file: Path) -> Source:
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    return Source(file.relative_to(ROOT).as_posix(), text, tree, tuple(ast.walk(tree)))
