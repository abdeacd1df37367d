"""Is this computer on a network at all: has it routes, and did any other computer answer?"""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterator
from typing import Never

import msgspec

from checks.dns.domain import ALIVE, DomainFacts
from checks.dns.host import HostFacts
from checks.dns.system import SPECIAL_USE
from checks.network.clock import ClockFacts
from checks.network.evidence import SILENT, any_computer_answered, dns_answers, reached
from checks.network.portal import PageReply, PortalFacts
from checks.network.proxy import ProxyAttempt, ProxyFacts
from checks.reach.reach import ReachFacts
from diagnose.discovery.facts import Discovered
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Check, Facts, Finding, Inputs, Subject, Text, read, text
from diagnose.network import Attempt, DnsAnswer, in_background, is_address
from diagnose.process.first_use import made_once
from diagnose.running.context import Context

ANYWHERE = ("192.0.2.1", "2001:db8::1")
"""Addresses that stand for the rest of the world (RFC 5737, RFC 3849). The kernel is asked for a route there."""
NEIGHBOUR_MS = 900
"""Less than a computer takes to find out that the next hop is gone: three questions a second apart (RFC 4861 §10)."""
REFERENCE_SECONDS = 3.0
"""Two SYNs have been lost by then (RFC 6298)."""


class ReferenceHost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public server that is found without DNS, and always there."""

    address: str
    port: int
    operator: str
    source: str


@made_once
def reference_hosts() -> tuple[ReferenceHost, ...]:
    """Those that are known. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "reference-hosts.yaml", tuple[ReferenceHost, ...])


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel says of the way to an address; nothing is sent for that."""

    destination: str
    source: str | None
    """The address of this computer that packets would come from; None: there is no route."""

    @property
    def usable(self) -> bool:
        """Whether packets could go this way.

        A computer gives itself a link-local source (RFC 3927, RFC 4291 §2.5.6) where it was given no address.
        """
        own = ipaddress.ip_address(self.source.partition("%")[0]) if self.source else None
        to = ipaddress.ip_address(self.destination.partition("%")[0])
        return own is not None and (not own.is_link_local or to.is_link_local)


class ConnectionFacts(Facts, frozen=True, kw_only=True):
    """What speaks for and against a network connection; looked into only where nothing answered."""

    answered: bool
    """Another computer said anything in this run."""
    interfaces: tuple[str, ...] = ()
    """Network interfaces, loopback aside."""
    routes: tuple[Route, ...] = ()
    """To the resolvers and servers of this run, loopback aside; where it has none, to `ANYWHERE`."""
    silent: tuple[str, ...] = ()
    """Servers, by address, that a connect went to in vain."""
    resolver_silent: bool = False
    """No question to a resolver on another computer was answered."""
    landmarks: tuple[Attempt, ...] = ()


def probe_connection(
    _target: Subject,
    inputs: Inputs[ClockFacts | Discovered | DomainFacts | HostFacts | PortalFacts | ProxyFacts | ReachFacts],
    context: Context,
) -> ConnectionFacts:
    """Read what the run brought; ask the kernel, and in the end reference hosts, only where nothing answered."""
    resolver = context.network.resolver
    servers = [server.address for server in resolver.nameservers()]
    # a forwarder on this computer answers whether there is a network or not; one that was chosen is the person's word
    forwarder = resolver.chosen is None and all(_is_own(address, context) for address in servers)
    answers = [answer for answer in dns_answers(inputs) if not resolver.remembers(answer)]
    dns_answered = any(answer.status not in {"timed_out", "no_resolver"} for answer in answers)
    if dns_answered and not forwarder:
        return ConnectionFacts(answered=True)
    rows = [facts for _, facts in inputs.each(ReachFacts)]
    if any(_server_answered(facts, context) for facts in rows) or _page_answered(inputs):
        return ConnectionFacts(answered=True)
    targets = [address for _, facts in reached(inputs) for address in facts.addresses if not _is_loopback(address)]
    if dns_answered and not targets and any(map(_comes_from_outside, answers)):
        return ConnectionFacts(answered=True)
    outside = tuple(dict.fromkeys([*(a for a in servers if not _is_loopback(a)), *targets]))
    if not outside and resolver.chosen is None:
        outside = ANYWHERE
    routes = tuple(_route(address, context) for address in outside)
    may_ask = context.third_party and resolver.chosen is None and any(route.usable for route in routes)
    return ConnectionFacts(
        answered=False,
        interfaces=context.network.vantage.interfaces(),
        routes=routes,
        silent=tuple(dict.fromkeys(targets)),
        resolver_silent=bool(answers) and not dns_answered and not forwarder and not all(map(_is_loopback, servers)),
        landmarks=_probe_reference_hosts(context) if may_ask else (),
    )


def _server_answered(facts: ReachFacts, context: Context) -> bool:
    """Whether a server took a connection, or refused one from another computer; a router's word counts as well."""
    if facts.connected is not None:
        return True
    if all(map(_is_loopback, facts.addresses)):
        return False  # what a blocked name leads to is this computer, which refuses by itself
    return any_computer_answered(facts) or any(_said_by_router(attempt, context) for attempt in facts.attempts)


def _said_by_router(attempt: Attempt, context: Context) -> bool:
    """Whether that there is no way was said by another computer (ICMP), and not found out by this one."""
    known = attempt.failure
    if known is None or known.name not in {"network_unreachable", "host_unreachable"}:
        return False
    return attempt.milliseconds < NEIGHBOUR_MS and _route(attempt.address, context).usable


def _page_answered(inputs: Inputs[ClockFacts | Discovered | PortalFacts | ProxyFacts]) -> bool:
    """Whether anything came over HTTP: settings, a page with a known answer, a clock, a proxy's word."""
    discovered = inputs.get(Discovered) or Discovered()
    settings = [one for one in discovered.sources if one.asked.startswith("http")]
    if any(one.status in {"found", "nothing"} for one in settings):
        return True
    portal, clock, proxy = inputs.get(PortalFacts), inputs.get(ClockFacts), inputs.get(ProxyFacts)
    if portal is not None and any(_came(reply) for reply in portal.replies):
        return True
    if clock is not None and clock.ticks:
        return True
    proxies = [facts for _, facts in inputs.each(ProxyFacts)] + ([proxy] if proxy else [])
    return any(_let_through(attempt) for facts in proxies for attempt in facts.passages)


def _came(reply: PageReply) -> bool:
    return reply.status is not None or (reply.failure is not None and reply.failure.name not in SILENT)


def _let_through(attempt: ProxyAttempt) -> bool:
    """Whether a proxy on another computer answered, or one on this computer got an answer."""
    own = is_address(host := urllib.parse.urlsplit(attempt.proxy).hostname or "") and _is_loopback(host)
    return attempt.worked or (attempt.status is not None and not own and host != "localhost")


def _comes_from_outside(answer: DnsAnswer) -> bool:
    """Whether a forwarder has this from elsewhere: it makes up failures, and answers for names of special use."""
    name = answer.name.rstrip(".").lower()
    special = any(name == top or name.endswith("." + top) for top in SPECIAL_USE)
    return answer.status in ALIVE and bool(name) and not special


def _is_own(address: str, context: Context) -> bool:
    """Whether *address* is this computer's: packets to it come from itself."""
    return _is_loopback(address) or _route(address, context).source == address


def _is_loopback(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    return known.is_loopback or known.is_unspecified


def _route(address: str, context: Context) -> Route:
    return Route(destination=address, source=context.network.vantage.source_towards(address))


def _probe_reference_hosts(context: Context) -> tuple[Attempt, ...]:
    limit = context.deadline.share(0.5, REFERENCE_SECONDS)
    places = [mark for mark in reference_hosts() if _route(mark.address, context).usable]
    races = [
        context.network.connect_all((mark.address,), mark.port, limit, limit.left(), keeps=False) for mark in places
    ]
    asked = [in_background(lambda race=race: race.attempts(limit.left() + 0.3), "reference host") for race in races]  # type: ignore[misc]  # mypy infers no lambda defaults
    return tuple(attempt for one in asked for attempt in one.result())


def _answered(facts: ConnectionFacts) -> bool:
    return facts.answered or any(a.failure is None or a.failure.name not in SILENT for a in facts.landmarks)


def judge_connection(facts: ConnectionFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Has this computer no route, or does no other computer answer?"""
    if _answered(facts):
        return
    # many a company's network drops what goes to public servers: their silence only adds to another one's
    if facts.routes and not any(route.usable for route in facts.routes):
        yield Finding(
            cause="network.offline",
            certainty="confirmed",
            proof="no-route",
            text=text(
                "This computer has no way out to any network: no route to {addresses} (network interfaces: {names}).",
                addresses=tuple(route.destination for route in facts.routes),
                names=facts.interfaces or text("none"),
            ),
        )
    elif facts.resolver_silent and facts.silent:
        yield Finding(
            cause="network.offline",
            certainty="confirmed",
            proof="nothing-answers",
            text=text(
                "Nothing at all answers: neither the DNS resolver nor any server ({addresses}).",
                addresses=facts.silent,
            ),
        )
    elif facts.landmarks and facts.resolver_silent:
        yield Finding(
            cause="network.offline",
            certainty="likely",
            text=text(
                "Nothing at all answers: neither the DNS resolver nor {count} servers that are always there "
                "({addresses}).",
                count=len(facts.landmarks),
                addresses=tuple(attempt.address for attempt in facts.landmarks),
            ),
        )


def _untold(facts: ConnectionFacts) -> Text | None:
    return None if _answered(facts) else text("no other computer answered")


CHECK = Check(
    id="network.connection",
    family="network",
    title="This computer has a working network connection",
    each=Subject,
    station="network",
    facts=ConnectionFacts,
    probe=probe_connection,
    asks=("reference_hosts",),
    judge=judge_connection,
    untold=_untold,
    needs=read(Discovered)
    | read(DomainFacts)
    | read(HostFacts)
    | read(ReachFacts)
    | read(PortalFacts)
    | read(ClockFacts)
    | read(ProxyFacts),
)
