"""Every scenario of the lab through the main job: what must be found, and what must not."""

from __future__ import annotations

import pytest

from diagnose.cli.lab import request_for
from diagnose.diagnosis import Diagnosis, diagnose
from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import SCENARIOS

SLOW = {"resolver-silent", "server-silent"}
"""Scenarios that take as long as a patient client waits."""


def carried_out(name: str) -> tuple[Diagnosis, Estate]:
    """The diagnosis of an account on the estate of scenario *name*, and the estate with its counters."""
    try:
        with Estate(SCENARIOS[name]) as estate:
            return diagnose(request_for(estate, seconds=30, strict=False, redact=False, audience="user")), estate
    except EstateError as error:
        pytest.skip(f"this computer lacks what the scenario needs, so it stays unproved: {error}")


@pytest.mark.parametrize("name", sorted(SCENARIOS, key=lambda name: (name in SLOW, name)))
def test_scenario(name: str) -> None:
    """The root cause first, no other confirmed or likely cause, no fault of a check, no promise broken."""
    scenario = SCENARIOS[name]

    done, estate = carried_out(name)

    verdict = done.report.verdict
    sure = [cause.id for cause in verdict.causes if cause.certainty != "possible"]
    told = f"{sure} {verdict.unchecked}"
    assert sure[: len(scenario.expects)] == list(scenario.expects), told
    assert set(sure) <= {*scenario.expects, *scenario.allows}, told
    assert verdict.exit_code == scenario.exit_code, told
    assert [check.id for check in done.report.checks if check.status == "error"] == []
    assert sum(estate.logins_failed.values()) <= 1, estate.logins_failed
    assert not estate.logins_in_clear
    assert estate.crashes == []


def test_healthy_scenarios_have_no_cause_at_all() -> None:
    """Healthy is a claim too: not even a possible cause is named."""
    for name, scenario in SCENARIOS.items():
        if name.startswith("healthy") and not scenario.expects:
            done, _ = carried_out(name)

            assert done.report.verdict.causes == (), name
            assert done.report.verdict.status == "healthy", name
