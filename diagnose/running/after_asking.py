"""A diagnosis from where its first questions are on their way: the checks, their record, and the report."""

from __future__ import annotations

from diagnose.discovery import DiscoveryAhead
from diagnose.locale.language import translation
from diagnose.model import Deadline
from diagnose.model.report import Report
from diagnose.network import Network
from diagnose.process.first_use import NEEDED_LATER, made_while_waiting, one_at_a_time
from diagnose.redaction.discretion import DiscreetObserver, masked_report
from diagnose.redaction.mask import Mask
from diagnose.running.chosen import checks_for, every_check
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.recording import recorded
from diagnose.running.request import Request
from diagnose.running.shared import RunsShare


def carried_on(
    request: Request,
    network: Network,
    deadline: Deadline,
    mask: Mask,
    observer: Observer | None,
    interruption: Interruption | None,
    shared: RunsShare | None,
    ahead: DiscoveryAhead | None,
) -> tuple[Report, bool]:
    """The report of *request*, masked and redacted, and whether its run was cut short by the person."""
    hears = discreet_observer(observer, mask, request) if observer else None
    checks = checks_for(request)  # which are loaded here, most often
    record, results = recorded(request, checks, network, deadline, hears, interruption, shared, ahead)
    with one_at_a_time:
        from diagnose.running.reporting import discreet, told

    report = told(record, results, request.presentation)
    translate = translation(request.presentation.lang)
    report = masked_report(report, mask, frozenset(check.id for check in every_check()), translate, results)
    if request.baseline is not None:
        with one_at_a_time:
            from diagnose.comparison.baseline import against

        report = against(report, request.baseline, translate, strict=request.strict)
    return discreet(report, request.presentation, network.vantage), record.interrupted


def discreet_observer(observer: Observer, mask: Mask, request: Request) -> Observer:
    """*observer*, which hears no secret, and nothing of the company where *request* hides it."""
    if request.presentation.redact == "strict":
        with one_at_a_time:
            from diagnose.redaction.company import HiddenWhileItRuns

        return DiscreetObserver(observer, HiddenWhileItRuns(mask, request.subject.domain))
    return DiscreetObserver(observer, mask) if mask else observer


@made_while_waiting(NEEDED_LATER)
def load_what_comes_last() -> None:
    """What makes a report of a record."""
    with one_at_a_time:
        import diagnose.redaction.own
        import diagnose.running.reporting  # noqa: F401 - both are needed when all answers have come
