"""Sender: after the login to submission, does the server take mail from this address. None is sent."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Never

from checks.login.login import LOGIN_SECONDS, LoginFacts, read_answer
from checks.login.mailbox import MailboxFacts
from checks.server.client_limits import telling_silence
from checks.server.server import take_session
from diagnose.model import Check, Facts, Failure, Finding, Inputs, Service, SkipCheck, Text, failure, need, text
from diagnose.replies import Reading
from diagnose.running.context import Context

AFTER_LOGIN = (
    "settings.sender-mismatch",
    "activation.sending-barred",
    "activation.over-quota",
    "activation.account-disabled",
    "settings.protocol-disabled",
    "lockout.rate-limited",
)
"""What a refusal of one's own address after a login can mean; others are the receiving side's matter."""
BARRED = ("lockout.address-blocked", "settings.access-policy")
"""What it can mean where it is about the address that the client comes from."""
UNEXPLAINED = ("activation.sending-barred", "settings.sender-mismatch")
"""What MAIL may be refused for, where the refusal does not say."""
OF_THE_SYSTEM = re.compile(r"4\.3\.\d+")
"""An enhanced code of a mail system that cannot do its work now (RFC 3463 §3.4)."""
LOCAL_ERRORS = ("451", "452")
"""So does it without one (RFC 5321 §4.2.3); to RCPT, greylisting says the same."""


class SenderFacts(Facts, frozen=True, kw_only=True):
    """Whether the server takes the address as sender after the login; no mail is sent."""

    sender: str | None = None
    """The form of the address that was sent."""
    reply: str = ""
    """To MAIL, or to RCPT for the same address: servers say it at the one or the other."""
    ok: bool = False
    failure: Failure | None = None
    """The dialogue broke off, so that nothing was said of the sender."""
    to_recipient: bool = False
    """The reply is to RCPT: the sender was taken."""
    waited_seconds: float = 0.0
    """Of a failure: how long it took to come."""


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
    started = time.monotonic()
    try:
        reply = session.try_sender(sender)
    except OSError as error:
        waited = round(time.monotonic() - started, 1)
        return SenderFacts(sender=sender, failure=failure(error, "mailbox"), waited_seconds=waited)
    finally:
        session.close()
    return SenderFacts(sender=sender, ok=reply.ok, reply=reply.words, to_recipient=reply.to_recipient)


def judge_sender(facts: SenderFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Logged in, but not allowed to send as this address, or at all?"""
    if facts.ok:
        return
    place = {"host": target.host, "address": facts.sender or inputs.subject.address, "reply": facts.reply}
    if facts.failure is not None:
        yield _broken_off(facts, facts.failure, target)
        return
    sentence = text("The login worked, but {host} does not take mail from {address}: {reply}", **place)
    reading = read_answer(facts.reply, inputs, target, "rcpt")
    disproved = bool(reading.suspects) and reading.suspects[0].cause == "settings.auth-not-sent"
    if disproved:  # by the login
        reading = read_answer(facts.reply, inputs, target, "login")
    meant = BARRED if reading.suspects and reading.suspects[0].cause in BARRED else AFTER_LOGIN
    suspects = [suspect for suspect in reading.suspects if suspect.cause in meant]
    if not any(suspect.certainty != "possible" for suspect in suspects):
        if disproved:
            sentence = text(
                "{host} accepted the login, and says that there was none when it is to take mail from {address}: "
                "{reply}",
                **place,
            )
            yield Finding(cause="server.fault", certainty="likely", text=sentence)
            return
        if _of_the_system(reading, facts):
            partial = facts.to_recipient  # for which another mailbox may be taken
            yield Finding(cause="server.fault", certainty="likely", partial=partial, text=sentence)
            return
        if not suspects and not facts.to_recipient and facts.reply.startswith("5"):
            yield from (Finding(cause=cause, certainty="possible", text=sentence) for cause in UNEXPLAINED)
    for suspect in suspects:
        yield Finding(
            cause=suspect.cause,
            certainty=suspect.certainty,
            proof=suspect.proof,
            partial="reading" not in target.ways,  # a session for both says it of every sender
            text=sentence,
        )


def _broken_off(facts: SenderFacts, known: Failure, target: Service) -> Finding:
    """What it means that no answer came."""
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    if known.name == "timed_out":
        return Finding(
            cause="server.slow",
            certainty="likely" if facts.waited_seconds >= telling_silence(target.protocol) else "possible",
            text=text(
                "{host} accepted the login on port {port}, and then did not say within {seconds} s whether it takes "
                "mail.",
                seconds=int(facts.waited_seconds),
                **place,
            ),
        )
    return Finding(
        cause="server.fault",
        certainty="likely",
        text=text(
            "{host} accepted the login on port {port}, and ended the conversation when it was to take mail ({words}).",
            words=known.words,
            **place,
        ),
    )


def _of_the_system(reading: Reading, facts: SenderFacts) -> bool:
    """Whether the server says that it cannot do its work now, whoever sends."""
    if reading.matched and not reading.suspects:  # it only wants its clients to wait
        return False
    codes = {(one.registry, one.code) for one in reading.codes}
    enhanced = [code for registry, code in codes if registry == "enhanced"]
    if ("smtp", "421") in codes or any(OF_THE_SYSTEM.fullmatch(code) for code in enhanced):
        return True
    return not facts.to_recipient and not enhanced and any(("smtp", code) in codes for code in LOCAL_ERRORS)


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
