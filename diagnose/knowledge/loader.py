"""Read knowledge files, ours and those of others, as typed and checked values."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from diagnose.knowledge import compiled
from diagnose.process.first_use import one_at_a_time, unpack

T = TypeVar("T")

KNOWLEDGE = compiled.KNOWLEDGE
"""The folder that the package's own knowledge files lie in."""


def load(file: Path, kind: type[T]) -> T:
    """The content of *file* as a *kind* (a msgspec Struct, or a container of them).

    A file of ours is read in its compiled form. Raises KnowledgeError, with file and line, for what cannot be used.
    """
    if (content := compiled.content(file)) is not None:
        try:
            return unpack(content, kind)
        except msgspec.ValidationError:
            pass  # told below, with its line
    with one_at_a_time:
        from diagnose.knowledge import yaml_files  # brings YAML, which an installed package does without

    return yaml_files.read(file, kind)


def line_of_word(file: Path, word: str, first: int = 1) -> int:
    """The first line of *file*, from *first* on, that holds *word*; *first* where none does."""
    lines = file.read_text("utf-8").splitlines()
    return next((line for line in range(first, len(lines) + 1) if word and word in lines[line - 1]), first)


def line_of_entry(file: Path, number: int) -> int:
    """The line that the *number*th entry of the list in *file* begins at."""
    starts = [line for line, text in enumerate(file.read_text("utf-8").splitlines(), 1) if text.startswith("- ")]
    return starts[number] if number < len(starts) else 1
