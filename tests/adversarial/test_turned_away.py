"""Ends that come late or early: an alert behind the handshake, an interrupt ahead of the work."""

from __future__ import annotations

import subprocess
import sys

from checks.server.server import ServerFacts, judge_server
from diagnose.model import Failure, Inputs, Service, Subject


def test_an_alert_after_the_handshake_is_the_handshakes() -> None:
    """A server of TLS 1.3 asks for a client's certificate, and misses it, when the client holds itself connected."""
    service = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
    given = Inputs(subject=Subject(domain="corp.example"), provider=None, services=(service,))
    alert = Failure(name="tls_alert", operation="greeting", text="tlsv13 alert certificate required")

    findings = list(judge_server(ServerFacts(failure=alert), given, service))

    assert [(finding.cause, finding.certainty) for finding in findings] == [("tls.handshake-failed", "confirmed")]


def test_an_interrupt_before_anything_ran_has_its_exit_code() -> None:
    """In a process of its own: how the command ends is how the process does."""
    interrupted = "def interrupted(_):\n    raise KeyboardInterrupt\n"
    code = (
        f"import diagnose.__main__, diagnose.cli\n{interrupted}diagnose.cli.run = interrupted\ndiagnose.__main__.main()"
    )

    ended = subprocess.run([sys.executable, "-c", code, "corp.example"], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
