"""Reach: does the port of the server accept a connection, at every address, and if not, what does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Never

import msgspec

from checks.dns.host import HostFacts
from checks.network.repeated import repeat_beside
from diagnose.model import Certainty, Check, Facts, Failure, Finding, Inputs, Service, Sharing, Text, need, text
from diagnose.network import Attempt, Race, Stream, in_background
from diagnose.network.connector import family_of
from diagnose.running.context import Context

UNEASY_SECONDS = 1.0
"""Without an answer by then, other ports are tried to compare with."""


COMPARE_SECONDS = 3.5
"""Patience with those, and with the addresses that come in behind the first: two SYNs have been lost by then."""


COMPARED_PORTS = (443, 993, 465, 587, 995, 143)


MAIL_PORTS = frozenset({25, 110, 143, 465, 587, 993, 995})


SIBLING_PORTS = (frozenset({110, 143, 993, 995}), frozenset({465, 587}))
"""Ports behind which the same passwords are tried."""


TELLING_SECONDS = 2.5
"""Silence for less than that may be a slow line's: a SYN that got lost is sent again after one second (RFC 6298)."""


BAN_SECONDS = 1800
"""A ban follows failed logins within minutes."""


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """Another port of the same host, tried to compare."""

    port: int
    failure: Failure | None = None
    """None: it accepts connections."""


class ReachFacts(Facts, frozen=True, kw_only=True):
    """Whether a port accepts connections."""

    addresses: tuple[str, ...]
    connected: str | None
    """The address of the connection that the following checks use."""
    attempts: tuple[Attempt, ...]
    """Those that were over when the first connected, or all when none did."""
    witnesses: tuple[Witness, ...] = ()
    without_route: tuple[str, ...] = ()
    """Families that this computer has no route for."""
    hurried: bool = False
    """The run had less time for an answer than a lost packet takes to be sent again."""
    rejected_lately: int = 0
    """Logins of this account that servers rejected in the last half hour, by the tool's own record."""
    rejected_here_at: float | None = None
    """When this very port rejected a login from this computer in the last half hour, seconds since the epoch."""


def stream_key(service: Service) -> str:
    """The key in the connection pool of the connection of *service*."""
    return f"stream {service.protocol} {service.host} {service.port}"


def race_key(service: Service) -> str:
    """The key in the connection pool of the connects of *service* that are still under way."""
    return f"race {service.protocol} {service.host} {service.port}"


def probe_reach(target: Service, inputs: Inputs[HostFacts], context: Context) -> ReachFacts:
    """Connect to all addresses at once; when that drags on, try other ports beside it."""
    addresses = inputs[HostFacts].found.addresses
    race = context.network.connect_service(target.host, addresses, target.port, context.deadline)
    hurried = race.seconds < TELLING_SECONDS
    comparing = None
    if not race.decided(UNEASY_SECONDS):
        comparing = in_background(partial(_compare, target, inputs, race, context), f"compare {target.host}")
        if target.named:
            repeat_beside(context)
    stream = race.winner(context.deadline)
    if stream is not None:
        _note_answering(target, stream.peer, race, context)
        context.connections.put(stream_key(target), stream)
        context.connections.put(race_key(target), race)
        return ReachFacts(addresses=race.addresses, connected=stream.peer, attempts=race.attempts(0))
    witnesses = comparing.result() if comparing else _compare(target, inputs, race, context)
    families = {family_of(a): a for a in race.addresses}
    return ReachFacts(
        addresses=race.addresses,
        connected=None,
        attempts=race.attempts(0.5),
        witnesses=witnesses,
        hurried=hurried,
        without_route=tuple(f for f, address in families.items() if not context.network.vantage.has_route(address)),
    )


def _note_answering(target: Service, peer: str, race: Race, context: Context) -> None:
    took = [one.milliseconds for one in race.attempts(0) if one.address == peer]
    if target.named and took:
        context.answering.note(target, peer, took[0])


def _with_record(facts: ReachFacts, target: Service, inputs: Inputs[Never], context: Context) -> ReachFacts:
    """Where there is no connection, with the logins that were rejected before."""
    if facts.connected is not None:
        return facts
    return msgspec.structs.replace(
        facts,
        rejected_lately=context.history.recent(inputs.subject.username or inputs.subject.domain, BAN_SECONDS),
        rejected_here_at=context.rejecting.rejected_at(target.host, target.port, BAN_SECONDS),
    )


def _instead(target: Service, open_ports: list[int]) -> dict[str, str]:
    """What *open_ports* give a mail program in place of the port of *target*, for the steps of remedies."""
    known = {port.number: port.tls for port in target.spoken.ports}
    modes = {"implicit": "SSL/TLS", "starttls": "STARTTLS"}
    usable = [f"{port} ({modes[known[port]]})" for port in open_ports if known.get(port) in modes]
    return {"usable_ports": ", ".join(usable)}


def _compare(target: Service, inputs: Inputs[Never], race: Race, context: Context) -> tuple[Witness, ...]:
    limit = context.deadline.within(COMPARE_SECONDS)
    known = [service.port for service in inputs.services if service.host == target.host]
    ports = [port for port in dict.fromkeys((*known, *COMPARED_PORTS)) if port != target.port]
    probes = [
        (port, in_background(partial(context.network.probe_port, address, port, limit), f"probe {port}"))
        for port in ports
        for address in race.addresses[:2]
    ]
    results = [(port, probe.result()) for port, probe in probes]
    witnesses = []
    for port in ports:
        failures = [attempt.failure for p, attempt in results if p == port]
        witnesses.append(Witness(port=port, failure=None if None in failures else failures[0]))
    return tuple(witnesses)


def judge_reach(facts: ReachFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Connected, refused, silent, out of reach, or this port alone?"""
    there = target.named or facts.rejected_here_at is not None  # a guess that has answered a login is none any more
    if facts.connected or not there:
        return
    counted = [a for a in facts.attempts if a.family not in facts.without_route] or list(facts.attempts)
    names = {a.failure.name for a in counted if a.failure}
    tried = tuple(dict.fromkeys(a.address for a in counted))
    open_ports = [w.port for w in facts.witnesses if w.failure is None]
    refused = names == {"connection_refused"}
    silence: Certainty = "possible" if facts.hurried and names == {"timed_out"} else "confirmed"
    unreachable = bool(names) and names <= {"network_unreachable", "host_unreachable"}
    place = target.place
    data = {"addresses": list(facts.addresses), "failures": sorted(names), "open_ports": open_ports}
    if refused:
        sentence = text("{host} refuses connections on port {port} ({addresses}).", addresses=tried, **place)
    elif unreachable:
        sentence = text("There is no way to {host} ({addresses}).", addresses=tried, **place)
    else:
        sentence = text("Nothing answers on port {port} of {host} ({addresses}).", addresses=tried, **place)
    if "web" in target.ways:
        yield Finding(cause="web.login-page-down", certainty=silence, proof="page-fails", text=sentence, data=data)
        return
    if refused:
        yield Finding(cause="reach.refused", certainty="confirmed", proof="all-refused", text=sentence, data=data)
    if open_ports:
        yield Finding(
            cause="reach.port-blocked",
            certainty="possible" if refused else silence,
            proof="other-port-connects",
            text=text(
                "Port {port} of {host} gives no connection, while the same host does on port {open}.",
                host=target.host,
                port=target.port,
                open=tuple(open_ports),
            ),
            data=data | _instead(target, open_ports),
        )
    elif unreachable:
        yield Finding(
            cause="reach.unreachable", certainty="confirmed", proof="all-unreachable", text=sentence, data=data
        )
    elif not refused:
        silent = names | {w.failure.name for w in facts.witnesses if w.failure} == {"timed_out"}
        yield Finding(
            cause="reach.timeout",
            certainty=silence if silent else "likely",
            proof="all-timed-out",
            text=sentence,
            data=data,
        )
    if facts.rejected_here_at is not None and not unreachable:
        siblings = next((ports for ports in SIBLING_PORTS if target.port in ports), frozenset())
        spared = siblings.intersection(open_ports)  # a ban for failed logins shuts all ports that take such logins
        yield ban_of_one_rejected(facts.rejected_here_at, target, "possible" if spared else "likely")
    elif facts.rejected_lately and not unreachable:
        alone = open_ports and not MAIL_PORTS.intersection(open_ports)  # a ban shuts the mail ports, and no other
        yield ban_after_rejections("likely" if alone else "possible")


def ban_of_one_rejected(at: float, target: Service, certainty: Certainty) -> Finding:
    """That the server of *target*, which rejected a login from here then, may hold it against this address."""
    return Finding(
        cause="lockout.address-blocked",
        certainty=certainty,
        text=text(
            "{host} rejected a login from this computer on port {port} at {moment} UTC, and now gives it no "
            "connection: servers that ban an address do that.",
            host=target.host,
            port=target.port,
            moment=time.strftime("%Y-%m-%d %H:%M", time.gmtime(at)),
        ),
    )


def ban_after_rejections(certainty: Certainty) -> Finding:
    """That a server may hold rejected logins from here against this address."""
    return Finding(
        cause="lockout.address-blocked",
        certainty=certainty,
        text=text(
            "The connection fails soon after this account was rejected from this computer: servers that ban an "
            "address do that."
        ),
    )


def take_stream(service: Service, context: Context) -> Stream | None:
    """The connection that `probe_reach` made for *service*, once."""
    return context.connections.take(stream_key(service), Stream)


def _unconnected(facts: ReachFacts) -> Text | None:
    return None if facts.connected else text("nothing answered there")


CHECK = Check(
    id="reach",
    family="reach",
    title="{host} accepts connections on port {port}",
    each=Service,
    station="server",
    facts=ReachFacts,
    probe=probe_reach,
    judge=judge_reach,
    untold=_unconnected,
    rules_out=(
        "reach.refused",
        "reach.timeout",
        "reach.port-blocked",
        "reach.unreachable",
    ),
    needs=need(HostFacts),
    sharing=Sharing(own=_with_record),
    usable=lambda facts: facts.connected is not None,
)
