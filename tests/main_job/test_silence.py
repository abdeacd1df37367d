"""What the command makes of servers that take a connection and say nothing, by how long there was to wait for them.

Real processes against listeners on loopback, all services in one run. From a certain silence on a server is likely at
fault, whatever the deadline of the run; in less time that stays possible, and the run ends on time with all it found.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rrset
import pytest
import trustme

from tests.core.loopback import DnsServer, Talk, drip, sends, tcp, wait_for_end
from tests.pace import patient, within

TELLING = {"imap": 8, "pop3": 8, "webmail": 8, "smtp": 20}
"""Seconds of silence that tell something, by the rule."""
SPARED = 1.0
"""Seconds of a run that no silence is waited for: the report is due."""
STARTS = 2.0
"""Seconds of an idle machine for a process to begin, and to end after its deadline."""
WORD = "s3cret-word"
HOST = "mail.corp.example"
SSH = b"SSH-2.0-OpenSSH_9.6\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def resolver() -> Iterator[str]:
    """A name server that knows one host, and that the domain's mail goes there."""

    def answer(question: bytes) -> list[bytes]:
        asked = dns.message.from_wire(question)
        reply, one = dns.message.make_response(asked), asked.question[0]
        if one.name.to_text().lower() == f"{HOST}." and one.rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(one.name, 60, "IN", "A", "127.0.0.1"))
        if one.name.to_text().lower() == "corp.example." and one.rdtype == dns.rdatatype.MX:
            reply.answer.append(dns.rrset.from_text(one.name, 60, "IN", "MX", f"10 {HOST}."))
        return [reply.to_wire()]

    with DnsServer(answer) as server:
        yield f"127.0.0.1:{server.address.port}"


class Diagnose:
    """Runs the command."""

    def __init__(self, resolver: str, authority: trustme.CA, folder: Path) -> None:
        self._resolver = resolver
        self._folder = folder
        self._ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self._ca_file)

    def __call__(self, seconds: int, subject: str = "corp.example", **services: str) -> dict[str, Any]:
        """The report on *services*, URLs by their option, of a run of *seconds*, which has to end by then."""
        command = [
            sys.executable, "-m", "diagnose", subject, "--timeout", str(seconds), "--no-history",
            "--resolver", self._resolver, "--no-third-party", "--ca-file", str(self._ca_file), "--format", "json",
            *(("--password-env", "WORD") if "@" in subject else ()),
            *(word for option, url in services.items() for word in (f"--{option}", url)),
        ]  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "LC_ALL": "C.UTF-8", "WORD": WORD}
        with within(STARTS, waits=seconds):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr
        return dict(json.loads(done.stdout))


@pytest.fixture
def diagnose(resolver: str, authority: trustme.CA, tmp_path: Path) -> Diagnose:
    return Diagnose(resolver, authority, tmp_path)


def behind_tls(authority: trustme.CA, talk: Talk) -> Talk:
    """A server that speaks TLS, with a good certificate, and holds *talk* inside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    def talk_inside(connected: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connected, server_side=True) as inside:
            talk(inside)

    return talk_inside


def all_findings(report: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(check, finding) for check in report["checks"] for finding in check["findings"]]


def assert_slow(report: dict[str, Any], protocol: str, seconds: int) -> None:
    """Of *protocol* a slow server is found: a likely one where the run had the time to find that out."""
    ((check, finding),) = [(c, f) for c, f in all_findings(report) if f".{protocol}." in c["id"]]
    waited = float(re.findall(r"(\d+) s\b", finding["text"])[-1])
    there_was = seconds - check["started_ms"] / 1000 - SPARED

    assert finding["cause"] == "server.slow"
    assert finding["certainty"] == ("likely" if waited >= TELLING[protocol] else "possible")
    assert finding["certainty"] == "likely" or there_was < TELLING[protocol] + patient(0.3)
    assert finding["certainty"] == "possible" or there_was >= TELLING[protocol]


def assert_all_ended(report: dict[str, Any]) -> None:
    """No check came to an error, or was left behind when the time was over."""
    assert [check["id"] for check in report["checks"] if check["status"] == "error"] == []


def assert_foreign(report: dict[str, Any], option: str) -> None:
    """What is found beside the silence is found."""
    ((_, finding),) = [(c, f) for c, f in all_findings(report) if f".{option}." in c["id"]]
    assert (finding["cause"], finding["certainty"]) == ("reach.wrong-service", "confirmed")


@pytest.mark.parametrize("seconds", [4, 10, 30])
def test_silent_inside_tls_or_in_clear(diagnose: Diagnose, authority: trustme.CA, seconds: int) -> None:
    """No page, and no greeting: whatever time the run has, each silence is told, and so is what is no silence."""
    with (
        tcp(behind_tls(authority, wait_for_end)) as page,
        tcp(behind_tls(authority, wait_for_end)) as mail,
        tcp(wait_for_end) as submission,
        tcp(sends(SSH)) as other,
    ):
        report = diagnose(
            seconds,
            webmail=f"https://{HOST}:{page}/",
            imap=f"imaps://{HOST}:{mail}",
            smtp=f"smtp://{HOST}:{submission}",
            pop3=f"pop3://{HOST}:{other}",
        )
    for protocol in ("webmail", "imap", "smtp"):
        assert_slow(report, protocol, seconds)
    assert_foreign(report, "pop3")
    assert_all_ended(report)


@pytest.mark.parametrize("seconds", [5, 10])
def test_silent_before_and_in_the_handshake(diagnose: Diagnose, seconds: int) -> None:
    """Where TLS is due, and where a greeting in clear is."""
    with tcp(wait_for_end) as page, tcp(wait_for_end) as mail, tcp(wait_for_end) as post:
        report = diagnose(
            seconds,
            webmail=f"https://{HOST}:{page}/",
            imap=f"imap://{HOST}:{mail}",
            pop3=f"pop3s://{HOST}:{post}",
        )
    for protocol in ("webmail", "imap", "pop3"):
        assert_slow(report, protocol, seconds)
    assert_all_ended(report)
    certainties = {(cause["id"], cause["certainty"]) for cause in report["verdict"]["causes"]}
    assert {cause for cause, _ in certainties} == {"server.slow"}


def late_page(connected: socket.socket) -> None:
    """A form to log in on, after a pause."""
    body = b"<form><input type=password></form>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)
    connected.recv(65536)
    time.sleep(1.0)
    connected.sendall(head + body)
    wait_for_end(connected)


def test_what_comes_late_is_no_silence(diagnose: Diagnose, authority: trustme.CA) -> None:
    """Near-misses: a page after a pause, and a byte now and then where a greeting is due."""
    with tcp(drip(b"*", 0.2)) as mail, tcp(behind_tls(authority, late_page)) as page:
        report = diagnose(6, imap=f"imap://{HOST}:{mail}", webmail=f"https://{HOST}:{page}/")
    assert "said nothing" not in json.dumps(report)
    assert [f["cause"] for c, f in all_findings(report) if ".webmail." in c["id"]] == []
    assert_all_ended(report)


def hangs_up_late(_: socket.socket) -> None:
    """A server that ends a conversation without having said a word in it."""
    time.sleep(2.0)


def takes_no_idler(connected: socket.socket) -> None:
    """A submission server that ends a session in which nothing is said for a second, and takes any login."""
    connected.settimeout(1.0)
    connected.sendall(b"220 mail.corp.example ESMTP\r\n")
    try:
        while line := connected.recv(65536):
            answers = {b"EHLO": b"250-mail\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 2.7.0 welcome\r\n"}
            connected.sendall(answers.get(line[:4].upper(), b"250 2.0.0 so be it\r\n"))
    except TimeoutError:
        connected.sendall(b"421 4.4.2 mail.corp.example Error: timeout exceeded\r\n")


def test_a_session_that_waited_its_turn_for_too_long_is_no_fault_of_its_server(
    diagnose: Diagnose, authority: trustme.CA
) -> None:
    """The login by IMAP comes first, and takes longer to fail than the other server has patience."""
    with (
        tcp(behind_tls(authority, hangs_up_late)) as mail,
        tcp(behind_tls(authority, takes_no_idler)) as submission,
    ):
        report = diagnose(30, "alice@corp.example", imap=f"imaps://{HOST}:{mail}", smtp=f"smtps://{HOST}:{submission}")
    status = {check["id"]: check["status"] for check in report["checks"]}
    assert status[f"login.smtp.{submission}"] == "pass"
    assert [f["cause"] for c, f in all_findings(report) if ".smtp." in c["id"]] == []
    assert [f["cause"] for c, f in all_findings(report) if ".imap." in c["id"]] == ["server.fault"]
