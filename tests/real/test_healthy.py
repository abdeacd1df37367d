"""A healthy estate gives no cause, whatever unusual but legal shape it has."""

from __future__ import annotations

import pytest

from .estate import Login
from .runs import Diagnose

pytestmark = pytest.mark.real

ALICE = "alice@corp.example"
HOST = "mail.corp.example"


def test_a_mailbox_is_found_by_its_address_alone(diagnose: Diagnose) -> None:
    run = diagnose(ALICE)

    run.assert_healthy()
    assert Login(ALICE, "imap", "accepted") in run.logins
    found = {(one["protocol"], one["host"], one["port"], one["tls"], one["source"]) for one in run.report["services"]}
    assert ("imap", HOST, 993, "implicit", "srv") in found
    assert ("smtp", HOST, 465, "implicit", "srv") in found


@pytest.mark.shape
@pytest.mark.parametrize(
    ("option", "url", "protocol"),
    [
        ("--imap", f"imaps://{HOST}", "imap"),
        ("--imap", f"imap://{HOST}", "imap"),
        ("--pop3", f"pop3s://{HOST}", "pop3"),
        ("--pop3", f"pop3://{HOST}", "pop3"),
        ("--smtp", f"smtps://{HOST}:465", "smtp"),
        ("--smtp", f"smtp://{HOST}:587", "smtp"),
    ],
)
def test_each_way_to_log_in_works_when_it_is_named(diagnose: Diagnose, option: str, url: str, protocol: str) -> None:
    run = diagnose(ALICE, option, url, "--try-all")

    run.assert_healthy()
    assert Login(ALICE, protocol, "accepted") in run.logins
    named = [one for one in run.report["services"] if one["source"] == "option"]
    assert [(one["protocol"], one["host"]) for one in named] == [(protocol, HOST)]
    assert named[0]["tls"] == ("implicit" if url.split("://")[0].endswith("s") else "starttls")


@pytest.mark.shape
@pytest.mark.parametrize(
    "domain",
    [
        "example.net",
        "implicit.example",
        "sales.corp.example",
        "ipv6only.example",
        "pop3only.example",
        "starttls.example",
        "srvonly.example",
        "guessable.example",
        "autoconfig.example",
    ],
)
def test_legal_shapes_are_no_fault(diagnose: Diagnose, domain: str) -> None:
    run = diagnose(f"alice@{domain}")

    run.assert_healthy()
    assert run.logins, run.told()
    assert {(one.user, one.outcome) for one in run.logins} == {(f"alice@{domain}", "accepted")}


def test_an_internationalised_domain_is_found_as_people_write_it(diagnose: Diagnose) -> None:
    run = diagnose("alice@bücher.example")

    run.assert_healthy()
    assert run.report["subject"]["domain"] == "xn--bcher-kva.example"
    assert set(run.outcomes()) == {"accepted"}, run.told()


def test_the_webmail_page_is_looked_at(diagnose: Diagnose) -> None:
    run = diagnose(ALICE, "--webmail", "https://webmail.corp.example/")

    run.assert_healthy()
    assert "webmail" in {one["protocol"] for one in run.report["services"]}


def test_the_system_resolver_will_do(diagnose: Diagnose) -> None:
    diagnose("alice@example.net", resolver=None).assert_healthy()


def test_without_third_parties(diagnose: Diagnose) -> None:
    diagnose(ALICE, "--no-third-party").assert_healthy()


def test_no_login_asks_for_none(diagnose: Diagnose) -> None:
    run = diagnose(ALICE, "--no-login", password=None)

    run.assert_healthy()


def test_an_address_without_a_secret_is_inconclusive(diagnose: Diagnose) -> None:
    run = diagnose(ALICE, password=None)

    assert run.proven() == [], run.told()
    assert run.report["verdict"]["status"] == "inconclusive", run.told()
    assert run.exit_code == 3, run.told()


@pytest.mark.parametrize("domain", ["corp.example", "implicit.example", "ipv6only.example", "starttls.example"])
def test_a_healthy_domain_is_smoke_checked_without_a_login(diagnose: Diagnose, domain: str) -> None:
    run = diagnose(domain, password=None)

    run.assert_healthy()
    assert run.report["subject"]["address"] is None
