"""Activation: is there such a mailbox at all? Asked of the domain's MX, after a login was refused.

No mail is sent: the dialogue ends with RSET and QUIT before DATA (RFC 5321 §3.3, §4.1.1.5).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, Never

import msgspec

from checks.dns.domain import DomainFacts
from checks.login.login import LoginFacts
from checks.sessions import Reply
from diagnose.model import (
    Check,
    Deadline,
    Facts,
    Failure,
    Finding,
    Inputs,
    SkipCheck,
    Subject,
    Text,
    failure,
    need,
    read,
    text,
)
from diagnose.network import NameNotFoundError
from diagnose.process.first_use import one_at_a_time
from diagnose.providers import relay_among
from diagnose.replies import read_reply
from diagnose.running.context import Context

if TYPE_CHECKING:
    from checks.sessions.smtp import SmtpSession

PORT = 25
MX_SECONDS = 8.0
"""Patience for the whole dialogue; many networks let no port 25 out."""

Answer = Literal["accepted", "refused", "undecided"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One way to write the address, and what the MX said of it."""

    address: str
    reply: str


class RecipientFacts(Facts, frozen=True, kw_only=True):
    """What the MX says of the address, beside what it says of one that cannot exist."""

    host: str
    answer: Answer = "undecided"
    reply: str = ""
    asked: tuple[Asked, ...] = ()
    """The forms of the address that were asked for, until one was accepted."""
    accepts_all: bool = False
    """It takes an address that cannot exist, so that its taking this one means nothing."""
    failure: Failure | None = None


def probe_recipient(target: Subject, inputs: Inputs[DomainFacts | LoginFacts], context: Context) -> RecipientFacts:
    """RCPT for the address and for a made-up one, at the best MX."""
    if target.address is None:
        raise SkipCheck(text("no mailbox was named"))
    if not context.consent.ask_recipient:
        raise SkipCheck(text("left out with --no-rcpt"))
    logins = inputs.each(LoginFacts)
    if not any(facts.outcome == "rejected" for _, facts in logins):
        raise SkipCheck(text("no login was rejected"))
    exchanges = [record.exchange for record in inputs[DomainFacts].records if record.exchange]
    if not exchanges:
        raise SkipCheck(text("the domain has no MX"))
    relay = relay_among(exchanges)
    if relay is not None and relay.kind == "forwarding":  # which knows of aliases, and of no mailbox
        raise SkipCheck(text("{service} takes the mail and only sends it on", service=relay.name))
    deadline = context.deadline.share(0.8, MX_SECONDS)
    try:
        return _ask(exchanges[0], target, context, deadline)
    except (OSError, NameNotFoundError) as error:
        return RecipientFacts(host=exchanges[0], failure=failure(error, "mailbox"))


def _ask(host: str, target: Subject, context: Context, deadline: Deadline) -> RecipientFacts:
    with one_at_a_time:
        from checks.sessions.smtp import SmtpSession
    stream = context.network.connect(host, PORT, deadline)
    try:
        session = SmtpSession(stream, deadline)
    except OSError:
        stream.abort()
        raise
    try:
        forms = session.forms_of(target)
        if not forms:
            raise SkipCheck(text("{host} takes no address beyond ASCII (no SMTPUTF8), so it was not asked", host=host))
        begun = session.begin_mail(utf8=not all(form.isascii() for form in forms))
        if not begun.ok:
            return RecipientFacts(host=host, reply=begun.words)
        asked, known, other = _ask_forms(session, forms)
    finally:
        session.close()
    answer: Answer = "undecided"
    if known.ok:
        answer = "accepted"
    elif asked[0].reply.startswith("5"):  # a server that does not know the other form may call that a passing matter
        answer = "refused"
    return RecipientFacts(host=host, answer=answer, reply=known.words, asked=asked, accepts_all=other.ok)


def _ask_forms(session: SmtpSession, forms: tuple[str, ...]) -> tuple[tuple[Asked, ...], Reply, Reply]:
    """What was asked, the last answer, and that to a made-up address; a server may know one form of a domain only."""
    asked: list[Asked] = []
    for form in forms:
        known = session.ask_recipient(form)
        asked.append(Asked(address=form, reply=known.words))
        if known.ok:
            break
    made_up = f"{secrets.token_hex(12)}@{form.rpartition('@')[2]}"
    return tuple(asked), known, session.ask_recipient(made_up)


def judge_recipient(facts: RecipientFacts, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Does the MX say that there is no such mailbox?"""
    if facts.answer != "refused" or facts.accepts_all:
        return
    for one in facts.asked or (Asked(address=inputs.subject.address or "", reply=facts.reply),):
        suspects = read_reply(one.reply, protocol="smtp", provider=inputs.provider, stage="rcpt").suspects
        for suspect in suspects:
            if suspect.cause.startswith("activation.") and suspect.certainty != "possible":
                missing = suspect.cause == "activation.mailbox-missing"
                yield Finding(
                    cause=suspect.cause,
                    certainty="confirmed" if missing else suspect.certainty,
                    proof="recipient-refused" if missing else suspect.proof,
                    text=text(
                        "{host}, which takes the mail of {domain}, says of {address}: {reply}",
                        host=facts.host,
                        domain=inputs.subject.domain,
                        address=one.address,
                        reply=one.reply,
                    ),
                )


def _untold(facts: RecipientFacts) -> Text | None:
    known = facts.answer == "accepted" and not facts.accepts_all
    return None if known else text("the mail server did not say whether it knows the mailbox")


CHECK = Check(
    id="activation.recipient",
    family="activation",
    title="The mail server of {domain} knows the mailbox",
    each=Subject,
    facts=RecipientFacts,
    probe=probe_recipient,
    judge=judge_recipient,
    untold=_untold,
    asks=("recipient_server",),
    needs=need(DomainFacts) | read(LoginFacts),
)
