"""The estate itself, seen with plain clients: each server does what the other tests rely on."""

from __future__ import annotations

import errno
import ssl

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.openssl import X509Error

from .estate import Estate, Family, Login
from .plain_clients import PlainClients
from .scenery import PASSWORD

pytestmark = pytest.mark.real

MAIL = "mail.corp.example"
ALICE = "alice@corp.example"


@pytest.fixture(scope="module")
def clients(estate: Estate) -> PlainClients:
    return PlainClients(estate)


@pytest.mark.parametrize("port", [993, 143])
def test_imap_lets_the_good_account_in(clients: PlainClients, port: int) -> None:
    assert "Logged in" in clients.imap_login(MAIL, port, ALICE, PASSWORD)


@pytest.mark.parametrize("port", [995, 110])
def test_pop3_lets_the_good_account_in(clients: PlainClients, port: int) -> None:
    assert clients.pop3_login(MAIL, port, ALICE, PASSWORD).startswith("+OK")


@pytest.mark.parametrize("port", [465, 587])
def test_submission_lets_the_good_account_in_and_nobody_else(clients: PlainClients, port: int) -> None:
    assert clients.smtp_login(MAIL, port, ALICE, PASSWORD) == 235
    assert clients.smtp_login(MAIL, port, ALICE, "wrong") == 535


@pytest.mark.parametrize(
    ("local_part", "answer"),
    [
        ("bob", "[CONTACTADMIN] Login disabled for this user"),
        ("carol", "[EXPIRED] Password expired"),
        ("dave", "[UNAVAILABLE] Temporary authentication failure"),
        ("nobody", "[AUTHENTICATIONFAILED] Authentication failed"),
    ],
)
def test_accounts_are_refused_for_their_own_reason(clients: PlainClients, local_part: str, answer: str) -> None:
    assert answer in clients.imap_login(MAIL, 993, f"{local_part}@corp.example", PASSWORD)


def test_a_full_mailbox_is_over_its_quota(clients: PlainClients) -> None:
    assert "(STORAGE 5 1)" in clients.imap_quota(MAIL, "erin@corp.example", PASSWORD)


def test_the_mail_exchanger_knows_its_mailboxes(clients: PlainClients) -> None:
    assert clients.smtp_recipient(MAIL, ALICE).startswith("250")
    assert clients.smtp_recipient(MAIL, "ghost@corp.example").startswith("550 5.1.1")


def test_logins_are_counted(estate: Estate, clients: PlainClients) -> None:
    user = "alice@starttls.example"
    before = estate.logins()
    clients.imap_login("mail.starttls.example", 143, user, PASSWORD)
    clients.smtp_login("mail.starttls.example", 587, user, "wrong")

    assert [one for one in estate.logins() if one not in before] == [
        Login(user, "imap", "accepted"),
        Login(user, "smtp", "rejected"),
    ]


@pytest.mark.parametrize("port", [993, 465])
@pytest.mark.parametrize(
    ("domain", "error"),
    [
        ("expired.example", X509Error.CERT_HAS_EXPIRED),
        ("notyet.example", X509Error.CERT_NOT_YET_VALID),
        ("selfsigned.example", X509Error.DEPTH_ZERO_SELF_SIGNED_CERT),
        ("wrongname.example", X509Error.HOSTNAME_MISMATCH),
        ("incomplete.example", X509Error.UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
    ],
)
def test_certificates_have_their_one_fault(clients: PlainClients, domain: str, error: int, port: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        clients.connect(f"mail.{domain}", port)
    assert caught.value.verify_code == error


def test_an_expiring_certificate_still_holds(clients: PlainClients) -> None:
    clients.connect("mail.expiring.example", 993)


def test_the_firewall_takes_single_ports_and_families(clients: PlainClients) -> None:
    clients.connect("mail.blocked.example", 465)
    with pytest.raises(TimeoutError):
        clients.connect("mail.blocked.example", 993, seconds=1)
    clients.connect("mail.ipv6broken.example", 993, "ipv4")
    with pytest.raises(TimeoutError):
        clients.connect("mail.ipv6broken.example", 993, "ipv6", seconds=1)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_hosts_refuse_or_cannot_be_reached(clients: PlainClients, family: Family) -> None:
    with pytest.raises(ConnectionRefusedError):
        clients.connect("mail.closed.example", 993, family)
    with pytest.raises(OSError, match=f"Errno {errno.EHOSTUNREACH}"):
        clients.connect("mail.unreachable.example", 993, family)


def test_nothing_leads_out(estate: Estate) -> None:
    for family in ("-4", "-6"):
        assert estate.client.run("ip", family, "route", "show", "default") == ""


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answer"),
    [
        ("corp.example", "MX", "NOERROR", "10 mail.corp.example."),
        ("sales.corp.example", "MX", "NOERROR", "10 mail.corp.example."),
        ("_imaps._tcp.corp.example", "SRV", "NOERROR", "0 1 993 mail.corp.example."),
        ("_imaps._tcp.pop3only.example", "SRV", "NOERROR", "0 0 0 ."),
        ("mail.ipv6only.example", "A", "NOERROR", None),
        ("implicit.example", "MX", "NOERROR", None),
        ("nomx.example", "MX", "NOERROR", None),
        ("nullmx.example", "MX", "NOERROR", "0 ."),
        ("missing.example", "MX", "NXDOMAIN", None),
        ("gone.gonehost.example", "A", "NXDOMAIN", None),
        ("bogus.example", "MX", "SERVFAIL", None),
        ("lame.example", "MX", "SERVFAIL", None),
        ("host.unknown-top-level", "A", "NXDOMAIN", None),
    ],
)
def test_names_resolve(estate: Estate, name: str, kind: str, rcode: str, answer: str | None) -> None:
    query = dns.message.make_query(name, kind)
    reply = estate.client.inside(lambda: dns.query.udp(query, estate.resolver, timeout=5))

    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert [str(one) for rrset in reply.answer for one in rrset] == ([answer] if answer else [])


def test_a_bogus_zone_answers_when_checking_is_disabled_and_a_lame_one_does_not(estate: Estate) -> None:
    def rcode(name: str) -> dns.rcode.Rcode:
        query = dns.message.make_query(name, "MX", flags=dns.flags.RD | dns.flags.CD)
        return estate.client.inside(lambda: dns.query.udp(query, estate.resolver, timeout=5)).rcode()

    assert rcode("bogus.example") == dns.rcode.NOERROR
    assert rcode("lame.example") == dns.rcode.SERVFAIL


def test_the_system_resolves_through_the_estate(estate: Estate) -> None:
    assert "2001:db8::" in estate.client.run("getent", "ahosts", MAIL)
    with estate.hosts_entry("192.0.2.99 mail.corp.example"):
        assert "192.0.2.99" in estate.client.run("getent", "ahosts", MAIL)
    assert "192.0.2.99" not in estate.client.run("getent", "ahosts", MAIL)


def test_a_login_that_was_never_offered_is_counted_too(estate: Estate, clients: PlainClients) -> None:
    before = estate.logins()
    clients.imap_login("mail.oauth.example", 993, ALICE, PASSWORD)

    assert [one for one in estate.logins() if one not in before] == [Login("", "imap", "rejected")]


def test_servers_without_passwords_or_without_tls(clients: PlainClients) -> None:
    assert "AUTH=XOAUTH2" in clients.imap_capabilities("mail.oauth.example", 993)
    assert "AUTH=PLAIN" not in clients.imap_capabilities("mail.oauth.example", 993)
    assert "AUTH=EXTERNAL" in clients.imap_capabilities("mail.clientcert.example", 993)
    assert "AUTH=PLAIN" not in clients.imap_capabilities("mail.clientcert.example", 993)
    assert "STARTTLS" in clients.imap_capabilities(MAIL, 143)
    assert "STARTTLS" not in clients.imap_capabilities("mail.cleartext.example", 143)


@pytest.mark.parametrize(
    ("host", "path", "status", "held"),
    [
        ("webmail.corp.example", "/", 200, 'type="password"'),
        ("webmail.web503.example", "/", 503, ""),
        ("webmail.webloop.example", "/", 302, "/login"),
        ("webmail.webloop.example", "/login", 302, "Location: https://webmail.webloop.example/\r\n"),
        ("webmail.web404.example", "/", 404, ""),
        ("autoconfig.autoconfig.example", "/mail/config-v1.1.xml", 200, "store1.autoconfig.example"),
    ],
)
def test_web_pages(clients: PlainClients, host: str, path: str, status: int, held: str) -> None:
    page = clients.web_page(host, path)

    assert page.split()[1] == str(status)
    assert held in page
