"""From what checks saw to what it means: a pure function of the record, the checks' judges and the knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from diagnose.model import Check, CheckResult, Facts, Finding, Inputs, Service, Skip, Subject, Target
from diagnose.model.check import Status
from diagnose.model.failures import internal_fault
from diagnose.planning.plan import Instance, Plan, sources
from diagnose.planning.selection import Selection
from diagnose.record.presentable import presentable
from diagnose.record.run import CheckRun, Run


def judge_run(run: Run, checks: tuple[Check[Any], ...], hinders_only: Callable[[str], bool]) -> tuple[CheckResult, ...]:
    """What the *checks* make of *run*, in its order; a check that is not among them is left out.

    *hinders_only* says of a cause id whether it can never block (KeyError for an unknown one).
    """
    plan = Plan(checks, Selection())
    left = {(one.check, one.place): one for one in run.checks}
    for place, target in run.targets().items():
        for instance in plan.add(target):
            instance.left = left.get((instance.check.id, place))
    turns: dict[type[Facts], list[tuple[Target, Facts]]] = {}
    results = []
    for instance in plan.instances:
        if instance.left is None:
            continue
        earlier = turns.setdefault(instance.check.facts, []) if instance.check.turns else []
        inputs = inputs_of(
            instance,
            earlier,
            subject=run.subject,
            provider=instance.left.provider,
            services=run.services[: instance.left.services],
        )
        results.append(judge_check(instance, instance.left, inputs, hinders_only))
        if instance.left.facts is not None:
            earlier.append((instance.target, instance.left.facts))
    plan.close()
    return tuple(results)


def inputs_of(
    instance: Instance,
    earlier: Iterable[tuple[Target, Facts]],
    *,
    subject: Subject,
    provider: str | None,
    services: Iterable[Service],
) -> Inputs:
    """What *instance* may read: what its sources left, and, *earlier*, what turns before its own left."""
    check = instance.check
    facts, elsewhere = list[Facts](), list(earlier)
    for source in sources(instance):
        left = source.left.facts if source.left else None
        if left is None:
            continue
        if isinstance(instance.target, Subject) and not isinstance(source.target, Subject):
            elsewhere.append((source.target, left))
        else:
            facts.append(left)
    return Inputs(
        subject=subject,
        provider=provider,
        services=tuple(services),
        facts=tuple(facts),
        elsewhere=tuple(elsewhere),
        declared=frozenset({check.facts, *check.needed_somewhere, *check.needs.read}),
    )


def judge_check(
    instance: Instance, run: CheckRun, inputs: Inputs | None, hinders_only: Callable[[str], bool]
) -> CheckResult:
    """What became of one check: what *run* left of it, and what its judge says of that; raises nothing.

    *inputs*: None where there are no facts to judge.
    """
    check = instance.check
    result = partial(
        CheckResult,
        id=run.id,
        check=check.id,
        family=check.family,
        title=instance.title,
        target=instance.target,
        way=check.way,
        started_ms=run.started_ms,
        duration_ms=run.duration_ms,
        facts=run.facts,
        left_out=run.left_out,
        cut_off=run.cut_off,
    )
    if run.fault is not None:
        return result(status="error", skipped_because=Skip(reason=run.fault))
    if run.skip is not None or inputs is None:
        return result(status="skip", skipped_because=run.skip)
    try:
        findings = tuple(check.judge(run.facts, inputs, instance.target))
        for finding in findings:
            presentable(finding)
        status = _status(findings, hinders_only)
        usable = check.usable(run.facts)
        left_open = check.left_open(run.facts)
        untold = check.untold(run.facts)
        unsettled = tuple(check.unsettled(run.facts))
        shown = dict(check.shows(run.facts, inputs, instance.target))
        presentable(left_open)
        presentable(untold)
    except BaseException as error:  # even an exit is only this check's fault
        return result(status="error", skipped_because=Skip(reason=internal_fault(error)))
    passed_by = untold if status == "pass" else None  # a tick means the title
    return result(
        status="skip" if passed_by else status,
        skipped_because=Skip(reason=passed_by) if passed_by else None,
        findings=findings,
        left_open=left_open,
        unsettled=unsettled,
        usable=usable,
        shown=shown,
    )


def _status(findings: tuple[Finding, ...], hinders_only: Callable[[str], bool]) -> Status:
    # asked of all: an unknown id is a fault
    blocking = [f for f in findings if not hinders_only(f.cause) and not f.partial]
    if any(f.certainty != "possible" for f in blocking):
        return "fail"
    return "warn" if findings else "pass"
