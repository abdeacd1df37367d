"""What a server's refusal of one's own address means, once it has let one in."""

from __future__ import annotations

import pytest

from checks.login.sender import SenderFacts, judge_sender
from diagnose.model import Inputs
from tests.support.build import SUBJECT, service

SMTP = service("smtp", 465)
GIVEN = Inputs(subject=SUBJECT, provider=None, services=(SMTP,), facts=())


def found(reply: str) -> list[tuple[str, str]]:
    return [(f.cause, f.certainty) for f in judge_sender(SenderFacts(reply=reply), GIVEN, SMTP)]


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
        ("530 5.7.0 Authentication required", []),
        ("550 5.7.1 something else", []),
    ],
)
def test_other_refusals_stay_what_they_are(reply: str, causes: list[tuple[str, str]]) -> None:
    """Near-misses: limits, senders, and what says nothing."""
    assert found(reply) == causes
