"""One instance carried out: its probe, and then what that means; whatever they raise is the check's own error."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from diagnose.model import Check, CheckResult, Facts, Inputs, Skip, SkipCheck, Subject, Target
from diagnose.model.failures import internal_fault
from diagnose.planning.plan import Instance
from diagnose.record.presentable import declared, presentable
from diagnose.record.run import CheckRun, Place
from diagnose.running.context import Context
from diagnose.running.shared import Worth
from diagnose.verdict.judging import judge_check


class Execution:
    """What all instances are carried out with."""

    def __init__(self, context: Context, hinders_only: Callable[[str], bool]) -> None:
        self._context = context
        self._hinders_only = hinders_only
        self._began = time.monotonic()

    def carry_out(self, instance: Instance, place: Place, inputs: Inputs) -> tuple[CheckRun, CheckResult]:
        """Probe and judge. Takes as long as they do; raises nothing."""
        left = self._probed(instance, place, inputs)
        return left, self.judged(instance, left, inputs)

    def judged(self, instance: Instance, left: CheckRun, inputs: Inputs | None = None) -> CheckResult:
        """What *left* means, which decides who can go on. *inputs*: None where there are no facts to judge."""
        return judge_check(instance, left, inputs, self._hinders_only)

    def _probed(self, instance: Instance, place: Place, inputs: Inputs) -> CheckRun:
        try:
            seen, before = self._seen(instance, place, inputs)
        except SkipCheck as skip:
            return self.left(instance, place, skip=Skip(reason=skip.reason))
        except BaseException as error:  # even an exit is only this check's fault
            return self.left(instance, place, fault=internal_fault(error))
        return self.left(
            instance,
            place,
            facts=seen,
            taken_over_ms=None if before is None else round(1000 * before),
            provider=inputs.provider,
            services=len(inputs.services),
        )

    def _seen(self, instance: Instance, place: Place, inputs: Inputs) -> tuple[Facts, float | None]:
        """What is seen of the target, and how many seconds ago another run saw it, if it was another."""
        check, target, context = instance.check, instance.target, self._context

        def see() -> Facts:
            seen: Facts = check.probe(target, inputs, context)
            presentable(seen)
            declared(seen, check.facts)
            return seen

        def worth(seen: Facts) -> Worth:
            left = self.left(instance, place, facts=seen)
            return "good" if self.judged(instance, left, inputs).status == "pass" else "bad"

        if check.sharing is None:
            return see(), None
        if context.shared is None:
            return check.sharing.own(see(), target, inputs, context), None
        sight = context.shared.look(
            _question(check, target, context),
            _of_nobody(target),
            context.deadline,
            context.network.is_over,
            see,
            worth,
            prepared=not any(source.left and source.left.taken_over_ms is not None for source in instance.needed),
        )
        taken: Facts = check.sharing.own(sight.seen, target, inputs, context)
        return taken, sight.seconds

    def left(self, instance: Instance, place: Place, **how: Any) -> CheckRun:  # noqa: ANN401 - fields of the record
        """What is on record of *instance* by now."""
        started, now = instance.started, time.monotonic()
        return CheckRun(
            id=instance.identity,
            check=instance.check.id,
            place=place,
            started_ms=round(1000 * (started - self._began)) if started is not None else None,
            duration_ms=round(1000 * (now - started)) if started is not None else None,
            **how,
        )


def _of_nobody(target: Target) -> Target:
    """*target* without any account."""
    return Subject(domain=target.domain) if isinstance(target, Subject) else target


def _question(check: Check[Any], target: Target, context: Context) -> Hashable:
    """What is asked: of a domain, by way of where its services may be looked for."""
    return (check.id, context.discovery) if isinstance(target, Subject) else check.id
