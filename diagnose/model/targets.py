"""What a check is run for: the subject, a host of it, a service of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from diagnose.model.text import Text

Protocol = Literal["imap", "pop3", "smtp", "webmail"]
TlsMode = Literal["implicit", "starttls", "none"]
"""``implicit``: TLS from the first byte (RFC 8314 §3); ``none``: only a webmail address written as http."""
Source = Literal["option", "provider", "srv", "autoconfig", "autodiscover", "guess"]
Way = Literal["reading", "sending", "web"]
"""The three ways into a mailbox: a mail program that reads, one that sends, the webmail page."""

WAYS: dict[Protocol, Way] = {"imap": "reading", "pop3": "reading", "smtp": "sending", "webmail": "web"}


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
    """Why the address, as it was typed, is none; then there is nothing else to be found out."""

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
    source: Source
    """Where the best-founded service on this host comes from; a guessed host may rightly not exist."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One way to one server: protocol, host, port and TLS mode, and where that is known from."""

    protocol: Protocol
    host: str
    port: int
    tls: TlsMode
    source: Source
    url: str | None = None
    """The page to open, for webmail only."""

    @property
    def way(self) -> Way:
        """Which of the three ways into the mailbox this service belongs to."""
        return WAYS[self.protocol]

    @property
    def named(self) -> bool:
        """Whether somebody named this service; a guess proves nothing by its absence."""
        return self.source != "guess"


Target = Subject | Host | Service
