"""What DNS, SRV records and configuration files say today of a provider's domains and servers, against its file.

`ask` looks, `differences` judges. Only the provider's own names are asked about, and only at name servers and at its
own web hosts; nothing is logged in to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

import msgspec

from diagnose import providers
from diagnose.discovery import autoconfig, srv
from diagnose.discovery.facts import SourceResult
from diagnose.discovery.provider import certain
from diagnose.model.deadline import Deadline
from diagnose.model.domains import host_and_port
from diagnose.model.targets import Service
from diagnose.network import Coming, DnsAnswer, Network, in_background, mx_records
from diagnose.providers import Provider, Server

R = TypeVar("R")

AT_ONCE = 8
"""Domains, or hosts, that are asked about side by side; each keeps some threads."""
Kind = Literal["no-domain", "no-mx", "other-mx", "unknown-mx", "other-servers", "no-host", "not-found-out"]


class AskedDomain(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered about one address domain."""

    domain: str
    mx: DnsAnswer
    sources: tuple[SourceResult, ...] = ()
    """SRV records, then configuration files."""


class AskedHost(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered about one server's name."""

    host: str
    found: bool | None
    """None: it could not be found out."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """All that was answered about one provider."""

    domains: tuple[AskedDomain, ...] = ()
    hosts: tuple[AskedHost, ...] = ()


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is otherwise today than in the file, or that could not be found out."""

    kind: Kind
    name: str
    """The domain or the host."""
    asked: str
    """The place: DNS names, or a URL."""
    today: tuple[str, ...] = ()
    here: tuple[str, ...] = ()


def ask(known: Provider, network: Network, deadline: Deadline) -> Answers:
    """Ask about all address domains of *known* and all hosts that are no template; whole by *deadline*."""
    domains = [domain for domain in known.domains if "*" not in domain]
    hosts = list(dict.fromkeys(server.host for server in known.servers if "{" not in server.host))
    return Answers(
        domains=tuple(_each(domains, lambda domain: _ask_domain(domain, network, deadline))),
        hosts=tuple(_each(hosts, lambda host: _ask_host(host, network, deadline))),
    )


def differences(known: Provider, answers: Answers) -> Iterator[Drift]:
    """What *answers* say otherwise than the file of *known*."""
    for domain in answers.domains:
        yield from _of_mx(known, domain)
        for source in domain.sources:
            yield from _of_source(known, domain.domain, source)
    for host in answers.hosts:
        if host.found is not True:
            kind: Kind = "not-found-out" if host.found is None else "no-host"
            yield Drift(kind=kind, name=host.host, asked=f"A, AAAA {host.host}")


def _each(names: Sequence[str], look: Callable[[str], R]) -> Iterator[R]:
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        asked: list[Coming[R]] = [in_background(lambda name=name: look(name), f"look at {name}") for name in some]  # type: ignore[misc]  # mypy infers no lambda defaults
        yield from (one.result() for one in asked)


def _ask_domain(domain: str, network: Network, deadline: Deadline) -> AskedDomain:
    mx = network.resolver.query(domain, "MX", deadline)
    if mx.status == "name_not_found":
        return AskedDomain(domain=domain, mx=mx)
    files = [autoconfig.ask(url, domain, network, deadline) for url in autoconfig.own_urls(domain)]
    return AskedDomain(domain=domain, mx=mx, sources=(srv.ask(domain, network, deadline), *files))


def _ask_host(host: str, network: Network, deadline: Deadline) -> AskedHost:
    found = network.addresses(host, deadline)
    asked = [answer for answer in (found.ipv4, found.ipv6) if answer is not None]
    known = bool(found.addresses) or (False if all(certain(answer) for answer in asked) else None)
    return AskedHost(host=host, found=known)


def _of_mx(known: Provider, domain: AskedDomain) -> Iterator[Drift]:
    hosts = tuple(mx.exchange for mx in mx_records(domain.mx) if mx.exchange)
    asked = f"MX {domain.domain}"
    kind: Kind | None = None
    if not certain(domain.mx):
        kind = "not-found-out"
    elif domain.mx.status == "name_not_found":
        kind = "no-domain"
    elif not hosts:
        kind = "no-mx"
    elif (owner := providers.by_mx(hosts)) not in {None, known.id}:
        kind = "other-mx"
    elif owner is None and known.mx and not any(_below(host, name) for host in hosts for name in known.mx):
        kind = "unknown-mx"
    if kind is not None:
        yield Drift(kind=kind, name=domain.domain, asked=asked, today=hosts, here=known.mx)


def _below(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _of_source(known: Provider, domain: str, source: SourceResult) -> Iterator[Drift]:
    """A source that names no server says nothing against the file: most domains have no such record or file.

    A file that could not be fetched is passed over, since it need not be there; DNS has to answer.
    """
    if source.source == "srv" and source.status == "failed":
        yield Drift(kind="not-found-out", name=domain, asked=source.asked)
    ours = [*providers.servers_for(known, domain), *providers.other_servers(known, domain)]
    named = _names(source.services)
    unknown = tuple(name for name in named if name not in _names(ours))
    if unknown:
        protocols = {one.protocol for one in source.services if _name(one) in unknown}
        here = _names(one for one in ours if one.protocol in protocols)
        yield Drift(kind="other-servers", name=domain, asked=source.asked, today=unknown, here=here)


def _names(servers: Iterable[Server | Service]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(one) for one in servers if one.tls != "none"))


def _name(server: Server | Service) -> str:
    return f"{server.protocol} {host_and_port(server.host, server.port)} {server.tls}"
