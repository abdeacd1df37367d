"""Which source is believed: pure decisions over what has been answered so far.

Option before provider before SRV before autoconfig before Autodiscover before a guess, for each way
into the mailbox. What is cheap to know (the provider, SRV) counts for each protocol; the slow sources
are heard only about a way for which nothing better is known, since a mailbox that publishes IMAP
does not lack a guessed POP3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.naming import in_order
from diagnose.model.targets import WAYS, Protocol, Service, Source, Way
from diagnose.providers import owners_of_host

QUICK: frozenset[Source] = frozenset({"provider", "srv"})


def settled(
    way: Way, ranked: Iterable[tuple[Source, SourceResult | None]], options: Sequence[Service], *, patient: bool
) -> tuple[Service, ...] | None:
    """The services for *way* beside the options; None as long as a better answer may come.

    *ranked* are the sources that are or will be asked about this way, best first, with None for an
    answer still due. Without patience an answer still due loses against any that is there.
    """
    wanted = {protocol for protocol, its_way in WAYS.items() if its_way == way} - {s.protocol for s in options}
    covered = any(option.way == way for option in options)
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
        if services or (result.source == "provider" and any(s.way == way for s in result.services)):
            return in_order(services)  # what a provider does not name beside what it does, it does not offer
        wanted -= set(result.absent)
    return None if due and wanted else ()


def disagreeing(results: Iterable[SourceResult], used: Sequence[Service], provider: str | None) -> tuple[Source, ...]:
    """Sources that send a mail program to other servers than those *used*, unless both are the provider's own."""
    hosts: dict[Protocol, set[str]] = {}
    for service in used:
        hosts.setdefault(service.protocol, set()).add(service.host)
    found: dict[Source, None] = {}
    for result in results:
        for protocol in dict.fromkeys(s.protocol for s in result.services if s.protocol in hosts and s.way != "web"):
            named = {s.host for s in result.services if s.protocol == protocol}
            both_at_provider = _any_of(provider, named) and _any_of(provider, hosts[protocol])
            if result.source != "guess" and not named & hosts[protocol] and not both_at_provider:
                found[result.source] = None
    return tuple(found)


def _any_of(provider: str | None, hosts: set[str]) -> bool:
    return any(provider in owners_of_host(host) for host in hosts)
