"""What discovery is given, and what it brings back: plain data that goes into the report."""

from __future__ import annotations

from typing import Literal

import msgspec

from diagnose.model.protocols import ProtocolName
from diagnose.model.targets import Service, SourceName

SourceStatus = Literal["found", "nothing", "failed", "not_asked", "not_waited_for"]
"""``nothing``: it answered, and names no usable service; ``failed``: it could not be found out;
``not_waited_for``: asked, but a better answer, the patience or the deadline came first."""
ProviderBy = Literal["option", "domain", "mx", "host"]
LoginName = Literal["full-address", "local-part", "other"]


class DiscoveryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the person said about the way to the mailbox."""

    services: tuple[Service, ...] = ()
    """Services given on the command line; each replaces what any source says of its protocol."""
    provider: str | None = None
    """A provider id, which has to exist."""
    third_party: bool = True
    """Whether the public autoconfig database may be told the mail domain."""
    services_only: bool = False
    """Whether discovery looks for nothing beyond `services`."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """How a source says that one logs in to a server."""

    protocol: ProtocolName
    host: str
    port: int
    username: LoginName | None = None
    """None: the source does not say."""
    authentication: tuple[str, ...] = ()
    """The source's own words, preferred one first: ``password-cleartext``, ``OAuth2`` …"""


class SourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one source at one place; a source with several places has several, best first."""

    source: SourceName
    status: SourceStatus
    asked: str
    """The place: a URL, or DNS names."""
    services: tuple[Service, ...] = ()
    """All that it names and that could be used, whether or not they were."""
    provider: str | None = None
    """The provider whom it names, or whose servers it names."""
    logins: tuple[Login, ...] = ()
    absent: tuple[ProtocolName, ...] = ()
    """Protocols that it declares not to be offered (RFC 6186 §3.4, target ``.``)."""
    unencrypted: tuple[str, ...] = ()
    """Servers, as host:port, that it names for use without TLS; these are never used."""
    milliseconds: int = 0
    text: str = ""
    """What failed, or what was answered where services were hoped for."""


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """The services of a mail domain, and how they were found."""

    provider: str | None = None
    provider_by: ProviderBy | None = None
    """``domain``: the address domain is the provider's own; ``host``: only a server's name gives it away."""
    other_providers: tuple[str, ...] = ()
    """Providers that sources name beside `provider`."""
    disagreeing: tuple[SourceName, ...] = ()
    """Sources that send a mail program to other servers than those used: one of the two is out of date."""
    services: tuple[Service, ...] = ()
    """By protocol (IMAP, POP3, SMTP, webmail), then the options first, then implicit TLS before STARTTLS."""
    sources: tuple[SourceResult, ...] = ()
    """Every place, best source first; those that were not asked are there too."""
