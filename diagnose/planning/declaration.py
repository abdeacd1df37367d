"""Whether the checks, as they are declared, can run at all."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, get_args

from diagnose.discovery import Discovered
from diagnose.model import Check, Facts, Service
from diagnose.model.protocols import BY_NAME, TlsMode
from diagnose.model.stations import STATIONS, AddedStation
from diagnose.process.first_use import lazy_pattern

NAME = lazy_pattern(r"[a-z][a-z0-9.-]*")
DISCOVERY = "discovery"
"""The id of the check that announces services."""


class DeclarationError(Exception):
    """The checks as declared cannot run.

    Two share an id or a station's name, or one waits for itself or for facts that no check leaves.
    """


_sound: list[tuple[tuple[Check[Any], ...], frozenset[type[Facts]]]] = []
"""What was looked at last, and is well: runs of a fleet have the same checks."""


def require_valid(checks: tuple[Check[Any], ...], absent: frozenset[type[Facts]]) -> None:
    """As `validate`, which looks at the same checks once."""
    for known, lacking in tuple(_sound):
        if lacking == absent and len(known) == len(checks) and all(map(operator.is_, known, checks)):
            return
    validate(checks, absent)
    _sound[:] = [(checks, absent)]


def validate(checks: Iterable[Check[Any]], absent: frozenset[type[Facts]] = frozenset()) -> None:
    """Raise DeclarationError when *checks* cannot run together.

    Ids and types of facts are one to one, and no check waits for facts that never come. Needs may depend on
    the target: TLS comes before the greeting, or after it. So each kind of service is searched for circles by itself.
    A check may wait for what discovery leaves, even where discovery is not among the *checks*. It may read what is
    *absent*: facts of checks that take no part.
    """
    declared = tuple(checks)
    owners: dict[type[Facts], str] = {}
    for check in declared:
        if check.id in owners.values():
            raise DeclarationError(f"two checks are called {check.id}")
        if check.facts is Discovered and check.id != DISCOVERY:
            raise DeclarationError(f"{check.id} leaves {Discovered.__name__}, as {DISCOVERY} does")
        if owners.setdefault(check.facts, check.id) != check.id:
            raise DeclarationError(f"{check.id} leaves {check.facts.__name__}, as {owners[check.facts]} does")
        if isinstance(added := check.station, AddedStation) and (
            added.name in STATIONS or not NAME.fullmatch(added.name)
        ):
            raise DeclarationError(f"{check.id} adds a station {added.name!r}")
    for check in declared:
        missing = check.awaited - owners.keys() - {Discovered} - (absent - check.needed_somewhere)
        if unknown := sorted(kind.__name__ for kind in missing):
            raise DeclarationError(f"{check.id} waits for {', '.join(unknown)}, which no check leaves")
    of_services = [check for check in declared if check.is_for(Service)]
    others = {c.id: {owners.get(kind, "") for kind in c.awaited} for c in declared if not c.is_for(Service)}
    # most of these wait for no service's check, which is so whatever the service
    left = _not_settled(others, {check.id for check in of_services})
    for protocol, mode in product(BY_NAME, get_args(TlsMode)):
        sample = Service(protocol=protocol, host="", port=0, tls=mode, source="option")
        applying = [check for check in of_services if check.applies(sample)]
        wants = {c.id: {owners.get(kind, "") for kind in _awaited(c, sample)} for c in applying}
        if circle := _not_settled(left | wants, set()):
            raise DeclarationError(f"these need each other in a circle: {', '.join(sorted(circle))}")


def _awaited(check: Check[Any], sample: Service) -> set[type[Facts]]:
    return {*check.needed(sample), *check.needs.read, *check.starts_after}


def _not_settled(wants: Mapping[str, set[str]], open_: set[str]) -> dict[str, set[str]]:
    """Those of *wants* that wait for each other in a circle, or for one that does, or that is *open_*."""
    left = dict(wants)
    while free := [name for name, awaited in left.items() if awaited.isdisjoint(left) and awaited.isdisjoint(open_)]:
        for name in free:
            del left[name]
    return left
