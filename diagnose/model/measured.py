"""What of a report is a number that a monitoring system keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

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
    accepted: bool
    """Whether the handshake with it held."""


def certificate_lives(report: Report) -> Iterator[CertificateLife]:
    """One for each check whose facts tell when a certificate ends (``not_after``) and when that was seen (``at``).

    Of a certificate that was not accepted, such as one that has expired, the explanation's chain tells it.
    """
    for check in report.checks:
        accepted, seen_at = _number(check.facts.get("not_after")), _number(check.facts.get("at"))
        ends_at = _end_of_shown(check.facts) if accepted is None else accepted
        if ends_at is not None and seen_at is not None:
            yield CertificateLife(
                check=check.id,
                service=service_of(check, report.services),
                ends_at=ends_at,
                days_left=math.floor((ends_at - seen_at) / DAY * 1000) / 1000,  # never a day more than there is
                accepted=accepted is not None,
            )


def _end_of_shown(facts: Mapping[str, object]) -> float | None:
    """When the first certificate of the chain ends that *facts* explain a failed handshake by."""
    match facts.get("explanation"):
        case {"chain": [{"not_after": ends_at}, *_]}:
            return _number(ends_at)
        case _:
            return None


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
