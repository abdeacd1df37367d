"""What became of the way to each service, read from the facts that other checks left: who answered, who did not."""

from __future__ import annotations

from checks.dns.domain import DomainFacts
from checks.dns.host import HostFacts
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.web import WebFacts
from diagnose.model import Inputs, Service
from diagnose.network import DnsAnswer

SILENT = {"timed_out", "network_unreachable", "host_unreachable", "name_not_found", "not_permitted", "unknown"}
"""Failures that no other computer has to have a hand in."""


def reached(inputs: Inputs[ReachFacts]) -> list[tuple[Service, ReachFacts]]:
    """Every service that was named, with the outcome of connecting to it."""
    rows = inputs.each(ReachFacts)
    return [(target, facts) for target, facts in rows if isinstance(target, Service) and target.named]


def dns_answers(inputs: Inputs[DomainFacts | HostFacts]) -> list[DnsAnswer]:
    """What DNS said of the domain and of the servers."""
    answers: list[DnsAnswer] = []
    if domain := inputs.get(DomainFacts):
        answers += [answer for answer in (domain.mx, domain.ipv4, domain.ipv6, domain.control) if answer is not None]
    for _, facts in inputs.each(HostFacts):
        answers += [answer for answer in (facts.found.ipv4, facts.found.ipv6) if answer is not None]
    return answers


def any_computer_answered(facts: ReachFacts) -> bool:
    """Whether any computer answered a connect, be it with a refusal."""
    failures = [attempt.failure for attempt in facts.attempts] + [witness.failure for witness in facts.witnesses]
    return facts.connected is not None or any(one is None or one.name not in SILENT for one in failures)


def in_trouble(inputs: Inputs[ReachFacts | ServerFacts | TlsFacts | WebFacts]) -> bool:
    """Whether the way to a named service broke off before the login, or no service was found at all."""
    if any(facts.connected is None for _, facts in reached(inputs)):
        return True
    troubled = [target for target, tls in inputs.each(TlsFacts) if not tls.verified]
    troubled += [target for target, server in inputs.each(ServerFacts) if not server.open]
    troubled += [target for target, web in inputs.each(WebFacts) if _not_shown(web)]
    return not inputs.services or any(isinstance(target, Service) and target.named for target in troubled)


def _not_shown(facts: WebFacts) -> bool:
    last = facts.hops[-1]
    return last.failure is not None or facts.loop or (last.status or 0) >= 400
