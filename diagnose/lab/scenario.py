"""What an estate is like and what a diagnosis of it must find: a record for each scenario, kept as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from diagnose.knowledge.loader import load
from diagnose.model.domains import a_labels
from diagnose.model.protocols import PAGE, PROTOCOLS, Protocol, ProtocolName, TlsMode

SERVICES: Mapping[str, tuple[Protocol, TlsMode]] = MappingProxyType(
    {
        (port.srv or protocol.name).removeprefix("_"): (protocol, port.tls)
        for protocol in PROTOCOLS
        for port in reversed(protocol.ports)
    }
)
"""By the service labels of SRV records; what has none, as the web page, by its protocol's name."""
ServiceName = str
"""One of `SERVICES`."""
HostLabel = str
"""What a protocol's hosts are usually called."""
PortState = Literal["open", "refused", "dropped", "silent", "hangs-up", "breaks-off"]
"""``refused``: nothing listens; ``dropped``: no connect is ever answered; ``silent``: no word after the connection
(and TLS) is up; ``hangs-up``: closed there instead; ``breaks-off``: closed in the middle of the TLS handshake."""
CertificateKind = Literal[
    "good",
    "rsa",
    "wildcard",
    "long-chain",
    "expired",
    "expiring",
    "not-yet-valid",
    "other-name",
    "self-signed",
    "unknown-issuer",
    "incomplete-chain",
    "old-tls",
]
"""``rsa``: with an RSA key, where others have one on an elliptic curve; ``long-chain``: three intermediates;
``expiring``: valid, for less than fourteen days; ``old-tls``: a good certificate, TLS 1.1 at most."""
DnsState = Literal["answers", "nxdomain", "servfail", "bogus", "refused", "silent"]
"""What the resolver makes of the mail domain and the names below it; ``bogus`` is SERVFAIL unless checking is disabled
(RFC 4035 §3.2.2); ``refused`` and ``silent`` hold for every name."""
AddressFamily = Literal["ipv4", "ipv6", "ipv6-broken"]
"""``ipv6-broken``: the hosts publish ::1 too, but answer at 127.0.0.1 alone."""

PASSWORD = "correct horse battery staple"  # noqa: S105 - the account exists on loopback for seconds
"""The password that every estate's account has."""


class PortFault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one port differs from what its service's name promises."""

    state: PortState = "open"
    tls: TlsMode | None = None
    """None: as the service's name says; ``none`` offers no TLS at all."""
    speaks: ProtocolName | None = None
    """None: the service's own protocol."""
    takes: Annotated[int, Meta(ge=1, le=100)] | None = None
    """How many connections it accepts before it never answers a connect again; None: all."""


class Web(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the webmail page answers to every request."""

    status: int = 200
    location: str | None = None
    """Target of a redirect."""
    page: str | None = None
    """HTML; None is a login form."""


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An estate: all in order unless a field says otherwise, and what its diagnosis must come to."""

    id: Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")]
    title: str
    expects: tuple[str, ...] = ()
    """Causes that must appear as confirmed or likely, root cause first; none for a healthy estate."""
    hints: tuple[str, ...] = ()
    """Causes that must appear as possible; all that a healthy estate may show."""
    allows: tuple[str, ...] = ()
    """Causes that may appear beside them; any other that is confirmed or likely is wrong."""
    exit_code: Literal[0, 1, 3] = 0

    address: str = "alice@corp.example"
    username: str | None = None
    """The name given to the main job; None: the address."""
    account_name: str | None = None
    """The name that the servers know; None: the address."""
    rejected_before: Annotated[int, Meta(ge=0, le=20)] = 0
    """How many other passwords of this account the record of rejected logins holds from the last minutes."""
    typed_password: str | None = None
    """What the person types; None: the account's password."""
    access_token: str | None = None
    """Given to the main job instead of a password; never one that the servers accept."""

    seen: tuple[str, ...] = ()
    """What the person saw in a mail program, handed to the main job."""
    expected: tuple[str, ...] = ()
    """What the main job is told to expect, as on its command line."""
    other_mailbox: str | None = None
    """Where the activation mail was sent to; in the same domain an empty mailbox that can always be logged in to."""

    online: bool = True
    """Whether the person's computer has a network at all."""
    hosts_file: tuple[str, ...] = ()
    """The lines of its hosts file."""
    proxy: str | None = None
    """What the proxy for web pages that it is set up with answers to whatever it is asked; None: none is set up."""
    known_answers: Web | None = None
    """What comes back for pages with known answers; None: none of them is known."""
    registration: tuple[str, ...] | None = None
    """The statuses that the registry lists for the mail domain (RFC 9083 §10.2.2); None: no registry can be asked."""

    services: tuple[ServiceName, ...] = ("imaps", "submissions", PAGE.name)
    """What there is, announced by SRV records (the web page by its URL)."""
    hosts: dict[HostLabel, str] = {}
    """Host names in place of the label in the domain; other domains below the parent of the mail domain may occur."""
    ports: dict[ServiceName, PortFault] = {}
    faults_pass_after: Annotated[int, Meta(ge=1)] | None = None
    """How many connections to a port `state` and `turned_away` hold for, IMAP, POP3 and webmail; None: for all."""
    certificates: dict[HostLabel, CertificateKind] = {}
    dns: DnsState = "answers"
    records: dict[str, tuple[str, ...]] = {}
    """Record sets in place of the estate's own: "owner TYPE" below the mail domain ("@ MX") to data as in a zone file.
    SRV targets have their final dot; an empty set removes one. A service in braces is its port."""
    implicit_mx: bool = False
    """Whether there is no MX record, and the domain's own address takes mail at port 25 (RFC 5321 §5.1): only where
    that port may be had."""
    family: AddressFamily = "ipv4"
    turned_away: dict[ProtocolName, str] = {}
    """What a server says in place of its greeting before it closes."""
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    """SASL mechanisms on offer over TLS; without PLAIN no password is taken."""
    login: dict[ProtocolName, str] = {}
    """The reply to every login, right or wrong; IMAP's last line gets the command's tag unless it begins with "* "."""
    examine: str | None = None
    """The reply to SELECT and EXAMINE; None opens an empty mailbox."""
    needs_id: bool = False
    """Whether IMAP opens a mailbox only for a client that has named itself (RFC 2971)."""
    sender: str | None = None
    """The reply to MAIL after a login to submission; None takes the sender."""
    delay: Annotated[float, Meta(ge=0, le=5)] = 0.0
    """Seconds before each reply."""
    web: Web = Web()
    days_ahead: int = 0
    """How far the estate's clock (certificates, Date) is ahead of this computer's."""

    @property
    def domain(self) -> str:
        """The mail domain as A-labels (RFC 5890)."""
        return a_labels(self.address.rpartition("@")[2])

    def host(self, service: ServiceName) -> str:
        """The host name of *service*."""
        label = self.host_label(service)
        return self.hosts.get(label, f"{label}.{self.domain}")

    def host_label(self, service: ServiceName) -> HostLabel:
        """The first label of the host name of *service*."""
        return _label(SERVICES[service][0])

    def port(self, service: ServiceName) -> PortFault:
        """The behaviour of the port of *service*."""
        return self.ports.get(service, PortFault())

    def tls(self, service: ServiceName) -> TlsMode:
        """The TLS mode that the port of *service* really has."""
        return self.port(service).tls or SERVICES[service][1]

    def protocol(self, service: ServiceName) -> ProtocolName:
        """The protocol really spoken at *service*."""
        return self.port(service).speaks or SERVICES[service][0].name

    def __post_init__(self) -> None:
        """Raises ValueError for a service or a host that no protocol is announced by."""
        labels = {_label(protocol) for protocol in PROTOCOLS}
        unknown = ({*self.services, *self.ports} - SERVICES.keys()) | ({*self.hosts, *self.certificates} - labels)
        if unknown:
            raise ValueError(f"no protocol has {', '.join(sorted(unknown))}")


def in_browsers(service: ServiceName) -> bool:
    """Whether *service* is the page, which DNS does not announce."""
    return SERVICES[service][0] == PAGE


def _label(protocol: Protocol) -> HostLabel:
    return protocol.guesses[0] if protocol.guesses else protocol.name


def _by_id(scenarios: tuple[Scenario, ...]) -> Mapping[str, Scenario]:
    named = {scenario.id: scenario for scenario in scenarios}
    if len(named) != len(scenarios):
        raise ValueError("two scenarios share an id")
    return MappingProxyType(named)


SCENARIOS: Mapping[str, Scenario] = _by_id(load(Path(__file__).with_name("scenarios.yaml"), tuple[Scenario, ...]))
"""Every scenario by id, in the order of the file. Reading it raises KnowledgeError for a mistake in the file."""
