"""What a reply tells beside its cause, and what is said where it tells too little."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.lab.scenario import SCENARIOS
from diagnose.lab.trial import carry_out
from diagnose.model.report import Report
from tests.main_job.test_scenarios import diagnosed


def report_of(reply: str) -> Report:
    """The report on a mailbox whose IMAP server gives *reply* to every login."""
    healthy = SCENARIOS["healthy"]
    scenario = msgspec.structs.replace(healthy, id="told", services=("imaps",), login={"imap": reply})
    done = carry_out(scenario, diagnosed)
    assert done.report is not None
    assert done.broken == ()
    return done.report


@pytest.mark.parametrize(
    "reply",
    [
        "BAD User is authenticated but not connected.",
        "NO ERR.LOGIN.DOMAINNOTEXIST",
    ],
)
def test_a_login_that_was_refused_is_never_headed_by_no_problem(reply: str) -> None:
    verdict = report_of(reply).verdict

    assert verdict.status == "inconclusive"
    assert verdict.headline == "The login of alice@corp.example was not accepted, and the reason is not certain"


@pytest.mark.parametrize(
    ("reply", "asks"),
    [
        ("NO IMAP access is disabled for your organisation.", True),
        ("NO [ALERT] IMAP has been disabled by your administrator", True),
        ("NO IMAP access has been turned off by the tenant administrator", True),
        ("NO IMAP access is disabled for this account.", False),  # near miss: nobody says by whom
    ],
)
def test_whose_switch_it_is_comes_from_the_servers_own_words(reply: str, asks: bool) -> None:
    cause = report_of(reply).verdict.causes[0]
    steps = next(one.steps for one in cause.remedies if one.fixer == "user")

    assert cause.id == "settings.protocol-disabled"
    assert any("only the administrator can switch it on" in step for step in steps) == asks
