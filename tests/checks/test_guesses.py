"""A guess is not a fact: what is not there at a guessed place is no finding that counts."""

from __future__ import annotations

import msgspec
import pytest

from checks.lockout.lockout import LockoutFacts, judge_lockout
from checks.server.server import ServerFacts, judge_server
from diagnose.model import Failure, Inputs, Service
from tests.support.build import SUBJECT

GIVEN = Inputs(subject=SUBJECT, provider=None, services=())
NAMED = Service(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="srv")
SILENCE = Failure(name="timed_out", operation="greeting", text="no answer in time")


@pytest.mark.parametrize(
    "facts",
    [
        ServerFacts(greeting="SSH-2.0-OpenSSH_9.2", spoken="ssh"),
        ServerFacts(failure=SILENCE, waited_seconds=20.0),
        ServerFacts(tls_only=True),
    ],
)
def test_another_service_at_a_guessed_place_is_only_possible(facts: ServerFacts) -> None:
    """Where somebody named the place, the same facts are a finding."""
    guessed = msgspec.structs.replace(NAMED, source="guess")

    assert {finding.certainty for finding in judge_server(facts, GIVEN, guessed)} == {"possible"}
    assert "possible" not in {finding.certainty for finding in judge_server(facts, GIVEN, NAMED)}


def test_what_a_guessed_server_says_itself_counts() -> None:
    """It speaks the protocol, so it is one."""
    guessed = msgspec.structs.replace(NAMED, source="guess")
    facts = ServerFacts(greeting="* BYE [UNAVAILABLE] Internal error occurred.", spoken="imap")

    assert [finding.cause for finding in judge_server(facts, GIVEN, guessed)] == ["server.fault"]
    assert "possible" not in {finding.certainty for finding in judge_server(facts, GIVEN, guessed)}


SUBMISSION = Service(protocol="smtp", host="smtp.corp.example", port=587, tls="starttls", source="option")


@pytest.mark.parametrize(
    "greeting",
    [
        "521 smtp.corp.example does not accept mail",
        "521 5.3.2 Host has no mail service",
        "554 No SMTP service here",
        "521",
    ],
)
def test_a_host_that_says_it_takes_no_mail_is_the_wrong_one(greeting: str) -> None:
    """RFC 7504: it never will, so nobody is to wait; where the host was guessed, only the guess was wrong."""
    facts = ServerFacts(greeting=greeting, spoken="smtp")
    guessed = msgspec.structs.replace(SUBMISSION, source="guess")
    named, only_guessed = (list(judge_server(facts, GIVEN, one)) for one in (SUBMISSION, guessed))

    assert [(one.cause, one.certainty) for one in named][:1] == [("settings.wrong-host", "likely")]
    assert "server.fault" not in {one.cause for one in named}
    assert {one.certainty for one in only_guessed} == {"possible"}


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        ("421 4.3.2 Server does not accept mail at the moment", "server.fault"),
        ("521-192.0.2.1 blocked by sbc:blacklist.mailrelay.att.net.", "lockout.address-blocked"),
        ("521 5.7.1 Server does not accept mail from your network", "lockout.address-blocked"),
        ("521 5.7.1 Too many connections from your IP", "server.too-many-connections"),
    ],
)
def test_a_server_that_turns_this_client_away_is_not_the_wrong_one(greeting: str, cause: str) -> None:
    findings = list(judge_server(ServerFacts(greeting=greeting, spoken="smtp"), GIVEN, SUBMISSION))

    assert findings[0].cause == cause


def test_a_cause_that_the_record_invents_is_not_repeated() -> None:
    """The record is a file that anybody may have written to."""
    facts = LockoutFacts(
        recent=1,
        same_password_at=0.0,
        same_password_cause="no.such-cause",
        limit=5,
        limit_is_documented=False,
        send_again=False,
    )

    causes = [finding.cause for finding in judge_lockout(facts, GIVEN, SUBJECT)]

    assert causes == ["credentials.rejected", "lockout.risk"]
