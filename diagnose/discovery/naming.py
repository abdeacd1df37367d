"""Host names, pages and services as sources write them, made into services that can be used."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable

from diagnose.model.domains import a_labels, ascii_url
from diagnose.model.protocols import ORDER, PAGE, Protocol
from diagnose.model.targets import Service, SourceName
from diagnose.network import is_address
from diagnose.providers import by_host

MOST_A_PROTOCOL = 3
"""Services of one protocol that are used from one source; more are a pool, and every one costs connections."""


def host_name(written: str) -> str | None:
    """*written* as A-labels in lower case without final dot, or an address literal; None when it is neither."""
    host = written.strip().lower().removesuffix(".")
    if is_address(host):
        return host.strip("[]")
    try:
        return a_labels(host)
    except ValueError:
        return None


def port_number(written: str | int) -> int | None:
    """*written* as a port, 1 to 65535; None for anything else."""
    text = str(written).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        return None
    return int(text) if 1 <= int(text) <= 65535 else None


def service_at(url: str, source: SourceName, protocol: Protocol = PAGE) -> Service | None:
    """The service at *url*; None when that is no address of *protocol* that could be opened."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    host = host_name(parts.hostname or "")
    usual = next((one for one in protocol.ports if one.scheme == parts.scheme), None)
    if usual is None or host is None or parts.username is not None:
        return None
    return Service(
        protocol=protocol.name,
        host=host,
        port=port or usual.number,
        tls=usual.tls,
        source=source,
        url=ascii_url(url.strip()) if protocol.http else None,
    )


def in_order(services: Iterable[Service]) -> tuple[Service, ...]:
    """By protocol, implicit TLS first (RFC 8314 §3), else as they came; each once, at most three a protocol."""
    once = sorted(dict.fromkeys(services), key=lambda s: (ORDER[s.protocol], s.tls != "implicit"))
    return tuple(
        service for protocol in ORDER for service in [s for s in once if s.protocol == protocol][:MOST_A_PROTOCOL]
    )


def owner(services: Iterable[Service]) -> str | None:
    """The provider whose servers these are, as far as a name gives it away."""
    return next((known for service in services if (known := by_host(service.host))), None)
