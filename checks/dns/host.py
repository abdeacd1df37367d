"""Whether the name of a server resolves to addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.domain import ADDRESSES, ALIVE, PORT_25_SECONDS
from diagnose.model import NO_NEEDS, Check, Facts, Finding, Host, Inputs, Sharing, Text, text
from diagnose.network import (
    DnsAnswer,
    HostAddresses,
)
from diagnose.running.context import Context

SEARCHED = 3
"""Search domains that are tried."""


class HostFacts(Facts, frozen=True, kw_only=True):
    """The addresses of a server name, by every way that was asked."""

    found: HostAddresses
    unchecked: DnsAnswer | None = None
    """The A question again with checking disabled; asked after a server failure."""
    stand_in: str | None = None
    """Another name, made with a search domain, whose addresses the system hands out for one that DNS does not have."""


def probe_host(target: Host, _inputs: Inputs[Never], context: Context) -> HostFacts:
    """Ask DNS, and the system where its answer is what connections use."""
    found = context.network.addresses(target.name, context.deadline)
    failing = found.ipv4 is not None and found.ipv4.status == "server_failure" and not found.addresses
    again = None
    if failing:
        again = context.network.resolver.query(target.name, "A", context.deadline.within(8), checking_disabled=True)
    return HostFacts(found=found, unchecked=again, stand_in=_stand_in(found, context))


def _stand_in(found: HostAddresses, context: Context) -> str | None:
    answers = [a for a in (found.ipv4, found.ipv6) if a is not None]
    if found.system is None or not found.system.addresses or any(a.status != "name_not_found" for a in answers):
        return None
    for domain in context.network.vantage.search_domains()[:SEARCHED]:
        name, limit = f"{found.host.rstrip('.')}.{domain}", context.deadline.within(PORT_25_SECONDS)
        records = [r for kind in ADDRESSES for r in context.network.resolver.query(name, kind, limit).records]
        if set(records) & set(found.system.addresses):
            return name
    return None


def judge_host(facts: HostFacts, _inputs: Inputs[Never], target: Host) -> Iterator[Finding]:
    """Does the name resolve? A guessed name need not."""
    found = facts.found
    answers = [a for a in (found.ipv4, found.ipv6) if a is not None]
    if not answers or target.source == "guess":
        return
    words = answers[0].words
    if facts.stand_in is not None:
        yield Finding(
            cause="dns.host-missing",
            certainty="confirmed",
            proof="no-address",
            text=text(
                "The server name {host} does not exist in DNS ({words}). This computer takes {other} for it, since it "
                "appends its own search domain.",
                host=target.name,
                words=words,
                other=facts.stand_in,
            ),
        )
    elif found.addresses:
        return
    elif given := tuple(record for a in answers for record in a.records):  # none of which a connection can use
        yield Finding(
            cause="dns.host-missing",
            certainty="likely",
            text=text(
                "DNS answers for {host} with {addresses}, which is nobody's address. "
                "Resolvers that block a name do so.",
                host=target.name,
                addresses=given,
            ),
        )
    elif all(a.status in ALIVE for a in answers):
        yield Finding(
            cause="dns.host-missing",
            certainty="confirmed",
            proof="no-address",
            text=text("The server name {host} has no address in DNS ({words}).", host=target.name, words=words),
        )
    elif facts.unchecked is not None and facts.unchecked.status in ALIVE:
        yield Finding(
            cause="dns.broken-zone",
            certainty="confirmed",
            proof="bogus-signatures",
            text=text(
                "The resolver fails for {host} ({words}), and answers when told not to check signatures.",
                host=target.name,
                words=words,
            ),
        )
    elif any(a.status in {"server_failure", "malformed"} for a in answers):  # malformed: a circle of CNAMEs, say
        yield Finding(
            cause="dns.broken-zone",
            certainty="likely",
            text=text("The resolver fails for {host} ({words}).", host=target.name, words=words),
        )


def _unresolved(facts: HostFacts) -> Text | None:
    found = facts.found
    if found.addresses:
        return None
    if any(a is not None and a.status not in ALIVE for a in (found.ipv4, found.ipv6)):
        return text("DNS gave no usable answer")
    return text("a server whose name was only a guess need not exist")


CHECK = Check(
    id="dns.host",
    family="dns",
    title="The server name {host} resolves",
    each=Host,
    station="dns",
    facts=HostFacts,
    probe=probe_host,
    judge=judge_host,
    needs=NO_NEEDS,
    sharing=Sharing(),
    untold=_unresolved,
    rules_out=("dns.host-missing",),
    usable=lambda facts: bool(facts.found.addresses) and facts.stand_in is None,
    shows=lambda facts, _inputs, _target: {"at": facts.found.addresses[0]} if facts.found.addresses else {},
)
