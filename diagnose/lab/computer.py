"""The computer that a person sits at in front of an estate: nothing of the one that the lab really runs on."""

from __future__ import annotations

import socket
from pathlib import Path

from diagnose.model.deadline import Deadline
from diagnose.network import KnownAnswer, Nameserver, RecordType, Vantage, ask_nameserver
from diagnose.network.proxies import ProxySettings

LOOK_UP_SECONDS = 2.0
OWN_ADDRESS = "192.0.2.1"
ADDRESSES: tuple[RecordType, ...] = ("AAAA", "A")


class Computer(Vantage, frozen=True, kw_only=True):
    """What the scenario sets up on it."""

    resolver: Nameserver | None
    """None: it is cut off, without a resolver, an interface or a route."""
    hosts: Path
    proxy_settings: ProxySettings = ProxySettings()
    pages: tuple[KnownAnswer, ...] = ()
    registry: str | None = None
    """The URL of the estate's list of registries."""

    def nameservers(self) -> tuple[Nameserver, ...]:
        """The estate's."""
        return (self.resolver,) if self.resolver else ()

    def search_domains(self) -> tuple[str, ...]:
        """None."""
        return ()

    def look_up(self, host: str) -> tuple[str, ...]:
        """Ask the estate's nameserver. Raises socket.gaierror."""
        if self.resolver is None:
            raise socket.gaierror(socket.EAI_AGAIN, "no address")
        limit = Deadline(LOOK_UP_SECONDS)
        answers = [ask_nameserver(self.resolver, host, kind, limit) for kind in ADDRESSES]
        found = tuple(record for answer in answers for record in answer.records)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return found

    def has_route(self, address: str) -> bool:
        """Everywhere, unless it is cut off."""
        return self.resolver is not None

    def source_towards(self, address: str) -> str | None:
        """One that stands for it everywhere."""
        return OWN_ADDRESS if self.resolver else None

    def own_addresses(self) -> frozenset[str]:
        """That one."""
        return frozenset({OWN_ADDRESS} if self.resolver else ())

    def interfaces(self) -> tuple[str, ...]:
        """One, unless it is cut off."""
        return ("lab0",) if self.resolver else ()

    def hosts_file(self) -> Path:
        """The scenario's."""
        return self.hosts

    def proxies(self) -> ProxySettings:
        """The scenario's."""
        return self.proxy_settings

    def known_answers(self) -> tuple[KnownAnswer, ...]:
        """Pages of the estate."""
        return self.pages

    def registries(self) -> str | None:
        """The estate's."""
        return self.registry
