"""A run and its record: what was asked for, what the checks saw, and where that was."""

from __future__ import annotations

import platform
import sys
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnose import __version__, providers
from diagnose.account.history import History
from diagnose.account.rejecting_servers import RejectingServers
from diagnose.discovery import DiscoveryAhead
from diagnose.knowledge.catalogue import hinders_only
from diagnose.model import Check, CheckResult, Deadline
from diagnose.network import Network, NoThreadError, Vantage, in_background
from diagnose.process.first_use import one_at_a_time
from diagnose.record.run import Asked, Run
from diagnose.running.chosen import login_asked, services_asked
from diagnose.running.context import Context
from diagnose.running.interruption import Interruption
from diagnose.running.observer import Observer
from diagnose.running.plugins import all_checks
from diagnose.running.request import Request
from diagnose.running.runner import run
from diagnose.running.shared import RunsShare

PROXIES_SECONDS = 0.3
"""At the end of a run, for a program that is asked for the system's settings."""


def recorded(
    request: Request,
    checks: tuple[Check[Any], ...],
    network: Network,
    deadline: Deadline,
    observer: Observer | None = None,
    interruption: Interruption | None = None,
    shared: RunsShare | None = None,
    ahead: DiscoveryAhead | None = None,
) -> tuple[Run, tuple[CheckResult, ...]]:
    """Run *checks* as *request* says, through *network* and to *deadline*; what they saw, and what each of it means.

    *shared*: what other runs have seen. *ahead*: the search for services, where it has begun.
    """
    started, began = datetime.now(UTC), time.monotonic()
    outcome = run(
        checks,
        request.subject,
        _context(request, network, deadline, shared, ahead),
        provider=request.discovery.provider or providers.by_domain(request.subject.domain),
        hinders_only=hinders_only,
        selection=request.selection,
        absent=frozenset({check.facts for check in all_checks()} - {check.facts for check in checks}),
        observer=observer,
        interruption=interruption,
    )
    asked = Asked(
        login=login_asked(request),
        services=services_asked(request),
        strict=request.strict,
        narrowed=request.narrowed,
        selection=request.selection,
    )
    record = Run(
        subject=request.subject,
        asked=asked,
        provider=outcome.provider,
        services=outcome.services,
        checks=outcome.checks,
        interrupted=outcome.interrupted,
        started_at=started,
        duration_ms=round(1000 * (time.monotonic() - began)),
        tool=__version__,
        os=f"{platform.system()} {platform.release()}",
        python=".".join(map(str, sys.version_info[:3])),
        nameserver=str(network.resolver.chosen) if network.resolver.chosen else None,
        ca_file=str(network.ca_file) if network.ca_file else None,
        resolver=(", ".join(map(str, network.resolver.nameservers())) or None) if request.find_services else None,
        proxy=_proxies(network.vantage),
    )
    with one_at_a_time:
        from diagnose.redaction.own import occurring, own_words

    own = occurring(own_words(network.vantage if request.find_services else None), record)
    return msgspec.structs.replace(record, own=own), outcome.results


def _context(
    request: Request, network: Network, deadline: Deadline, shared: RunsShare | None, ahead: DiscoveryAhead | None
) -> Context:
    person = request.person
    if not request.logs_in:
        person = msgspec.structs.replace(person, password=None, access_token=None)
    return Context(
        network=network,
        deadline=deadline,
        history=History(request.history, request.subject.domain),
        rejecting=RejectingServers(request.history),
        person=person,
        consent=request.consent,
        discovery=request.discovery,
        expected=request.expected,
        shared=shared,
        discovered_ahead=ahead,
    )


def _proxies(vantage: Vantage) -> str | None:
    """Those that are set, where the system tells in time; by now it has been asked, most often."""
    try:
        return in_background(lambda: vantage.proxies().described, "proxies").result(timeout=PROXIES_SECONDS)
    except (TimeoutError, NoThreadError):
        return None
