"""Which servers a mailbox of this provider logs in to."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from diagnose.providers.schema import Provider, Server


def servers_for(provider: Provider, domain: str) -> tuple[Server, ...]:
    """The servers for an address at *domain*, IMAP first, implicit TLS before STARTTLS (RFC 8314 §3).

    Where the address domain has its own server for a protocol, the general one is left out. Regional
    and older servers are left to `other_servers`, and so are those whose name only the site knows.
    """
    usual = [server for server in provider.servers if server.edition is None]
    own = {server.protocol for server in usual if domain in server.domains}
    return _usable(
        (server for server in usual if (domain in server.domains if server.protocol in own else not server.domains)),
        domain,
    )


def other_servers(provider: Provider, domain: str) -> tuple[Server, ...]:
    """Servers of other regions, editions and times, worth trying when the usual ones refuse an account."""
    return _usable((server for server in provider.servers if server.edition is not None), domain)


def fill(template: str, domain: str) -> str | None:
    """*template* with the mail domain put in; None when it needs something else that only the site knows."""
    filled = template.replace("{domain}", domain)
    return None if "{" in filled else filled


def _usable(servers: Iterable[Server], domain: str) -> tuple[Server, ...]:
    order = {"imap": 0, "pop3": 1, "smtp": 2}
    filled = [
        msgspec.structs.replace(server, host=host)
        for server in servers
        if server.tls != "none" and (host := fill(server.host, domain)) is not None
    ]
    return tuple(sorted(filled, key=lambda server: (order[server.protocol], server.tls != "implicit")))
