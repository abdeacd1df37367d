"""What an estate consists of, as plain data: domains, their hosts with their faults, their accounts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Family = Literal["ipv4", "ipv6"]
CertificateKind = Literal[
    "good",
    "expired",
    "not-yet-valid",
    "expiring",
    "self-signed",
    "wrong-name",
    "incomplete-chain",
    "expired-issuer",
    "wildcard",
    "without-alternative-name",
    "in-disorder",
]
"""In disorder: the issuer's certificate comes twice, and after the root, which need not come at all."""
MailServer = Literal[
    "standard",
    "login-only",
    "scram-only",
    "cram-only",
    "certificate-only",
    "oauth-only",
    "without-tls",
    "courier",
    "exim",
]
"""Which server a host has: Courier, Exim, or a Dovecot with passwords over TLS, with the mechanism LOGIN, with SCRAM
or CRAM-MD5 alone, with client certificates (SASL EXTERNAL) or OAuth 2 alone, or without any TLS."""
WebPage = Literal[
    "login", "unavailable", "redirect-loop", "not-found", "captcha", "session-expired", "parked", "autoconfig"
]
AccountState = Literal["good", "disabled", "expired", "backend-down", "over-quota", "protocol-off", "barred"]
"""The last two are for Courier and Exim: IMAP is off for the account; it may log in and not send."""
Security = Literal["unsigned", "signed", "bogus", "expired", "lame"]
"""How a zone stands in the tree: bogus is signed by a key its parent does not vouch for, expired was signed for a time
that is over; lame is delegated to a
server that does not hold it."""

PORTS: dict[str, int] = {
    "imaps": 993,
    "imap": 143,
    "pop3s": 995,
    "pop3": 110,
    "submissions": 465,
    "submission": 587,
    "smtp": 25,
    "sieve": 4190,
}
"""Services by their names in RFC 6186, RFC 8314 and the IANA registry."""
ALL_SERVICES = tuple(service for service in PORTS if service != "sieve")
"""But for mail filters, which few have."""
ANNOUNCED = ("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "sieve")
"""What a domain may announce by SRV (RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8)."""


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A firewall rule in front of a host; without ports or family it is for all of them."""

    how: Literal["drop", "host-unreachable"] = "drop"
    ports: tuple[int, ...] = ()
    families: tuple[Family, ...] = ("ipv4", "ipv6")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A server with addresses of its own; its name is relative to its domain, ``@`` is the domain itself."""

    label: str = "mail"
    serves: tuple[str, ...] = ALL_SERVICES
    web: WebPage | None = None
    certificate: CertificateKind = "good"
    families: tuple[Family, ...] = ("ipv4", "ipv6")
    firewall: tuple[Reject, ...] = ()
    server: MailServer = "standard"
    smtputf8: bool = True
    """Whether Postfix takes addresses beyond ASCII (RFC 6531)."""
    dovecot: str = ""
    """Further settings of Dovecot for this host."""
    submission: tuple[str, ...] = ()
    """Further settings of Postfix for ports 465 and 587, each ``name=value`` without a blank."""
    exchanger: tuple[str, ...] = ()
    """The same for port 25."""
    own_certificates: tuple[tuple[Literal["imap", "pop3", "sieve"], CertificateKind], ...] = ()
    """Protocols that have another certificate than the host."""
    web_settings: str = ""
    """What nginx does beside ``web``, or in its place: lines of its server block."""
    most_connections: int | None = None
    """At once, from one address: for a user of IMAP or POP3, and to each port of Postfix; None: their own limits."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A mailbox; every one has the same password."""

    local_part: str = "alice"
    state: AccountState = "good"
    fields: str = ""
    """Further fields in Dovecot's list of users."""
    refused_because: str = ""
    """What Dovecot says in place of letting the right password in."""


@dataclass(frozen=True, kw_only=True)
class MailDomain:
    """A zone of its own, with the hosts in it."""

    name: str
    """As A-labels."""
    hosts: tuple[Host, ...] = (Host(),)
    announces: tuple[str, ...] | None = None
    """Services with an SRV record that leads to the first host serving them; None: all that are served."""
    mx: bool = True
    """Whether an MX record leads to the first host with port 25."""
    records: str = ""
    """Further records, in the zone's master-file form (RFC 1035 §5)."""
    accounts: tuple[Account, ...] = (Account(),)
    security: Security = "unsigned"

    def host_name(self, host: Host) -> str:
        """The full name of *host*."""
        return self.name if host.label == "@" else f"{host.label}.{self.name}"

    def serving(self, service: str) -> Host | None:
        """The first host with *service*."""
        return next((host for host in self.hosts if service in host.serves), None)


@dataclass(frozen=True)
class Placed:
    """A host with the place it got."""

    name: str
    host: Host
    domain: MailDomain
    addresses: tuple[Address, ...]

    def of(self, family: Family) -> Address | None:
        """Its address of that family."""
        version = 4 if family == "ipv4" else 6
        return next((address for address in self.addresses if address.version == version), None)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All domains, and where things are: documentation addresses (RFC 5737, RFC 3849) on one link."""

    domains: tuple[MailDomain, ...]
    extra_accounts: dict[str, AccountState] = field(default_factory=dict)
    """Further mailboxes by full address, also in domains that have no zone of their own."""
    password: str

    client = (ipaddress.ip_interface("192.0.2.1/24"), ipaddress.ip_interface("2001:db8::1/64"))
    name_server = (ipaddress.ip_interface("192.0.2.2/24"), ipaddress.ip_interface("2001:db8::2/64"))
    resolver = (ipaddress.ip_interface("192.0.2.3/24"), ipaddress.ip_interface("2001:db8::3/64"))
    lame_server = ipaddress.ip_interface("192.0.2.4/24")
    """Answers every question with REFUSED."""
    first_host = 10

    def infrastructure(self) -> list[ipaddress.IPv4Interface | ipaddress.IPv6Interface]:
        """The server side's addresses that are no mail host's."""
        return [*self.name_server, *self.resolver, self.lame_server]

    def placed(self) -> Iterator[Placed]:
        """Every host with its addresses, in the order of the plan."""
        number = self.first_host
        for domain in self.domains:
            for host in domain.hosts:
                addresses: list[Address] = []
                if "ipv4" in host.families:
                    addresses.append(self.client[0].network[number])
                if "ipv6" in host.families:
                    addresses.append(self.client[1].network[number])
                yield Placed(domain.host_name(host), host, domain, tuple(addresses))
                number += 1

    def fields(self) -> dict[str, str]:
        """Further fields in Dovecot's list of users, by full address."""
        return {f"{one.local_part}@{domain.name}": one.fields for domain in self.domains for one in domain.accounts}

    def refusals(self) -> dict[str, str]:
        """What Dovecot says to the right password, by full address."""
        return {
            f"{one.local_part}@{domain.name}": one.refused_because
            for domain in self.domains
            for one in domain.accounts
            if one.refused_because
        }

    def accounts(self) -> dict[str, AccountState]:
        """Every mailbox by its full address."""
        own = {f"{one.local_part}@{domain.name}": one.state for domain in self.domains for one in domain.accounts}
        return own | self.extra_accounts
