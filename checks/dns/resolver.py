"""The resolver: does it answer at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.domain import ALIVE, DomainFacts
from checks.dns.host import HostFacts
from checks.dns.system import SILENT_SECONDS
from diagnose.model import Check, Facts, Finding, Inputs, Subject, need, read, text
from diagnose.network import DnsAnswer
from diagnose.running.context import Context


class ResolverFacts(Facts, frozen=True, kw_only=True):
    """How the resolver did over the whole run."""

    servers: tuple[str, ...]
    control: DnsAnswer
    useful: int
    """Questions that got a usable answer (an empty or negative one is usable)."""
    useless: int


def probe_resolver(_target: Subject, inputs: Inputs[DomainFacts | HostFacts], context: Context) -> ResolverFacts:
    """Count the answers of the run; ask for the root only where none was usable."""
    domain = inputs[DomainFacts]
    answers = [domain.mx, domain.ipv4, domain.ipv6]
    for _, facts in inputs.each(HostFacts):
        answers += [a for a in (facts.found.ipv4, facts.found.ipv6) if a is not None]
    useful = sum(a.status in ALIVE for a in answers)
    control = domain.mx
    if not useful:
        control = domain.control or context.network.resolver.query(".", "NS", context.deadline.within(5))
    return ResolverFacts(
        servers=tuple(str(server) for server in context.network.resolver.nameservers()),
        control=control,
        useful=useful,
        useless=len(answers) - useful,
    )


def judge_resolver(facts: ResolverFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
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
            words=facts.control.words,
        ),
    )


CHECK = Check(
    id="dns.resolver",
    family="dns",
    title="The DNS resolver answers",
    each=Subject,
    facts=ResolverFacts,
    probe=probe_resolver,
    judge=judge_resolver,
    rules_out=("network.resolver-down",),
    needs=need(DomainFacts) | read(HostFacts),
)
