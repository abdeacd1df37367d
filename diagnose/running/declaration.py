"""Whether the checks, as they are declared, can run at all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any, get_args

from diagnose.model import Check, Service
from diagnose.model.protocols import BY_NAME, TlsMode

DISCOVERY = "discovery"
"""The id of the check that announces services."""


class DeclarationError(Exception):
    """The checks as declared cannot run: an unknown name or a circle in what they need."""


def validate(checks: Iterable[Check[Any]]) -> None:
    """Raise DeclarationError when a check needs an unknown check, or needs itself in the end.

    A check may be declared twice for different targets (TLS before the greeting, or after it), so
    circles are looked for on every kind of service by itself.
    """
    declared = tuple(checks)
    names = {DISCOVERY, *(check.id for check in declared)}
    for check in declared:
        if unknown := {*check.needs, *check.after} - names:
            raise DeclarationError(f"{check.id} needs {', '.join(sorted(unknown))}, which no check is called")
    for protocol, mode in product(BY_NAME, get_args(TlsMode)):
        sample = Service(protocol=protocol, host="", port=0, tls=mode, source="option")
        _look_for_circle([c for c in declared if not isinstance(sample, c.each) or c.applies(sample)])


def _look_for_circle(checks: list[Check[Any]]) -> None:
    wants = {check.id: {*check.needs, *check.after} for check in checks}
    settled: set[str] = set()
    while open_ := wants.keys() - settled:
        free = {name for name in open_ if wants[name] & wants.keys() <= settled}
        if not free:
            raise DeclarationError(f"these need each other in a circle: {', '.join(sorted(open_))}")
        settled |= free
