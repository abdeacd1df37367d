"""Where a run looks from: what this computer is set up with, and which pages of the world it knows the answer of."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import msgspec

from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.network.proxies import ProxySettings, proxy_settings
from diagnose.network.resolver import Nameserver, search_domains, system_nameservers
from diagnose.network.sockets import socket_address
from diagnose.process.first_use import made_once


class KnownAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page whose answer is known."""

    url: str
    """Plain HTTP."""
    status: int
    body: str | None = None
    """A part of the page; None: the page is empty."""
    operator: str
    source: str


class Registries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which registry answers for which top-level domain, and what it says of a domain that is kept out of DNS."""

    url: str
    """The list of registries (RFC 9224)."""
    operator: str
    holds: tuple[str, ...]
    """Statuses of such a domain (RFC 8056 §2)."""
    source: str


ANYWHERE_IPV4, ANYWHERE_IPV6 = "192.0.2.1", "2001:db8::1"
"""Addresses out there (RFC 5737, RFC 3849)."""


@made_once
def known_answers() -> tuple[KnownAnswer, ...]:
    """Those of the public. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "known-answers.yaml", tuple[KnownAnswer, ...])


@made_once
def registries() -> Registries:
    """The public's. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "registries.yaml", Registries)


class Vantage(msgspec.Struct, frozen=True, kw_only=True):
    """The computer that this runs on, asked anew each time; a subclass stands for another one, as in the lab."""

    def nameservers(self) -> tuple[Nameserver, ...]:
        """Those that this computer is set up with, in order."""
        return system_nameservers()

    def search_domains(self) -> tuple[str, ...]:
        """What its own look-up appends to a name that it does not find."""
        return search_domains()

    def look_up(self, host: str) -> tuple[str, ...]:
        """The addresses that the operating system's own look-up finds. Raises OSError (socket.gaierror), UnicodeError.

        May hang: there is no way to bound it.
        """
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(row[4][0]) for row in found))

    def has_route(self, address: str) -> bool:
        """Whether packets to *address* can leave this computer at all."""
        return self.source_towards(address) is not None

    def source_towards(self, address: str) -> str | None:
        """The address of this computer that packets to *address* would come from; None: there is no route.

        Asks the kernel, sends nothing.
        """
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(kind, socket.SOCK_DGRAM) as probe:
                probe.connect(socket_address(address, 9))
                return str(probe.getsockname()[0])
        except OSError:
            return None

    def own_addresses(self) -> frozenset[str]:
        """The addresses of this computer towards the outside, loopback aside."""
        found = {self.source_towards(anywhere) for anywhere in (ANYWHERE_IPV4, ANYWHERE_IPV6)}
        return frozenset(a for a in found if a and not a.startswith("127.") and a != "::1")

    def interfaces(self) -> tuple[str, ...]:
        """The names of the network interfaces, loopback aside."""
        try:
            found = socket.if_nameindex()
        except OSError:
            return ()
        return tuple(name for _, name in found if not name.lower().startswith(("lo", "software loop")))

    def hosts_file(self) -> Path:
        """Where this platform keeps it."""
        if sys.platform == "win32":
            return Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "drivers", "etc", "hosts")
        return Path("/etc/hosts")

    def proxies(self) -> ProxySettings:
        """What environment and system say about proxies."""
        return proxy_settings()

    def known_answers(self) -> tuple[KnownAnswer, ...]:
        """The pages that a network's sign-in page gives itself away at."""
        return known_answers()

    def registries(self) -> str | None:
        """The URL of the list of registries (RFC 9224); None: nobody is to be asked."""
        return registries().url
