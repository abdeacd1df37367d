"""Set-ups beside the usual ones: unusual and healthy, or with one fault in one place of many."""

from __future__ import annotations

import pytest

from .runs import PROVEN, Diagnose

pytestmark = pytest.mark.real


@pytest.mark.shape
@pytest.mark.parametrize(
    "domain",
    [
        "wildcard.example",
        "disorder.example",
        "tls13.example",
        "tls12.example",
        "loginonly.example",
        "scram.example",
        "cram.example",
        "warns.example",
        "deadprimary.example",
        "families.example",
        "homelines.example",
        "greylists.example",
        "ipv4broken.example",
    ],
)
def test_unusual_servers_are_no_fault(diagnose: Diagnose, domain: str) -> None:
    run = diagnose(f"alice@{domain}")

    run.assert_healthy()
    assert set(run.outcomes()) == {"accepted"}, run.told()


@pytest.mark.shape
@pytest.mark.parametrize("domain", ["signson.example", "helps.example", "drawn.example"])
def test_unusual_pages_are_no_fault(diagnose: Diagnose, domain: str) -> None:
    diagnose(f"alice@{domain}", "--webmail", f"https://webmail.{domain}/").assert_healthy()


@pytest.mark.shape
def test_a_page_at_a_guessed_name_is_nobodys_login_page(diagnose: Diagnose) -> None:
    """A wildcard in DNS leads every name to a shop."""
    run = diagnose("alice@wildname.example")

    run.assert_healthy()
    assert run.causes == [], run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("imapexpired.example", "tls.cert-expired"),
        ("staleissuer.example", "tls.cert-expired"),
        ("cnonly.example", "tls.name-mismatch"),
        ("strip587.example", "tls.starttls-missing"),
        ("nofolder.example", "server.fault"),
        ("elsewhere.example", "settings.wrong-host"),
        ("turnsaway.example", "lockout.address-blocked"),
        ("wantscert.example", "settings.no-common-auth"),
        ("nosasl.example", "server.fault"),
        ("noauth.example", "settings.no-common-auth"),
        ("nokey.example", "tls.handshake-failed"),
        ("aliasgone.example", "dns.host-missing"),
        ("bogushost.example", "dns.broken-zone"),
    ],
)
def test_faults_in_one_place(diagnose: Diagnose, domain: str, cause: str) -> None:
    diagnose(f"alice@{domain}").assert_blocked_by(cause, *PROVEN)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("ipv6port.example", "reach.ipv6-broken"),
        ("popexpired.example", "tls.cert-expired"),
        ("strip143.example", "tls.starttls-missing"),
    ],
)
def test_faults_beside_a_way_that_works(diagnose: Diagnose, domain: str, cause: str) -> None:
    diagnose(f"alice@{domain}").assert_hindered_by(cause)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("user", "cause"),
    [
        ("alice", "activation.account-disabled"),
        ("bob", "lockout.account-locked"),
        ("carol", "credentials.app-password-required"),
        ("dave", "settings.protocol-disabled"),
        ("erin", "lockout.account-locked"),
    ],
)
def test_the_reason_for_which_a_server_refuses_an_account(diagnose: Diagnose, user: str, cause: str) -> None:
    run = diagnose(f"{user}@refuses.example")

    assert run.causes[0]["id"] == cause, run.told()
    assert run.causes[0]["certainty"] in PROVEN, run.told()
    assert run.exit_code == 1, run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("web429.example", "lockout.rate-limited"),
        ("webfatal.example", "web.login-page-down"),
        ("webrepair.example", "web.login-page-down"),
        ("webport.example", "web.login-page-down"),
        ("webdate.example", "tls.cert-expired"),
    ],
)
def test_faults_of_a_page(diagnose: Diagnose, domain: str, cause: str) -> None:
    diagnose(f"alice@{domain}", "--webmail", f"https://webmail.{domain}/").assert_blocked_by(cause, *PROVEN)


def test_a_server_that_takes_no_login_fails_its_smoke_check(diagnose: Diagnose) -> None:
    """It needs no password to see that none is taken."""
    diagnose("noauth.example", password=None).assert_blocked_by("settings.no-common-auth")


def test_a_web_server_in_place_of_a_mail_server(diagnose: Diagnose) -> None:
    """It waits for the client to speak first, as a mail server that is stuck seems to."""
    run = diagnose("alice@corp.example", "--imap", "imaps://webmail.corp.example:443", timeout=30)

    run.assert_hindered_by("reach.wrong-service")  # POP3 works
    assert "HTTP/" in run.causes[0]["evidence"][0]["text"], run.told()
