"""Addresses of internationalised domains go out in the form that real servers take, and a refusal proves no more."""

from __future__ import annotations

from typing import Any

import pytest

from .runs import PROVEN, Diagnose, Run
from .scenery import PASSWORD

pytestmark = pytest.mark.real

WRONG = PASSWORD + "x"


def recipient(run: Run) -> dict[str, Any]:
    """What became of the question to the MX."""
    (check,) = (one for one in run.report["checks"] if one["id"] == "activation.recipient")
    found: dict[str, Any] = check
    return found


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("alice@пример.example", "alice@xn--e1afmkfd.example"),
        ("Alice@ПРИМЕР.Example", "Alice@xn--e1afmkfd.example"),
        ("alice@пример。example", "alice@xn--e1afmkfd.example"),
        ("alice@XN--E1AFMKFD.example", "alice@xn--e1afmkfd.example"),
        ("alice@straße.example", "alice@xn--strae-oqa.example"),
        ("alice@corp.example", "alice@corp.example"),
    ],
)
def test_the_login_goes_out_as_servers_know_it(diagnose: Diagnose, typed: str, sent: str) -> None:
    run = diagnose(typed)

    run.assert_healthy()
    assert {(one.user.lower(), one.outcome) for one in run.logins} == {(sent.lower(), "accepted")}, run.told()
    assert run.report["subject"]["username"] == sent


@pytest.mark.parametrize("domain", ["пример.example", "straße.example", "例子.example"])
def test_a_wrong_password_is_no_missing_mailbox(diagnose: Diagnose, domain: str) -> None:
    """With and without SMTPUTF8, and where the server knows the domain as people write it alone."""
    run = diagnose(f"alice@{domain}", password=WRONG)

    assert run.causes[0]["id"] == "credentials.rejected", run.told()
    assert "activation.mailbox-missing" not in run.proven(), run.told()
    assert recipient(run)["facts"]["answer"] == "accepted", recipient(run)


def test_a_mailbox_known_by_the_other_form_gets_a_hint(diagnose: Diagnose) -> None:
    """Which form was sent is told, and what to try; the mailbox is not called missing."""
    run = diagnose("alice@例子.example")

    assert run.causes[0]["id"] == "credentials.rejected", run.told()
    assert "activation.mailbox-missing" not in {cause["id"] for cause in run.causes}, run.told()
    assert [one["address"] for one in recipient(run)["facts"]["asked"]] == [
        "alice@xn--fsqu00a.example",
        "alice@例子.example",
    ]
    (hint,) = (cause for cause in run.causes if cause["id"] == "settings.username-format")
    assert "alice@xn--fsqu00a.example" in hint["evidence"][0]["text"]


@pytest.mark.parametrize("address", ["nobody@пример.example", "nobody@straße.example", "ghost@corp.example"])
def test_a_mailbox_that_is_missing_stays_missing(diagnose: Diagnose, address: str) -> None:
    run = diagnose(address)

    run.assert_blocked_by("activation.mailbox-missing")
    assert "xn--" in run.causes[0]["evidence"][0]["text"] or address.isascii(), run.told()


def test_a_local_part_beyond_ascii_is_asked_for_where_that_can_be_said(diagnose: Diagnose) -> None:
    """Postfix with SMTPUTF8 knows it."""
    run = diagnose("jörg@пример.example")

    assert recipient(run)["facts"]["answer"] == "accepted", recipient(run)
    assert "activation.mailbox-missing" not in run.proven(), run.told()


def test_a_local_part_beyond_ascii_is_not_asked_for_where_it_cannot_be_said(diagnose: Diagnose) -> None:
    """Without SMTPUTF8 nothing stands for it, and whatever a server says of something else proves nothing."""
    run = diagnose("jörg@straße.example")

    assert recipient(run)["status"] == "skip", recipient(run)
    assert "SMTPUTF8" in recipient(run)["skipped_because"]
    assert "activation.mailbox-missing" not in run.proven(), run.told()
    assert run.causes[0]["id"] in {"credentials.rejected"}, run.told()
    assert run.causes[0]["certainty"] in PROVEN
