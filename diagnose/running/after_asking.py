"""A diagnosis from where its first questions are on their way: the checks, their record, and the report."""

from __future__ import annotations

from diagnose.discovery import DiscoveryAhead
from diagnose.locale.language import translation
from diagnose.model import Deadline
from diagnose.model.report import Report
from diagnose.network import Network
from diagnose.process.first_use import one_at_a_time
from diagnose.redaction.discretion import masked_report
from diagnose.redaction.mask import Mask
from diagnose.running.chosen import checks_for, every_check
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.recording import recorded
from diagnose.running.reporting import discreet, discreet_observer, report_and_results
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
    told = discreet_observer(observer, mask, request) if observer else None
    checks = checks_for(request)  # which are loaded here, most often
    record = recorded(request, checks, network, deadline, told, interruption, shared, ahead)
    report, results = report_and_results(record, checks, request.presentation)
    translate = translation(request.presentation.lang)
    report = masked_report(report, mask, frozenset(check.id for check in every_check()), translate, results)
    if request.baseline is not None:
        with one_at_a_time:
            from diagnose.comparison.baseline import against

        report = against(report, request.baseline, translate, strict=request.strict)
    return discreet(report, request.presentation, network.vantage), record.interrupted
