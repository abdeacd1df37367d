"""DNS: does the domain exist, who takes its mail, do the names of its servers resolve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Never

import msgspec

from diagnose.model import NO_NEEDS, Check, Deadline, Facts, Finding, Inputs, Subject, Text, text
from diagnose.network import (
    Attempt,
    DnsAnswer,
    MxRecord,
    Network,
    RecordType,
    come_within,
    is_address,
    mx_records,
)
from diagnose.running.context import Context

MX_HOSTS_LOOKED_UP = 8


PORT_25_SECONDS = 3.0


TELLING_SECONDS = 5.0
"""A resolver that was given less to find a zone's servers for the first time may only be slow."""


CONTROL_AFTER_SECONDS = 1.5
"""An answer that has not come by then was lost once, or there is no server."""
CONTROL: tuple[str, RecordType] = (".", "NS")
"""The root's name servers, which any resolver can tell."""
KINDS: tuple[RecordType, ...] = ("MX", "A", "AAAA")


ADDRESSES: tuple[RecordType, ...] = ("A", "AAAA")


ALIVE = {"answered", "no_data", "name_not_found"}
"""Statuses of an answer that came from a working resolver."""


class MxTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A host that an MX record names."""

    name: str
    is_address: bool = False
    ipv4: DnsAnswer | None = None
    ipv6: DnsAnswer | None = None

    @property
    def resolves(self) -> bool:
        """Whether it has an address."""
        return any(answer is not None and answer.records for answer in (self.ipv4, self.ipv6))

    @property
    def alias(self) -> str | None:
        """Where a CNAME in place of the host leads."""
        return (self.ipv4 and self.ipv4.canonical_name) or (self.ipv6 and self.ipv6.canonical_name) or None


class DomainFacts(Facts, frozen=True, kw_only=True):
    """What DNS says about a mail domain."""

    mx: DnsAnswer
    ipv4: DnsAnswer
    ipv6: DnsAnswer
    records: tuple[MxRecord, ...] = ()
    targets: tuple[MxTarget, ...] = ()
    unchecked: DnsAnswer | None = None
    """The MX question again with checking disabled (CD); asked after a server failure."""
    control: DnsAnswer | None = None
    """The root's name servers: whether anything resolves; asked when the domain gave no usable answer."""
    late: bool = False
    """The answer may only be late or lost: little time was left for it, or others about the domain came."""
    implicit_mx: tuple[Attempt, ...] = ()
    """Port 25 of the domain's own addresses, where they stand in for a missing MX (RFC 5321 §5.1)."""


def probe_domain(target: Subject, _inputs: Inputs[Never], context: Context) -> DomainFacts:
    """Ask for MX and addresses at once; look further only where the answer raises a question."""
    resolver, deadline, domain = context.network.resolver, context.deadline, target.domain
    until = deadline.share(0.5, deadline.left())  # what asks why there is no answer needs time, too
    asked = [resolver.begin(domain, kind, until) for kind in KINDS]
    come = come_within(CONTROL_AFTER_SECONDS, asked)
    if len(come) < len(asked):  # whether anything resolves is asked beside their next tries
        resolver.begin(*CONTROL, deadline.share(0.7, 5))
    mx, ipv4, ipv6 = resolver.query_all(((domain, kind) for kind in KINDS), until)
    facts = DomainFacts(mx=mx, ipv4=ipv4, ipv6=ipv6)
    if mx.status not in ALIVE:
        resolver.begin(*CONTROL, deadline.share(0.7, 5))
        unchecked = None
        if mx.status == "server_failure":
            unchecked = resolver.query(domain, "MX", deadline.share(0.7, 8), checking_disabled=True)
        late = mx.status == "timed_out" and (
            mx.milliseconds < 1000 * TELLING_SECONDS or not ALIVE.isdisjoint({ipv4.status, ipv6.status})
        )
        control = resolver.query(*CONTROL, deadline.share(0.7, 5))
        return msgspec.structs.replace(facts, control=control, unchecked=unchecked, late=late)
    if mx.status == "answered":
        records = mx_records(mx)
        names = [r.exchange for r in records if r.exchange][:MX_HOSTS_LOOKED_UP]
        return msgspec.structs.replace(facts, records=records, targets=_mx_targets(names, context.network, deadline))
    if addresses := ipv6.records + ipv4.records:
        race = context.network.connect_all(addresses, 25, deadline, PORT_25_SECONDS, keeps=False)
        attempts = race.attempts(PORT_25_SECONDS + 0.2)
        return msgspec.structs.replace(facts, implicit_mx=attempts)
    return facts


def _mx_targets(names: list[str], network: Network, deadline: Deadline) -> tuple[MxTarget, ...]:
    asked = [name for name in names if not is_address(name)]
    answers = network.resolver.query_all(((name, kind) for name in asked for kind in ADDRESSES), deadline)
    found = dict(zip(asked, zip(answers[::2], answers[1::2], strict=True), strict=True))
    return tuple(
        MxTarget(name=name, ipv4=found[name][0], ipv6=found[name][1])
        if name in found
        else MxTarget(name=name, is_address=True)
        for name in names
    )


def judge_domain(facts: DomainFacts, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Does the domain exist and take mail?"""
    domain = inputs.subject.domain
    if facts.mx.status not in ALIVE:
        yield from _judge_no_answer(facts, domain)
    elif facts.mx.status == "name_not_found":
        yield Finding(
            cause="dns.domain-missing",
            certainty="confirmed",
            proof="nxdomain",
            text=text("DNS says that {domain} does not exist ({words}).", domain=domain, words=facts.mx.words),
        )
    elif facts.mx.status == "no_data":
        yield from _judge_no_mx(facts, domain)
    elif all(not r.exchange for r in facts.records):
        yield Finding(
            cause="dns.null-mx",
            certainty="confirmed",
            proof="null-mx-record",
            text=text("{domain} has the null MX record “{record}”.", domain=domain, record=facts.mx.records[0]),
        )
    else:
        yield from _judge_targets(facts)


def _judge_no_answer(facts: DomainFacts, domain: str) -> Iterator[Finding]:
    words = facts.mx.words
    resolver_works = facts.control is not None and facts.control.status in ALIVE
    if facts.mx.status == "server_failure" and facts.unchecked is not None and facts.unchecked.status in ALIVE:
        yield Finding(
            cause="dns.broken-zone",
            certainty="confirmed",
            proof="bogus-signatures",
            text=text(
                "The resolver fails for {domain} ({words}), and answers when told not to check signatures: "
                "the zone's DNSSEC signatures do not hold.",
                domain=domain,
                words=words,
            ),
        )
    elif resolver_works:
        yield Finding(
            cause="dns.broken-zone",
            certainty="confirmed" if facts.mx.status == "server_failure" else "possible" if facts.late else "likely",
            proof="fails-alone",
            text=text(
                "The resolver gives no answer for {domain} ({words}), while other names resolve.",
                domain=domain,
                words=words,
            ),
        )
    elif facts.mx.status == "server_failure":
        yield Finding(
            cause="dns.broken-zone",
            certainty="likely",
            text=text("The resolver fails for {domain} ({words}).", domain=domain, words=words),
        )


def _judge_no_mx(facts: DomainFacts, domain: str) -> Iterator[Finding]:
    if not facts.implicit_mx:
        if facts.ipv4.records or facts.ipv6.records or not {facts.ipv4.status, facts.ipv6.status} <= ALIVE:
            return  # what was not looked at, or was not answered, may be there
        yield Finding(
            cause="dns.no-mx",
            certainty="confirmed",
            proof="no-mx-record",
            text=text("{domain} has no MX record and no address that could stand in for one.", domain=domain),
        )
        return
    failures = [attempt.failure for attempt in facts.implicit_mx]
    if all(failures):
        refused = all(f is not None and f.name == "connection_refused" for f in failures)
        yield Finding(
            cause="dns.no-mx",
            # a network that blocks port 25 looks the same as a host that does not answer there
            certainty="likely" if refused else "possible",
            text=text(
                "{domain} has no MX record; its own address stands in (RFC 5321 §5.1), but port 25 there: {words}.",
                domain=domain,
                words=failures[0].words if failures[0] else "",
            ),
        )


def _judge_targets(facts: DomainFacts) -> Iterator[Finding]:
    looked_up = [t for t in facts.targets if t.is_address or not _undecided(t)]
    dead = [t for t in looked_up if not t.is_address and not t.resolves]
    for target in looked_up:
        if target.is_address:
            sentence = text("The MX record names the address {name} where a host name is due.", name=target.name)
        elif not target.resolves:
            sentence = text("The MX record names {name}, which has no address.", name=target.name)
        elif target.alias:
            sentence = text(
                "The MX record names {name}, which is an alias (CNAME) of {alias}.",
                name=target.name,
                alias=target.alias,
            )
        else:
            continue
        yield Finding(
            cause="dns.mx-unresolvable",
            certainty="confirmed",
            proof="bad-target",
            text=sentence,
            partial=len(dead) < len(facts.targets),
        )


def _undecided(target: MxTarget) -> bool:
    """No address was found, but only because a question got no usable answer."""
    answers = [a for a in (target.ipv4, target.ipv6) if a is not None]
    return not target.resolves and any(a.status not in ALIVE for a in answers)


def _undecided_mx(facts: DomainFacts) -> bool:
    """Whether an MX host may lack an address without that having been seen."""
    return len(facts.targets) < sum(bool(r.exchange) for r in facts.records) or any(map(_undecided, facts.targets))


def _untold(facts: DomainFacts) -> Text | None:
    no_address = bool(facts.targets) and not any(t.is_address or t.resolves for t in facts.targets)
    if facts.mx.status not in ALIVE or no_address:
        return text("DNS gave no usable answer")
    if facts.mx.status == "no_data" and all(attempt.failure for attempt in facts.implicit_mx):
        return text("no connection shows that the domain's own address takes mail")
    return None


def _left_open(facts: DomainFacts) -> Text | None:
    """A silent port 25 leaves open what no login needs: many networks let nobody out to it, and no MX host is asked."""
    if facts.mx.status == "no_data" and facts.implicit_mx:
        return None
    return text("Whether the domain takes mail could not be found out.") if _untold(facts) else None


def _shows(facts: DomainFacts, _inputs: Inputs[Never], _target: Subject) -> Mapping[str, str]:
    """A mail server of the domain that has no address, or is an alias; and all that take its mail."""
    broken = (one.name for one in facts.targets if not one.is_address and (not one.resolves or one.alias))
    shown = {"mx": next(broken, ""), "exchangers": " ".join(one.exchange for one in facts.records if one.exchange)}
    return {name: words for name, words in shown.items() if words}


CHECK = Check(
    id="dns.domain",
    family="dns",
    title="The domain {domain} exists and takes mail",
    each=Subject,
    station="dns",
    facts=DomainFacts,
    probe=probe_domain,
    judge=judge_domain,
    needs=NO_NEEDS,
    shows=_shows,
    untold=_untold,
    left_open=_left_open,
    unsettled=lambda facts: ("dns.mx-unresolvable",) if _undecided_mx(facts) else (),
    rules_out=(
        "dns.domain-missing",
        "dns.broken-zone",
        "dns.no-mx",
        "dns.null-mx",
        "dns.mx-unresolvable",
    ),
)
