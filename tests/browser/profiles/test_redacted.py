"""Names of browser profiles are hidden with the rest of the person and this computer."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.model.report import Report, ReportFinding
from diagnose.redaction.redact import redact
from tests.reports.samples import wrong_password


def naming(*profiles: str) -> Report:
    """A report with a finding about each of *profiles*."""
    report = wrong_password()
    findings = tuple(
        ReportFinding(cause="browser.stale-cookies", certainty="likely", text=f"Google Chrome (profile {name}) sends")
        for name in profiles
    )
    facts = {"profiles": [{"browser": "chrome", "profile": name} for name in profiles]}
    check = msgspec.structs.replace(report.checks[0], findings=findings, facts=facts)
    return msgspec.structs.replace(report, checks=(check,))


@pytest.mark.parametrize("name", ["Eve", "Eve B.", "k2x9ab1c.default-release", "x (y) [z]", "Größe"])
def test_a_name_that_somebody_gave_is_hidden_everywhere(name: str) -> None:
    text = msgspec.json.encode(redact(naming("Default", name))).decode()

    assert name not in text
    assert text.count("profile-1") == 2


@pytest.mark.parametrize("name", ["Default", "Profile 2", ""])
def test_a_name_that_every_computer_has_stays(name: str) -> None:
    report = naming(name)

    assert redact(report).checks[0].facts == report.checks[0].facts


def test_two_profiles_stay_two() -> None:
    text = msgspec.json.encode(redact(naming("Eve", "Work of Eve"))).decode()

    assert (text.count("profile-1"), text.count("profile-2")) == (2, 2)
    assert "Eve" not in text
