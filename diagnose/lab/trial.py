"""One scenario carried through the main job: what was expected, what was found, and whether the two agree."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import Scenario
from diagnose.model.report import Report


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one scenario."""

    scenario: Scenario
    found: tuple[str, ...] = ()
    """Confirmed and likely causes, root cause first."""
    hinted: tuple[str, ...] = ()
    """Causes that are only possible."""
    exit_code: int | None = None
    lacking: str | None = None
    """What this computer lacks for the scenario; None: it was carried out."""
    broken: tuple[str, ...] = ()
    """Promises that the run broke, in words."""
    seconds: float = 0.0
    """How long it took, estate and all."""
    report: Report | None = None
    """The report of the run; None where the scenario could not be carried out."""

    @property
    def agrees(self) -> bool:
        """Whether all that was expected was found, root cause first, and nothing that is not allowed."""
        expected = self.scenario.expects
        return (
            self.found[: len(expected)] == expected
            and set(self.found) <= {*expected, *self.scenario.allows}
            and set(self.hinted) >= set(self.scenario.hints)
            and self.exit_code == self.scenario.exit_code
            and not self.broken
        )


def carry_out(scenario: Scenario, diagnose: Callable[[Estate], Report]) -> Trial:
    """Bring *scenario* up, *diagnose* an account on it, and compare."""
    began = time.monotonic()
    try:
        with Estate(scenario) as estate:
            report = diagnose(estate)
            broken = _broken(estate, report)
    except EstateError as error:
        return Trial(scenario=scenario, lacking=str(error))
    causes = report.verdict.causes
    return Trial(
        scenario=scenario,
        found=tuple(cause.id for cause in causes if cause.certainty != "possible"),
        hinted=tuple(cause.id for cause in causes if cause.certainty == "possible"),
        exit_code=report.verdict.exit_code,
        broken=broken,
        seconds=time.monotonic() - began,
        report=report,
    )


def _broken(estate: Estate, report: Report) -> tuple[str, ...]:
    found = [f"{check.id} ended in an error" for check in report.checks if check.status == "error"]
    if sum(estate.logins_failed.values()) > 1:
        found.append("more than one failed login")
    if estate.logins_in_clear:
        found.append("a login in clear")
    found += [f"the estate itself failed: {type(crash).__name__}" for crash in estate.crashes]
    return tuple(found)
