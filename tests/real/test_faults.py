"""Each fault, on real servers, is named as the root cause, and nothing else is said to block."""

from __future__ import annotations

import pytest

from .estate import Estate, Login
from .plain_clients import PlainClients, imap_session
from .runs import PROVEN, Diagnose
from .scenery import PASSWORD

pytestmark = pytest.mark.real


# credentials and accounts


@pytest.mark.fault
@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("carol@corp.example", "credentials.expired"),
        ("dave@corp.example", "server.fault"),
        ("ghost@corp.example", "activation.mailbox-missing"),
    ],
)
def test_accounts(diagnose: Diagnose, address: str, cause: str) -> None:
    diagnose(address).assert_blocked_by(cause)


@pytest.mark.fault
def test_a_disabled_account(diagnose: Diagnose) -> None:
    # Dovecot says "Login disabled for this user", which is not quite the same
    diagnose("bob@corp.example").assert_blocked_by("activation.account-disabled", *PROVEN)


@pytest.mark.fault
def test_a_full_mailbox_hinders(diagnose: Diagnose) -> None:
    diagnose("erin@corp.example").assert_hindered_by("activation.over-quota")


@pytest.mark.fault
def test_a_password_in_full_width_letters(diagnose: Diagnose) -> None:
    diagnose("alice@starttls.example", password="ｆａｌｓｃｈ４７１１").assert_blocked_by("credentials.input-error")


@pytest.mark.fault
def test_a_misspelt_domain(diagnose: Diagnose) -> None:
    run = diagnose("alice@gmial.com")

    run.assert_blocked_by("address.typo-domain")
    assert run.logins == [], run.told()


@pytest.mark.fault
def test_a_password_refused_for_sending_alone(diagnose: Diagnose) -> None:
    run = diagnose("alice@sendonly.example", password="falsch-4711")

    # Postfix before 3.9 answers a failing backend with the same 535 as a wrong password
    run.assert_blocked_by("credentials.rejected", *PROVEN)
    assert run.logins == [Login("alice@sendonly.example", "smtp", "rejected")]


@pytest.mark.fault
def test_steps_speak_to_whoever_runs_the_server(diagnose: Diagnose) -> None:
    """Dovecot and Postfix greet under names of the domain itself: there is no provider to be called."""
    run = diagnose("kim@corp.example", password="falsch-4711")

    run.assert_blocked_by("credentials.rejected", *PROVEN)
    told = {one["fixer"]: "".join(one["steps"]) for one in run.causes[0]["remedies"]}
    assert "provider" not in told
    assert "subscription" not in told["admin"]


@pytest.mark.fault
@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("alice@oauth.example", "credentials.oauth-required"),
        ("alice@clientcert.example", "settings.no-common-auth"),
    ],
)
def test_a_password_is_not_sent_where_none_is_taken(diagnose: Diagnose, address: str, cause: str) -> None:
    run = diagnose(address)

    run.assert_blocked_by(cause)
    assert run.logins == [], run.told()


# TLS: whatever is wrong, no login reaches the server


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("expired.example", "tls.cert-expired"),
        ("selfsigned.example", "tls.untrusted-issuer"),
        ("wrongname.example", "tls.name-mismatch"),
        ("incomplete.example", "tls.incomplete-chain"),
        ("cleartext.example", "tls.starttls-missing"),
    ],
)
def test_no_login_without_trust(diagnose: Diagnose, domain: str, cause: str) -> None:
    run = diagnose(f"alice@{domain}")

    run.assert_blocked_by(cause)
    assert run.logins == [], run.told()


def test_dates_by_this_computers_clock_alone_are_likely(diagnose: Diagnose) -> None:
    """Nobody there tells the time, so it may be the clock here which is wrong."""
    run = diagnose("alice@notyet.example")

    run.assert_blocked_by("tls.cert-not-yet-valid", "likely")
    assert run.logins == [], run.told()


def test_a_wrong_name_is_shown_with_the_right_one(diagnose: Diagnose) -> None:
    run = diagnose("alice@wrongname.example", "--no-login", password=None)

    assert "another-mail.wrongname.example" in str(run.causes[0]["evidence"]), run.told()


@pytest.mark.fault
def test_an_expiring_certificate_hinders_and_is_a_problem_when_strict(diagnose: Diagnose) -> None:
    diagnose("alice@expiring.example").assert_hindered_by("tls.cert-expiring")
    strict = diagnose("alice@expiring.example", "--strict")
    assert strict.exit_code == 1, strict.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("url", "domain", "cause"),
    [
        ("imaps://mail.starttls.example:143", "starttls.example", "tls.wrong-mode"),
        ("imap://node3.srvonly.example:993", "srvonly.example", "tls.wrong-mode"),
        ("imaps://relay9.srvonly.example:465", "srvonly.example", "reach.wrong-service"),
        ("imap://mail.starttls.example:587", "starttls.example", "reach.wrong-service"),
    ],
)
def test_settings_that_mix_up_ports(diagnose: Diagnose, url: str, domain: str, cause: str) -> None:
    diagnose(f"alice@{domain}", "--imap", url).assert_blocked_by(cause)


# reaching the server


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("blocked.example", "reach.port-blocked"),
        ("closed.example", "reach.refused"),
        ("unreachable.example", "reach.unreachable"),
        ("silent.example", "reach.timeout"),
    ],
)
def test_hosts_that_cannot_be_reached(diagnose: Diagnose, domain: str, cause: str) -> None:
    diagnose(f"alice@{domain}").assert_blocked_by(cause)


@pytest.mark.fault
def test_a_refused_port_beside_working_ones(diagnose: Diagnose) -> None:
    run = diagnose("alice@refused993.example")

    run.assert_blocked_by("reach.refused")
    # that is settled, so that nothing else is guessed: not even a firewall that rejects
    assert "reach.port-blocked" not in [cause["id"] for cause in run.causes], run.told()


@pytest.mark.fault
def test_a_blocked_port_beside_working_ones_hinders(diagnose: Diagnose) -> None:
    run = diagnose("alice@halfblocked.example")

    run.assert_hindered_by("reach.port-blocked")
    assert "accepted" in run.outcomes(), run.told()


@pytest.mark.fault
def test_broken_ipv6_beside_working_ipv4_hinders_and_is_a_problem_when_strict(diagnose: Diagnose) -> None:
    diagnose("alice@ipv6broken.example").assert_hindered_by("reach.ipv6-broken")
    strict = diagnose("alice@ipv6broken.example", "--strict")
    assert strict.exit_code == 1, strict.told()


@pytest.mark.fault
def test_a_hosts_file_that_overrides_the_mail_host(diagnose: Diagnose, estate: Estate) -> None:
    elsewhere = estate.hosts["mail.closed.example"].addresses[0]
    with estate.hosts_entry(f"{elsewhere} mail.example.net"):
        run = diagnose("alice@example.net", resolver=None)

    run.assert_blocked_by("network.hosts-override", *PROVEN)


def test_a_hosts_file_that_overrides_what_the_chosen_resolver_says(diagnose: Diagnose, estate: Estate) -> None:
    """Connections go where the chosen resolver says, so they work; mail programs on this computer are misled."""
    elsewhere = estate.hosts["mail.closed.example"].addresses[0]
    with estate.hosts_entry(f"{elsewhere} mail.example.net"):
        run = diagnose("alice@example.net")

    assert set(run.outcomes()) == {"accepted"}, run.told()
    assert "network.hosts-override" in [cause["id"] for cause in run.causes], run.told()


@pytest.mark.fault
def test_a_resolver_that_does_not_answer(diagnose: Diagnose, estate: Estate) -> None:
    silent = str(estate.hosts["mail.silent.example"].addresses[0])

    diagnose("alice@corp.example", resolver=silent).assert_blocked_by("network.resolver-down")


# limits on connections


@pytest.mark.shape
def test_a_server_that_takes_one_connection_is_healthy(diagnose: Diagnose) -> None:
    """The run's own connections, side by side as they are, never reach a limit that a mail program keeps to."""
    diagnose("alice@onlyone.example").assert_healthy()
    diagnose("alice@onlyone.example", "--try-all").assert_healthy()


@pytest.mark.fault
def test_others_have_all_connections_to_submission(diagnose: Diagnose, estate: Estate) -> None:
    clients = PlainClients(estate)
    with clients.staying("mail.onlyone.example", 465):
        run = diagnose("alice@onlyone.example", "--smtp", "smtps://mail.onlyone.example:465")

    run.assert_blocked_by("server.too-many-connections", *PROVEN)
    assert run.ended_within(10), run.told()


@pytest.mark.fault
def test_others_have_all_connections_of_the_user(diagnose: Diagnose, estate: Estate) -> None:
    clients = PlainClients(estate)
    with clients.staying(
        "mail.onlyone.example", 993, lambda secured: imap_session(secured, "alice@onlyone.example", PASSWORD)
    ):
        run = diagnose("alice@onlyone.example")

    run.assert_blocked_by("server.too-many-connections", *PROVEN)


# DNS


@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("nomx.example", "dns.no-mx"),
        ("nullmx.example", "dns.null-mx"),
        ("missing.example", "dns.domain-missing"),
        ("bogus.example", "dns.broken-zone"),
        ("stale.example", "dns.broken-zone"),
        ("lame.example", "dns.broken-zone"),
        ("gonehost.example", "dns.host-missing"),
    ],
)
@pytest.mark.parametrize("mode", [pytest.param("address", marks=pytest.mark.fault), "domain"])
def test_dns(diagnose: Diagnose, domain: str, cause: str, mode: str) -> None:
    run = diagnose(f"alice@{domain}") if mode == "address" else diagnose(domain, password=None)

    run.assert_blocked_by(cause)


@pytest.mark.fault
def test_a_dead_mail_exchanger_does_not_shut_the_mailbox(diagnose: Diagnose) -> None:
    run = diagnose("alice@deadmx.example")

    run.assert_hindered_by("dns.mx-unresolvable")
    assert set(run.outcomes()) == {"accepted"}, run.told()


# webmail


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [
        ("web503.example", "web.login-page-down"),
        ("webloop.example", "web.redirect-loop"),
        ("web404.example", "web.login-page-changed"),
        ("webparked.example", "web.login-page-changed"),
    ],
)
def test_webmail_pages(diagnose: Diagnose, domain: str, cause: str) -> None:
    run = diagnose(f"alice@{domain}", "--webmail", f"https://webmail.{domain}/")

    run.assert_blocked_by(cause)
    assert "accepted" in run.outcomes(), run.told()


@pytest.mark.fault
@pytest.mark.parametrize(
    ("domain", "cause"),
    [("webcaptcha.example", "web.captcha-required"), ("webexpired.example", "web.session-expired")],
)
def test_webmail_pages_that_say_why(diagnose: Diagnose, domain: str, cause: str) -> None:
    """In words of a page, which may prove a cause or only point at it."""
    run = diagnose(f"alice@{domain}", "--webmail", f"https://webmail.{domain}/")

    run.assert_blocked_by(cause, *PROVEN)


# a domain alone


@pytest.mark.parametrize(
    ("domain", "cause"),
    [("expired.example", "tls.cert-expired"), ("closed.example", "reach.refused")],
)
def test_a_broken_domain_fails_its_smoke_check(diagnose: Diagnose, domain: str, cause: str) -> None:
    diagnose(domain, password=None).assert_blocked_by(cause)
