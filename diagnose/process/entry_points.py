"""What installed packages bring, ours and others', by the group of their entry points.

It is the entry points specification of Python packaging, read from the installed distributions' own files. To import
importlib.metadata costs a start as much as all of the command line; it is asked only where these files are not all
there is.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from functools import reduce
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from diagnose.process.first_use import lazy_pattern, made_once, one_at_a_time

OWN = {"diagnose.checks": "checks.", "diagnose.reports": "reports."}
"""Group -> what the modules of the entry points that this distribution has there begin with."""
_FILE = "entry_points.txt"
_TOLD = ("METADATA", "PKG-INFO")
"""What the file is called that tells of a distribution, by the kind of its folder."""
_VALUE = lazy_pattern(r"([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\])?")
_RECORDS = (".dist-info", ".egg-info")
"""What the folders are called that tell of installed distributions."""


class EntryPoint(NamedTuple):
    """One thing that a distribution brings."""

    group: str
    name: str
    value: str
    """``module:attribute``."""

    def load(self) -> Any:  # noqa: ANN401 - whatever it is
        """What it stands for. Raises ValueError for a value of another form, and whatever the import raises."""
        found = _VALUE.fullmatch(self.value)
        if found is None:
            raise ValueError(self.value)
        with one_at_a_time:
            module = importlib.import_module(found[1])
        return reduce(getattr, found[2].split(".") if found[2] else (), module)


def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of *group*, ours first, then others' by name; nothing is loaded."""
    return tuple(sorted(_all().get(group, ()), key=lambda point: (not is_own(point), point.name, point.value)))


def is_own(point: EntryPoint) -> bool:
    """Whether this distribution brings it."""
    return point.value.startswith(OWN.get(point.group) or "\0")


@made_once
def _all() -> dict[str, list[EntryPoint]]:
    """By group: the files of all installed packages are read for any of them, so they are read once."""
    places = [Path(place) for place in dict.fromkeys(sys.path)]
    found: dict[str, list[EntryPoint]] = {}
    for point in _elsewhere() if _are_elsewhere(places) else _in_files(places):
        found.setdefault(point.group, []).append(point)
    return found


def _are_elsewhere(places: list[Path]) -> bool:
    """Whether distributions may lie in an archive, or be known to an importer of somebody else's."""
    finders = (finder for finder in sys.meta_path if finder is not PathFinder)
    return any(hasattr(finder, "find_distributions") for finder in finders) or any(place.is_file() for place in places)


def _elsewhere() -> Iterator[EntryPoint]:
    with one_at_a_time:
        from importlib import metadata

    known: set[str] = set()
    for distribution in metadata.distributions():
        try:
            name, text = _normalized(distribution.metadata["Name"] or ""), distribution.read_text(_FILE)
        except (OSError, ValueError):  # what is broken brings nothing
            continue
        if text and name not in known:
            yield from _in_text(text)
        known.add(name)


def urls(distribution: str) -> tuple[tuple[str, str], ...]:
    """The labels and URLs that the metadata of *distribution* name (core metadata, Project-URL); none without it."""
    places = [Path(place) for place in dict.fromkeys(sys.path)]
    if _are_elsewhere(places):
        with one_at_a_time:
            from importlib import metadata

        try:
            named = metadata.metadata(distribution).get_all("Project-URL") or ()
        except metadata.PackageNotFoundError:
            return ()
    else:
        named = _named_in_files(places, _normalized(distribution))
    return tuple((label.strip(), url) for label, _, url in (one.partition(", ") for one in named))


def _named_in_files(places: list[Path], distribution: str) -> list[str]:
    record = next((folder for name, folder in _records(places) if name == distribution), None)
    for file in () if record is None else (record / name for name in _TOLD):
        try:
            head = file.read_text("utf-8").partition("\n\n")[0]  # behind it stands what people read
        except (OSError, UnicodeDecodeError):
            continue
        fields = (line.partition(":") for line in head.splitlines())
        return [value.strip() for name, _, value in fields if name.lower() == "project-url"]
    return []


def _in_files(places: list[Path]) -> Iterator[EntryPoint]:
    for _, record in _records(places):
        try:
            text = (record / _FILE).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        yield from _in_text(text)


def _records(places: list[Path]) -> Iterator[tuple[str, Path]]:
    """The normalized name of each distribution, and the folder that tells of it."""
    known: set[str] = set()
    for place in places:
        try:
            names = os.listdir(place)  # noqa: PTH208 - of a thousand, most are none of these, and need be no Path
        except OSError:
            continue
        for record in sorted(name for name in names if name.endswith(_RECORDS)):
            distribution = _normalized(record.rpartition(".")[0].partition("-")[0])
            if distribution in known:  # one that is installed twice is the first on the path
                continue
            known.add(distribution)
            yield distribution, place / record


def _normalized(name: str) -> str:
    """The name of a distribution, as names are compared (PEP 503)."""
    return re.sub("[-_.]+", "-", name).lower()


def _in_text(text: str) -> Iterator[EntryPoint]:
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group and not line.startswith(("#", ";")):
            name, equals, value = line.partition("=")
            if equals:
                yield EntryPoint(group, name.strip(), value.strip())
