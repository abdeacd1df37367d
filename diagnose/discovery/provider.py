"""The source that needs the least network: the provider, by option, by address domain or by MX."""

from __future__ import annotations

import msgspec

from diagnose import providers
from diagnose.discovery.facts import DiscoveryOptions, ProviderBy, SourceResult
from diagnose.discovery.naming import service_at
from diagnose.model.deadline import Deadline
from diagnose.model.targets import Service
from diagnose.network import DnsAnswer, Network, mx_records
from diagnose.providers.servers import fill


def known(domain: str, options: DiscoveryOptions) -> tuple[str, ProviderBy] | None:
    """The provider that is known without any network. Raises UnknownProviderError for an unknown id in *options*."""
    if options.provider is not None:
        return providers.provider(options.provider).id, "option"
    own = providers.by_domain(domain)
    return None if own is None else (own, "domain")


def of(provider_id: str, domain: str, asked: str) -> SourceResult:
    """What is known of this provider's servers and page for an address at *domain*."""
    provider = providers.provider(provider_id)
    services = [
        Service(
            protocol=s.protocol,
            host=s.host,
            port=s.port,
            tls=s.tls,
            source="provider",
            url=f"https://{s.host}:{s.port}{s.path}" if s.path else None,
        )
        for s in providers.servers_for(provider, domain)
    ]
    url = fill(provider.webmail, domain) if provider.webmail else None
    page = service_at(url, "provider") if url else None
    return SourceResult(
        source="provider",
        status="found",
        asked=asked,
        services=(*services, page) if page else tuple(services),
        provider=provider_id,
    )


def by_mx(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Ask DNS who takes the domain's mail, and recognise the provider by it."""
    answer = network.resolver.query(domain, "MX", deadline)
    hosts = [mx.exchange for mx in mx_records(answer) if mx.exchange]
    recognised = providers.by_mx(hosts)
    asked = f"MX {domain}"
    if recognised is not None:
        return msgspec.structs.replace(of(recognised, domain, asked), text=", ".join(hosts))
    return SourceResult(
        source="provider",
        status="nothing" if certain(answer) else "failed",
        asked=asked,
        text=", ".join(hosts) if hosts else answer.text or answer.status,
    )


def certain(answer: DnsAnswer) -> bool:
    """Whether *answer* tells which records exist, or that none does; a time-out or SERVFAIL does not."""
    return answer.status in {"answered", "no_data", "name_not_found"}
