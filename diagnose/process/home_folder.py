"""The person's own folders, on an account that need not have a home folder: containers and services have such."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def of_person(place: Callable[[], Path]) -> Path | None:
    """The folder that *place* tells; None where there is no home folder for it to be in.

    Without one, newer versions of platformdirs raise, and older ones tell a folder called ``~``.
    """
    try:
        found = place()
    except RuntimeError:
        return None
    return found if found.is_absolute() else None
