"""A resolver that lies: does it send a public server name to an address that no public server can have."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Never

import msgspec

from checks.dns.domain import ALIVE
from checks.dns.host import HostFacts
from checks.dns.system import SPECIAL_USE, SystemFacts
from checks.network.evidence import reached
from checks.network.hosts import HostsFileFacts
from checks.reach.reach import ReachFacts
from diagnose.model import Check, Deadline, Facts, Finding, Host, Inputs, Service, SkipCheck, Subject, Text, read, text
from diagnose.network import Attempt, is_address
from diagnose.network.resolver import Nameserver
from diagnose.running.context import Context

MOST_HOSTS = 2
AUTHORITY_SECONDS = 4.0
PORT_SECONDS = 3.0

INWARD = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Where blockers and sign-in pages send names: unspecified, loopback, link-local, private and shared addresses
(RFC 1122 §3.2.1.3, RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291)."""


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """A name with two answers, and where each of them leads."""

    host: str
    port: int
    here: tuple[str, ...]
    """What this computer's resolver says."""
    elsewhere: tuple[str, ...]
    """What the chosen resolver says, or the domain's own name servers."""
    by: str
    """Who says so."""
    here_connects: bool
    elsewhere_connects: bool


class AnswerFacts(Facts, frozen=True, kw_only=True):
    """Names for which the resolver and others say different things."""

    contradictions: tuple[Contradiction, ...]
    uncompared: tuple[str, ...] = ()
    """Names with an inward address for which no other server could be asked."""


def probe_answers(
    _target: Subject, inputs: Inputs[HostFacts | HostsFileFacts | ReachFacts | SystemFacts], context: Context
) -> AnswerFacts:
    """Look for inward addresses of public names; ask others, and try both addresses, only where there are any."""
    suspects = list(_suspects(inputs, context))[:MOST_HOSTS]
    if not suspects:
        raise SkipCheck(text("no public name was given a private address"))
    limit = context.deadline.share(0.6, AUTHORITY_SECONDS + PORT_SECONDS)
    contradictions, uncompared = [], []
    for host, here in suspects:
        elsewhere, by = _said_elsewhere(host, inputs, context, limit)
        if not elsewhere:
            uncompared.append(host)
        elif found := _contradiction(host, here, elsewhere, by, inputs, context, limit):
            contradictions.append(found)
    return AnswerFacts(contradictions=tuple(contradictions), uncompared=tuple(uncompared))


def is_inward(address: str) -> bool:
    """Whether *address* means this computer or this network, wherever it is said."""
    known = ipaddress.ip_address(address.partition("%")[0])
    return any(known in block for block in INWARD if block.version == known.version)


def _suspects(
    inputs: Inputs[HostFacts | HostsFileFacts | SystemFacts], context: Context
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Public names with what this computer's resolver (not its hosts file) says of them, where that is inward."""
    by_hosts_file = {target.name: f.listed for target, f in inputs.each(HostsFileFacts) if isinstance(target, Host)}
    for target, facts in inputs.each(HostFacts):
        if not isinstance(target, Host) or not _is_public(target.name):
            continue
        if context.network.resolver.chosen is None:
            said = tuple(r for a in (facts.found.ipv4, facts.found.ipv6) if a is not None for r in a.records)
        else:
            rows = inputs.each(SystemFacts)
            said = next((f.system.addresses for t, f in rows if t == target), ())
        here = tuple(address for address in said if address not in by_hosts_file.get(target.name, ()))
        if here and all(map(is_inward, here)):
            yield target.name, here


def _is_public(name: str) -> bool:
    lower = name.lower()
    return (
        "." in lower and not is_address(lower) and not any(lower == t or lower.endswith("." + t) for t in SPECIAL_USE)
    )


def _said_elsewhere(
    host: str, inputs: Inputs[HostFacts], context: Context, limit: Deadline
) -> tuple[tuple[str, ...], str]:
    """The addresses that another server than this computer's resolver gives *host*, and that server; else empty."""
    if context.network.resolver.chosen is None:
        return _ask_authority(host, context, limit.within(AUTHORITY_SECONDS))
    known = next(f for t, f in inputs.each(HostFacts) if isinstance(t, Host) and t.name == host)
    return known.found.addresses, str(context.network.resolver.chosen)


def _contradiction(
    host: str,
    here: tuple[str, ...],
    elsewhere: tuple[str, ...],
    by: str,
    inputs: Inputs[ReachFacts],
    context: Context,
    limit: Deadline,
) -> Contradiction | None:
    service = next((service for service, _ in reached(inputs) if service.host == host), None)
    if service is None or any(map(is_inward, elsewhere)) or set(elsewhere) & set(here):
        return None
    return Contradiction(
        host=host,
        port=service.port,
        here=here,
        elsewhere=elsewhere,
        by=by,
        here_connects=_connects(here[0], service, context, limit),
        elsewhere_connects=_connects(elsewhere[0], service, context, limit),
    )


def _connects(address: str, service: Service, context: Context, limit: Deadline) -> bool:
    attempt: Attempt = context.network.probe_port(address, service.port, limit.within(PORT_SECONDS))
    return attempt.failure is None


def _ask_authority(host: str, context: Context, limit: Deadline) -> tuple[tuple[str, ...], str]:
    """The addresses that the zone's name servers give *host*, and the name server that answered; else empty."""
    labels = host.rstrip(".").split(".")
    for start in range(1, len(labels) - 1):
        zone = ".".join(labels[start:])
        servers = context.network.resolver.query(zone, "NS", limit)
        if servers.status not in ALIVE:
            return (), ""
        for name in servers.records[:2]:
            for address in context.network.resolver.query(name.rstrip("."), "A", limit).records[:1]:
                answer = context.network.ask(Nameserver(address), host, "A", limit)
                if answer.records:
                    return answer.records, name.rstrip(".")
        if servers.records:
            return (), ""
    return (), ""


def judge_answers(facts: AnswerFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Split DNS is legal: what counts is that only the other address leads anywhere."""
    for one in facts.contradictions:
        misleads = one.elsewhere_connects and not one.here_connects
        yield Finding(
            cause="network.resolver-down",
            certainty="likely" if misleads else "possible",
            text=text(
                "This computer's DNS resolver sends {host} to {here}, where nothing answers on port {port}; {by} says "
                "{elsewhere}, and there a server answers.",
                host=one.host,
                here=one.here,
                port=one.port,
                by=one.by,
                elsewhere=one.elsewhere,
            )
            if misleads
            else text(
                "This computer's DNS resolver sends {host} to {here}, while {by} says {elsewhere}.",
                host=one.host,
                here=one.here,
                by=one.by,
                elsewhere=one.elsewhere,
            ),
        )


def _untold(facts: AnswerFacts) -> Text | None:
    if not facts.uncompared:
        return None
    return text("nobody else could be asked for the address of {hosts}", hosts=facts.uncompared)


CHECK = Check(
    id="network.resolver",
    family="network",
    title="The DNS resolver tells the truth about the servers",
    each=Subject,
    facts=AnswerFacts,
    probe=probe_answers,
    judge=judge_answers,
    untold=_untold,
    needs=read(HostFacts) | read(SystemFacts) | read(HostsFileFacts) | read(ReachFacts),
)
