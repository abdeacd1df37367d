"""Run checks: all that can run, at once, to one deadline; the runner alone knows threads, skipping and crashes.

One thread holds the state: what other threads come to is put into its inbox.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from diagnose.model import Check, CheckResult, Deadline, Facts, Host, Inputs, Service, Skip, Subject, Target, Text
from diagnose.model.failures import internal_fault
from diagnose.network import NoThreadError, in_background
from diagnose.planning.declaration import require_valid
from diagnose.planning.plan import Instance, Plan
from diagnose.planning.selection import Selection
from diagnose.record.run import INTERRUPTED, OUT_OF_TIME, CheckRun, Place
from diagnose.running.context import Context
from diagnose.running.execution import Execution
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.schedule import Schedule
from diagnose.verdict.judging import inputs_of

GRACE_SECONDS = 0.3
"""After the deadline, for probes that kept it to hand in what they have."""
SLICE_SECONDS = 0.25
"""How often the run's own thread looks up: a signal that another thread has caught ends no wait, nor any on Windows."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run brought."""

    checks: tuple[CheckRun, ...]
    results: tuple[CheckResult, ...]
    """What each of them means, as `judge_run` would say of their record, too."""
    services: tuple[Service, ...]
    provider: str | None
    interrupted: bool = False


def run(
    checks: tuple[Check[Any], ...],
    subject: Subject,
    context: Context,
    *,
    provider: str | None,
    hinders_only: Callable[[str], bool],
    selection: Selection | None = None,
    absent: frozenset[type[Facts]] = frozenset(),
    observer: Observer | None = None,
    interruption: Interruption | None = None,
) -> Outcome:
    """Run *checks* for *subject* until all are over, the deadline has passed, or *interruption* was asked for.

    *hinders_only* says of a cause id whether it can never block (KeyError for an unknown one);
    *provider* is the provider known from the start; *absent*: facts of checks that take no part, which may be read.
    """
    require_valid(checks, absent)
    one = _Run(checks, subject, context, provider, hinders_only, selection or Selection(), absent, observer)
    if interruption is not None:
        inbox = one.inbox
        interruption.listen(lambda: inbox.put(_interrupt))
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
        absent: frozenset[type[Facts]],
        observer: Observer | None,
    ) -> None:
        self.subject = subject
        self.inbox: queue.SimpleQueue[Callable[[_Run], None]] = queue.SimpleQueue()
        inbox = self.inbox  # what keeps the run itself alive would keep all of it until garbage is searched for
        self.plan = Plan(checks, selection)
        self.context = msgspec.structs.replace(
            context,
            left_out=absent | {check.facts for check in checks if not self.plan.may_hold(check)},
            announce=lambda services: inbox.put(lambda run: run._announced(services)),
            recognise=lambda provider: inbox.put(lambda run: run._recognised(provider)),
        )
        self.provider = provider
        self.observer = observer
        self.schedule = Schedule()
        self.execution = Execution(self.context, hinders_only)
        self.services: dict[Service, int] = {}
        """Each with its number, from 0."""
        self.hosts: set[str] = set()

    def run(self) -> Outcome:
        interrupted = False
        self._add(self.subject)
        try:
            self._loop()
        except KeyboardInterrupt:
            interrupted = True
            with contextlib.suppress(queue.Empty):  # what is finished by now still counts
                while True:
                    self.inbox.get_nowait()(self)
        self._cut_off(interrupted=interrupted)
        self.context.connections.close()
        self.context.network.close()
        self.plan.close()
        return Outcome(
            checks=tuple(i.left for i in self.plan.instances if i.left is not None),
            results=tuple(i.result for i in self.plan.instances if i.result is not None),
            services=tuple(self.services),
            provider=self.provider,
            interrupted=interrupted,
        )

    def _loop(self) -> None:
        end = Deadline(self.context.deadline.left() + GRACE_SECONDS)
        while not self.inbox.empty():  # interrupted before anything began
            self.inbox.get_nowait()(self)
        while True:
            if not self.context.deadline.passed():  # what begins later could only come back too late
                for instance in self.schedule.due():
                    self._look_at(instance)
            if not self.schedule.running:
                return
            try:
                message = self.inbox.get(timeout=min(end.left(), SLICE_SECONDS))
            except queue.Empty:
                if end.passed():
                    return
                continue
            message(self)

    # -- what there is to check

    def _announced(self, services: tuple[Service, ...]) -> None:
        for service in services:
            if service in self.services:
                continue
            self.services[service] = len(self.services)
            if service.host not in self.hosts:
                self.hosts.add(service.host)
                self._add(Host(name=service.host, source=service.source))
            self._add(service)

    def _recognised(self, provider: str) -> None:
        self.provider = provider

    def _add(self, target: Target) -> None:
        new = self.plan.add(target)
        self.schedule.add(new)
        for instance in new:
            if self.observer:
                self.observer.planned(instance.identity, instance.title)
            if instance.fault is not None:
                self._fail(instance, instance.fault)

    # -- one instance

    def _look_at(self, instance: Instance) -> None:
        """Begin *instance*, skip it, or let it wait."""
        if why := self.plan.left_out(instance):
            self._skip(instance, Skip(reason=why), left_out=True)
            return
        order = self.schedule.turn_order(instance)
        its_turn = order is None or order.has_come_to(instance)
        if order is not None and its_turn and order.passed and self._is_spared(instance):
            return
        if instance.held_up:
            self._skip(instance, next(need for need in instance.needed if need.failed).in_the_way)
        elif order is not None and (before := order.failed_before(instance)):
            self._skip(instance, Skip(need=before.identity))
        elif its_turn and not instance.missing:
            self._start(instance)

    def _is_spared(self, instance: Instance) -> bool:
        """Whether earlier turns, or a fault in telling that, have ended *instance*."""
        turns = instance.check.turns
        try:
            why = turns.spared(instance.target, self._inputs(instance), self.context) if turns else None
        except Exception as error:
            self._fail(instance, internal_fault(error))
            return True
        if why is not None:
            self._skip(instance, Skip(reason=why))
        return why is not None

    def _inputs(self, instance: Instance) -> Inputs:
        order = self.schedule.turn_order(instance)
        return inputs_of(
            instance,
            order.left if order else (),
            subject=self.subject,
            provider=self.provider,
            services=self.services,
        )

    def _place(self, instance: Instance) -> Place:
        match instance.target:
            case Service():
                return self.services[instance.target]
            case Host():
                return instance.target.name
            case Subject():
                return None

    def _start(self, instance: Instance) -> None:
        inputs = self._inputs(instance)
        self.schedule.begun(instance, time.monotonic())
        if self.observer:
            self.observer.started(instance.identity)
        place = self._place(instance)
        try:
            done = in_background(partial(self.execution.carry_out, instance, place, inputs), instance.identity)
        except NoThreadError as error:
            self._fail(instance, error.sentence)
            return
        inbox = self.inbox
        done.add_done_callback(lambda came: inbox.put(lambda run: run._done(instance, *came.result())))

    def _done(self, instance: Instance, left: CheckRun, result: CheckResult) -> None:
        if instance.state == "over":
            return
        self.schedule.finished(instance, left, result)
        if self.observer:
            self.observer.finished(result)

    def _skip(self, instance: Instance, because: Skip, *, left_out: bool = False, cut_off: bool = False) -> None:
        self._without_facts(instance, skip=because, left_out=left_out, cut_off=cut_off)

    def _fail(self, instance: Instance, sentence: Text) -> None:
        self._without_facts(instance, fault=sentence)

    def _without_facts(
        self,
        instance: Instance,
        *,
        skip: Skip | None = None,
        fault: Text | None = None,
        left_out: bool = False,
        cut_off: bool = False,
    ) -> None:
        place = self._place(instance)
        left = self.execution.left(instance, place, skip=skip, fault=fault, left_out=left_out, cut_off=cut_off)
        self._done(instance, left, self.execution.judged(instance, left))

    def _cut_off(self, *, interrupted: bool) -> None:
        """End what is not over. A check that hangs is in error; one that a person stopped is not."""
        why = INTERRUPTED if interrupted else OUT_OF_TIME
        for instance in self.plan.instances:
            if instance.state == "running" and not interrupted:
                self._fail(instance, why)
            elif instance.state != "over":
                self._skip(instance, Skip(reason=why), cut_off=instance.state == "running")


def _interrupt(_: _Run) -> None:
    raise KeyboardInterrupt
