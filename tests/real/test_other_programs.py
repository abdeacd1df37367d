"""Courier and Exim: what they say for the same faults, in their own words."""

from __future__ import annotations

import pytest

from tests.machine import lacking

from .estate import Login, missing_annex
from .runs import PROVEN, Diagnose

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def annex() -> None:
    """Leaves out the tests where there is neither of them."""
    missing = missing_annex()
    if missing is not None:
        lacking(missing)


@pytest.mark.shape
@pytest.mark.parametrize(
    ("user", "options", "protocol"),
    [
        ("alice@courier.example", (), "imap"),
        ("alice@courier.example", ("--imap", "imap://mail.courier.example"), "imap"),
        ("alice@exim.example", (), "smtp"),
        ("alice@exim.example", ("--smtp", "smtp://mail.exim.example"), "smtp"),
    ],
)
def test_a_good_login(diagnose: Diagnose, user: str, options: tuple[str, ...], protocol: str) -> None:
    run = diagnose(user, *options)

    run.assert_healthy()
    assert set(run.logins) == {Login(user, protocol, "accepted")}, run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("user", "logins"),
    [
        ("alice@courier.example", [Login("alice@courier.example", "imap", "rejected")]),
        ("alice@exim.example", [Login("alice@exim.example", "smtp", "rejected")]),
    ],
)
def test_a_wrong_password(diagnose: Diagnose, user: str, logins: list[Login]) -> None:
    run = diagnose(user, password="falsch-4711")

    run.assert_blocked_by("credentials.rejected", *PROVEN)
    assert run.logins == logins, run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("user", "cause"),
    [
        ("bob@courier.example", "settings.protocol-disabled"),
        ("dave@courier.example", "server.fault"),
        ("dave@exim.example", "server.fault"),
    ],
)
def test_faults_of_their_own(diagnose: Diagnose, user: str, cause: str) -> None:
    diagnose(user).assert_blocked_by(cause, *PROVEN)


@pytest.mark.fault
def test_an_account_that_may_not_send(diagnose: Diagnose) -> None:
    run = diagnose("mallory@exim.example")

    assert run.proven() == ["activation.sending-barred"], run.told()
