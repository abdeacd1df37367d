"""Every command that a report tells for the lab's faults is carried out as it stands, and shows the fault."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from diagnose.cli.lab import request_for
from diagnose.model.report import Report
from diagnose.running.diagnosis import diagnose
from diagnose.verdict import commands
from tests.machine import need
from tests.pace import patient

from .conftest import BringUp

SECONDS = 60.0
BOUND = "4"
"""What a command that may wait for ever waits here, in place of `commands.SECONDS`."""
PACKAGES = {"openssl": "openssl", "dig": "bind9-dnsutils", "curl": "curl", "nc": "netcat-openbsd"}

SHOWN = {
    "typo-domain": {"address.typo-domain": "NXDOMAIN"},
    "domain-missing": {"dns.domain-missing": "NXDOMAIN"},
    "null-mx": {"dns.null-mx": "0 ."},
    "no-mx": {"dns.no-mx": "ANSWER: 0"},
    "mx-unresolvable": {"dns.mx-unresolvable": "NXDOMAIN"},
    "host-missing": {"dns.host-missing": "NXDOMAIN"},
    "host-without-address": {"dns.host-missing": "ANSWER: 0"},
    "zone-broken": {"dns.broken-zone": "SERVFAIL"},
    "resolver-refuses": {"network.resolver-down": "REFUSED"},
    "proxy-wants-sign-in": {"network.proxy-misconfigured": "407"},
    "captive-portal": {"network.captive-portal": "Location: http://login.guest-wifi.example/"},
    "tls-interception": {"network.tls-interception": "issuer=O = Elsewhere"},
    "refused": {"reach.refused": "refused"},
    "unreachable": {"reach.unreachable": "unreachable"},
    "timeout": {"reach.timeout": "timed out"},
    "wrong-service": {"reach.wrong-service": "+OK"},
    "server-fault": {"server.fault": "[UNAVAILABLE]"},
    "maintenance": {"server.fault": "scheduled maintenance"},
    "too-many-connections": {"server.too-many-connections": "Too many open connections"},
    "cert-expired": {"tls.cert-expired": "certificate has expired"},
    "cert-expiring": {"tls.cert-expiring": "NotAfter"},
    "cert-not-yet-valid": {"tls.cert-not-yet-valid": "not yet valid"},
    "cert-other-name": {"tls.name-mismatch": "ostname mismatch"},
    "cert-self-signed": {"tls.untrusted-issuer": "self-signed"},
    "cert-unknown-issuer": {"tls.untrusted-issuer": "self-signed certificate in"},
    "cert-chain-incomplete": {"tls.incomplete-chain": "unable to get local issuer"},
    "handshake-broken": {"tls.handshake-failed": "unexpected eof"},
    "starttls-missing": {"tls.starttls-missing": "Didn't find STARTTLS"},
    "wrong-mode": {"tls.wrong-mode": "wrong version number"},
    "wrong-password": {"credentials.rejected": "AUTHENTICATIONFAILED"},
    "protocol-disabled": {"settings.protocol-disabled": "not enabled for IMAP"},
    "account-locked": {"lockout.account-locked": "ocked"},
    "login-page-down": {"web.login-page-down": " 503 "},
    "login-page-refused": {"web.login-page-down": "refused"},
    "redirect-loop": {"web.redirect-loop": "Maximum (10) redirects followed"},
    "login-page-gone": {"web.login-page-changed": " 404 "},
    "jmap-wrong-password": {"credentials.rejected": "HTTP/1.1 401"},
    "sieve-certificate-expired": {"tls.cert-expired": "certificate has expired"},
}
"""By scenario: the cause, and the words that one of its commands shows."""


@contextlib.contextmanager
def told(scenario: str, bring_up: BringUp) -> Iterator[tuple[Report, str]]:
    """The report of *scenario*, and the password, while the estate is up."""
    need(**PACKAGES)
    estate = bring_up(scenario)
    yield diagnose(request_for(estate, seconds=patient(30.0))).report, estate.password


def carried_out(command: str, password: str) -> str:
    """What *command* shows in a POSIX shell until it ends; curl asks for the password where there is no terminal."""
    process = subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, text=True, errors="replace",
    )  # fmt: skip
    with process:
        try:
            return process.communicate(f"{password}\n", timeout=patient(SECONDS))[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else is in that group
            pytest.fail(f"it does not end by itself: {command}\n{process.communicate()[0]}")


@pytest.mark.parametrize("scenario", SHOWN)
def test_a_command_shows_the_fault(scenario: str, bring_up: BringUp, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was copied: with the lab's DNS server, ports and authority. Each ends by itself."""
    monkeypatch.setattr(commands, "SECONDS", BOUND)
    with told(scenario, bring_up) as (report, password):
        for cause_id, words in SHOWN[scenario].items():
            (cause,) = (one for one in report.verdict.causes if one.id == cause_id)
            assert not [one for one in cause.commands if password in one.command]
            shown = {one.command: carried_out(one.command, password) for one in cause.commands}
            assert any(words in said for said in shown.values()), shown
