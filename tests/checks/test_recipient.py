"""What an MX says of an address: which form is asked for, and what its answer proves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from checks.activation import recipient
from checks.activation.recipient import Asked, RecipientFacts, judge_recipient, probe_recipient
from checks.dns.domain import DomainFacts
from checks.login.login import LoginFacts, judge_login
from checks.sessions.smtp import SmtpSession
from diagnose.account.subject import parse_subject
from diagnose.model import Deadline, Inputs, Service, SkipCheck
from diagnose.network import DnsAnswer, MxRecord
from diagnose.running.context import Context

SERVICE = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="srv")


def given_for(address: str, username: str | None = None) -> Inputs:
    return Inputs(subject=parse_subject(address, username), provider=None, services=(SERVICE,))


class Offering(SmtpSession):
    """A session with these capabilities, for what is decided by them alone."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = capabilities


@pytest.mark.parametrize(
    ("typed", "capabilities", "forms"),
    [
        ("Alice.B@corp.example", (), ("Alice.B@corp.example",)),
        ("Alice.B@corp.example", ("SMTPUTF8",), ("Alice.B@corp.example",)),
        ("alice@bücher.example", (), ("alice@xn--bcher-kva.example",)),
        ("alice@bücher.example", ("SMTPUTF8",), ("alice@xn--bcher-kva.example", "alice@bücher.example")),
        ("alice@xn--bcher-kva.example", ("8BITMIME",), ("alice@xn--bcher-kva.example",)),
        ("用户@例子.example", ("8BITMIME",), ()),
        ("用户@例子.example", ("SMTPUTF8",), ("用户@xn--fsqu00a.example", "用户@例子.example")),
        ("jörg@corp.example", (), ()),
        ("jörg@corp.example", ("SMTPUTF8",), ("jörg@corp.example",)),
    ],
)
def test_the_forms_that_a_server_takes(typed: str, capabilities: tuple[str, ...], forms: tuple[str, ...]) -> None:
    assert Offering(*capabilities).forms_of(parse_subject(typed)) == forms


MISSING = "550 5.1.1 <x>: Recipient address rejected: User unknown in virtual mailbox table"


@pytest.mark.parametrize(
    ("replies", "proven"),
    [
        ((MISSING,), True),
        (("550 No such user here",), True),
        (("550 5.5.0 Requested action not taken: mailbox unavailable",), True),
        (("553 sorry, no mailbox here by that name (#5.1.1)",), True),
        ((MISSING, "454 4.7.1 <x>: Relay access denied"), True),
        ((MISSING, "553 5.6.7 Must declare SMTPUTF8 to send unicode address"), True),
        (("554 5.7.1 <x>: Relay access denied", MISSING), True),
        (("501 5.1.3 Bad recipient address syntax",), False),
        (("501 <x>: malformed address: no such user",), False),
        (("501 5.1.1 User unknown",), False),
        (("553 5.1.3 User unknown",), False),
        (("550 5.1.3 <x>: invalid recipient",), False),
        (("553 Requested action not taken: mailbox name not allowed",), False),
        (("550 5.6.7 Recipient address rejected: user unknown, needs SMTPUTF8",), False),
        (("500 5.5.2 Syntax error: unknown user",), False),
        (("501 5.5.4 Invalid recipient",), False),
        (("555 5.5.4 Unsupported option: invalid recipient",), False),
        (("554 5.7.1 <x>: Relay access denied",), False),
    ],
)
def test_words_on_how_an_address_is_written_prove_nothing_of_a_mailbox(replies: tuple[str, ...], proven: bool) -> None:
    asked = tuple(Asked(address=f"form{number}@corp.example", reply=reply) for number, reply in enumerate(replies))
    facts = RecipientFacts(host="mx.corp.example", answer="refused", reply=replies[-1], asked=asked)
    given = given_for("alice@corp.example")

    found = list(judge_recipient(facts, given, given.subject))

    assert [(one.cause, one.certainty) for one in found] == [("activation.mailbox-missing", "confirmed")] * proven
    if proven:
        told = next(one for one in asked if "5.7.1" not in one.reply)
        assert told.address in found[0].text.render()


def test_a_report_from_before_is_read_as_it_was_meant() -> None:
    """It holds one answer, to the address."""
    facts = RecipientFacts(host="mx.corp.example", answer="refused", reply=MISSING)
    given = given_for("alice@corp.example")

    (found,) = judge_recipient(facts, given, given.subject)

    assert "alice@corp.example" in found.text.render()


REJECTED = LoginFacts(outcome="rejected", reply="a1 NO [AUTHENTICATIONFAILED] Authentication failed.")
NO_SUCH_USER = LoginFacts(outcome="rejected", reply="a1 NO The email account that you tried to reach does not exist.")


@pytest.mark.parametrize(
    ("address", "username", "other"),
    [
        ("alice@bücher.example", None, "alice@bücher.example"),
        ("alice@bücher.example", "alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("alice@bücher.example", "alice", None),
        ("alice@corp.example", None, None),
        ("jörg@corp.example", None, None),
    ],
)
def test_the_other_form_of_a_rejected_name_is_told(address: str, username: str | None, other: str | None) -> None:
    given = given_for(address, username)

    found = [one for one in judge_login(REJECTED, given, SERVICE) if one.cause == "settings.username-format"]
    hints = [one for one in found if "was sent as" in one.text.render()]  # a name without @ gets another one

    assert [one.certainty for one in hints] == ["possible"] * (other is not None)
    if other is not None:
        assert {given.subject.username, other} <= set(
            hints[0].text.render().replace(";", " ").replace(",", " ").split()
        )


@pytest.mark.parametrize(
    ("address", "certainty"), [("alice@bücher.example", "likely"), ("alice@corp.example", "confirmed")]
)
def test_a_name_with_two_forms_is_not_proven_unknown_by_one(address: str, certainty: str) -> None:
    found = next(iter(judge_login(NO_SUCH_USER, given_for(address), SERVICE)))

    assert (found.cause, found.certainty) == ("activation.mailbox-missing", certainty)


@pytest.mark.parametrize(("exchange", "asked"), [("mx1.improvmx.com", False), ("mxa-1.gslb.pphosted.com", True)])
def test_who_only_sends_mail_on_is_not_asked_for_a_mailbox(
    exchange: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows its aliases; a filter knows whom it hands mail on to."""
    monkeypatch.setattr(recipient, "_ask", lambda host, *_: RecipientFacts(host=host))
    answer = DnsAnswer(name="corp.example", record_type="MX", status="answered")
    records = (MxRecord(preference=10, exchange=exchange),)
    given = msgspec.structs.replace(
        given_for("alice@corp.example"),
        facts=(DomainFacts(mx=answer, ipv4=answer, ipv6=answer, records=records),),
        elsewhere=((SERVICE, REJECTED),),
    )
    context = cast("Context", SimpleNamespace(consent=SimpleNamespace(ask_recipient=True), deadline=Deadline(5)))

    if asked:
        assert probe_recipient(given.subject, given, context).host == exchange
    else:
        with pytest.raises(SkipCheck):
            probe_recipient(given.subject, given, context)
