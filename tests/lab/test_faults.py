"""What a plain client sees of each fault."""

from __future__ import annotations

import base64
import imaplib
import json
import poplib
import re
import smtplib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from cryptography import x509

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS, HostLabel, ServiceName
from tests.machine import NOTHING_THERE
from tests.openssl import X509Error

from .clients import Imap, Pop3, Smtp, address, ask, browse, connect, find, trust
from .conftest import BringUp

# ---- Ports


@pytest.mark.parametrize(
    ("scenario", "service"), [("refused", "imaps"), ("refused", "imap"), ("refused-beside-others", "imaps")]
)
def test_a_refused_port(scenario: str, service: ServiceName, bring_up: BringUp) -> None:
    estate = bring_up(scenario)

    with pytest.raises(ConnectionRefusedError):
        connect(estate, service)


def test_beside_a_blocked_port_another_works(bring_up: BringUp) -> None:
    estate = bring_up("refused-beside-others")

    with Imap(estate, "imap") as imap:
        assert imap.login(estate.address, estate.password)[0] == "OK"


def test_nothing_at_the_published_ipv6_address(bring_up: BringUp) -> None:
    estate = bring_up("ipv6-broken")

    with pytest.raises(OSError, match=NOTHING_THERE):
        socket.create_connection(("::1", estate.ports["imaps"]), 5)
    assert Imap(estate).logout()[0] == "BYE"


@pytest.mark.parametrize(
    ("scenario", "service", "words"),
    [
        ("wrong-service", "imaps", rb"\+OK "),
        ("wrong-service-submission", "submission", rb"SSH-2\.0-\S+\r\n\Z"),
        ("server-fault", "imaps", rb"\* BYE \[UNAVAILABLE\] [^\n]*\n\Z"),
        ("server-hangs-up", "imaps", rb"\Z"),
        ("too-many-connections", "imaps", rb"\* BYE Too many [^\n]*\n\Z"),
        ("address-blocked", "imaps", rb"\* BYE [^\n]*\n\Z"),
        ("address-blocked", "submissions", rb"554 5\.7\.1 [^\n]*\n\Z"),
    ],
)
def test_what_a_port_says_first(scenario: str, service: ServiceName, words: bytes, bring_up: BringUp) -> None:
    with connect(bring_up(scenario), service) as connection, connection.makefile("rb") as lines:
        said = lines.readline()
        if words.endswith(rb"\Z"):
            said += lines.read()

    assert re.match(words, said)


def test_a_silent_server(bring_up: BringUp) -> None:
    with connect(bring_up("server-silent"), "imaps") as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


# ---- TLS


@pytest.mark.parametrize(
    ("scenario", "service", "error"),
    [
        ("cert-expired", "imaps", X509Error.CERT_HAS_EXPIRED),
        ("cert-not-yet-valid", "imaps", X509Error.CERT_NOT_YET_VALID),
        ("clock-behind", "imaps", X509Error.CERT_NOT_YET_VALID),
        ("clock-behind", "submissions", X509Error.CERT_NOT_YET_VALID),
        ("cert-other-name", "imaps", X509Error.HOSTNAME_MISMATCH),
        ("cert-self-signed", "imaps", X509Error.DEPTH_ZERO_SELF_SIGNED_CERT),
        ("cert-unknown-issuer", "submissions", X509Error.SELF_SIGNED_CERT_IN_CHAIN),
        ("cert-chain-incomplete", "imaps", X509Error.UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
    ],
)
def test_a_certificate_that_does_not_hold(scenario: str, service: ServiceName, error: int, bring_up: BringUp) -> None:
    """Told by OpenSSL's number: its words change with its versions."""
    estate = bring_up(scenario)

    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        connect(estate, service)
    assert caught.value.verify_code == error
    assert not estate.logins_ok


@pytest.mark.parametrize(
    ("scenario", "label", "from_day", "to_day"),
    [
        ("healthy", "imap", -30, 60),
        ("cert-expired", "imap", -400, -2),
        ("cert-expiring", "imap", -83, 7),
        ("cert-not-yet-valid", "imap", 30, 120),
        ("clock-behind", "webmail", 30, 120),
    ],
)
def test_validity(scenario: str, label: HostLabel, from_day: int, to_day: int, bring_up: BringUp) -> None:
    certificate = sent(bring_up(scenario), label)

    assert about(certificate.not_valid_before_utc, from_day)
    assert about(certificate.not_valid_after_utc, to_day)


def about(moment: datetime, days: int) -> bool:
    return abs(moment - datetime.now(UTC) - timedelta(days=days)) < timedelta(hours=1)


def sent(estate: Estate, label: HostLabel) -> x509.Certificate:
    """The certificate of the first service at *label*, taken without verification."""
    service = next(name for name in estate.scenario.services if estate.scenario.host_label(name) == label)
    context = ssl._create_unverified_context()
    with (
        socket.create_connection(("127.0.0.1", estate.ports[service]), 5) as plain,
        context.wrap_socket(plain, server_hostname="x") as secure,
    ):
        found = secure.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found)


def test_issuers(bring_up: BringUp) -> None:
    by_itself = sent(bring_up("cert-self-signed"), "imap")
    elsewhere = sent(bring_up("cert-unknown-issuer"), "smtp")
    intermediate = sent(bring_up("cert-chain-incomplete"), "imap")
    good = sent(bring_up("healthy"), "imap")

    assert by_itself.issuer == by_itself.subject
    by_itself.verify_directly_issued_by(by_itself)
    assert "Elsewhere" in elsewhere.issuer.rfc4514_string()
    assert "Lab Root CA" in good.issuer.rfc4514_string()
    assert "Lab Intermediate CA" in intermediate.issuer.rfc4514_string()


def test_the_whole_estate_lives_in_the_future(bring_up: BringUp) -> None:
    estate = bring_up("clock-behind")
    host, port = "webmail.corp.example", estate.ports["webmail"]
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        ssl._create_unverified_context().wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.sendall(b"HEAD / HTTP/1.0\r\nHost: %s\r\n\r\n" % host.encode())
        head = secure.makefile("rb").read().decode()

    date = re.search(r"^Date: (.*)\r$", head, re.MULTILINE)
    assert date is not None
    assert about(parsedate_to_datetime(date[1]), 60)


@pytest.mark.parametrize("scenario", ["tls-too-old", "handshake-broken", "wrong-mode"])
def test_a_handshake_that_fails(scenario: str, bring_up: BringUp) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)) as caught:
        connect(bring_up(scenario), "imaps")

    text = str(caught.value).upper().replace(" ", "_")
    assert ("PROTOCOL_VERSION" in text) == (scenario == "tls-too-old")
    assert ("WRONG_VERSION_NUMBER" in text) == (scenario == "wrong-mode")


def test_clear_text_on_the_tls_port(bring_up: BringUp) -> None:
    with connect(bring_up("wrong-mode"), "imaps", tls=False) as connection:
        assert b"STARTTLS" in connection.makefile("rb").readline()


def test_tls_on_the_clear_text_port(bring_up: BringUp) -> None:
    estate = bring_up("wrong-mode-starttls")
    with connect(estate, "submission", tls=False) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    with connect(estate, "submission", tls=True) as connection:
        assert connection.makefile("rb").readline().startswith(b"220 ")


def test_no_starttls_on_offer_and_a_secret_in_clear_is_noticed(bring_up: BringUp) -> None:
    estate = bring_up("starttls-missing")
    with connect(estate, "imap") as connection, connection.makefile("rb") as lines:
        assert b"STARTTLS" not in lines.readline()
        connection.sendall(b"a STARTTLS\r\n")
        assert lines.readline().startswith(b"a BAD ")
        connection.sendall(b'b LOGIN alice@corp.example "correct horse battery staple"\r\n')
        assert lines.readline().startswith(b"b OK ")
    assert estate.logins_in_clear == {"imap": 1}


def test_no_starttls_on_the_submission_port(bring_up: BringUp) -> None:
    estate = bring_up("starttls-missing-submission")
    with connect(estate, "submission") as connection, connection.makefile("rb") as lines:
        connection.sendall(b"EHLO localhost\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n")
        said = lines.read()

    assert b"STARTTLS" not in said
    assert b"\r\n535 " in said
    assert estate.logins_in_clear == {"smtp": 1}


# ---- Logins

LOGIN_FAULTS = [scenario.id for scenario in SCENARIOS.values() if scenario.login]


@pytest.mark.parametrize("scenario", LOGIN_FAULTS)
def test_the_right_password_gets_the_reply_of_the_scenario(scenario: str, bring_up: BringUp) -> None:
    estate = bring_up(scenario)
    said = SCENARIOS[scenario].login
    failed = {}
    if "imaps" in SCENARIOS[scenario].services:
        failed["imap"] = 1
        with Imap(estate) as imap:
            with pytest.raises(imaplib.IMAP4.error) as caught:
                imap.login(estate.address, estate.password)
            assert str(caught.value) == repr(said["imap"].splitlines()[-1].removeprefix("NO ").encode())
    if "smtp" in said:
        failed["smtp"] = 1
        code, _, words = said["smtp"].splitlines()[-1].partition(" ")
        with Smtp(estate) as smtp, pytest.raises(smtplib.SMTPResponseException) as refused:
            smtp.auth("PLAIN", lambda _=None: f"\0{estate.address}\0{estate.password}")
        assert refused.value.smtp_code == int(code)
        answer: Any = refused.value.smtp_error  # bytes, whatever its stub says
        assert answer.endswith(words.strip().encode())

    assert estate.logins_failed == failed
    assert not estate.logins_ok


def test_a_wrong_password(bring_up: BringUp) -> None:
    estate = bring_up("wrong-password")
    assert estate.password != "correct horse battery staple"

    with Imap(estate) as imap, pytest.raises(imaplib.IMAP4.error, match=r"\[AUTHENTICATIONFAILED\]"):
        imap.login(estate.address, estate.password)
    pop = Pop3(estate)
    pop.user(estate.address)
    with pytest.raises(poplib.error_proto, match=r"-ERR \[AUTH\]"):
        pop.pass_(estate.password)
    pop.quit()
    with Smtp(estate, "submission") as smtp:
        code, words = plain_auth(estate, smtp)
        assert (code, words[:5]) == (535, b"5.7.8")

    assert estate.logins_failed == {"imap": 1, "pop3": 1, "smtp": 1}


def plain_auth(estate: Estate, smtp: smtplib.SMTP) -> tuple[int, bytes]:
    token = base64.b64encode(f"\0{estate.address}\0{estate.password}".encode()).decode()
    return smtp.docmd("AUTH", f"PLAIN {token}")


def test_full_width_letters_are_not_the_password(bring_up: BringUp) -> None:
    estate = bring_up("full-width-password")
    token = base64.b64encode(f"\0{estate.address}\0{estate.password}".encode())
    with connect(estate, "imaps") as connection, connection.makefile("rb") as lines:
        lines.readline()
        connection.sendall(b"a AUTHENTICATE PLAIN %s\r\n" % token)
        assert lines.readline().startswith(b"a NO [AUTHENTICATIONFAILED]")


def test_another_name_is_not_let_in(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with Imap(estate) as imap, pytest.raises(imaplib.IMAP4.error):
        imap.login("bob@corp.example", estate.password)
    assert estate.logins_failed == {"imap": 1}


@pytest.mark.parametrize("scenario", ["oauth-required", "no-common-auth"])
def test_no_password_is_taken(scenario: str, bring_up: BringUp) -> None:
    estate = bring_up(scenario)
    offered = set(SCENARIOS[scenario].mechanisms)
    with Imap(estate) as imap:
        assert "LOGINDISABLED" in imap.capabilities
        assert {word.removeprefix("AUTH=") for word in imap.capabilities if word.startswith("AUTH=")} == offered
        with pytest.raises(imaplib.IMAP4.error):
            imap.login(estate.address, estate.password)
    with Smtp(estate) as smtp:
        assert set(smtp.esmtp_features["auth"].split()) == offered
        assert plain_auth(estate, smtp)[0] == 504
    assert not estate.logins_ok


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize(
    ("service", "prompt", "refused"),
    [("imaps", b"+ ", b"a NO [AUTHENTICATIONFAILED]"), ("submissions", b"334 ", b"535 ")],
)
def test_a_rejected_token_is_explained_first(
    service: ServiceName, prompt: bytes, refused: bytes, mechanism: str, bring_up: BringUp
) -> None:
    estate = bring_up("token-rejected")
    token = base64.b64encode(f"user={estate.address}\1auth=Bearer {estate.access_token}\1\1".encode())
    with connect(estate, service) as connection, connection.makefile("rb") as lines:
        lines.readline()
        if service == "submissions":
            connection.sendall(b"EHLO localhost\r\n")
            while not lines.readline().startswith(b"250 "):
                pass
            connection.sendall(b"AUTH %s %s\r\n" % (mechanism.encode(), token))
        else:
            connection.sendall(b"a AUTHENTICATE %s %s\r\n" % (mechanism.encode(), token))
        challenge = lines.readline()
        assert challenge.startswith(prompt)
        assert json.loads(base64.b64decode(challenge[len(prompt) :]))["status"] == "invalid_token"
        connection.sendall(b"AQ==\r\n")  # the answer that RFC 7628 §3.2.3 asks for
        assert lines.readline().startswith(refused)
    assert estate.logins_failed.total() == 1


def test_a_mailbox_that_is_too_full(bring_up: BringUp) -> None:
    estate = bring_up("over-quota")
    with Imap(estate) as imap:
        imap.login(estate.address, estate.password)
        status, words = imap.select("INBOX", readonly=True)
    assert status == "NO"
    assert words[0] is not None
    assert words[0].startswith(b"[OVERQUOTA]")


def test_only_a_client_that_names_itself_opens_the_mailbox(bring_up: BringUp) -> None:
    estate = bring_up("healthy-needs-id")
    with Imap(estate) as imap:
        imap.login(estate.address, estate.password)
        status, words = imap.select("INBOX", readonly=True)
        assert (status, b"Unsafe Login" in (words[0] or b"")) == ("NO", True)
        imap.xatom("ID", "NIL")
        assert imap.select("INBOX", readonly=True)[0] == "NO"
        imap.xatom("ID", '("name" "test" "version" "1")')
        assert imap.select("INBOX", readonly=True)[0] == "OK"


def test_the_login_name_that_was_given(bring_up: BringUp) -> None:
    estate = bring_up("healthy-own-login-name")
    with Imap(estate) as imap, pytest.raises(imaplib.IMAP4.error):
        imap.login(estate.address, estate.password)
    with Imap(estate) as imap:
        assert estate.username is not None
        assert imap.login(estate.username, estate.password)[0] == "OK"


# ---- Web


@pytest.mark.parametrize(
    ("scenario", "status", "location", "words"),
    [
        ("login-page-down", 503, None, "Service Temporarily Unavailable"),
        ("redirect-loop", 302, "/login", ""),
        ("login-page-gone", 404, None, "Not Found"),
    ],
)
def test_the_page(scenario: str, status: int, location: str | None, words: str, bring_up: BringUp) -> None:
    page = browse(bring_up(scenario))

    assert (page.status_code, page.headers.get("Location")) == (status, location)
    assert words in page.text


def test_no_page_at_all(bring_up: BringUp) -> None:
    estate = bring_up("login-page-refused")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", estate.ports["webmail"]), 5)


def test_slow_replies_take_their_time(bring_up: BringUp) -> None:
    """The pause is a lower bound, so that a busy computer cannot break this."""
    estate = bring_up("healthy-slow")
    with Imap(estate) as imap:
        before = datetime.now(UTC)
        imap.noop()
        assert datetime.now(UTC) - before >= timedelta(seconds=0.29)


def test_names_of_hosts_lead_to_loopback_only(bring_up: BringUp) -> None:
    estate = bring_up("healthy")

    assert {address(estate, find(estate, "imaps")[0]), address(estate, "mail.corp.example")} == {"127.0.0.1"}
    assert trust(estate).cert_store_stats()["x509_ca"] >= 1
    assert ask(estate, "autoconfig.corp.example", "A").answer == []
