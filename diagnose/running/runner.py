"""Run checks: all that can run, at once, to one deadline; the runner alone knows threads, skipping and crashes."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diagnose.model import (
    Check,
    CheckResult,
    Deadline,
    Facts,
    Finding,
    Host,
    Inputs,
    Service,
    SkipCheck,
    Subject,
    Target,
    Text,
)
from diagnose.model import text as _
from diagnose.model.check import Status
from diagnose.model.failure import internal_fault
from diagnose.network import NoThreadError, in_background
from diagnose.running.context import Context
from diagnose.running.declaration import DISCOVERY, validate
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.presentable import presentable
from diagnose.running.selection import Selection, matches

GRACE_SECONDS = 0.3
"""After the deadline, for probes that kept it to hand in what they have."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run brought."""

    results: tuple[CheckResult, ...]
    services: tuple[Service, ...]
    provider: str | None
    interrupted: bool = False


@dataclass(eq=False)
class _Instance:
    check: Check[Any]
    target: Target
    identity: str
    title: Text
    before: tuple[_Instance, ...] = ()
    state: str = "waiting"  # waiting, running, over
    started: float | None = None
    result: CheckResult | None = None
    root: Text | None = None
    """Why what needs this one cannot go on: the root need, not the nearest."""
    inputs: Inputs | None = field(default=None, repr=False)


def run(
    checks: tuple[Check[Any], ...],
    subject: Subject,
    context: Context,
    *,
    provider: str | None,
    hinders_only: Callable[[str], bool],
    selection: Selection | None = None,
    observer: Observer | None = None,
    interruption: Interruption | None = None,
) -> Outcome:
    """Run *checks* for *subject* until all are over, the deadline has passed, or *interruption* was asked for.

    *hinders_only* says of a cause id whether it can never block (KeyError for an unknown one);
    *provider* is the provider known from the start.
    """
    one = _Run(checks, subject, context, provider, hinders_only, selection or Selection(), observer)
    if interruption is not None:
        interruption.listen(lambda: one.inbox.put(_interrupt))
    return one.run()


class _Run:
    def __init__(
        self,
        checks: tuple[Check[Any], ...],
        subject: Subject,
        context: Context,
        provider: str | None,
        hinders_only: Callable[[str], bool],
        selection: Selection,
        observer: Observer | None,
    ) -> None:
        validate(checks)
        self.checks = checks
        self.subject = subject
        self.inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.context = dataclasses.replace(
            context,
            announce=lambda services: self.inbox.put(lambda: self._announced(services)),
            recognise=lambda provider: self.inbox.put(lambda: self._recognised(provider)),
        )
        self.provider = provider
        self.hinders_only = hinders_only
        self.selection = selection
        self.observer = observer
        self.instances: list[_Instance] = []
        self.by_place: dict[tuple[str, object], _Instance] = {}
        self.services: list[Service] = []
        self.hosts: set[str] = set()
        self.began = time.monotonic()

    def run(self) -> Outcome:
        interrupted = False
        self._add(self.subject)
        try:
            self._loop()
        except KeyboardInterrupt:
            interrupted = True
            with contextlib.suppress(queue.Empty):  # what is finished by now still counts
                while True:
                    self.inbox.get_nowait()()
        self._cut_off(interrupted=interrupted)
        self.context.connections.close()
        self.context.network.close()
        results = tuple(i.result for i in self.instances if i.result is not None)
        return Outcome(results=results, services=tuple(self.services), provider=self.provider, interrupted=interrupted)

    def _loop(self) -> None:
        end = Deadline(self.context.deadline.left() + GRACE_SECONDS)
        while True:
            if not self.context.deadline.passed():  # what begins later could only come back too late
                self._advance()
            if all(i.state != "running" for i in self.instances):
                return
            try:
                message = self.inbox.get(timeout=end.left())
            except queue.Empty:
                return
            message()

    # -- which instances there are

    def _announced(self, services: tuple[Service, ...]) -> None:
        for service in services:
            if service in self.services:
                continue
            self.services.append(service)
            if service.host not in self.hosts:
                self.hosts.add(service.host)
                self._add(Host(name=service.host, source=service.source))
            self._add(service)

    def _recognised(self, provider: str) -> None:
        self.provider = provider

    def _add(self, target: Target) -> None:
        for check in self.checks:
            fault = None
            try:
                if not isinstance(target, check.each) or not check.applies(target):
                    continue
                title = _title(check, target)
                title.render()
            except Exception as error:  # only this check's, as whatever it raises later
                title, fault = Text("{check}", {"check": check.id}), internal_fault(error)
            identity = self._identity(check, target)
            before = tuple(i for i in self.instances if i.check.id == check.id) if check.takes_turns else ()
            instance = _Instance(check, target, identity, title, before)
            self.instances.append(instance)
            self.by_place[check.id, _place(target)] = instance
            if self.observer:
                self.observer.planned(identity, title)
            if fault is not None:
                self._done(instance, self._result(instance, "error", because=fault))

    def _identity(self, check: Check[Any], target: Target) -> str:
        match target:
            case Service():
                wanted = f"{check.id}.{target.protocol}.{target.port}"
            case Host():
                wanted = f"{check.id}.{target.name}"
            case Subject():
                wanted = check.id
        taken = {i.identity for i in self.instances}
        number = 2
        identity = wanted
        while identity in taken:
            identity = f"{wanted}.{number}"
            number += 1
        return identity

    # -- what an instance waits for

    def _wanted(self, instance: _Instance, names: tuple[str, ...]) -> list[_Instance]:
        found = []
        for name in names:
            if isinstance(instance.target, Subject):
                found += [i for i in self.instances if i.check.id == name]
            elif one := self._at(name, instance.target):
                found.append(one)
        return found

    def _at(self, check: str, target: Target) -> _Instance | None:
        places: list[object] = [_place(target)]
        if isinstance(target, Service):
            places.append(("host", target.host))
        places.append(("subject", ""))
        return next((self.by_place[check, place] for place in places if (check, place) in self.by_place), None)

    def _may_grow(self, instance: _Instance) -> bool:
        """Whether checks that this one waits for may yet be added."""
        finder = self.by_place.get((DISCOVERY, ("subject", "")))
        if finder is None or finder.state == "over" or not isinstance(instance.target, Subject):
            return False
        kinds = {c.id for c in self.checks if c.each is not Subject}
        return bool(kinds & {*instance.check.needs, *instance.check.after})

    def _advance(self) -> None:
        moved = True
        while moved:
            moved = False
            for instance in self.instances:
                if instance.state == "waiting" and self._try(instance):
                    moved = True

    def _try(self, instance: _Instance) -> bool:
        if why := self._deselected(instance):
            self._skip(instance, why, left_out=True)
            return True
        its_turn = all(turn.state == "over" for turn in instance.before)
        if instance.before and its_turn:
            try:
                spared = instance.check.spared(instance.target, self._inputs(instance, []), self.context)
            except Exception as error:
                self._done(instance, self._result(instance, "error", because=internal_fault(error)))
                return True
            if spared is not None:
                self._skip(instance, spared)
                return True
        needed = self._wanted(instance, instance.check.needs)
        for need in needed:
            if need.state == "over" and need.result is not None and not need.result.usable:
                self._skip(instance, need.root or _named(need))
                return True
        for turn in instance.before:
            if turn.result is not None and turn.result.status == "error":  # who knows what it had done by then
                self._skip(instance, _named(turn))
                return True
        others = self._wanted(instance, instance.check.after)
        if self._may_grow(instance) or not its_turn or any(i.state != "over" for i in (*needed, *others)):
            return False
        self._start(instance, [*needed, *others])
        return True

    def _deselected(self, instance: _Instance) -> Text | None:
        if instance.check.id == DISCOVERY:
            return None
        if any(matches(p, instance.identity, instance.check) for p in self.selection.skip):
            return _("left out with --skip")
        if self.selection.only and not self._asked_for(instance):
            return _("not among the checks chosen with --only")
        return None

    def _asked_for(self, instance: _Instance) -> bool:
        if any(matches(p, instance.identity, instance.check) for p in self.selection.only):
            return True
        if isinstance(instance.target, Subject):  # services that need it may yet be found
            return self._chosen(instance.check)
        users = [i for i in self.instances if instance in self._wanted(i, i.check.needs)]
        return any(self._asked_for(user) for user in users)

    def _chosen(self, check: Check[Any]) -> bool:
        """Whether --only may mean an instance of *check*, or of one that needs it."""
        if any(matches(p, check.id, check) or p.startswith(check.id + ".") for p in self.selection.only):
            return True
        return any(self._chosen(user) for user in self.checks if check.id in user.needs)

    # -- one instance

    def _inputs(self, instance: _Instance, sources: list[_Instance]) -> Inputs:
        facts: dict[str, Facts] = {}
        elsewhere: dict[str, list[tuple[Target, Facts]]] = {}
        for source in sources:
            left = source.result.facts if source.result else None
            if left is None:
                continue
            if isinstance(instance.target, Subject) and not isinstance(source.target, Subject):
                elsewhere.setdefault(source.check.id, []).append((source.target, left))
            else:
                facts[source.check.id] = left
        return Inputs(
            subject=self.subject,
            provider=self.provider,
            services=tuple(self.services),
            facts=facts,
            earlier=tuple(
                (i.target, i.result.facts)
                for i in instance.before
                if isinstance(i.target, Service) and i.result and i.result.facts is not None
            ),
            elsewhere={name: tuple(rows) for name, rows in elsewhere.items()},
        )

    def _start(self, instance: _Instance, sources: list[_Instance]) -> None:
        inputs = self._inputs(instance, sources)
        instance.state, instance.started, instance.inputs = "running", time.monotonic(), inputs
        if self.observer:
            self.observer.started(instance.identity)
        try:
            done = in_background(lambda: self._carry_out(instance, inputs), instance.identity)
        except NoThreadError as error:
            self._done(instance, self._result(instance, "error", because=error.sentence))
            return
        done.add_done_callback(lambda future: self.inbox.put(lambda: self._done(instance, future.result())))

    def _carry_out(self, instance: _Instance, inputs: Inputs) -> CheckResult:
        """Probe and judge, in the instance's own thread; whatever they raise becomes the check's own error."""
        check, target = instance.check, instance.target
        facts: Facts | None = None
        try:
            seen = check.probe(target, inputs, self.context)
            presentable(seen)
            facts = seen
            findings = tuple(check.judge(facts, inputs, target))
            for finding in findings:
                presentable(finding)
            status = self._status(findings)
            usable = check.usable(facts)
            left_open = check.left_open(facts)
            untold = check.untold(facts)
            unsettled = tuple(check.unsettled(facts))
            presentable(left_open)
            presentable(untold)
        except SkipCheck as skip:
            return self._result(instance, "skip", because=skip.reason)
        except BaseException as error:  # even an exit is only this check's fault
            return self._result(instance, "error", because=internal_fault(error), facts=facts)
        passed_by = untold if status == "pass" else None  # a tick means the title
        return self._result(
            instance,
            "skip" if passed_by else status,
            because=passed_by,
            facts=facts,
            findings=findings,
            usable=usable,
            left_open=left_open,
            unsettled=unsettled,
        )

    def _status(self, findings: tuple[Finding, ...]) -> Status:
        # asked of all: an unknown id is a fault
        blocking = [f for f in findings if not self.hinders_only(f.cause) and not f.partial]
        if any(f.certainty != "possible" for f in blocking):
            return "fail"
        return "warn" if findings else "pass"

    def _result(
        self,
        instance: _Instance,
        status: Status,
        *,
        because: Text | None = None,
        facts: Facts | None = None,
        findings: tuple[Finding, ...] = (),
        usable: bool = False,
        left_open: Text | None = None,
        unsettled: tuple[str, ...] = (),
        left_out: bool = False,
    ) -> CheckResult:
        now = time.monotonic()
        return CheckResult(
            id=instance.identity,
            check=instance.check.id,
            family=instance.check.family,
            title=instance.title,
            target=instance.target,
            way=instance.check.way,
            status=status,
            skipped_because=because,
            started_ms=round(1000 * (instance.started - self.began)) if instance.started is not None else None,
            duration_ms=round(1000 * (now - instance.started)) if instance.started is not None else None,
            facts=facts,
            findings=findings,
            usable=usable,
            left_open=left_open,
            unsettled=unsettled,
            left_out=left_out,
        )

    def _done(self, instance: _Instance, result: CheckResult) -> None:
        if instance.state == "over":
            return
        instance.state, instance.result = "over", result
        if result.status == "skip" and result.facts is None:
            instance.root = result.skipped_because
        if self.observer:
            self.observer.finished(result)

    def _skip(self, instance: _Instance, because: Text, *, left_out: bool = False) -> None:
        self._done(instance, self._result(instance, "skip", because=because, left_out=left_out))

    def _cut_off(self, *, interrupted: bool) -> None:
        """End what is not over. A check that hangs is in error; one that a person stopped is not."""
        why = _("the run was interrupted") if interrupted else _("the time for the whole run was over")
        for instance in self.instances:
            if instance.state == "running" and not interrupted:
                self._done(instance, self._result(instance, "error", because=why))
            elif instance.state != "over":
                self._skip(instance, why)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _named(instance: _Instance) -> Text:
    return Text("{check}", {"check": instance.identity})


def _place(target: Target) -> tuple[str, object]:
    match target:
        case Service():
            return ("service", target)
        case Host():
            return ("host", target.name)
        case Subject():
            return ("subject", "")


def _title(check: Check[Any], target: Target) -> Text:
    match target:
        case Service():
            return Text(check.title, {"host": target.host, "port": target.port, "protocol": target.label})
        case Host():
            return Text(check.title, {"host": target.name})
        case Subject():
            return Text(check.title, {"domain": target.domain})
