"""Every scenario of the lab through the main job: what must be found, and what must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.cli.lab import request_for
from diagnose.diagnosis import diagnose
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model.report import Report

if TYPE_CHECKING:
    from .conftest import Carried


def diagnosed(estate: Estate) -> Report:
    """The report of the account on *estate*."""
    return diagnose(request_for(estate, seconds=30, strict=False, redact=False, audience="user")).report


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, carried_out: Carried) -> None:
    """The root cause first, no other confirmed or likely cause, no fault of a check, no promise broken."""
    done, report = carried_out[name].result()
    if report is None:
        pytest.skip(f"this computer lacks what the scenario needs, so it stays unproved: {done.lacking}")

    assert done.agrees, f"expected {SCENARIOS[name].expects}, found {done.found}, exit {done.exit_code}, {done.broken}"


@pytest.mark.parametrize("name", [name for name, one in SCENARIOS.items() if not one.expects])
def test_a_healthy_estate_has_no_cause_at_all(name: str, carried_out: Carried) -> None:
    """Healthy is a claim too: not even a possible cause is named, but for what was over at the second try."""
    done, report = carried_out[name].result()
    if report is None:
        pytest.skip(f"this computer lacks what the scenario needs, so it stays unproved: {done.lacking}")

    assert tuple(cause.id for cause in report.verdict.causes) == SCENARIOS[name].hints
    assert report.verdict.status == "healthy"
