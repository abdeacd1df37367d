"""What a run may never do, whatever the servers are like."""

from __future__ import annotations

import base64
import html
import json
import subprocess
import urllib.parse
from collections import Counter
from pathlib import Path

import pytest

from .estate import Estate, Login
from .runs import Diagnose, forms_of
from .scenery import PASSWORD

pytestmark = pytest.mark.real

WRONG = 'Gr0ße+falsch/9<&>"y%42'
"""A wrong password with the same kinds of letters as the right one."""


@pytest.fixture
def diagnose(estate: Estate, tmp_path: Path) -> Diagnose:
    """Runs the command from its very start, whatever other tests share."""
    return Diagnose(estate, tmp_path)


@pytest.mark.parametrize(
    "written",
    [
        WRONG,
        base64.b64encode(f"\0alice\0{WRONG}".encode()).decode(),
        base64.b64encode(f"n,a=alice,\1{WRONG}\1".encode()).decode(),
        base64.b64encode(f"xy{WRONG}z".encode()).decode(),
        urllib.parse.urlencode({"p": WRONG}),
        html.escape(WRONG),
        json.dumps([WRONG]),
        repr(WRONG.encode()),
    ],
)
def test_the_search_for_secrets_would_find_them(written: str) -> None:
    assert any(form in f"before {written} after" for form in forms_of(WRONG, {"bob"}))


@pytest.mark.fault
def test_a_wrong_password_is_sent_once_and_not_again_in_the_next_run(diagnose: Diagnose) -> None:
    user = "frank@corp.example"
    first = diagnose(user, password=WRONG, history=True)
    again = diagnose(user, password=WRONG, history=True)

    first.assert_blocked_by("credentials.rejected", "likely")  # a letter beyond ASCII may be what is wrong with it
    assert first.logins == [Login(user, "imap", "rejected")]
    assert again.logins == [], again.told()
    assert again.exit_code in (1, 3), again.told()


def test_another_password_is_tried_after_a_rejected_one(diagnose: Diagnose) -> None:
    user = "ivan@corp.example"
    diagnose(user, password=WRONG, history=True)
    corrected = diagnose(user, password=PASSWORD, history=True)

    corrected.assert_healthy()
    assert corrected.logins, corrected.told()


def test_without_history_nothing_is_kept_and_each_run_sends_once(diagnose: Diagnose) -> None:
    user = "grace@corp.example"
    for _ in range(2):
        run = diagnose(user, password=WRONG)
        assert run.logins == [Login(user, "imap", "rejected")], run.told()
    assert not [path for path in diagnose.state.rglob("*") if path.is_file()]


def test_try_all_sends_a_wrong_password_once_to_each_service(diagnose: Diagnose) -> None:
    user = "heidi@corp.example"
    run = diagnose(user, "--try-all", password=WRONG)

    run.assert_blocked_by("credentials.rejected", "likely")
    assert set(run.outcomes()) == {"rejected"}, run.told()
    tries = Counter(login.protocol for login in run.logins)
    services = Counter(one["protocol"] for one in run.report["services"])
    assert len(tries) > 1, run.told()
    assert tries <= services, run.told()


def test_the_deadline_holds_against_a_host_that_drops_everything(diagnose: Diagnose) -> None:
    run = diagnose("alice@silent.example", timeout=6)

    assert run.exit_code in (1, 3), run.told()
    assert set(run.proven()) <= {"reach.timeout"}, run.told()


def test_an_interrupted_run_reports_what_it_has(diagnose: Diagnose) -> None:
    run = diagnose("alice@silent.example", interrupt=True)

    assert run.exit_code == 130
    assert run.ended_within(3), run.told()
    assert [check for check in run.report["checks"] if check["status"] == "pass"], run.told()


def test_redacted_outputs_name_nobody(diagnose: Diagnose) -> None:
    run = diagnose("carol@corp.example", "--redact")

    run.assert_blocked_by("credentials.expired")
    for where, text in run.texts.items():
        assert "carol" not in text.lower(), where


@pytest.mark.parametrize(
    "args",
    [
        ("alice@corp.example", "--imap", "ftp://mail.corp.example"),
        ("alice@corp.example", "--ca-file", "/nonexistent/ca.pem"),
        ("alice@corp.example", "--no-such-option"),
        (),
    ],
)
def test_wrong_usage_is_told_from_a_problem(diagnose: Diagnose, args: tuple[str, ...]) -> None:
    done = subprocess.run(
        diagnose.command(*args), env=diagnose.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr
