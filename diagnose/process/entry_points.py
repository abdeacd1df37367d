"""What installed packages bring, ours and others', by the group of their entry points."""

from __future__ import annotations

from importlib import metadata

from diagnose.process.first_use import made_once

OWN = {"diagnose.checks": "checks.", "diagnose.reports": "reports."}
"""Group -> what the modules of the entry points that this distribution has there begin with."""


def entry_points(group: str) -> tuple[metadata.EntryPoint, ...]:
    """The entry points of *group*, ours first, then others' by name; nothing is loaded."""
    return tuple(sorted(_all().get(group, ()), key=lambda point: (not is_own(point), point.name, point.value)))


def is_own(point: metadata.EntryPoint) -> bool:
    """Whether this distribution brings it."""
    return point.value.startswith(OWN.get(point.group) or "\0")


@made_once
def _all() -> dict[str, tuple[metadata.EntryPoint, ...]]:
    """By group: the files of all installed packages are read for any of them, so they are read once."""
    found = metadata.entry_points()
    return {group: tuple(found.select(group=group)) for group in found.groups}
