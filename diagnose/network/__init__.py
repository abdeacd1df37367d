"""The one way to the network: every look-up, connection and page of a run goes through a `Network`."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import msgspec

from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_name
from diagnose.model.failure import DeadlineError, Failure, NamedError
from diagnose.network.connector import Attempt, Family, Race, family_of, has_route
from diagnose.network.http import Cookie, FetchedPage, Hop, astray, fetch
from diagnose.network.resolver import (
    DnsAnswer,
    MxRecord,
    Nameserver,
    RecordType,
    Resolver,
    SrvRecord,
    is_address,
    mx_records,
    srv_records,
)
from diagnose.network.stream import Stream, read_line, standing
from diagnose.network.threads import NoThreadError, in_background
from diagnose.network.trust import CaFileError, check_ca_file, is_shared, trust_context
from diagnose.network.vantage import KnownAnswer, Vantage

__all__ = [
    "CONNECT_SECONDS",
    "Attempt",
    "CaFileError",
    "Cookie",
    "DnsAnswer",
    "Family",
    "FetchedPage",
    "Hop",
    "HostAddresses",
    "KnownAnswer",
    "MxRecord",
    "NameNotFoundError",
    "Nameserver",
    "Network",
    "NoThreadError",
    "Race",
    "RecordType",
    "Resolver",
    "SrvRecord",
    "Stream",
    "SystemLookup",
    "Vantage",
    "astray",
    "family_of",
    "has_route",
    "in_background",
    "is_address",
    "mx_records",
    "read_line",
    "srv_records",
    "standing",
    "trust_context",
]

CONNECT_SECONDS = 8.0
"""Patience of one connect: three SYN retransmissions (RFC 6298) have been lost by then."""


class NameNotFoundError(NamedError):
    """A host name has no address."""

    def __init__(self, host: str) -> None:
        super().__init__(Failure(name="name_not_found", operation="resolve", text=f"{host} has no address"))


class SystemLookup(msgspec.Struct, frozen=True, kw_only=True):
    """What the operating system's own look-up (hosts file, name service switch, its resolver) says."""

    addresses: tuple[str, ...] = ()
    error: str | None = None
    """The symbolic getaddrinfo error, such as ``EAI_NONAME``, or ``timed_out``."""


class HostAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a host, by every way that was asked."""

    host: str
    addresses: tuple[str, ...]
    """Those that connections of this run use."""
    ipv4: DnsAnswer | None = None
    """None where DNS was not asked: an address literal, or localhost (RFC 6761 §6.3)."""
    ipv6: DnsAnswer | None = None
    system: SystemLookup | None = None
    """None where the system was not asked."""


class Network:
    """Look-ups, connections and pages of one run, all by the chosen resolver and authorities."""

    def __init__(
        self, nameserver: Nameserver | None = None, ca_file: Path | None = None, vantage: Vantage | None = None
    ) -> None:
        """*vantage* is this computer unless told otherwise. Raises CaFileError when *ca_file* cannot be used."""
        self.vantage = vantage or Vantage()
        self.resolver = Resolver(nameserver, self.vantage.nameservers)
        self._lock = threading.Lock()
        self._knocked: dict[tuple[str, int], Future[Attempt]] = {}
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._closed = False
        self.ca_file = ca_file
        if ca_file is not None:
            check_ca_file(ca_file)  # a bad file is told before anything is sent
        self._trust: Future[ssl.SSLContext] | None = None
        with contextlib.suppress(NoThreadError):  # read ahead of time; else when it is needed
            self._trust = in_background(lambda: trust_context(ca_file), "read authorities")

    def trust(self) -> ssl.SSLContext:
        """A verifying context: one for all connections, where one can do several handshakes at a time."""
        first = self._trust.result() if self._trust is not None else trust_context(self.ca_file)
        return first if is_shared(first) else trust_context(self.ca_file)

    def system_lookup(self, host: str, deadline: Deadline) -> SystemLookup:
        """Ask the operating system, as mail programs do. Never raises; a look-up that hangs is left behind."""
        looking = in_background(lambda: self.vantage.look_up(ascii_name(host)), f"look up {host}")
        try:
            return SystemLookup(addresses=looking.result(timeout=deadline.left()))
        except TimeoutError:
            return SystemLookup(error="timed_out")
        except socket.gaierror as error:
            names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
            return SystemLookup(error=names.get(error.errno, str(error.errno)))
        except (OSError, UnicodeError) as error:
            return SystemLookup(error=str(error))

    def addresses(self, host: str, deadline: Deadline) -> HostAddresses:
        """The addresses of *host*.

        With a chosen resolver its answer alone counts. Without one the system's answer is used, as
        mail programs would, and DNS is asked beside it; where the system finds nothing, DNS's answer is used.
        """
        if is_address(host):
            return HostAddresses(host=host, addresses=(host.strip("[]"),))
        if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
            return HostAddresses(host=host, addresses=("127.0.0.1", "::1"))
        four = in_background(lambda: self.resolver.query(host, "A", deadline), f"A {host}")
        six = in_background(lambda: self.resolver.query(host, "AAAA", deadline), f"AAAA {host}")
        system = self.system_lookup(host, deadline) if self.resolver.chosen is None else None
        ipv4, ipv6 = _result(four, host, "A", deadline), _result(six, host, "AAAA", deadline)
        by_dns = tuple(a for a in ipv6.records + ipv4.records if _usable(a))
        used = system.addresses if system is not None and system.addresses else by_dns
        return HostAddresses(host=host, addresses=used, ipv4=ipv4, ipv6=ipv6, system=system)

    def race(self, host: str, port: int, deadline: Deadline) -> Race:
        """Start to connect to all addresses of *host*. Raises NameNotFoundError when there is none."""
        addresses = self.addresses(host, deadline).addresses
        if not addresses:
            raise NameNotFoundError(host)
        return Race(addresses, port, deadline.share(0.7, CONNECT_SECONDS))

    def connect(self, host: str, port: int, deadline: Deadline) -> Stream:
        """The first connection to *host*. Raises NameNotFoundError, OSError, DeadlineError."""
        race = self.race(host, port, deadline)
        stream = race.winner(deadline)
        if stream is not None:
            return self._kept(stream)
        failed = next((a.failure for a in race.attempts(0) if a.failure), None)
        if failed is None or failed.name == "timed_out":
            raise DeadlineError(f"{host} does not answer on port {port}")
        raise NamedError(failed)

    def close(self) -> None:
        """Break off every connection that was made, and from now on whatever is made: the run is over."""
        with self._lock:
            self._closed = True
            open_ones = tuple(self._streams)
        for stream in open_ones:
            stream.abort()

    def _kept(self, stream: Stream) -> Stream:
        with self._lock:
            self._streams.add(stream)
            closed = self._closed
        if closed:
            stream.abort()
        return stream

    def fetch(
        self,
        url: str,
        deadline: Deadline,
        accept: Callable[[str], bool] = lambda _: True,
        ready: Callable[[str, int], Stream | None] = lambda _host, _port: None,
        *,
        keep_cookies: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> FetchedPage:
        """The page at *url*, redirects followed as far as *accept* allows. Never raises.

        *ready* may hand over a connection to host and port that stands already, TLS included. Without
        *keep_cookies* no cookie that the page sets is sent back. *headers* go with every request.
        """

        def open_stream(host: str, port: int, tls: bool, until: Deadline) -> Stream:
            standing = ready(host.strip("[]"), port)
            if standing is None:
                return self._open(host, port, tls, until)
            standing.deadline = until
            return standing

        return fetch(url, deadline, open_stream, accept=accept, keep_cookies=keep_cookies, headers=headers)

    def knock(self, address: str, port: int, deadline: Deadline) -> Attempt:
        """Whether *port* of *address* accepts a connection; asked once a run, the connection is closed at once."""
        with self._lock:
            before = self._knocked.get((address, port))
            if before is None:
                race = Race((address,), port, deadline)
                before = self._knocked[address, port] = in_background(
                    lambda: race.attempts(deadline.left() + 0.5)[0], f"knock {port}"
                )
                before.add_done_callback(lambda _: race.close())
        return before.result(timeout=deadline.left() + 1)

    def _open(self, host: str, port: int, tls: bool, deadline: Deadline) -> Stream:
        stream = self.connect(host.strip("[]"), port, deadline)
        if tls:
            try:
                stream.start_tls(self.trust(), host.strip("[]"))
            except BaseException:
                stream.abort()
                raise
        return stream


def _result(asked: Future[DnsAnswer], host: str, kind: RecordType, deadline: Deadline) -> DnsAnswer:
    try:
        return asked.result(timeout=deadline.left() + 0.1)
    except TimeoutError:
        return DnsAnswer(name=host, record_type=kind, status="timed_out")


def _usable(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
