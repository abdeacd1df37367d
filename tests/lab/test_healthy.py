"""A healthy estate serves any mail program, and counts what it is asked."""

from __future__ import annotations

import base64
import http.client
import json
import ssl

import pytest

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS, ServiceName

from .clients import Imap, Pop3, Smtp, browse, connect, find
from .conftest import BringUp

HEALTHY = [scenario.id for scenario in SCENARIOS.values() if scenario.id.startswith("healthy")]
_LOGINS = {
    "imap": b"a LOGIN alice@corp.example secret\r\n",
    "pop3": b"PASS secret\r\n",
    "submission": b"EHLO localhost\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n",
}


def log_in_everywhere(estate: Estate) -> None:
    name = estate.username or estate.address.replace("bücher", "xn--bcher-kva")
    for service in estate.scenario.services:
        if service in {"imaps", "imap"}:
            with Imap(estate, service) as imap:
                imap.login(name, estate.password)
                imap.xatom("ID", '("name" "test")')
                assert imap.select("INBOX", readonly=True) == ("OK", [b"0"])
        elif service in {"pop3s", "pop3"}:
            pop = Pop3(estate, service)
            pop.user(name)
            pop.pass_(estate.password)
            assert pop.stat() == (0, 0)
            pop.quit()
        elif service in {"submissions", "submission"}:
            with Smtp(estate, service) as smtp:
                smtp.login(name, estate.password)
        elif service == "jmap":
            session = json.loads(ask_jmap(estate, "/jmap/session", f"{name}:{estate.password}"))
            assert {"urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"} <= session["capabilities"].keys()
        elif service == "sieve":  # which lets nobody in, since it keeps nothing
            with connect(estate, service) as connection, connection.makefile("rb") as lines:
                greeting = [lines.readline() for _ in range(6)]
            assert greeting[-1] == f'OK "{find(estate, service)[0]} ready."\r\n'.encode()


def ask_jmap(estate: Estate, path: str, credentials: str) -> bytes:
    """The resource at *path*, over HTTP/1.1 with Basic (RFC 7617)."""
    asked = http.client.HTTPConnection("jmap")
    asked.sock = connect(estate, "jmap", tls=True)
    basic = base64.b64encode(credentials.encode()).decode()
    try:
        asked.request("GET", path, headers={"Authorization": f"Basic {basic}"})
        answer = asked.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        asked.close()


@pytest.mark.parametrize("scenario", HEALTHY)
def test_every_service_lets_the_account_in(scenario: str, bring_up: BringUp) -> None:
    estate = bring_up(scenario)

    log_in_everywhere(estate)

    assert estate.logins_ok.total() == len(set(estate.scenario.services) - {"webmail", "sieve"})
    assert not estate.logins_failed
    assert not estate.logins_in_clear


def test_the_page_is_a_login_form(bring_up: BringUp) -> None:
    estate = bring_up("healthy")

    page, head = browse(estate), browse(estate, "HEAD")

    assert page.status_code == head.status_code == 200
    assert 'type="password"' in page.text
    assert head.text == ""
    assert head.headers["Content-Length"] == str(len(page.content))


def test_an_internationalised_name_is_taken_in_both_forms(bring_up: BringUp) -> None:
    estate = bring_up("healthy-idn")
    with connect(estate, "imaps") as imap:
        lines = imap.makefile("rb")
        lines.readline()
        name = "alice@bücher.example".encode()
        imap.sendall(b"a LOGIN {%d+}\r\n%s {28+}\r\n%s\r\n" % (len(name), name, estate.password.encode()))

        assert lines.readline().startswith(b"a OK ")


@pytest.mark.parametrize(
    "command",
    [
        b"AUTHENTICATE PLAIN {plain}\r\n",
        b"AUTHENTICATE PLAIN\r\n{plain}\r\n",
        b"AUTHENTICATE LOGIN\r\n{name}\r\n{password}\r\n",
        b"LOGIN {{18}}\r\nalice@corp.example {{28}}\r\ncorrect horse battery staple\r\n",
        b'LOGIN "alice@corp.example" "correct horse battery staple"\r\n',
    ],
)
def test_imap_takes_each_way_to_log_in(command: bytes, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with connect(estate, "imaps") as imap, imap.makefile("rb") as lines:
        lines.readline()
        for number, line in enumerate(filled(command, estate).splitlines(keepends=True)):
            if number:
                assert lines.readline().startswith(b"+ ")
            imap.sendall(line if number else b"a " + line)

        assert lines.readline().startswith(b"a OK ")
    assert estate.logins_ok == {"imap": 1}


@pytest.mark.parametrize("command", [b"AUTH PLAIN {plain}\r\n", b"AUTH PLAIN\r\n{plain}\r\n"])
@pytest.mark.parametrize(("service", "good"), [("pop3s", b"+OK"), ("submissions", b"235 ")])
def test_pop3_and_submission_take_sasl_plain(
    command: bytes, service: ServiceName, good: bytes, bring_up: BringUp
) -> None:
    estate = bring_up("healthy")
    with connect(estate, service) as connection, connection.makefile("rb") as lines:
        lines.readline()
        if service == "submissions":
            connection.sendall(b"EHLO localhost\r\n")
            while not lines.readline().startswith(b"250 "):
                pass
        for number, line in enumerate(filled(command, estate).splitlines(keepends=True)):
            if number:
                assert lines.readline().rstrip() in {b"+", b"334"}
            connection.sendall(line)

        assert lines.readline().startswith(good)
    assert estate.logins_ok.total() == 1


def filled(command: bytes, estate: Estate) -> bytes:
    name, password = estate.address, estate.password
    words = {"plain": f"\0{name}\0{password}", "name": name, "password": password}
    return command.decode().format(**{k: base64.b64encode(v.encode()).decode() for k, v in words.items()}).encode()


@pytest.mark.parametrize("service", ["imap", "pop3", "submission"])
def test_no_login_before_tls_and_the_attempt_is_noticed(service: ServiceName, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with connect(estate, service) as connection, connection.makefile("rb") as lines:
        lines.readline()
        connection.sendall(_LOGINS[service] + b"QUIT\r\nz LOGOUT\r\n")
        said = lines.read()

    assert not any(good in said for good in (b"a OK", b"+OK Logged", b"235 "))
    assert estate.logins_in_clear.total() == 1
    assert not estate.logins_ok


@pytest.mark.parametrize("service", ["imap", "pop3", "submission"])
def test_what_comes_ahead_of_the_handshake_is_dropped(service: ServiceName, bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    starttls = {"imap": b"a STARTTLS\r\na NOOP\r\n", "pop3": b"STLS\r\nCAPA\r\n"}
    with connect(estate, service) as connection, connection.makefile("rb") as lines:
        lines.readline()
        connection.sendall(starttls.get(service, b"STARTTLS\r\nNOOP\r\n"))
        lines.readline()
        context = ssl.create_default_context(cafile=str(estate.ca_file))
        host = estate.scenario.host(service)
        try:
            secure = context.wrap_socket(connection, server_hostname=host)
        except OSError:
            return  # taken for a broken handshake, which is as good
        with secure:
            secure.sendall({"imap": b"b LOGOUT\r\n"}.get(service, b"QUIT\r\n"))
            said = secure.makefile("rb").read()
    assert said.count(b"\r\n") == (2 if service == "imap" else 1)


def test_a_message_is_not_taken(bring_up: BringUp) -> None:
    estate = bring_up("healthy")
    with Smtp(estate) as smtp:
        assert smtp.mail("alice@corp.example")[0] == 530
        smtp.login(estate.address, estate.password)
        assert smtp.mail("alice@corp.example")[0] == 250
        assert smtp.rcpt("bob@corp.example")[0] == 250
        assert smtp.data(b"Subject: test\r\n\r\nHello.\r\n")[0] == 554
