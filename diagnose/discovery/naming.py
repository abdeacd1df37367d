"""Host names, pages and services as sources write them, made into services that can be used."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable

from diagnose.model.domains import a_labels, ascii_url
from diagnose.model.targets import Protocol, Service, Source, TlsMode
from diagnose.network import is_address
from diagnose.providers import by_host

MOST_A_PROTOCOL = 3
"""Services of one protocol that are used from one source; more are a pool, and every one costs connections."""
PROTOCOLS: tuple[Protocol, ...] = ("imap", "pop3", "smtp", "webmail")


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
    """*written* as a port, 1 to 65535; None when it is none."""
    text = str(written).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        return None
    return int(text) if 1 <= int(text) <= 65535 else None


def webmail(url: str, source: Source) -> Service | None:
    """The webmail at *url*; None when that is no http(s) address that could be opened."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    host = host_name(parts.hostname or "")
    if parts.scheme not in {"http", "https"} or host is None or parts.username is not None:
        return None
    tls: TlsMode = "implicit" if parts.scheme == "https" else "none"
    return Service(protocol="webmail", host=host, port=port, tls=tls, source=source, url=ascii_url(url.strip()))


def in_order(services: Iterable[Service]) -> tuple[Service, ...]:
    """By protocol, implicit TLS first (RFC 8314 §3), else as they came; each once, at most three a protocol."""
    once = sorted(dict.fromkeys(services), key=lambda s: (PROTOCOLS.index(s.protocol), s.tls != "implicit"))
    return tuple(
        service for protocol in PROTOCOLS for service in [s for s in once if s.protocol == protocol][:MOST_A_PROTOCOL]
    )


def owner(services: Iterable[Service]) -> str | None:
    """The provider whose servers these are, as far as a name gives it away."""
    return next((known for service in services if (known := by_host(service.host))), None)
