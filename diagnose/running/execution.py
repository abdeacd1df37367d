"""One instance carried out: its probe, then its judge; whatever they raise is the check's own error."""

from __future__ import annotations

import time
from collections.abc import Callable

from diagnose.model import CheckResult, Facts, Finding, Inputs, Skip, SkipCheck, Text
from diagnose.model.check import Status
from diagnose.model.failure import internal_fault
from diagnose.planning.plan import Instance
from diagnose.running.context import Context
from diagnose.running.presentable import declared, presentable


class Execution:
    """What all instances are carried out with."""

    def __init__(self, context: Context, hinders_only: Callable[[str], bool]) -> None:
        self._context = context
        self._hinders_only = hinders_only
        self._began = time.monotonic()

    def carry_out(self, instance: Instance, inputs: Inputs) -> CheckResult:
        """Probe and judge. Takes as long as they do; raises nothing."""
        check, target = instance.check, instance.target
        facts: Facts | None = None
        try:
            seen = check.probe(target, inputs, self._context)
            presentable(seen)
            declared(seen, check.facts)
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
            return self.result(instance, "skip", because=Skip(reason=skip.reason))
        except BaseException as error:  # even an exit is only this check's fault
            return self.failed(instance, internal_fault(error), facts)
        passed_by = untold if status == "pass" else None  # a tick means the title
        return self.result(
            instance,
            "skip" if passed_by else status,
            because=Skip(reason=passed_by) if passed_by else None,
            facts=facts,
            findings=findings,
            usable=usable,
            left_open=left_open,
            unsettled=unsettled,
        )

    def _status(self, findings: tuple[Finding, ...]) -> Status:
        # asked of all: an unknown id is a fault
        blocking = [f for f in findings if not self._hinders_only(f.cause) and not f.partial]
        if any(f.certainty != "possible" for f in blocking):
            return "fail"
        return "warn" if findings else "pass"

    def failed(self, instance: Instance, sentence: Text, facts: Facts | None = None) -> CheckResult:
        """The result of one that came to an error, which *sentence* tells."""
        return self.result(instance, "error", because=Skip(reason=sentence), facts=facts)

    def result(
        self,
        instance: Instance,
        status: Status,
        *,
        because: Skip | None = None,
        facts: Facts | None = None,
        findings: tuple[Finding, ...] = (),
        usable: bool = False,
        left_open: Text | None = None,
        unsettled: tuple[str, ...] = (),
        left_out: bool = False,
    ) -> CheckResult:
        """What became of *instance* by now."""
        started, now = instance.started, time.monotonic()
        return CheckResult(
            id=instance.identity,
            check=instance.check.id,
            family=instance.check.family,
            title=instance.title,
            target=instance.target,
            way=instance.check.way,
            status=status,
            skipped_because=because,
            started_ms=round(1000 * (started - self._began)) if started is not None else None,
            duration_ms=round(1000 * (now - started)) if started is not None else None,
            facts=facts,
            findings=findings,
            usable=usable,
            left_open=left_open,
            unsettled=unsettled,
            left_out=left_out,
        )
