"""Which servers a mailbox of this provider logs in to."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diagnose.model.protocols import ORDER
from diagnose.providers.schema import Provider, Server


def servers_for(provider: Provider, domain: str) -> tuple[Server, ...]:
    """The servers for an address at *domain*: IMAP, POP3, SMTP, implicit TLS before STARTTLS (RFC 8314 §3).

    Only documented ones, since a server named here and not found is a fault worth reporting; `other_servers`
    has the rest. Where the address domain has its own server for a protocol, the general one is left out.
    """
    usual = [server for server in provider.servers if server.edition is None]
    own = {server.protocol for server in usual if domain in server.domains}
    chosen = (
        server for server in usual if (domain in server.domains if server.protocol in own else not server.domains)
    )
    return _ready((server for server in chosen if not server.unsure), domain)


def other_servers(provider: Provider, domain: str) -> tuple[Server, ...]:
    """Servers of other regions, editions and times, and unsure ones: worth a try where the usual ones refuse."""
    others = (server for server in provider.servers if server.edition is not None or server.unsure)
    return _ready((server for server in others if not server.domains or domain in server.domains), domain)


def webmail_for(provider: Provider, domain: str) -> str | None:
    """The sign-in page for an address at *domain*; None when it is not known or only the site knows it."""
    template = provider.webmail_by_domain.get(domain, provider.webmail)
    return None if template is None else fill(template, domain)


def fill(template: str, domain: str) -> str | None:
    """*template* with the mail domain put in; None when it needs something else that only the site knows."""
    filled = template.replace("{domain}", domain)
    return None if "{" in filled else filled


def _ready(servers: Iterable[Server], domain: str) -> tuple[Server, ...]:
    """Those with encryption and a host name that can be had, best first."""
    ready = [
        msgspec.structs.replace(server, host=host)
        for server in servers
        if server.tls != "none" and (host := fill(server.host, domain)) is not None
    ]
    return tuple(sorted(ready, key=lambda server: (ORDER[server.protocol], server.tls != "implicit")))
