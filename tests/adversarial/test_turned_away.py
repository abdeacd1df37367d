"""Ends that come late or early: an alert behind the handshake, an interrupt ahead of the work."""

from __future__ import annotations

import sys

import pytest

import diagnose.cli
from checks.server import ServerFacts, judge_server
from diagnose.__main__ import main
from diagnose.model import Failure, Given, Service, Subject


def test_an_alert_after_the_handshake_is_the_handshakes() -> None:
    """A server of TLS 1.3 asks for a client's certificate, and misses it, when the client holds itself connected."""
    service = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="option")
    given = Given(subject=Subject(domain="corp.example"), provider=None, services=(service,), facts={})
    alert = Failure(name="tls_alert", operation="greeting", text="tlsv13 alert certificate required")

    findings = list(judge_server(ServerFacts(failure=alert), given, service))

    assert [(finding.cause, finding.certainty) for finding in findings] == [("tls.handshake-failed", "confirmed")]


def test_an_interrupt_before_anything_ran_has_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(diagnose.cli, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["diagnose", "corp.example"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
