"""Look-ups as such: does the run's resolver answer at all, and does this computer's own find what it finds."""

from __future__ import annotations

from collections.abc import Iterator

from checks.dns import ALIVE, DomainFacts, HostFacts
from diagnose.model import Check, Facts, Finding, Given, Host, SkipCheck, Subject, Text, text
from diagnose.model.workbench import Workbench
from diagnose.network import DnsAnswer, SystemLookup, is_address

SILENT_SECONDS = 1.2
"""A resolver that was given less for its answer may only be slow."""
BESIDE_SECONDS = 2.0
"""Patience for the look-up made only to compare."""

SPECIAL_USE = ("test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "home.arpa")
"""Names that the public DNS never holds (RFC 6761, 6762, 7686, 8375, 9476; ICANN for internal)."""


class ResolverFacts(Facts, frozen=True, kw_only=True):
    """How the resolver did over the whole run."""

    servers: tuple[str, ...]
    control: DnsAnswer
    useful: int
    """Questions that got a usable answer (an empty or negative one is usable)."""
    useless: int


def probe_resolver(_target: Subject, given: Given, bench: Workbench) -> ResolverFacts:
    """Count the answers of the run; ask for the root only where none was usable."""
    domain = given.of("dns.domain", DomainFacts)
    answers = [domain.mx, domain.ipv4, domain.ipv6]
    for _, facts in given.elsewhere.get("dns.host", ()):
        if isinstance(facts, HostFacts):
            answers += [a for a in (facts.found.ipv4, facts.found.ipv6) if a is not None]
    useful = sum(a.status in ALIVE for a in answers)
    control = domain.mx
    if not useful:
        control = domain.control or bench.network.resolver.query(".", "NS", bench.deadline.within(5))
    return ResolverFacts(
        servers=tuple(str(server) for server in bench.network.resolver.nameservers()),
        control=control,
        useful=useful,
        useless=len(answers) - useful,
    )


def judge_resolver(facts: ResolverFacts, _given: Given, _target: Subject) -> Iterator[Finding]:
    """Did it answer anything at all?"""
    if facts.useful or facts.control.status in ALIVE:
        return
    if not facts.servers:
        yield Finding(
            cause="network.resolver-down",
            certainty="confirmed",
            proof="no-usable-answer",
            text=text("This computer is set up with no DNS resolver."),
        )
        return
    hasty = facts.control.status == "timed_out" and facts.control.milliseconds < 1000 * SILENT_SECONDS
    sure = facts.control.status in {"timed_out", "refused"}
    yield Finding(
        cause="network.resolver-down",
        certainty="possible" if hasty else "confirmed" if sure else "likely",
        proof="no-usable-answer",
        text=text(
            "The resolver {servers} gave no usable answer to any of {count} questions, the root's name servers among "
            "them ({words}).",
            servers=facts.servers,
            count=facts.useless + 1,
            words=facts.control.text or facts.control.status,
        ),
    )


class SystemFacts(Facts, frozen=True, kw_only=True):
    """The system's own look-up beside the chosen resolver's."""

    system: SystemLookup
    chosen: tuple[str, ...]


def probe_system(target: Host, given: Given, bench: Workbench) -> SystemFacts:
    """Ask the system too when another resolver was chosen: mail programs use the system's."""
    if bench.network.resolver.chosen is None:
        raise SkipCheck(text("the system's own resolver is the one in use"))
    name = target.name.lower()
    if is_address(name) or any(name == top or name.endswith("." + top) for top in SPECIAL_USE):
        raise SkipCheck(text("the name is not one of the public DNS"))
    return SystemFacts(
        system=bench.network.system_lookup(target.name, bench.deadline.within(BESIDE_SECONDS)),
        chosen=given.of("dns.host", HostFacts).found.addresses,
    )


def judge_system(facts: SystemFacts, _given: Given, target: Host) -> Iterator[Finding]:
    """A name that only the chosen resolver knows is one that mail programs on this computer do not find."""
    if facts.system.error and facts.chosen:
        yield Finding(
            cause="network.resolver-down",
            certainty="possible",
            text=text(
                "This computer's own look-up of {host} fails ({error}), while the chosen resolver knows its address.",
                host=target.name,
                error=facts.system.error,
            ),
        )


def _untold(facts: SystemFacts) -> Text | None:
    return text("the system found no address either") if facts.system.error else None


CHECKS = (
    Check(
        id="dns.resolver",
        family="dns",
        title="The DNS resolver answers",
        each=Subject,
        facts=ResolverFacts,
        probe=probe_resolver,
        judge=judge_resolver,
        rules_out=("network.resolver-down",),
        needs=("dns.domain",),
        after=("dns.host",),
    ),
    Check(
        id="dns.system",
        family="dns",
        title="This computer's own look-up finds {host} too",
        each=Host,
        facts=SystemFacts,
        probe=probe_system,
        judge=judge_system,
        untold=_untold,
        needs=("dns.host",),
    ),
)
