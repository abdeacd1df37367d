"""All checks there are, by entry point: what a broken package brings is told in its place, and costs nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, NoReturn

import msgspec
from msgspec import defstruct

from diagnose.knowledge.catalogue import catalogue
from diagnose.knowledge.packages import Refused, packages
from diagnose.model import NO_NEEDS, Check, Facts, Inputs, Subject, Text, text
from diagnose.model.failures import FaultError
from diagnose.planning.declaration import DISCOVERY, DeclarationError, validate
from diagnose.process.entry_points import EntryPoint, entry_points, is_own
from diagnose.process.first_use import made_once
from diagnose.running.context import Context

GROUP = "diagnose.checks"


class PluginError(FaultError):
    """What a package brings cannot be used."""


@made_once
def all_checks() -> tuple[Check[Any], ...]:
    """Built-in and other packages' checks alike; for those that cannot be used, one check that says so."""
    points = entry_points(GROUP)
    own = [check for point in points if is_own(point) for check in point.load()]
    foreign = _foreign([point for point in points if not is_own(point)], own)
    return tuple(_told_apart([*own, *foreign, *(_left_out(one) for one in packages().refused)]))


def _told_apart(checks: Iterable[Check[Any]]) -> Iterable[Check[Any]]:
    """*checks* with an id each: an entry point may be called as another one is, or as a check."""
    taken = {DISCOVERY}
    for check in checks:
        free = (name for number in count(2) if (name := f"{check.id}.{number}") not in taken)
        identity = check.id if check.id not in taken else next(free)
        taken.add(identity)
        yield check if identity == check.id else msgspec.structs.replace(check, id=identity)


def _foreign(points: Iterable[EntryPoint], own: list[Check[Any]]) -> Iterable[Check[Any]]:
    """Their checks. One package may need another's, so each is tried again as long as others come in."""
    taken: list[Check[Any]] = []
    waiting: dict[EntryPoint, list[Check[Any]]] = {}
    for point in points:
        try:
            waiting[point] = _loaded(point, {DISCOVERY, *(check.id for check in own)})
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # even an exit is only this package's fault
            yield _told(point, error)
    while fitting := [point for point, found in waiting.items() if _fits([*own, *taken, *found])]:
        taken += waiting.pop(fitting[0])
    yield from taken
    yield from (_told(point, DeclarationError()) for point in waiting)


def _loaded(point: EntryPoint, own: set[str]) -> list[Check[Any]]:
    """The checks of *point*. Raises whatever its package raises."""
    found = list(point.load())
    for check in found:
        if not isinstance(check, Check):
            raise TypeError
        if check.id in own or any(cause not in catalogue() for cause in check.rules_out):
            raise DeclarationError
    return found


def _fits(checks: list[Check[Any]]) -> bool:
    try:
        validate(checks)
    except Exception:  # of a circle, of an unknown name, or of what a check says itself
        return False
    return True


def _told(point: EntryPoint, error: BaseException) -> Check[Facts]:
    sentence = text("the checks of “{name}” cannot be used: {kind}", name=point.name, kind=type(error).__name__)
    return _saying(point.name, text("The checks of an additional package can be used").msgid, sentence)


def _left_out(package: Refused) -> Check[Facts]:
    title = text("The knowledge of an additional package can be used").msgid
    return _saying(f"{package.name}.knowledge", title, package.sentence)


def _saying(identity: str, title: str, sentence: Text) -> Check[Facts]:
    """A check whose error is *sentence*."""

    def probe(_target: Subject, _inputs: Inputs, _context: Context) -> NoReturn:
        raise PluginError(sentence)

    return Check(
        id=identity,
        family="plugin",
        title=title,
        each=Subject,
        facts=defstruct("Nothing", [], frozen=True),  # of its own, as every check has them
        probe=probe,
        judge=lambda _facts, _inputs, _target: (),
        needs=NO_NEEDS,
    )
