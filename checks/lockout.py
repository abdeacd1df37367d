"""Lockout: how many rejected logins the tool's own record holds, and whether this very password was among them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from diagnose import providers
from diagnose.catalogue import catalogue
from diagnose.model import Check, Facts, Finding, Given, SkipCheck, Subject, text
from diagnose.model.workbench import Workbench

COUNTED_SECONDS = 3600
"""Lockouts known to us count and last about an hour."""
USUAL_LIMIT = 5
"""Wrong passwords that lock an account where the provider's own number is not known."""


class LockoutFacts(Facts, frozen=True, kw_only=True):
    """What the record says of this account."""

    recent: int
    """Rejected logins within the last hour."""
    same_password_at: float | None = None
    """When this very password was rejected last, seconds since the epoch; None: not within a day."""
    same_password_cause: str | None = None
    limit: int
    """Wrong tries after which the account is locked."""
    limit_is_documented: bool
    send_again: bool
    """The person said to send it all the same."""

    @property
    def at_the_brink(self) -> bool:
        """Whether one more wrong try may lock the account."""
        return self.recent >= self.limit - 1


def probe_lockout(target: Subject, given: Given, bench: Workbench) -> LockoutFacts:
    """Read the record."""
    facts = read_record(target, given, bench)
    if facts is None:
        raise SkipCheck(text("there is no password to log in with"))
    return facts


def read_record(target: Subject, given: Given, bench: Workbench) -> LockoutFacts | None:
    """What the record says of the password at hand; None where there is none."""
    secret = bench.password
    if secret is None or target.username is None:
        return None
    rejections = bench.history.rejections(target.username)
    same = [r for r in rejections if bench.history.is_of(r, target.username, secret)]
    documented = providers.lockout_limit(providers.provider(given.provider)) if given.provider else None
    return LockoutFacts(
        recent=sum(r.at > time.time() - COUNTED_SECONDS for r in rejections),
        same_password_at=same[-1].at if same else None,
        same_password_cause=same[-1].cause if same else None,
        limit=documented or USUAL_LIMIT,
        limit_is_documented=documented is not None,
        send_again=bench.send_again,
    )


def judge_lockout(facts: LockoutFacts, _given: Given, _target: Subject) -> Iterator[Finding]:
    """Is one more wrong try one too many? Was this password rejected before?"""
    cause = facts.same_password_cause or ""
    if facts.same_password_at is not None and not facts.send_again:
        yield Finding(
            cause=cause if cause in catalogue() else "credentials.rejected",  # a file may say anything
            certainty="likely",
            remembered=True,
            text=text(
                "This very password was rejected for this account at {moment} UTC, so it was not sent again.",
                moment=time.strftime("%Y-%m-%d %H:%M", time.gmtime(facts.same_password_at)),
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


CHECKS = (
    Check(
        id="lockout",
        family="lockout",
        title="The tries on record leave the account far from a lock",
        each=Subject,
        facts=LockoutFacts,
        probe=probe_lockout,
        judge=judge_lockout,
        rules_out=("lockout.risk",),
    ),
)
