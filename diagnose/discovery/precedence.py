"""Which source is believed: pure decisions over what has been answered so far.

For each way into the mailbox: option, provider, SRV, autoconfig, Autodiscover, guess, in this order. What is cheap
to know (the provider, SRV) counts for each protocol. A slow source counts only for a way about which no
better source knows anything. A mailbox that publishes IMAP does not lack a guessed POP3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.naming import in_order
from diagnose.model.protocols import PROTOCOLS, ProtocolName, Way
from diagnose.model.targets import Service, SourceName
from diagnose.providers import owners_of_host

QUICK: frozenset[SourceName] = frozenset({"provider", "srv"})


def settled(
    way: Way, ranked: Iterable[tuple[SourceName, SourceResult | None]], options: Sequence[Service], *, patient: bool
) -> tuple[Service, ...] | None:
    """The services for *way* beside the options; None as long as a better answer may come.

    *ranked*: the sources that are or will be asked about this way, best first. None is an answer still due.
    Without patience an answer still due loses against any that is there.
    """
    wanted = {p.name for p in PROTOCOLS if way in p.ways and p.guesses} - {s.protocol for s in options}
    covered = any(way in option.ways for option in options)
    due = False
    for source, result in ranked:
        if not wanted:
            break
        if covered and source not in QUICK:
            continue
        if result is None:
            if patient:
                return None
            due = True
            continue
        services = [service for service in result.services if service.protocol in wanted]
        if services or (result.source == "provider" and any(way in s.ways for s in result.services)):
            return in_order(services)  # what a provider does not name beside what it does, it does not offer
        wanted -= set(result.absent)
    return None if due and wanted else ()


def beside(
    ranked: Iterable[tuple[SourceName, SourceResult | None]], options: Sequence[Service], *, patient: bool
) -> tuple[Service, ...]:
    """Services that are used where they are named and never waited for: they stand beside those that settle a way.

    *ranked* and *patient* are as for `settled`, of all ways. What a better source may yet name, is not taken from a
    lesser one.
    """
    wanted = {protocol.name for protocol in PROTOCOLS if not protocol.guesses} - {s.protocol for s in options}
    found: list[Service] = []
    for _source, result in ranked:
        if result is None and patient:
            break
        named = [s for s in result.services if s.protocol in wanted] if result is not None else []
        wanted -= {s.protocol for s in named}
        found += named
    return in_order(found)


def disagreeing(
    results: Iterable[SourceResult], used: Sequence[Service], provider: str | None
) -> tuple[SourceName, ...]:
    """Sources that send a mail program to other servers than those *used*, unless both are the provider's own."""
    hosts: dict[ProtocolName, set[str]] = {}
    for service in used:
        hosts.setdefault(service.protocol, set()).add(service.host)
    found: dict[SourceName, None] = {}
    for result in results:
        mail = (service.protocol for service in result.services if "web" not in service.ways)
        for protocol in dict.fromkeys(name for name in mail if name in hosts):
            named = {s.host for s in result.services if s.protocol == protocol}
            both_at_provider = _any_of(provider, named) and _any_of(provider, hosts[protocol])
            if result.source != "guess" and not named & hosts[protocol] and not both_at_provider:
                found[result.source] = None
    return tuple(found)


def _any_of(provider: str | None, hosts: set[str]) -> bool:
    return any(provider in owners_of_host(host) for host in hosts)
