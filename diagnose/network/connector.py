"""Connect to every address of a host at once, and keep the first connection.

Both address families start together. Programs that try one address after the other lose a time-out to
broken IPv6 (RFC 8305).
"""

from __future__ import annotations

import errno
import ipaddress
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from diagnose.model.deadline import Deadline
from diagnose.model.failures import DeadlineError, Failure, failure
from diagnose.network.coming import Coming
from diagnose.network.slots import Slot
from diagnose.network.sockets import socket_address, socket_error
from diagnose.network.stream import Stream
from diagnose.network.threads import in_background

MOST_ADDRESSES_A_FAMILY = 4
"""Few connections a server: a host with more addresses than that is a pool, and the rest are like these."""

AddressFamily = Literal["ipv4", "ipv6"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One connect: where to, and what came of it."""

    address: str
    family: AddressFamily
    failure: Failure | None = None
    """None: connected."""
    milliseconds: int


def family_of(address: str) -> AddressFamily:
    """The family of an address literal."""
    return "ipv6" if ":" in address else "ipv4"


class Race:
    """All connects of one host and port, under way side by side; runs in a thread of its own."""

    def __init__(
        self,
        addresses: tuple[str, ...],
        port: int,
        deadline: Deadline,
        slots: Mapping[str, Slot] | None = None,
        *,
        keeps: bool = True,
        made: Callable[[Stream], Stream] = lambda stream: stream,
    ) -> None:
        """Start. *deadline* bounds each connect; at most four addresses of each family are tried.

        *slots*: the right to a connection to each address, freed as it ends. Without *keeps* what connects is closed
        at once. *made* is called with the stream that wins.
        """
        self.addresses = picked(addresses)
        self.port = port
        self.seconds = deadline.left()
        """Seconds that each connect was given."""
        self._deadline = deadline
        self._slots = slots or {}
        self._keeps = keeps
        self._made = made
        self._changed = threading.Condition()
        self._attempts: list[Attempt] = []
        self._winner: tuple[str, socket.socket] | None = None
        self._handing_out = threading.Lock()
        self._stream: Stream | None = None
        """Of the winner, where its handshake was begun before anybody asked for it."""
        self._decided = False
        self._started = time.monotonic()
        self._selector = selectors.DefaultSelector()
        for address in self.addresses:
            self._start(address)
        self._finished = self._followed()

    def winner(self, deadline: Deadline) -> Stream | None:
        """The first connection, handed out once; None when no address connects."""
        with self._handing_out:
            stream, self._stream = self._stream or self._won(deadline), None
        if stream is not None:
            stream.deadline = deadline
        return stream

    def shake_hands_ahead(self, context: ssl.SSLContext, server_name: str, deadline: Deadline) -> None:
        """Do the handshake of the first connection, as soon as it stands, before `start_tls` asks for it.

        `winner` hands the connection out meanwhile. What fails is told by `start_tls`.
        """
        with self._handing_out:
            self._stream = stream = self._won(deadline)
            shake = stream.begin_tls(context, server_name) if stream is not None else None
        if shake is not None:
            shake()

    def _won(self, deadline: Deadline) -> Stream | None:
        with self._changed:
            self._changed.wait_for(lambda: self._decided or self._finished.done(), timeout=self._deadline.left() + 0.5)
            won, self._winner = self._winner, None
        if won is None:
            return None
        address, connected = won
        return self._made(Stream(connected, deadline, peer=address, slot=self._slots.get(address)))

    def decided(self, seconds: float) -> bool:
        """Wait up to *seconds* seconds; whether an address connected or all have failed."""
        with self._changed:
            return self._changed.wait_for(lambda: self._decided or self._finished.done(), timeout=seconds)

    def attempts(self, seconds: float) -> tuple[Attempt, ...]:
        """What came of each address, waiting up to *seconds* seconds for those still under way."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._attempts) == len(self.addresses), timeout=seconds)
            return tuple(sorted(self._attempts, key=lambda a: self.addresses.index(a.address)))

    def close(self) -> None:
        """Abort the connects that are still under way."""
        self._deadline = Deadline(0)
        with self._changed:
            self._decided = True
            won, self._winner = self._winner, None
        if won is not None:
            self._end(*won)
        if self._stream is not None:
            self._stream.abort()

    def abort(self) -> None:
        """As `close`: whatever ends a run says it to all its connections alike."""
        self.close()

    def is_over(self) -> bool:
        """Whether no connect is under way, and no connection waits to be taken."""
        with self._changed:
            return self._finished.done() and self._winner is None

    def _followed(self) -> Coming[None]:
        """What follows the connects that are under way, in a thread of its own; over where none is."""
        if self._selector.get_map():  # Windows waits for no empty list
            self._take(0)  # nearby they take no time
        if self._selector.get_map():
            try:
                return in_background(self._follow, f"connect {self.port}")
            except BaseException:
                for connecting, _ in self._under_way():
                    connecting.close()
                self._selector.close()
                if self._winner is not None:
                    self._winner[1].close()
                raise
        self._follow()
        over = Coming[None]()
        over.set_result(None)
        return over

    def _follow(self) -> None:
        with self._selector as selector:
            while selector.get_map():
                left = self._deadline.left()
                self._take(min(left, 0.25))  # short, so that `close` is noticed
                if not left:
                    for late, address in self._under_way():
                        selector.unregister(late)
                        self._done(address, late, errno.ETIMEDOUT)
        with self._changed:
            self._decided = True
            self._changed.notify_all()

    def _take(self, seconds: float) -> None:
        """Take in what comes of the connects within *seconds*, up to the first."""
        for key, _ in self._selector.select(seconds):
            connecting: socket.socket = key.fileobj  # type: ignore[assignment]  # a socket was registered
            self._selector.unregister(connecting)
            self._done(key.data, connecting, connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _under_way(self) -> list[tuple[socket.socket, str]]:
        return [(key.fileobj, key.data) for key in self._selector.get_map().values()]  # type: ignore[misc]  # sockets

    def _start(self, address: str) -> None:
        kind = socket.AF_INET6 if family_of(address) == "ipv6" else socket.AF_INET
        try:
            connecting = socket.socket(kind, socket.SOCK_STREAM)
        except OSError as error:
            self._free(address)
            self._note(address, error)
            return
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a short command does not wait for an ACK
        try:
            code = connecting.connect_ex(socket_address(address, self.port))
        except OSError as error:
            self._end(address, connecting)
            self._note(address, error)
            return
        if code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
            self._selector.register(connecting, selectors.EVENT_WRITE, address)
        else:
            self._done(address, connecting, code)

    def _done(self, address: str, connecting: socket.socket, code: int) -> None:
        if code:
            self._end(address, connecting)
            error = DeadlineError("no answer in time") if code == errno.ETIMEDOUT else socket_error(code)
            self._note(address, error)
            return
        self._note(address, None, connecting)

    def _note(self, address: str, error: OSError | None, connected: socket.socket | None = None) -> None:
        attempt = Attempt(
            address=address,
            family=family_of(address),
            failure=failure(error, "connect") if error else None,
            milliseconds=round(1000 * (time.monotonic() - self._started)),
        )
        with self._changed:
            self._attempts.append(attempt)
            if connected is not None:
                if self._decided or not self._keeps:
                    self._end(address, connected)  # it connects: that is all that was to be known of the others
                else:
                    self._winner = (address, connected)
                self._decided = True
            self._changed.notify_all()

    def _end(self, address: str, connected: socket.socket) -> None:
        connected.close()
        self._free(address)

    def _free(self, address: str) -> None:
        if address in self._slots:
            self._slots[address].free()


def picked(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """At most four of each family, alternating, so that neither family comes last."""
    families: dict[str, list[str]] = {"ipv6": [], "ipv4": []}
    for address in dict.fromkeys(addresses):
        plain = address.strip("[]")
        ipaddress.ip_address(plain.partition("%")[0])
        families[family_of(plain)].append(plain)
    six, four = (families[name][:MOST_ADDRESSES_A_FAMILY] for name in ("ipv6", "ipv4"))
    pairs = zip(six + [""] * len(four), four + [""] * len(six), strict=False)
    return tuple(address for pair in pairs for address in pair if address)
