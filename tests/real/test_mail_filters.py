"""ManageSieve (RFC 5804) of Dovecot's Pigeonhole: looked at where it is named, and never in the way of a login."""

from __future__ import annotations

import pytest

from .runs import Diagnose

pytestmark = pytest.mark.real


@pytest.mark.shape
def test_a_server_of_mail_filters_beside_the_mailbox(diagnose: Diagnose) -> None:
    """Named by SRV: its greeting, STARTTLS and mechanisms are looked at, and nobody logs in there."""
    run = diagnose("alice@filters.example")

    run.assert_healthy()
    checks = {check["id"]: check for check in run.report["checks"]}
    assert checks["login.mechanisms.sieve.4190"]["status"] == "pass", run.told()
    assert checks["login.mechanisms.sieve.4190"]["facts"]["offered"] == ["PLAIN", "LOGIN"]
    assert {login.protocol for login in run.logins} <= {"imap", "pop3", "smtp"}, run.told()


@pytest.mark.fault
def test_an_expired_certificate_of_it_only_hinders(diagnose: Diagnose) -> None:
    run = diagnose("alice@oldfilters.example")

    assert (run.exit_code, run.proven("blocks"), run.proven("hinders")) == (0, [], ["tls.cert-expired"]), run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("url", "cause"),
    [("sieve://mail.corp.example:143", "reach.wrong-service"), ("sieve://mail.corp.example", "reach.refused")],
)
def test_where_there_is_none(diagnose: Diagnose, url: str, cause: str) -> None:
    """IMAP answers in its place, or nobody."""
    run = diagnose("alice@corp.example", "--sieve", url)

    assert (run.exit_code, run.proven("blocks"), run.proven("hinders")) == (0, [], [cause]), run.told()
