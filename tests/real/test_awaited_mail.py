"""The activation or verification mail in the other mailbox that it was sent to, on a real Dovecot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from .estate import Estate
from .runs import Diagnose, Run

pytestmark = pytest.mark.real

MANY = 100_000
"""Mails in a large mailbox."""


def mail(subject: str, sender: str = "Mail service <no-reply@corp.example>", days_old: float = 1) -> bytes:
    """A mail with these headers."""
    sent = format_datetime(datetime.now(UTC) - timedelta(days=days_old))
    return f"From: {sender}\r\nSubject: {subject}\r\nDate: {sent}\r\n\r\nHello.\r\n".encode()


def looked_for(diagnose: Diagnose, other: str) -> Run:
    """A run that fails to log in and looks into the *other* mailbox."""
    options = ("--activation-mailbox", other, "--activation-password-env", "OTHER_PASSWORD")
    return diagnose("alice@corp.example", *options)


def said_of_the_mail(run: Run) -> list[str]:
    """What the check says."""
    (check,) = (one for one in run.report["checks"] if one["id"] == "activation.mail")
    return [finding["text"] for finding in check["findings"]]


@pytest.mark.fault
def test_found_in_junk(diagnose: Diagnose, estate: Estate) -> None:
    estate.deliver("judy@corp.example", "", mail("Lunch?"), mail("Please activate", "x <x@elsewhere.example>"))
    estate.deliver("judy@corp.example", "Junk", mail("=?utf-8?b?6K+35r+A5rS75oKo55qE6LSm5Y+3?="))

    run = looked_for(diagnose, "judy@corp.example")

    (said,) = said_of_the_mail(run)
    assert "请激活您的账号" in said
    assert "junk folder of judy@corp.example" in said
    assert estate.flags("judy@corp.example") == {""}, "looking changes no flag"


@pytest.mark.fault
def test_not_there(diagnose: Diagnose, estate: Estate) -> None:
    estate.deliver("kim@corp.example", "", mail("Please activate your account", days_old=30), mail("Lunch?"))

    (said,) = said_of_the_mail(looked_for(diagnose, "kim@corp.example"))

    assert "Neither inbox nor junk folder" in said


def test_in_the_inbox(diagnose: Diagnose, estate: Estate) -> None:
    estate.deliver("lou@corp.example", "", mail("Please activate your account"))

    (said,) = said_of_the_mail(looked_for(diagnose, "lou@corp.example"))

    assert "lies in the inbox" in said


@pytest.mark.fault
def test_a_mailbox_that_cannot_take_mail(diagnose: Diagnose) -> None:
    (said,) = said_of_the_mail(looked_for(diagnose, "someone@nullmx.example"))

    assert "cannot take mail" in said


def test_a_huge_mailbox_is_looked_at_within_the_deadline(diagnose: Diagnose, estate: Estate) -> None:
    lunch = mail("Lunch?")
    estate.deliver("mia@corp.example", "", *[lunch] * MANY)

    run = looked_for(diagnose, "mia@corp.example")

    assert run.ended_within(21)
    (check,) = (one for one in run.report["checks"] if one["id"] == "activation.mail")
    assert check["status"] != "error"
