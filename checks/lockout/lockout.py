"""Lockout: how many rejected logins the tool's own record holds, and whether this very password was among them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Never

from diagnose import providers
from diagnose.account.history import PENDING, BusyError, RecordError, Rejection, Trouble
from diagnose.account.secret import Secret
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import NO_NEEDS, Check, Facts, Finding, Inputs, SkipCheck, Subject, Text, text
from diagnose.running.context import Context

COUNTED_SECONDS = 3600
"""Lockouts known to us count and last about an hour."""
TURN_SECONDS = 20.0
"""Patience with another run that tries the same account."""
USUAL_LIMIT = 5
"""Wrong passwords that lock an account where the provider's own number is not known."""


class LockoutFacts(Facts, frozen=True, kw_only=True):
    """What the record says of this account."""

    recent: int
    """Rejected logins within the last hour."""
    same_password_at: float | None = None
    """When this very password was rejected last, seconds since the epoch; None: not within a day."""
    same_password_cause: str | None = None
    """What the server's answer was read as; empty where none is known: the try was cut short, or is under way."""
    limit: int
    """Wrong tries after which the account is locked."""
    limit_is_documented: bool
    send_again: bool
    """The person said to send it all the same."""
    trouble: Trouble | None = None
    """Why the record cannot be used, if it cannot; what is said of tries is then not known."""
    trouble_words: str = ""
    """The operating system's, if any."""

    @property
    def at_the_brink(self) -> bool:
        """Whether one more wrong try may lock the account."""
        return self.recent >= self.limit - 1


def probe_lockout(target: Subject, inputs: Inputs[Never], context: Context) -> LockoutFacts:
    """Read the record, once no other run tries the same account."""
    if context.person.password is not None and target.username is not None:
        patience = context.deadline.share(0.5, TURN_SECONDS).left()
        with contextlib.suppress(BusyError, RecordError), context.history.turn(target.username, patience):
            pass
    facts = read_record(target, inputs, context)
    if facts is None:
        raise SkipCheck(text("there is no password to log in with"))
    return facts


def read_record(target: Subject, inputs: Inputs[Never], context: Context) -> LockoutFacts | None:
    """What the record says of the password at hand; None without a password or user name."""
    if context.person.password is None or target.username is None:
        return None
    return weigh(target.username, context.person.password, inputs.provider, context)


def weigh(account: str, secret: Secret, provider: str | None, context: Context) -> LockoutFacts:
    """What the record says of *account*, and of *secret* as it was sent before."""
    trouble, rejections = context.history.trouble(), tuple[Rejection, ...]()
    if trouble is None:
        try:
            rejections = context.history.rejections(account)
        except RecordError as error:
            trouble = error
    # with --try-all what this run sent is meant for the other services, too
    others = [r for r in rejections if not (context.consent.try_all and context.history.is_own(r))]
    same = [r for r in others if context.history.is_of(r, account, secret)]
    documented = providers.lockout_limit(providers.provider(provider)) if provider else None
    return LockoutFacts(
        recent=sum(r.at > time.time() - COUNTED_SECONDS for r in rejections),
        same_password_at=same[-1].at if same else None,
        same_password_cause=same[-1].cause if same else None,
        limit=documented or USUAL_LIMIT,
        limit_is_documented=documented is not None,
        send_again=context.consent.send_again,
        trouble=trouble.trouble if trouble else None,
        trouble_words=trouble.words if trouble else "",
    )


TROUBLES: dict[Trouble, Text] = {
    "unreadable": text("it cannot be read"),
    "unwritable": text("it cannot be written"),
    "damaged": text("it is damaged"),
    "held": text("another program keeps it locked"),
}


def judge_lockout(facts: LockoutFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Is one more wrong try one too many? Was this password rejected before?"""
    cause = facts.same_password_cause
    sent = time.strftime("%Y-%m-%d %H:%M", time.gmtime(facts.same_password_at)) if facts.same_password_at else ""
    if facts.trouble is not None:
        why = TROUBLES[facts.trouble]
        yield Finding(
            cause="lockout.risk",
            certainty="possible",
            text=text(
                "The record of earlier tries cannot be used: {why}. Whether one more is too many is not known.",
                why=text("{why} ({words})", why=why, words=facts.trouble_words) if facts.trouble_words else why,
            ),
        )
        return
    if cause == PENDING and not facts.send_again:
        yield Finding(
            cause="lockout.risk",
            certainty="possible",
            text=text(
                "This password was sent for this account at {moment} UTC, and no answer to it is known, so it was not "
                "sent again.",
                moment=sent,
            ),
        )
    elif facts.same_password_at is not None and not facts.send_again:
        yield Finding(
            cause=cause if cause and cause in catalogue() else "credentials.rejected",  # a file may say anything
            certainty="likely",
            remembered=True,
            text=text(
                "By the record, this password was rejected for this account at {moment} UTC, so it was not sent again.",
                moment=sent,
            ),
        )
    if facts.at_the_brink or (facts.same_password_at is not None and not facts.send_again):
        yield Finding(
            cause="lockout.risk",
            certainty="possible" if not facts.at_the_brink else "confirmed" if facts.limit_is_documented else "likely",
            proof="record-at-limit",
            text=text(
                "Rejected logins of this account in the last hour: {count}. Accounts are locked after about {limit}.",
                count=facts.recent,
                limit=facts.limit,
            ),
        )


CHECK = Check(
    id="lockout",
    family="lockout",
    title="The tries on record leave the account far from a lock",
    each=Subject,
    facts=LockoutFacts,
    probe=probe_lockout,
    judge=judge_lockout,
    needs=NO_NEEDS,
    rules_out=("lockout.risk",),
)
