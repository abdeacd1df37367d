"""A person or a computer called like something else: what is theirs is hidden, what is the server's stays."""

from __future__ import annotations

import socket

import msgspec
import pytest

from diagnose.redaction.redact import COMPUTER, USER, redact
from tests.reports.samples import wrong_password


@pytest.mark.parametrize("local", ["mail", "corp", "imap"])
def test_servers_keep_their_names(local: str) -> None:
    report = wrong_password()
    domain, host = report.subject.domain, f"{local}.{report.subject.domain}"
    address = f"{local}@{domain}"
    redacted = redact(
        msgspec.structs.replace(
            report,
            subject=msgspec.structs.replace(report.subject, address=address, username=address),
            services=(msgspec.structs.replace(report.services[0], host=host),),
            verdict=msgspec.structs.replace(report.verdict, headline=f"{host} rejects {address}."),
        )
    )

    assert redacted.services[0].host == host
    assert redacted.subject.domain == domain
    assert redacted.verdict.headline == f"{host} rejects {USER}@{domain}."


def test_a_computer_with_a_short_name_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "pc")
    report = wrong_password()
    said = msgspec.structs.replace(report.verdict, headline="helo pc (pc.corp.example), upcoming")

    redacted = redact(msgspec.structs.replace(report, verdict=said))

    assert redacted.verdict.headline == f"helo {COMPUTER} ({COMPUTER}.corp.example), upcoming"
