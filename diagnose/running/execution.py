"""One instance carried out: its probe, and then what that means; whatever they raise is the check's own error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from diagnose.model import CheckResult, Inputs, Skip, SkipCheck
from diagnose.model.failures import internal_fault
from diagnose.planning.plan import Instance
from diagnose.record.presentable import declared, presentable
from diagnose.record.run import CheckRun, Place
from diagnose.running.context import Context
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
        check, target = instance.check, instance.target
        try:
            seen = check.probe(target, inputs, self._context)
            presentable(seen)
            declared(seen, check.facts)
        except SkipCheck as skip:
            return self.left(instance, place, skip=Skip(reason=skip.reason))
        except BaseException as error:  # even an exit is only this check's fault
            return self.left(instance, place, fault=internal_fault(error))
        return self.left(instance, place, facts=seen, provider=inputs.provider, services=len(inputs.services))

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
