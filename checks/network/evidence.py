"""What became of the way to each service, read from the facts that other checks left: who answered, who did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from checks.dns.domain import DomainFacts
from checks.dns.host import HostFacts
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.tls import TlsFacts
from checks.web.web import WebFacts
from diagnose.model import Facts, Inputs, Service, Target
from diagnose.network import DnsAnswer

F = TypeVar("F", bound=Facts)

SILENT = {"timed_out", "network_unreachable", "host_unreachable", "name_not_found", "not_permitted", "unknown"}
"""Failures that no other computer has to have a hand in."""


def left_by(inputs: Inputs, check: str, kind: type[F]) -> Iterator[tuple[Target, F]]:
    """The facts of *check* on every host or service, for a check on the subject."""
    for target, facts in inputs.elsewhere.get(check, ()):
        if isinstance(facts, kind):
            yield target, facts


def reached(inputs: Inputs) -> list[tuple[Service, ReachFacts]]:
    """Every service that somebody named, with what became of connecting to it."""
    rows = left_by(inputs, "reach", ReachFacts)
    return [(target, facts) for target, facts in rows if isinstance(target, Service) and target.named]


def dns_answers(inputs: Inputs) -> list[DnsAnswer]:
    """What DNS said of the domain and of the servers."""
    answers: list[DnsAnswer] = []
    if inputs.has("dns.domain"):
        domain = inputs.of("dns.domain", DomainFacts)
        answers += [answer for answer in (domain.mx, domain.ipv4, domain.ipv6, domain.control) if answer is not None]
    for _, facts in left_by(inputs, "dns.host", HostFacts):
        answers += [answer for answer in (facts.found.ipv4, facts.found.ipv6) if answer is not None]
    return answers


def somebody_answered(facts: ReachFacts) -> bool:
    """Whether any computer answered a connect, be it with a refusal."""
    failures = [attempt.failure for attempt in facts.attempts] + [witness.failure for witness in facts.witnesses]
    return facts.connected is not None or any(one is None or one.name not in SILENT for one in failures)


def in_trouble(inputs: Inputs) -> bool:
    """Whether the way to a named service broke off anywhere before the login, or to no service at all was found."""
    if any(facts.connected is None for _, facts in reached(inputs)):
        return True
    troubled = [target for target, tls in left_by(inputs, "tls", TlsFacts) if not tls.verified]
    troubled += [target for target, server in left_by(inputs, "server", ServerFacts) if not server.open]
    troubled += [target for target, web in left_by(inputs, "web", WebFacts) if _not_shown(web)]
    return not inputs.services or any(isinstance(target, Service) and target.named for target in troubled)


def _not_shown(facts: WebFacts) -> bool:
    last = facts.hops[-1]
    return last.failure is not None or facts.loop or (last.status or 0) >= 400
