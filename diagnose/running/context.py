"""What probes work with: the network, the time left, the secret, the records of failed tries, connections in use."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from diagnose.account.history import History
from diagnose.account.rejecting_servers import RejectingServers
from diagnose.account.secret import Secret
from diagnose.model.browsing import Browsing
from diagnose.model.deadline import Deadline
from diagnose.model.targets import Service
from diagnose.network import Network, NoThreadError, in_background

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
        """The connection kept under *key*, now the caller's to close or put back; None when there is none."""
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
        concurrent.futures.wait(closing, timeout=GOODBYE_SECONDS)


def _closing(connection: Closable) -> Future[None] | None:
    """Let go of *connection* beside the others; nobody waits for a server that takes its time over a farewell."""
    try:
        return in_background(connection.close, "close")
    except NoThreadError:
        with contextlib.suppress(Exception):  # the run is over; a connection that cannot be closed changes nothing
            connection.close()
        return None


@dataclass(frozen=True, kw_only=True)
class OtherMailbox:
    """The mailbox that an activation or verification mail was sent to."""

    address: str
    domain: str
    """As A-labels."""
    password: Secret | None
    """None: it cannot be looked into."""

    @property
    def username(self) -> str:
        """The name to log in with: the address, its domain as A-labels."""
        return f"{self.address.rpartition('@')[0]}@{self.domain}"


@dataclass(frozen=True, kw_only=True)
class Context:
    """Handed to every probe."""

    network: Network
    deadline: Deadline
    history: History
    rejecting: RejectingServers = field(default_factory=lambda: RejectingServers(None))
    """Servers that rejected a login from this computer lately."""
    password: Secret | None = None
    """None: there is none, or none is to be used."""
    access_token: Secret | None = None
    """OAuth 2 access token (RFC 6749 §1.4), used instead of the password."""
    other_mailbox: OtherMailbox | None = None
    seen: tuple[str, ...] = ()
    """Messages that the person saw in a mail program or on a page, as told."""
    browsing: Browsing = field(default_factory=Browsing)
    try_all: bool = False
    send_again: bool = False
    """The person said that a password which was rejected recently is to be sent all the same."""
    ask_recipient: bool = True
    """Whether the domain's MX may be asked if there is such a mailbox."""
    third_party: bool = True
    """Whether hosts beside the person's own provider and organisation may be contacted."""
    announce: Callable[[tuple[Service, ...]], None] = lambda _: None
    """Tells the runner of services to check; for discovery."""
    recognise: Callable[[str], None] = lambda _: None
    """Tells the runner the provider's id, once it is known; for discovery."""
    connections: ConnectionPool = field(default_factory=ConnectionPool)
