"""The last resort: names that mail servers usually have, taken up only where something answers there.

A guess proves nothing by its absence, so one that does not exist leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import get_args

import msgspec

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.starttls import upgrade
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import PROTOCOLS, Protocol, TlsMode, Way
from diagnose.model.targets import Service
from diagnose.network import Coming, HostAddresses, Network, in_background, mx_records
from diagnose.providers import relay_among

GUESS_SECONDS = 10.0
"""Patience of all guesses for one way in together."""
TRY_SECONDS = 4.0
"""Patience of one connection, handshake included."""

WAYS: tuple[Way, ...] = get_args(Way)

LookUp = Callable[[str], Coming[HostAddresses]]
"""The look-up of a name, under way already or begun now."""


class _Answering(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: TlsMode
    verified: bool
    """Whether the TLS handshake holds; if not, this may be the wrong name for the right server."""


def names(domain: str) -> tuple[str, ...]:
    """All names that may be guessed, each once, in the order in which they are best asked for.

    Of each protocol the likeliest comes first, and sending before all: its login waits for that of reading.
    """
    longest_first = sorted(PROTOCOLS, key=lambda protocol: "sending" not in protocol.ways)
    labels = zip_longest(*(protocol.guesses for protocol in longest_first))
    return tuple(dict.fromkeys(f"{label}.{domain}" for rank in labels for label in rank if label is not None))


def guessed(way: Way) -> tuple[Protocol, ...]:
    """The protocols that are guessed for *way*."""
    return tuple(protocol for protocol in PROTOCOLS if way in protocol.ways and protocol.guesses)


def asked(way: Way, domain: str) -> str:
    """The names guessed for *way*."""
    labels = dict.fromkeys(label for protocol in guessed(way) for label in protocol.guesses)
    return ", ".join(f"{label}.{domain}" for label in labels)


def ask(way: Way, domain: str, look_up: LookUp, network: Network, deadline: Deadline) -> SourceResult:
    """Try the names for *way*, and the first MX host for mail protocols."""
    until = deadline.within(GUESS_SECONDS)
    hosts: list[str] = []
    if way != "web":
        answer = network.resolver.query(domain, "MX", until)
        hosts = [mx.exchange for mx in mx_records(answer) if mx.exchange][:1]
        hosts = [] if relay_among(hosts) else hosts  # it keeps no mailbox, whatever answers there
    tried = [
        in_background(
            lambda p=protocol: _best(p, _candidates(p, domain, hosts, look_up, until), network, until),  # type: ignore[misc]  # mypy infers no lambda defaults
            f"guess {protocol.name}",
        )
        for protocol in guessed(way)
    ]
    services = tuple(service for one in tried if (service := one.result()) is not None)
    return SourceResult(
        source="guess", status="found" if services else "nothing", asked=asked(way, domain), services=services
    )


def _candidates(
    protocol: Protocol, domain: str, hosts: Iterable[str], look_up: LookUp, deadline: Deadline
) -> dict[str, frozenset[str]]:
    """The addresses of each name that has any, likeliest name first."""
    wanted = dict.fromkeys([*(f"{label}.{domain}" for label in protocol.guesses), *hosts])
    looked_up = {name: look_up(name) for name in wanted}
    found = {}
    for name, pending in looked_up.items():
        try:
            addresses = pending.result(timeout=deadline.left()).addresses
        except TimeoutError:
            continue
        if addresses:
            found[name] = frozenset(addresses)
    return found


def _best(
    protocol: Protocol, candidates: Mapping[str, frozenset[str]], network: Network, deadline: Deadline
) -> Service | None:
    """The first candidate with a verified handshake, else the first that connects at all."""
    servers: dict[frozenset[str], list[str]] = {}
    for name, addresses in candidates.items():
        servers.setdefault(addresses, []).append(name)
    tried = [
        in_background(lambda n=n: _try_server(protocol, n, network, deadline), f"guess {n[0]}")  # type: ignore[misc]  # mypy infers no lambda defaults
        for n in servers.values()
    ]
    answering = [found for one in tried if (found := one.result()) is not None]
    order = list(candidates)
    answering.sort(key=lambda a: (not a.verified, order.index(a.host)))
    if not answering or (protocol.http and not answering[0].verified):
        return None
    best = answering[0]
    url = f"https://{best.host}{protocol.path}" if protocol.http else None
    return Service(protocol=protocol.name, host=best.host, port=best.port, tls=best.tls, source="guess", url=url)


def _try_server(protocol: Protocol, same: list[str], network: Network, deadline: Deadline) -> _Answering | None:
    """Try names of the same addresses one after the other: never two connections to one port at once.

    A port is tried only where those preferred to it do not connect.
    """
    for port, tls in [(one.number, one.tls) for one in protocol.ports if one.tls != "none"]:
        connects = False
        for name in same:
            until = deadline.within(TRY_SECONDS)
            try:
                stream = network.connect(name, port, until)
            except OSError:
                break  # nor would it under the other names
            connects = True
            try:
                if tls == "implicit":
                    stream.start_tls(network.trust(), name)
                else:
                    upgrade(stream, protocol, network.trust(), name)
            except (OSError, ValueError):
                continue
            else:
                return _Answering(host=name, port=port, tls=tls, verified=True)
            finally:
                stream.abort()
        if connects:
            return _Answering(host=same[0], port=port, tls=tls, verified=False)
    return None
