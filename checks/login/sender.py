"""Sender: after the login to submission, does the server take mail from this address. None is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.login.login import LOGIN_SECONDS, LoginFacts, read_answer
from checks.login.mailbox import MailboxFacts
from checks.server.server import take_session
from diagnose.model import Check, Facts, Failure, Finding, Inputs, Service, SkipCheck, Text, failure, need, text
from diagnose.replies import Suspect
from diagnose.running.context import Context

AFTER_LOGIN = (
    "settings.sender-mismatch",
    "activation.sending-barred",
    "activation.over-quota",
    "activation.account-disabled",
    "lockout.rate-limited",
)
"""What a refusal of one's own address after a login can mean; others are the receiving side's matter."""
BARRED = ("lockout.address-blocked", "settings.access-policy")
"""What it can mean where it is about the address that the client comes from."""


class SenderFacts(Facts, frozen=True, kw_only=True):
    """Whether the server takes the address as sender after the login; no mail is sent."""

    sender: str | None = None
    """The form of the address that was sent."""
    reply: str = ""
    """To MAIL, or to RCPT for the same address: servers say it at the one or the other."""
    ok: bool = False
    failure: Failure | None = None
    """The dialogue broke off, so that nothing was said of the sender."""


def probe_sender(target: Service, inputs: Inputs[Never], context: Context) -> SenderFacts:
    """MAIL and RCPT for the person's own address, then RSET and QUIT: DATA is never said (RFC 5321 §3.3)."""
    session = take_session(target, context)
    if session is None or inputs.subject.address is None:
        raise SkipCheck(text("the connection is gone"))
    forms = session.forms_of(inputs.subject)
    if not forms:
        session.close()
        raise SkipCheck(
            text("{host} takes no address beyond ASCII (no SMTPUTF8), so it was not asked", host=target.host)
        )
    # who logged in under one form of the address sends under the same
    sender = inputs.subject.username if inputs.subject.username in forms else forms[0]
    session.stream.deadline = context.deadline.share(0.9, LOGIN_SECONDS)
    try:
        reply = session.try_sender(sender)
    except OSError as error:
        return SenderFacts(sender=sender, failure=failure(error, "mailbox"))
    finally:
        session.close()
    return SenderFacts(sender=sender, ok=reply.ok, reply=reply.words)


def judge_sender(facts: SenderFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Logged in, but not allowed to send as this address, or at all?"""
    if facts.ok or facts.failure is not None:
        return
    for suspect in _suspects(facts.reply, inputs, target):
        yield Finding(
            cause=suspect.cause,
            certainty=suspect.certainty,
            proof=suspect.proof,
            partial="reading" not in target.ways,  # a session for both says it of every sender
            text=text(
                "The login worked, but {host} does not take mail from {address}: {reply}",
                host=target.host,
                address=facts.sender or inputs.subject.address,
                reply=facts.reply,
            ),
        )


def _suspects(reply: str, inputs: Inputs[Never], target: Service) -> Iterator[Suspect]:
    suspects = read_answer(reply, inputs, target, "rcpt").suspects
    if suspects and suspects[0].cause == "settings.auth-not-sent":  # which the login has disproved
        suspects = read_answer(reply, inputs, target, "login").suspects
    meant = BARRED if suspects and suspects[0].cause in BARRED else AFTER_LOGIN
    yield from (suspect for suspect in suspects if suspect.cause in meant)


def _untold(facts: SenderFacts) -> Text | None:
    return None if facts.ok else text("the server did not say yes to this address")


CHECK = Check(
    id="login.sender",
    family="login",
    title="{host} takes mail from this address",
    each=Service,
    facts=SenderFacts,
    probe=probe_sender,
    judge=judge_sender,
    untold=_untold,
    rules_out=(
        "settings.sender-mismatch",
        "activation.sending-barred",
    ),
    needs=need(LoginFacts),
    starts_after=(MailboxFacts,),  # which may hold the same session
    applies=lambda target: "sending" in target.ways,
    way="sending",
    usable=lambda facts: facts.ok,
)
