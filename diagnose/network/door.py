"""The one door to the network: every look-up, connection and page of a run goes through a `Network`."""

from __future__ import annotations

import contextlib
import copy
import ipaddress
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Collection, Hashable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_name
from diagnose.model.failures import DeadlineError, Failure, NamedError, failure
from diagnose.model.limits import ONE_BY_ONE, Limits
from diagnose.network.answers import Answers, Heard
from diagnose.network.coming import CameError, Coming
from diagnose.network.connector import Attempt, Race, picked
from diagnose.network.http import FetchedPage, fetch
from diagnose.network.open_connections import OpenConnections
from diagnose.network.resolver import DnsAnswer, Nameserver, RecordType, Resolver, ask_nameserver, is_address
from diagnose.network.slots import CrowdedError, Run
from diagnose.network.stream import Stream
from diagnose.network.threads import in_background
from diagnose.network.trust import Authorities
from diagnose.network.turnstile import Turnstile
from diagnose.network.vantage import Vantage

R = TypeVar("R")

CONNECT_SECONDS = 8.0
"""Patience of one connect: three SYN retransmissions (RFC 6298) have been lost by then."""
CONNECT_PART = 0.7
"""Of the time that is left, at most."""

ADDRESSES: tuple[RecordType, ...] = ("A", "AAAA")


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
    """Look-ups, connections and pages, all by the chosen resolver and authorities.

    Many runs may share one, each by a view of its own (`for_run`). They share answers of DNS by their TTL, the
    limit of connections to one server, and trust; so is what is asked by `once_for_all`.
    """

    def __init__(
        self,
        nameserver: Nameserver | None = None,
        ca_file: Path | None = None,
        vantage: Vantage | None = None,
        limits: Limits = ONE_BY_ONE,
    ) -> None:
        """*vantage* is this computer unless told otherwise. Raises CaFileError when *ca_file* cannot be used.

        *limits*: how many connections there may be, of all runs together.
        """
        self.vantage = vantage or Vantage()
        self.resolver = Resolver(nameserver, self.vantage.nameservers, Answers())
        self._turnstile = Turnstile(limits)
        self._run: Run | None = None
        self._told: Answers[Any] = Answers()
        self._begin()
        self.ca_file = ca_file
        self._authorities = Authorities(ca_file)  # a bad file is told before anything is sent

    def _begin(self) -> None:
        """What belongs to one run alone."""
        self._lock = threading.Lock()
        self._once: dict[Hashable, Coming[Any]] = {}
        self._connections = OpenConnections()
        self.held_back = False
        """A connection was not made since other runs have all that a server or provider is given."""
        self._views: weakref.WeakSet[Network] = weakref.WeakSet()
        self._ahead: dict[tuple[str, int], Coming[Race | None]] = {}
        """By host and port: connections that were begun before a check asked for them."""

    def for_run(self, house: str | None = None) -> Self:
        """A view for one more run; to close it breaks off that run's connections alone.

        *house*: the provider or domain that it asks, which `Limits` count for.
        """
        view = copy.copy(self)
        view._run = self._turnstile.begin_run(house)
        view.resolver = self.resolver.for_run()
        view._begin()
        self._views.add(view)
        if self._connections.closed:
            view.close()
        return view

    def is_over(self) -> bool:
        """Whether connections are broken off as they are made."""
        return self._connections.closed

    def close(self) -> None:
        """Break off every connection, those of its views, too; later ones are broken off as they are made."""
        self._connections.close()
        if self._run is not None:
            self._turnstile.end_run(self._run)
        for view in tuple(self._views):
            view.close()

    def once(self, question: Hashable, answer: Callable[[], R]) -> Coming[R]:
        """What *answer* brings, in a thread of its own; each *question* is asked once a run."""
        with self._lock:
            if question not in self._once:
                self._once[question] = in_background(answer, str(question))
            return self._once[question]

    def once_for_all(self, question: Hashable, deadline: Deadline, answer: Callable[[], Heard[R]]) -> R:
        """What *answer* brought this run, or another one that shares the network, as long as that says.

        Nothing that depends on an account or on a run may be asked so. Where another run takes longer than
        *deadline*, this one asks for itself. Raises what *answer* raises.
        """
        try:
            told: R = self._told.get(question, deadline, answer)[0]
        except TimeoutError:
            told = answer().answer
        return told

    def trust(self) -> ssl.SSLContext:
        """A verifying context: one for all connections, where one can do several handshakes at a time."""
        return self._authorities.context()

    def read_authorities_ahead(self) -> None:
        """Begin what `trust` waits for."""
        self._authorities.read_ahead()

    def system_lookup(self, host: str, deadline: Deadline) -> SystemLookup:
        """Ask the operating system, as mail programs do. Never raises; a look-up that hangs is abandoned."""
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
        Each host is looked up once a run: who comes later gets what the first one gets.
        """
        if (known := _known(host)) is not None:
            return known
        if self.resolver.chosen is not None:
            return self._by_dns(host, deadline)
        try:
            return self.look_up(host, deadline).result(timeout=deadline.left() + 0.2)
        except TimeoutError:  # of one who has less time than the first had
            four, six = (DnsAnswer(name=host, record_type=kind, status="timed_out") for kind in ADDRESSES)
            return HostAddresses(host=host, addresses=(), ipv4=four, ipv6=six)

    def look_up(self, host: str, deadline: Deadline) -> Coming[HostAddresses]:
        """Begin what `addresses` waits for. Raises NoThreadError."""
        if self.resolver.chosen is None or _known(host) is not None:
            return self.once(("addresses", host), lambda: self._looked_up(host, deadline))
        coming: Coming[HostAddresses] = Coming()
        four, six = (self.resolver.begin(host, kind, deadline) for kind in ADDRESSES)

        def put_together(_one: Coming[DnsAnswer]) -> None:
            if four.done() and six.done():
                fault = four.exception() or six.exception()
                with contextlib.suppress(CameError):  # both came at once, and the other one has done it
                    if fault is not None:
                        coming.set_exception(fault)
                    else:
                        coming.set_result(_told(host, four.result(), six.result()))

        for one in (four, six):
            one.add_done_callback(put_together)
        return coming

    def _looked_up(self, host: str, deadline: Deadline) -> HostAddresses:
        if (known := _known(host)) is not None:
            return known
        looking = in_background(lambda: self.system_lookup(host, deadline), f"system's {host}")
        by_dns = self._by_dns(host, deadline)
        return _with_system(by_dns, looking.result())

    def _by_dns(self, host: str, deadline: Deadline) -> HostAddresses:
        return _told(host, *self.resolver.query_all(((host, kind) for kind in ADDRESSES), deadline))

    def ask(self, server: Nameserver, name: str, record_type: RecordType, deadline: Deadline) -> DnsAnswer:
        """What *server* answers, whichever resolver was chosen. Never raises; failures are in the status."""
        return ask_nameserver(server, name, record_type, deadline)

    def connect_all(
        self,
        addresses: tuple[str, ...],
        port: int,
        deadline: Deadline,
        seconds: float = CONNECT_SECONDS,
        *,
        keeps: bool = True,
    ) -> Race:
        """Start to connect to all of *addresses* at once; at most four of each family are tried.

        Where other runs keep a server busy, it waits for its turn until *deadline*, and raises CrowdedError then.
        Each connect has *seconds* from there, and never more than the deadline. Without *keeps* what connects is closed
        at once: whether it does is all that was asked.
        """
        try:
            slots = self._turnstile.pass_through(picked(addresses), port, deadline, self.is_over, self._run)
        except CrowdedError:
            self.held_back = not self.is_over() or self.held_back
            raise
        try:
            race = Race(addresses, port, deadline.within(seconds), slots, keeps=keeps, made=self._connections.keep)
        except BaseException:
            for slot in slots.values():
                slot.free()
            raise
        return self._connections.begin(race)

    def connect_ahead(self, host: str, port: int, deadline: Deadline, *, tls: bool) -> None:
        """Begin what `connect_service` of the same host and port will take; with *tls* its handshake, too.

        Waits for nothing. Raises NoThreadError.
        """
        with self._lock:
            if (host, port) in self._ahead:
                return
            begun = self._ahead[host, port] = Coming[Race | None]()

        def begin() -> None:
            race = None
            try:
                addresses = self.addresses(host, deadline).addresses
                race = self._connect_in_part(addresses, port, deadline) if addresses else None
            finally:
                begun.set_result(race)
            if race is not None and self.is_over():
                race.close()
            elif race is not None and tls and (context := self._authorities.of_all()) is not None:
                race.shake_hands_ahead(context, host, deadline)

        try:
            in_background(begin, f"connect ahead to {host}")
        except BaseException:
            begun.set_result(None)
            raise

    def connect_service(self, host: str, addresses: tuple[str, ...], port: int, deadline: Deadline) -> Race:
        """As `connect_all`, of all *addresses* of *host*: what was begun ahead is gone on with, once."""
        with self._lock:
            begun = self._ahead.pop((host, port), None)
        race = begun.result(deadline.left()) if begun is not None else None
        if race is not None and race.addresses == picked(addresses):
            return race
        if race is not None:
            race.close()
        return self._connect_in_part(addresses, port, deadline)

    def _connect_in_part(self, addresses: tuple[str, ...], port: int, deadline: Deadline) -> Race:
        """As `connect_all`, each connect with a part of the time that is left."""
        return self.connect_all(addresses, port, deadline, deadline.share(CONNECT_PART, CONNECT_SECONDS).left())

    def connect(self, host: str, port: int, deadline: Deadline) -> Stream:
        """The first connection to *host*. Raises NameNotFoundError, OSError, DeadlineError, CrowdedError."""
        addresses = self.addresses(host, deadline).addresses
        if not addresses:
            raise NameNotFoundError(host)
        race = self._connect_in_part(addresses, port, deadline)
        stream = race.winner(deadline)
        if stream is not None:
            return stream
        failed = next((a.failure for a in race.attempts(0) if a.failure), None)
        if failed is None or failed.name == "timed_out":
            raise DeadlineError(f"{host} does not answer on port {port}")
        raise NamedError(failed)

    def open_connections(self, peer: str, ports: Collection[int]) -> int:
        """The number of connections of all runs to *ports* of the address *peer*: a server may limit them."""
        return self._turnstile.taken(peer, ports)

    def is_crowded(self) -> bool:
        """Whether a connection of any run waits for its turn."""
        return self._turnstile.is_crowded()

    def seconds_left(self, house: str) -> float:
        """How long it will be until *house* may get the connections of one more run."""
        return self._turnstile.seconds_left(house)

    def slow_down(self, house: str) -> None:
        """*house* turned connections away: it gets half as many new ones a second."""
        self._turnstile.slow_down(house)

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

        *ready* may hand over an open connection to host and port, TLS included. Without
        *keep_cookies* no cookie that the page sets is sent back. *headers* go with every request.
        """

        def open_stream(host: str, port: int, tls: bool, until: Deadline) -> Stream:
            kept = ready(host.strip("[]"), port)
            if kept is None:
                return self._open(host, port, tls, until)
            kept.deadline = until
            return kept

        return fetch(url, deadline, open_stream, accept=accept, keep_cookies=keep_cookies, headers=headers)

    def probe_port(self, address: str, port: int, deadline: Deadline) -> Attempt:
        """Whether *port* of *address* accepts a connection, which is closed at once. Asked once a run."""

        def attempt() -> Attempt:
            race = self.connect_all((address,), port, deadline, deadline.left(), keeps=False)
            return race.attempts(deadline.left() + 0.5)[0]

        return self.once(("probe", address, port), attempt).result(timeout=deadline.left() + 1)

    def _open(self, host: str, port: int, tls: bool, deadline: Deadline) -> Stream:
        stream = self.connect(host.strip("[]"), port, deadline)
        if tls:
            try:
                stream.start_tls(self.trust(), host.strip("[]"))
            except BaseException as error:
                stream.abort()
                if isinstance(error, OSError):  # a silence here is another one than that of the connect
                    raise NamedError(failure(error, "tls_handshake")) from error
                raise
        return stream


def _known(host: str) -> HostAddresses | None:
    """The addresses of a *host* that nobody need be asked about."""
    if is_address(host):
        return HostAddresses(host=host, addresses=(host.strip("[]"),))
    if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
        return HostAddresses(host=host, addresses=("127.0.0.1", "::1"))
    return None


def _told(host: str, ipv4: DnsAnswer, ipv6: DnsAnswer) -> HostAddresses:
    by_dns = tuple(a for a in ipv6.records + ipv4.records if _usable(a))
    return HostAddresses(host=host, addresses=by_dns, ipv4=ipv4, ipv6=ipv6)


def _with_system(by_dns: HostAddresses, system: SystemLookup) -> HostAddresses:
    return msgspec.structs.replace(by_dns, addresses=system.addresses or by_dns.addresses, system=system)


def _usable(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
