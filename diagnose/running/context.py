"""What probes work with: the network, the time left, the secret, the records of failed tries, connections in use."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from diagnose.account.history import History
from diagnose.account.person import Consent, Person
from diagnose.account.rejecting_servers import RejectingServers
from diagnose.discovery import DiscoveryAhead, DiscoveryOptions
from diagnose.model import Facts
from diagnose.model.deadline import Deadline
from diagnose.model.internal import Internal
from diagnose.model.targets import Service
from diagnose.network import Coming, Network, NoThreadError, come_within, in_background
from diagnose.running.shared import RunsShare

GOODBYE_SECONDS = 0.3
"""For all connections that are still kept at the end of a run."""


class Closable(Protocol):
    """Something that holds a connection."""

    def close(self) -> None:
        """Let go of it, at once and without raising."""


C = TypeVar("C", bound=Closable)


class ConnectionPool:
    """Connections that one check opened and a later check of the same target goes on with; closed with the run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Closable] = {}
        self._closed = False

    def put(self, key: str, connection: Closable) -> None:
        """Keep *connection* under *key*; after the run's end it is closed at once instead."""
        with self._lock:
            closed, before = self._closed, self._kept.pop(key, None)
            if not closed:
                self._kept[key] = connection
        for unwanted in (before, connection if closed else None):
            if unwanted is not None:
                unwanted.close()

    def take(self, key: str, kind: type[C]) -> C | None:
        """The connection kept under *key*, now the caller's to close or put back; None when nothing is kept there."""
        with self._lock:
            connection = self._kept.pop(key, None)
        if connection is not None and not isinstance(connection, kind):
            connection.close()
            return None
        return connection

    def close(self) -> None:
        """Close what is kept, and from now on whatever is put here."""
        with self._lock:
            self._closed = True
            kept, self._kept = list(self._kept.values()), {}
        closing = [closed for connection in kept if (closed := _closing(connection)) is not None]
        come_within(GOODBYE_SECONDS, closing)


class Answering:
    """Servers that have taken a connection in this run, to compare with one that does not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[tuple[Service, str, int]] = []
        self._trusted: dict[Service, str] = {}

    def note(self, service: Service, address: str, milliseconds: int) -> None:
        """*service* has taken a connection at *address*, in so many *milliseconds*."""
        with self._lock:
            self._known.append((service, address, milliseconds))

    def trust(self, service: Service, address: str) -> None:
        """Of the addresses of *service* it is this one that has proven who it is."""
        with self._lock:
            self._trusted[service] = address

    def trusted(self, service: Service) -> str | None:
        """The address that `trust` was told of; None where nothing speaks for one."""
        with self._lock:
            return self._trusted.get(service)

    def known(self) -> list[tuple[Service, str, int]]:
        """Those noted by now, each with its address and the milliseconds."""
        with self._lock:
            return [*self._known]


def _closing(connection: Closable) -> Coming[None] | None:
    """Let go of *connection* beside the others; nobody waits for a server that takes its time over a farewell."""
    try:
        return in_background(connection.close, "close")
    except NoThreadError:
        with contextlib.suppress(Exception):  # the run is over; a connection that cannot be closed changes nothing
            connection.close()
        return None


class Context(Internal, frozen=True, kw_only=True):
    """Handed to every probe."""

    network: Network
    deadline: Deadline
    history: History
    rejecting: RejectingServers = msgspec.field(default_factory=lambda: RejectingServers(None))
    """Servers that rejected a login from this computer lately."""
    person: Person = msgspec.field(default_factory=Person)
    """What the person handed over; no secret where none is to be used."""
    consent: Consent = msgspec.field(default_factory=Consent)
    discovery: DiscoveryOptions = msgspec.field(default_factory=DiscoveryOptions)
    expected: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """What is expected of the subject: an `Expectable`'s name to its values, as that reads them."""
    announce: Callable[[tuple[Service, ...]], None] = lambda _: None
    """Tells the runner of services to check; for discovery."""
    recognise: Callable[[str], None] = lambda _: None
    """Tells the runner the provider's id, once it is known; for discovery."""
    discovered_ahead: DiscoveryAhead | None = None
    """The search for services, where it began before the checks were loaded; for discovery."""
    connections: ConnectionPool = msgspec.field(default_factory=ConnectionPool)
    answering: Answering = msgspec.field(default_factory=Answering)
    left_out: frozenset[type[Facts]] = frozenset()
    """Of checks that take no part in this run: nothing need be done for those."""
    shared: RunsShare | None = None
    """What other runs of the fleet have seen; None: this run stands for itself."""

    @property
    def third_party(self) -> bool:
        """Whether hosts beside the person's own provider and organisation may be contacted."""
        return self.discovery.third_party
