"""Records of runs that tests make by hand, and the judgement of results that they make by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from diagnose.knowledge.catalogue import Catalogue
from diagnose.model import Check, CheckResult, Service, Subject
from diagnose.planning.selection import Selection
from diagnose.record.run import Asked, CheckRun, Run
from diagnose.verdict import verdict
from diagnose.verdict.verdict import Judgement
from tests.support.build import SUBJECT


def record(
    *checks: CheckRun,
    subject: Subject = SUBJECT,
    services: tuple[Service, ...] = (),
    asked: Asked | None = None,
    provider: str | None = None,
    interrupted: bool = False,
) -> Run:
    return Run(
        subject=subject,
        asked=asked or Asked(login=True),
        provider=provider,
        services=services,
        checks=checks,
        interrupted=interrupted,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        duration_ms=1,
        tool="1.2.3",
        os="Linux 6.1",
        python="3.11.0",
    )


def judge(
    results: tuple[CheckResult, ...],
    services: tuple[Service, ...],
    catalogue: Catalogue,
    checks: Mapping[str, Check[Any]],
    *,
    login_asked: bool,
    services_asked: bool = True,
    strict: bool = False,
    interrupted: bool = False,
    narrowed: bool = False,
    only: tuple[str, ...] = (),
) -> Judgement:
    """What the verdict makes of *results*, of a run that was asked for this."""
    asked = Asked(
        login=login_asked,
        services=services_asked,
        strict=strict,
        narrowed=("--skip web",) if narrowed else (),
        selection=Selection(only=only),
    )
    run = record(services=services, asked=asked, interrupted=interrupted)
    return verdict.judge(run, results, catalogue, checks)
