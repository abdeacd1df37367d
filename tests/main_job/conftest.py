from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from diagnose.cli.lab import AT_ONCE
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.lab.trial import Trial, carry_out
from diagnose.model.report import Report

from .test_scenarios import diagnosed

Carried = Mapping[str, Future[tuple[Trial, Report | None]]]


@pytest.fixture(scope="session")
def carried_out() -> Iterator[Carried]:
    """Every scenario carried out, side by side and once for all tests: most of the time is waiting."""

    def carry(name: str) -> tuple[Trial, Report | None]:
        reports: list[Report] = []

        def keep(estate: Estate) -> Report:
            reports.append(diagnosed(estate))
            return reports[0]

        return carry_out(SCENARIOS[name], keep), next(iter(reports), None)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(carry, name) for name in SCENARIOS}
        pool.shutdown(cancel_futures=True)
