"""The knowledge that other packages bring: a folder each, named by an entry point, taken whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from diagnose.knowledge import KnowledgeError
from diagnose.model.text import Text
from diagnose.process.entry_points import entry_points
from diagnose.process.first_use import made_once, one_at_a_time

GROUP = "diagnose.knowledge"
CAUSES, REPLIES, PROVIDERS, BROWSERS, LOCALE = KINDS = ("causes", "replies", "providers", "browsers", "locale")
"""The folders of knowledge that a package may bring."""


class Package(NamedTuple):
    """One package's knowledge."""

    name: str
    """Of its entry point."""
    folder: Path
    """What holds its folders of `KINDS`."""

    def files(self, kind: str) -> tuple[Path, ...]:
        """Its YAML files of that *kind*, by name."""
        return tuple(sorted((self.folder / kind).glob("*.yaml")))


class Refused(NamedTuple):
    """A package whose knowledge is left out, and why."""

    name: str
    sentence: Text


class Packages(NamedTuple):
    """What became of all packages with knowledge of their own."""

    taken: tuple[Package, ...] = ()
    refused: tuple[Refused, ...] = ()


@made_once
def packages() -> Packages:
    """All packages that bring knowledge; without one, no file is read. Raises KnowledgeError for a file of ours."""
    points = entry_points(GROUP)
    if not points:
        return Packages()
    with one_at_a_time:
        from diagnose.knowledge.acceptance import accept  # it reads all kinds, whose modules ask for packages

    return accept(points)


def files_by_id(kind: str, own: Path, brought: Iterable[Package]) -> dict[str, Path]:
    """Id -> file, of the records that stand in a file each; *own*: the built-in folder of that *kind*.

    Raises KnowledgeError where two files have one id.
    """
    found = {file.stem: file for file in sorted(own.glob("*.yaml"))}
    owner = dict.fromkeys(found, "built in")
    for package in brought:
        for file in package.files(kind):
            if file.stem in found:
                other = found[file.stem].relative_to(found[file.stem].parents[1])
                problem = f"{file.stem!r} of {package.name!r} has the name of {other}, {owner[file.stem]}"
                raise KnowledgeError(file, 1, problem)
            found[file.stem], owner[file.stem] = file, f"brought by {package.name!r}"
    return dict(sorted(found.items()))
