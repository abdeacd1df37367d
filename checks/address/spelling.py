"""Whether the domain is a misspelling of a well-known one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Never

from checks.dns.domain import DomainFacts
from diagnose import providers
from diagnose.model import Check, Facts, Finding, Inputs, Subject, Text, need, text
from diagnose.model.domains import ascii_name
from diagnose.running.context import Context

LOOK_ALIKES = (("0", "o"), ("1", "l"), ("rn", "m"), ("vv", "w"), ("cl", "d"), ("5", "s"))
"""Pairs of ASCII letters that read alike (a part of Unicode TR39's confusables)."""


MOST_SUGGESTIONS = 3


class SpellingFacts(Facts, frozen=True, kw_only=True):
    """What the domain may have been meant to be."""

    has_mail: bool
    """The domain has a mail service of its own, so it is no misspelling."""
    exists: bool | None
    """None: it could not be found out."""
    close: tuple[str, ...] = ()
    """Known mail domains one edit or one look-alike away."""


def probe_spelling(target: Subject, inputs: Inputs[DomainFacts], _context: Context) -> SpellingFacts:
    """Compare with the domains that are known; no I/O."""
    facts = inputs[DomainFacts]
    answered = facts.mx.status in {"answered", "no_data", "name_not_found"}
    has_mail = any(record.exchange for record in facts.records)
    username_domain = ascii_name((inputs.subject.username or "").rpartition("@")[2])
    known = {*providers.mail_domains(), username_domain.lower()} - {"", target.domain}
    close = () if has_mail or not answered else close_domains(target.domain, known)
    return SpellingFacts(
        has_mail=has_mail, exists=facts.mx.status != "name_not_found" if answered else None, close=close
    )


def close_domains(domain: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of *known* that one edit (a letter more, less or other, two swapped) or look-alike makes of *domain*."""
    shape = _shape(domain)
    found = [one for one in known if _shape(one) == shape or one_edit_apart(domain, one)]
    return tuple(sorted(found, key=lambda one: (len(one) != len(domain), one)))[:MOST_SUGGESTIONS]


def one_edit_apart(one: str, other: str) -> bool:
    """Whether a letter more, less or other, or two neighbours swapped, makes *other* of *one*."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    rest, others = one[same:], other[same:]
    swapped = rest[:2] == others[:2][::-1] and rest[2:] == others[2:]
    return rest != others and (rest[1:] == others[1:] or rest[1:] == others or rest == others[1:] or swapped)


def _shape(domain: str) -> str:
    for one, other in LOOK_ALIKES:
        domain = domain.replace(one, other)
    return domain


def judge_spelling(facts: SpellingFacts, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """A domain without mail, one slip away from a known one?"""
    if facts.close:
        yield Finding(
            cause="address.typo-domain",
            certainty="likely" if facts.exists else "confirmed",
            proof="one-slip-away",
            text=text(
                "{domain} has no mail service, and looks like a typo of {close}.",
                domain=inputs.subject.domain,
                close=facts.close,
            ),
            data={"close": list(facts.close)},
        )


def _untold(facts: SpellingFacts) -> Text | None:
    """A domain that is known for nothing may be a misspelling of one that is not known here."""
    return None if facts.has_mail else text("nothing shows that the domain has mail of its own")


CHECK = Check(
    id="address.spelling",
    family="address",
    title="The domain name {domain} looks right",
    each=Subject,
    facts=SpellingFacts,
    probe=probe_spelling,
    judge=judge_spelling,
    untold=_untold,
    rules_out=("address.typo-domain",),
    needs=need(DomainFacts),
)
