"""What a server's refusal of one's own address means, once it has let one in."""

from __future__ import annotations

import pytest

from checks.login.sender import SenderFacts, judge_sender
from diagnose.model import Failure, Inputs
from diagnose.model.failures import FailureName
from tests.support.build import SUBJECT, service

SMTP = service("smtp", 465)
GIVEN = Inputs(subject=SUBJECT, provider=None, services=(SMTP,), facts=())


def found(reply: str, *, to_recipient: bool = False) -> list[tuple[str, str]]:
    facts = SenderFacts(reply=reply, to_recipient=to_recipient)
    return [(f.cause, f.certainty) for f in judge_sender(facts, GIVEN, SMTP)]


@pytest.mark.parametrize(
    "reply",
    [
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
        "554 5.7.1 <alice@corp.example>: Client host rejected: Access denied",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: not in the office network",
        "554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org",
        "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
    ],
)
def test_a_rule_about_the_clients_address_is_no_limit(reply: str) -> None:
    """It is told as what it says, and not as what the login has disproved."""
    (first, *others) = found(reply)

    assert first[0] == "lockout.address-blocked"
    assert first[1] in {"confirmed", "likely"}
    assert {cause for cause, _ in others} <= {"settings.access-policy"}


@pytest.mark.parametrize(
    ("reply", "causes"),
    [
        (
            "450 4.7.1 Error: too much mail from 192.0.2.1",
            [("activation.sending-barred", "likely"), ("lockout.rate-limited", "possible")],
        ),
        ("421 4.7.0 Too many messages from your IP address, slow down", [("lockout.rate-limited", "likely")]),
        ("450 4.7.1 Rate limit exceeded, slow down", [("lockout.rate-limited", "likely")]),
        (
            "550 5.7.1 <alice@corp.example>: Sender address rejected: not owned",
            [("settings.sender-mismatch", "likely")],
        ),
        ("450 4.7.1 something else", []),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            [("settings.protocol-disabled", "confirmed")],
        ),
    ],
)
def test_other_refusals_stay_what_they_are(reply: str, causes: list[tuple[str, str]]) -> None:
    """Near-misses: limits, senders, and what says nothing."""
    assert found(reply) == causes


@pytest.mark.parametrize(
    "reply",
    [
        "530 5.7.0 Authentication required",
        "530 5.7.1 Client was not authenticated",
        "503 5.5.4 Error: send AUTH command first",
        "554 5.7.1 <alice@corp.example>: Relay access denied",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    ],
)
@pytest.mark.parametrize("to_recipient", [False, True])
def test_who_accepts_a_login_and_then_misses_it_is_at_fault(reply: str, to_recipient: bool) -> None:
    """As a proxy does that logs in for itself alone: nobody can send by it."""
    assert found(reply, to_recipient=to_recipient) == [("server.fault", "likely")]


def test_who_must_send_as_somebody_else_is_no_stranger() -> None:
    """Near-miss: it names the sender, and knows who logged in."""
    first, *_ = found("553 5.7.1 <alice@corp.example>: Sender address rejected: not owned by user bob")
    assert first == ("settings.sender-mismatch", "likely")


@pytest.mark.parametrize(
    ("reply", "blocks", "hinders"),
    [
        ("452 4.3.1 Insufficient system storage", True, True),
        ("421 4.3.2 Service shutting down", True, True),
        ("451 4.3.0 Temporary lookup failure", True, True),
        ("421 mail.corp.example closing", True, True),
        ("451 Requested action aborted: local error in processing", True, False),
        ("451 4.7.1 Greylisting in action, please come back later", False, False),
        ("450 4.2.0 Recipient address rejected: Greylisted", False, False),
        ("550 5.3.0 Rejected by local rules", False, False),
    ],
)
def test_a_system_that_cannot_work_now_takes_nobodys_mail(reply: str, blocks: bool, hinders: bool) -> None:
    """RFC 3463 §3.4, 5321 §4.2.3. Refused as a recipient, it need not be the whole system."""
    for to_recipient, expected in ((False, blocks), (True, hinders)):
        facts = SenderFacts(reply=reply, to_recipient=to_recipient)
        faults = [f for f in judge_sender(facts, GIVEN, SMTP) if f.cause == "server.fault"]
        assert [(f.certainty, f.partial) for f in faults] == ([("likely", to_recipient)] if expected else [])


def test_mail_that_is_refused_without_a_reason_is_hinted_at() -> None:
    """Of a recipient that is refused so, nothing is known of sending."""
    hints = [("activation.sending-barred", "possible"), ("settings.sender-mismatch", "possible")]
    assert found("550 5.7.1 something else") == hints
    assert found("550 5.7.1 something else", to_recipient=True) == []


@pytest.mark.parametrize(
    ("name", "waited", "cause"),
    [
        ("connection_closed", 0.1, ("server.fault", "likely")),
        ("connection_reset", 0.1, ("server.fault", "likely")),
        ("timed_out", 24.0, ("server.slow", "likely")),
        ("timed_out", 3.0, ("server.slow", "possible")),
    ],
)
def test_who_does_not_answer_takes_no_mail(name: FailureName, waited: float, cause: tuple[str, str]) -> None:
    facts = SenderFacts(failure=Failure(name=name, operation="mailbox", text="x"), waited_seconds=waited)
    assert [(f.cause, f.certainty) for f in judge_sender(facts, GIVEN, SMTP)] == [cause]
