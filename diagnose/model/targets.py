"""What a check is run for: the subject, a host of it, a service of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from diagnose.model.protocols import BY_NAME, Protocol, ProtocolName, TlsMode, Way
from diagnose.model.text import Text

SourceName = Literal["option", "provider", "srv", "autoconfig", "autodiscover", "guess"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose login is diagnosed. Holds no secret."""

    domain: str
    """The mail domain as A-labels (RFC 5890), lower case, no final dot; empty where a flawed address or a recording
    names none."""
    address: str | None = None
    """The mailbox address, local part as given; None for the smoke check of a domain."""
    username: str | None = None
    """The name to log in with; unless told otherwise the address, its domain as A-labels: programs that keep names in
    ASCII take nothing else."""
    flaw: Text | None = None
    """Why the address is malformed as it was typed; no other check runs then."""

    @property
    def name(self) -> str:
        """What reports call the subject."""
        return self.address or self.domain

    @property
    def ascii_address(self) -> str | None:
        """The address with its domain as A-labels (RFC 5890), as it goes where SMTPUTF8 is not known."""
        return f"{self.address.rpartition('@')[0]}@{self.domain}" if self.address is not None else None


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A server name that a service of the subject uses."""

    name: str
    source: SourceName
    """Where the best-founded service on this host comes from; a guessed host may rightly not exist."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One way to one server: protocol, host, port and TLS mode, and where that is known from."""

    protocol: ProtocolName
    host: str
    port: int
    tls: TlsMode
    source: SourceName
    url: str | None = None
    """What to open, of a protocol that is spoken in HTTP; None: what `address` says."""

    @property
    def spoken(self) -> Protocol:
        """All that is known of its protocol."""
        return BY_NAME[self.protocol]

    @property
    def label(self) -> Text:
        """What reports call its protocol."""
        return self.spoken.label

    @property
    def ways(self) -> frozenset[Way]:
        """Which of the three ways into the mailbox this service opens."""
        return self.spoken.ways

    @property
    def place(self) -> dict[str, str | int]:
        """Its host and port, as the fields of a text."""
        return {"host": self.host, "port": self.port}

    @property
    def address(self) -> str:
        """The URL to open, of a protocol that is spoken in HTTP."""
        scheme = "http" if self.tls == "none" else "https"
        return self.url or f"{scheme}://{self.host}:{self.port}{self.spoken.path or '/'}"

    @property
    def named(self) -> bool:
        """Whether a person or a source named this service; a guess proves nothing by its absence."""
        return self.source != "guess"


Target = Subject | Host | Service


def is_named(target: Target) -> bool:
    """Whether a person or a source named *target*; a guess proves nothing by its absence."""
    return isinstance(target, Subject) or target.source != "guess"


def host_of(target: Target) -> str | None:
    """The name of the host that *target* is, or is on."""
    match target:
        case Service():
            return target.host
        case Host():
            return target.name
        case Subject():
            return None
