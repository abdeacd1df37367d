"""The plan of a run: each check on each of its targets, and which of these wait for which."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import msgspec

from diagnose.model import Check, CheckResult, Facts, Host, Service, Skip, Subject, Target, Text
from diagnose.model import text as _
from diagnose.model.failures import internal_fault
from diagnose.model.internal import MutableInternal
from diagnose.planning.declaration import DISCOVERY
from diagnose.planning.selection import Selection, matches
from diagnose.record.run import CheckRun

_SUBJECT = ""
"""Where no host's name stands."""


class Instance(MutableInternal, eq=False):
    """A check on one target, and how far it is."""

    check: Check[Any]
    target: Target
    identity: str
    title: Text
    place: int
    """In the plan, from 0."""
    fault: Text | None = None
    """What its declaration raised; then it cannot run."""
    needed: list[Instance] = msgspec.field(default_factory=list)
    awaited: list[Instance] = msgspec.field(default_factory=list)
    """All that it waits for, what it needs included."""
    followers: list[Instance] = msgspec.field(default_factory=list)
    """Those that wait for it."""
    users: list[Instance] = msgspec.field(default_factory=list)
    """Those that need it."""
    missing: int = 0
    """How many of those that it waits for are not over."""
    held_up: bool = False
    """One that it needs left nothing that it could go on with."""
    state: Literal["waiting", "running", "over"] = "waiting"
    started: float | None = None
    """By the monotonic clock, in seconds."""
    left: CheckRun | None = None
    """What is on record of it."""
    result: CheckResult | None = None
    root: Skip | None = None
    """Why what needs this one cannot go on: the root need, not the nearest."""

    @property
    def failed(self) -> bool:
        """Whether it is over, and nothing that needs it can go on."""
        return self.state == "over" and self.result is not None and not self.result.usable

    @property
    def in_the_way(self) -> Skip:
        """Why another one is skipped that needs this one."""
        return self.root or Skip(need=self.identity)


class Plan:
    """All instances, in the order in which their targets came to be known."""

    def __init__(self, checks: tuple[Check[Any], ...], selection: Selection) -> None:
        self.instances: list[Instance] = []
        self._checks = checks
        self._selection = selection
        self._identities: set[str] = set()
        self._on: dict[tuple[type[Facts], Service | str], Instance] = {}
        """By what a check leaves and where."""
        self._gathering: dict[type[Facts], list[Instance]] = {}
        """Those on the subject that wait for this kind of facts of all targets, known ones and later ones."""
        self._finder: Instance | None = None
        self._beyond_subject = {check.facts for check in checks if check.each is not Subject}

    def add(self, target: Target) -> list[Instance]:
        """The new instances that *target* brings, each joined to those that it waits for."""
        new = [instance for check in self._checks if (instance := self._instance(check, target))]
        for instance in new:
            if isinstance(target, Subject):
                for kind in instance.check.awaited:
                    self._gathering.setdefault(kind, []).append(instance)
        for instance in new:
            self._join(instance)
        return new

    def _instance(self, check: Check[Any], target: Target) -> Instance | None:
        fault = None
        try:
            if not isinstance(target, check.each) or not check.applies(target):
                return None
            title = _title(check, target)
            title.render()
        except Exception as error:  # only this check's, as whatever it raises later
            title, fault = Text("{check}", {"check": check.id}), internal_fault(error)
        identity = self._identity(check, target)
        instance = Instance(check, target, identity, title, len(self.instances), fault)
        self.instances.append(instance)
        self._on[check.facts, _where(target)] = instance
        if check.id == DISCOVERY:
            self._finder = instance
        return instance

    def _identity(self, check: Check[Any], target: Target) -> str:
        match target:
            case Service():
                wanted = f"{check.id}.{target.protocol}.{target.port}"
            case Host():
                wanted = f"{check.id}.{target.name}"
            case Subject():
                wanted = check.id
        number = 2
        identity = wanted
        while identity in self._identities:
            identity = f"{wanted}.{number}"
            number += 1
        self._identities.add(identity)
        return identity

    def close(self) -> None:
        """Forget who waits for whom: rings of these would stay until garbage is searched for."""
        for instance in self.instances:
            instance.followers.clear()
            instance.users.clear()

    # -- what waits for what

    def _join(self, instance: Instance) -> None:
        check, target = instance.check, instance.target
        if not isinstance(target, Subject):
            needed = check.needed(target)
            for kind in (*needed, *check.needs.read, *check.starts_after):
                if source := self._nearest(kind, target):
                    _wait(instance, source, needs=kind in needed)
        elif self._finder and self._finder is not instance and check.awaited & self._beyond_subject:
            _wait(instance, self._finder, needs=False)
        for other in self._gathering.get(check.facts, ()):
            _wait(other, instance, needs=check.facts in other.check.needed(other.target))

    def _nearest(self, kind: type[Facts], target: Service | Host) -> Instance | None:
        """What leaves this *kind* of facts on the target itself, on its host, or on the subject."""
        places = (_where(target), *([target.host] if isinstance(target, Service) else ()), _SUBJECT)
        return next((self._on[kind, place] for place in places if (kind, place) in self._on), None)

    # -- which are left out

    def left_out(self, instance: Instance) -> Text | None:
        """Why the person goes without *instance*, if they do; asked once all of its targets' instances are there."""
        if instance.check.id == DISCOVERY:
            return None
        if any(matches(p, instance.identity, instance.check) for p in self._selection.skip):
            return _("left out with --skip")
        if self._selection.only and not self._asked_for(instance):
            return _("not among the checks chosen with --only")
        return None

    def may_hold(self, check: Check[Any]) -> bool:
        """Whether an instance of *check*, on whatever target, may be among those that are not left out."""
        if check.id == DISCOVERY:
            return True
        if any(matches(p, check.id, check) for p in self._selection.skip):
            return False
        return not self._selection.only or self._chosen(check)

    def _asked_for(self, instance: Instance) -> bool:
        if any(matches(p, instance.identity, instance.check) for p in self._selection.only):
            return True
        if isinstance(instance.target, Subject):  # services that need it may yet be found
            return self._chosen(instance.check)
        return any(self._asked_for(user) for user in instance.users)

    def _chosen(self, check: Check[Any]) -> bool:
        """Whether --only may mean an instance of *check*, or of one that needs it."""
        return check.id in self._may_be_meant

    @cached_property
    def _may_be_meant(self) -> frozenset[str]:
        meant = [c for c in self._checks if self._named(c)]
        needed = set[type[Facts]]()
        for check in meant:  # which grows meanwhile
            new = check.needed_somewhere - needed
            needed |= new
            meant += [c for c in self._checks if c.facts in new and c not in meant]
        return frozenset(check.id for check in meant)

    def _named(self, check: Check[Any]) -> bool:
        return any(matches(p, check.id, check) or p.startswith(check.id + ".") for p in self._selection.only)


def taking_part(checks: tuple[Check[Any], ...], selection: Selection) -> frozenset[str]:
    """The ids of those *checks* that *selection* leaves in, on some target at least."""
    plan = Plan(checks, selection)
    return frozenset(check.id for check in checks if plan.may_hold(check))


def sources(instance: Instance) -> Iterator[Instance]:
    """Those whose facts *instance* reads."""
    read = {*instance.check.needed(instance.target), *instance.check.needs.read}
    return (source for source in instance.awaited if source.check.facts in read)


def _wait(instance: Instance, source: Instance, *, needs: bool) -> None:
    instance.awaited.append(source)
    source.followers.append(instance)
    instance.missing += source.state != "over"
    if needs:
        instance.needed.append(source)
        source.users.append(instance)
        instance.held_up |= source.failed


def _where(target: Target) -> Service | str:
    match target:
        case Service():
            return target
        case Host():
            return target.name
        case Subject():
            return _SUBJECT


def _title(check: Check[Any], target: Target) -> Text:
    msgid = check.title_for(target)
    match target:
        case Service():
            return Text(msgid, {"host": target.host, "port": target.port, "protocol": target.label})
        case Host():
            return Text(msgid, {"host": target.name})
        case Subject():
            return Text(msgid, {"domain": target.domain})
