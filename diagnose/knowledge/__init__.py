"""What the tool knows: causes, remedies, providers and reply signatures, as data files beside this module."""

from __future__ import annotations

from pathlib import Path


class KnowledgeError(Exception):
    """A knowledge file cannot be used; the message names file and line."""

    def __init__(self, file: Path, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem
