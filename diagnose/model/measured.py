"""What of a report is a number that a monitoring system keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from diagnose.model.internal import Internal
from diagnose.model.report import Report, ReportCheck, ReportService

DAY = 86_400.0
"""Seconds."""


class CertificateLife(Internal, frozen=True, kw_only=True):
    """How long a server's certificate is still valid."""

    check: str
    """Id of the check that saw it."""
    service: ReportService | None
    ends_at: float
    """Seconds since the epoch."""
    days_left: float
    """At the time of the check; negative once it has expired."""


def certificate_lives(report: Report) -> Iterator[CertificateLife]:
    """One for each check whose facts tell when a certificate ends (``not_after``) and when that was seen (``at``)."""
    for check in report.checks:
        ends_at, seen_at = _number(check.facts.get("not_after")), _number(check.facts.get("at"))
        if ends_at is not None and seen_at is not None:
            yield CertificateLife(
                check=check.id,
                service=service_of(check, report.services),
                ends_at=ends_at,
                days_left=round((ends_at - seen_at) / DAY, 3),
            )


def service_of(check: ReportCheck, services: Iterable[ReportService]) -> ReportService | None:
    """The one of *services* that *check* was run for; None where its id names none, or more than one."""
    named = [service for service in services if check.id.endswith(f".{service.protocol}.{service.port}")]
    return named[0] if len(named) == 1 else None


def _number(value: object) -> float | None:
    """*value* as a finite number; None for whatever else it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
