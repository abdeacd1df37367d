"""What may begin next: an instance is looked at when something that it waits for has changed, and at no other time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import msgspec

from diagnose.model import CheckResult, Facts, Target
from diagnose.model.internal import MutableInternal
from diagnose.planning.plan import Instance
from diagnose.record.run import CheckRun


class TurnOrder(MutableInternal, eq=False):
    """The instances of one check that takes turns, in order."""

    members: list[Instance] = msgspec.field(default_factory=list)
    passed: int = 0
    """So many of them are over, from the first on."""
    left: list[tuple[Target, Facts]] = msgspec.field(default_factory=list)
    """What those left."""
    failed: Instance | None = None
    """The first that ended in an error: nobody knows what it had done by then."""

    def note(self, over: Instance, result: CheckResult) -> list[Instance]:
        """Take in that a member is *over*; those that this means something to."""
        while self.passed < len(self.members) and self.members[self.passed].state == "over":
            done = self.members[self.passed]
            if done.left is not None and done.left.facts is not None:
                self.left.append((done.target, done.left.facts))
            self.passed += 1
        if result.status == "error" and (self.failed is None or over.place < self.failed.place):
            self.failed = over
            return self.members[self.passed :]
        return self.members[self.passed : self.passed + 1]

    def has_come_to(self, instance: Instance) -> bool:
        """Whether all turns before that of *instance* are over."""
        return self.passed < len(self.members) and self.members[self.passed] is instance

    def failed_before(self, instance: Instance) -> Instance | None:
        """The turn before that of *instance* that ended in an error."""
        return self.failed if self.failed is not None and self.failed.place < instance.place else None


class Schedule:
    """Which instances are to be looked at, in the order of the plan, and which are under way."""

    def __init__(self) -> None:
        self.running = 0
        """How many are under way."""
        self._touched: list[tuple[int, Instance]] = []
        self._lines: dict[type[Facts], TurnOrder] = {}

    def add(self, new: Iterable[Instance]) -> None:
        """Take in *new* instances."""
        for instance in new:
            if instance.check.turns is not None:
                self._lines.setdefault(instance.check.facts, TurnOrder()).members.append(instance)
            self._touch(instance)

    def turn_order(self, instance: Instance) -> TurnOrder | None:
        """Those that *instance* takes turns with, if it does."""
        return self._lines.get(instance.check.facts)

    def due(self) -> Iterator[Instance]:
        """Those to look at, until nothing changes any more."""
        while self._touched:
            instance = heapq.heappop(self._touched)[1]
            if instance.state == "waiting":
                yield instance

    def begun(self, instance: Instance, moment: float) -> None:
        """Take in that the probe of *instance* begins."""
        instance.state, instance.started = "running", moment
        self.running += 1

    def finished(self, instance: Instance, left: CheckRun, result: CheckResult) -> None:
        """Take in that *instance* is over, and touch those that waited for it."""
        self.running -= instance.state == "running"
        instance.state, instance.left, instance.result = "over", left, result
        if result.status == "skip" and result.facts is None:
            instance.root = result.skipped_because
        for user in instance.users:
            user.held_up |= instance.failed
        for follower in instance.followers:
            follower.missing -= 1
            self._touch(follower)
        line = self.turn_order(instance)
        for member in line.note(instance, result) if line else ():
            self._touch(member)

    def _touch(self, instance: Instance) -> None:
        heapq.heappush(self._touched, (instance.place, instance))
