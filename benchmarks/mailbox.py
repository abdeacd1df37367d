"""The mailbox that both contestants open, as it is seen through the lines."""

from __future__ import annotations

import msgspec


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox of the estate; all ports are those of lines on loopback."""

    address: str
    password: str
    ca_file: str
    """PEM file of the estate's certificate authority."""
    nameserver_port: int
    imap_host: str
    imap_port: int
    """Implicit TLS."""
    webmail: str
    """The address of the page to sign in on, which the bare script leaves alone."""
    discover: bool = True
    """Whether host and port have to be found by SRV records first (RFC 6186)."""
