"""A person or a computer called like something else: what is theirs is hidden, what is the server's stays."""

from __future__ import annotations

import re
import socket

import msgspec
import pytest

from diagnose.redaction.redact import COMPUTER, USER, redact
from diagnose.running.reporting import discreet
from diagnose.running.request import Presentation
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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Zdenka Vivaldi", "word word"),
        ("Nili Hruskova", "word word"),
        ("Libero Hruskova", "word word"),
        ("Vivaldi Webmail", "Vivaldi Webmail"),
        ("Vivaldi", "Vivaldi"),
    ],
)
def test_a_person_called_like_a_provider_is_hidden_and_the_provider_is_not(name: str, told: str) -> None:
    report = wrong_password()
    said = msgspec.structs.replace(report.verdict, headline=f"The mailbox of {name} is closed.")

    redacted = discreet(msgspec.structs.replace(report, verdict=said), Presentation(redact="strict"))

    assert re.sub(r"word-\d+", "word", redacted.verdict.headline) == f"The mailbox of {told} is closed."
