"""Activation: is there such a mailbox at all? Asked of the domain's MX, after a login was refused.

No mail is sent: the dialogue ends with RSET and QUIT before DATA (RFC 5321 §3.3, §4.1.1.5).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Literal

from checks.dns import DomainFacts
from checks.login import LoginFacts
from checks.sessions.smtp import SmtpSession
from diagnose.model import Check, Deadline, Facts, Failure, Finding, Given, SkipCheck, Subject, failure, text
from diagnose.model.workbench import Workbench
from diagnose.network import NameNotFoundError
from diagnose.replies import read_reply

PORT = 25
MX_SECONDS = 8.0
"""Patience for the whole dialogue; many networks let no port 25 out."""


class RecipientFacts(Facts, frozen=True, kw_only=True):
    """What the MX says of the address, beside what it says of one that cannot exist."""

    host: str
    answer: Literal["accepted", "refused", "undecided"] = "undecided"
    reply: str = ""
    accepts_all: bool = False
    """It takes an address that cannot exist, so that its taking this one means nothing."""
    failure: Failure | None = None


def probe_recipient(target: Subject, given: Given, bench: Workbench) -> RecipientFacts:
    """RCPT for the address and for a made-up one, at the best MX."""
    if target.address is None:
        raise SkipCheck(text("no mailbox was named"))
    if not bench.ask_recipient:
        raise SkipCheck(text("left out with --no-rcpt"))
    logins = [facts for _, facts in given.elsewhere.get("login", ()) if isinstance(facts, LoginFacts)]
    if not any(facts.outcome == "rejected" for facts in logins):
        raise SkipCheck(text("no login was rejected"))
    exchanges = [record.exchange for record in given.of("dns.domain", DomainFacts).records if record.exchange]
    if not exchanges:
        raise SkipCheck(text("the domain has no MX"))
    deadline = bench.deadline.share(0.8, MX_SECONDS)
    try:
        return _ask(exchanges[0], target.address, target.domain, bench, deadline)
    except (OSError, NameNotFoundError) as error:
        return RecipientFacts(host=exchanges[0], failure=failure(error, "mailbox"))


def _ask(host: str, address: str, domain: str, bench: Workbench, deadline: Deadline) -> RecipientFacts:
    stream = bench.network.connect(host, PORT, deadline)
    try:
        session = SmtpSession(stream, deadline)
    except OSError:
        stream.abort()
        raise
    try:
        made_up = f"{secrets.token_hex(12)}@{domain}"
        begun = session.begin_mail()
        if not begun.ok:
            return RecipientFacts(host=host, reply=begun.words)
        known, other = session.ask_recipient(address), session.ask_recipient(made_up)
    finally:
        session.close()
    answer: Literal["accepted", "refused", "undecided"] = "undecided"
    if known.ok:
        answer = "accepted"
    elif known.words.startswith("5"):
        answer = "refused"
    return RecipientFacts(host=host, answer=answer, reply=known.words, accepts_all=other.ok)


def judge_recipient(facts: RecipientFacts, given: Given, _target: Subject) -> Iterator[Finding]:
    """Does the MX say that there is no such mailbox?"""
    if facts.answer != "refused" or facts.accepts_all:
        return
    suspects = read_reply(facts.reply, protocol="smtp", provider=given.provider, stage="rcpt").suspects
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
                    domain=given.subject.domain,
                    address=given.subject.address or "",
                    reply=facts.reply,
                ),
            )


CHECKS = (
    Check(
        id="activation.recipient",
        family="activation",
        title="The mail server of {domain} knows the mailbox",
        each=Subject,
        facts=RecipientFacts,
        probe=probe_recipient,
        judge=judge_recipient,
        needs=("dns.domain",),
        after=("login",),
    ),
)
