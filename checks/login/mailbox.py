"""Mailbox: after the login, does it open, and is there room in it. Looked at, never changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Never

from checks.login.login import LOGIN_SECONDS, LoginFacts, read_answer
from checks.server.server import session_key, take_session
from diagnose.model import Check, Facts, Failure, Finding, Inputs, Service, SkipCheck, Text, failure, need, text
from diagnose.running.context import Context


class MailboxFacts(Facts, frozen=True, kw_only=True):
    """A look into the mailbox after the login."""

    ok: bool
    reply: str = ""
    milliseconds: int = 0
    failure: Failure | None = None
    hollow: bool = False
    """The server says yes, and tells nothing of a mailbox."""
    quota_used: int | None = None
    """Storage in units of 1024 octets (RFC 9208 §5.1); None where the server does not say."""
    quota: int | None = None


def probe_mailbox(target: Service, _inputs: Inputs[Never], context: Context) -> MailboxFacts:
    """Send EXAMINE INBOX or STAT. The session is kept for the check of the sender, where it can send, too."""
    session = take_session(target, context)
    if session is None:
        raise SkipCheck(text("the connection is gone"))
    started = time.monotonic()
    try:
        reply = session.open_mailbox(context.deadline.share(0.9, LOGIN_SECONDS))
        took = round(1000 * (time.monotonic() - started))
        used, allowed = (session.ask_quota(context.deadline.share(0.5, LOGIN_SECONDS)) if reply else None) or (
            None,
            None,
        )
    except OSError as error:
        return MailboxFacts(ok=False, failure=failure(error, "mailbox"))
    finally:
        if "sending" in target.ways:
            context.connections.put(session_key(target), session)
        else:
            session.close()
    if reply is None:
        return MailboxFacts(ok=True, milliseconds=took)
    return MailboxFacts(
        ok=reply.ok, reply=reply.words, hollow=reply.hollow, milliseconds=took, quota_used=used, quota=allowed
    )


def judge_mailbox(facts: MailboxFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Logged in, but no mailbox?"""
    if facts.quota and facts.quota_used is not None and facts.quota_used >= facts.quota:
        yield Finding(
            cause="activation.over-quota",
            certainty="confirmed",
            proof="quota-shown",
            partial=facts.ok,
            text=text(
                "The mailbox holds {used} KiB of {allowed} KiB allowed.", used=facts.quota_used, allowed=facts.quota
            ),
        )
    if facts.ok:
        return
    if facts.hollow:
        yield Finding(
            cause="server.fault",
            certainty="likely",
            text=text(
                "The login worked, but {host} tells nothing of a mailbox when it is to open it: {words}",
                host=target.host,
                words=facts.reply,
            ),
        )
        return
    words = facts.reply or (facts.failure.words if facts.failure else "")
    sentence = text("The login worked, but {host} does not open the mailbox: {words}", host=target.host, words=words)
    suspects = read_answer(facts.reply, inputs, target, "select").suspects if facts.reply else ()
    for suspect in suspects:
        yield Finding(cause=suspect.cause, certainty=suspect.certainty, proof=suspect.proof, text=sentence)
    if not any(s.certainty != "possible" for s in suspects):
        yield Finding(cause="server.fault", certainty="likely", text=sentence)


def _untold(facts: MailboxFacts) -> Text | None:
    return None if facts.ok else text("the mailbox did not open")


CHECK = Check(
    id="login.mailbox",
    family="login",
    title="{host} opens the mailbox by {protocol}",
    each=Service,
    station="mailbox",
    opens="mailbox",
    facts=MailboxFacts,
    probe=probe_mailbox,
    judge=judge_mailbox,
    untold=_untold,
    unsettled=lambda facts: () if facts.quota else ("activation.over-quota",),
    rules_out=(
        "activation.over-quota",
        "settings.client-id-required",
    ),
    needs=need(LoginFacts),
    applies=lambda target: "reading" in target.ways,
    way="reading",
    usable=lambda facts: facts.ok,
)
