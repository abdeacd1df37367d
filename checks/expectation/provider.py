"""The provider that the domain's mail is at, against the one that is expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.domain import ALIVE, DomainFacts
from checks.dns.provider import ProviderFacts
from checks.expectation.compared import STATION, Compared, differing, left_open
from diagnose.discovery import Discovered
from diagnose.model import Check, Expectable, Facts, Finding, Inputs, Subject, Text, read, text
from diagnose.providers import provider_called
from diagnose.running.context import Context

PROVIDER = "provider"


class ProviderExpectation(Facts, frozen=True, kw_only=True):
    """The provider that is expected, and the one that the domain's records give away."""

    provider: Compared


def probe_provider(
    _target: Subject, inputs: Inputs[Discovered | DomainFacts | ProviderFacts], context: Context
) -> ProviderExpectation:
    """Put side by side what is expected and what was recognised; no I/O. What an option says is no finding."""
    domain, found, recognised = inputs.get(DomainFacts), inputs.get(Discovered), inputs.get(ProviderFacts)
    by_mx = recognised.by_mx if recognised is not None else None
    by_other = found.provider if found is not None and found.provider_by != "option" else None
    provider = by_mx or by_other
    return ProviderExpectation(
        provider=Compared(
            name=PROVIDER,
            expected=context.expected[PROVIDER],
            found=(provider,) if provider else (),
            certain=provider is not None or (domain is not None and domain.mx.status in ALIVE),
        )
    )


def judge_provider(facts: ProviderExpectation, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Is the domain's mail at one of the providers expected?"""
    one = facts.provider
    if one.certain and not set(one.found) & set(one.expected):
        yield differing(one, inputs.subject.domain)


def _untold(facts: ProviderExpectation) -> Text | None:
    return None if facts.provider.certain else text("DNS gave no usable answer")


CHECK = Check(
    id="expectation.provider",
    family="expectation",
    title="The mail of {domain} is at the provider expected",
    each=Subject,
    station=STATION,
    facts=ProviderExpectation,
    probe=probe_provider,
    judge=judge_provider,
    needs=read(Discovered) | read(DomainFacts) | read(ProviderFacts),
    expects=(Expectable(name=PROVIDER, example=None, read=provider_called),),
    untold=_untold,
    left_open=lambda facts: left_open(PROVIDER, _untold(facts)),
    rules_out=(),
)
