"""The questions of all runs in this process, sent and received by one thread: it lives as long as any is under way.

Threads of many runs, one a question, pass one interpreter lock around: that took a fifth of a fleet's processor time.
Each question still has a socket of its own. So nobody can guess its port (RFC 5452 §9.2).
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import dns.exception

from diagnose.model.deadline import Deadline
from diagnose.network.datagrams import GuardedSocket
from diagnose.network.sockets import socket_address, socket_error
from diagnose.network.threads import NoThreadError, outside_runs

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
R = TypeVar("R")

Unread: TypeAlias = Literal["stray", "longer"]
"""``stray``: it answers something else, and is passed over. ``longer``: all of it comes by TCP (RFC 1035 §4.2.1)."""
_LENGTH = struct.Struct("!H")
"""Before each message by TCP (RFC 1035 §4.2.2)."""
_AT_ONCE = 65_536
"""Bytes that are read at a time."""


class Reading(Protocol[A_co]):
    """How an answer is read. Both raise DNSException for anything else."""

    def by_datagram(self, data: bytes) -> A_co | Unread:
        """What a datagram says."""

    def by_stream(self, data: bytes) -> A_co:
        """What a message by TCP says."""


class Try(NamedTuple, Generic[A]):
    """One question to one server, by a moment."""

    address: str
    port: int
    message: bytes
    limit: Deadline
    reading: Reading[A]


Tries: TypeAlias = Generator[Try[A], A, R]
"""One try after the other. Each brings an answer, or raises DNSException, OSError, EOFError, NonsenseError."""


class _Line:
    """A socket that one try is made by."""

    def __init__(self, one: Try[Any], kind: socket.SocketKind) -> None:
        """Raises OSError."""
        self.one = one
        self.unsent = b""
        """By TCP: what has to go out first."""
        self._begun = bytearray()
        self.socket = GuardedSocket.to(one.address, kind)
        self.number = self.socket.fileno()
        try:
            with contextlib.suppress(BlockingIOError):  # by TCP it takes a round trip
                # only a connected socket is told at once that nobody listens there (ICMP; RFC 1122 §4.1.3.3)
                self.socket.connect(socket_address(one.address, one.port))
            if kind == socket.SOCK_DGRAM:
                self.socket.send(one.message)
            else:
                self.unsent = _LENGTH.pack(len(one.message)) + one.message
        except BaseException:
            self.socket.close()
            raise

    @property
    def events(self) -> int:
        """What it waits for."""
        return selectors.EVENT_WRITE if self.unsent else selectors.EVENT_READ

    def datagram(self) -> Any:  # noqa: ANN401 - what the reading says
        """The answer, or ``longer``. Raises BlockingIOError where it is yet to come, and what a try raises."""
        while (came := self.one.reading.by_datagram(self.socket.datagram())) == "stray":
            pass
        return came

    def stream(self) -> Any:  # noqa: ANN401 - what the reading says
        """The answer by TCP. Raises as `datagram`."""
        if self.unsent:
            if number := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise socket_error(number)
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
            raise BlockingIOError
        data = self.socket.recv(_AT_ONCE)
        if not data:
            raise EOFError
        self._begun += data
        end = _LENGTH.size + _LENGTH.unpack_from(self._begun)[0] if len(self._begun) >= _LENGTH.size else _LENGTH.size
        if len(self._begun) < end or end == _LENGTH.size:
            raise BlockingIOError
        return self.one.reading.by_stream(bytes(self._begun[_LENGTH.size : end]))


class _Flight:
    """Tries that are under way, one after the other."""

    def __init__(self, tries: Tries[Any, Any], over: Callable[[Any], None]) -> None:
        self._tries = tries
        self._over = over
        self._stream = False
        self.line: _Line | None = None
        """None once it is over."""
        self.until = 0.0
        """The end of this try, by a clock that only goes forward."""

    def begin(self) -> None:
        """Send what comes first."""
        self._step(partial(next, self._tries))

    def look(self) -> None:
        """Go on with what has come."""
        if self.line is None:
            return
        try:
            came = self.line.stream() if self._stream else self.line.datagram()
            if came == "longer":
                self._again_by_stream(self.line)
                return
        except (BlockingIOError, InterruptedError):
            return
        except Exception as error:
            self.fail(error)
        else:
            self._step(partial(self._tries.send, came))

    def fail(self, error: Exception) -> None:
        """The try that is under way has failed by *error*."""
        self._step(partial(self._tries.throw, error))

    def close(self) -> None:
        """Let go of it; nobody is told."""
        self._leave()
        self._tries.close()

    def _step(self, more: Callable[[], Try[Any]]) -> None:
        """Go on to the next try that is under way, or to the end."""
        while True:
            self._leave()
            try:
                one = more()
            except StopIteration as end:
                self._over(end.value)
                return
            except BaseException as error:  # handed on to whoever waits for the answer
                self._over(error)
                return
            self.until = time.monotonic() + one.limit.left()
            try:
                self.line, self._stream = _Line(one, socket.SOCK_DGRAM), False
            except OSError as error:
                more = partial(self._tries.throw, error)
            else:
                return

    def _again_by_stream(self, line: _Line) -> None:
        self._leave()
        self.line, self._stream = _Line(line.one, socket.SOCK_STREAM), True

    def _leave(self) -> None:
        if self.line is not None:
            self.line.socket.close()
            self.line = None


class Asker:
    """Carries out tries, as many at once as come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: list[_Flight] = []
        self._alive = False
        self._waking: socket.socket | None = None
        """What wakes the thread that waits for answers; None where it need not be woken."""

    def begin(self, tries: Tries[A, R], over: Callable[[R | BaseException], None], *, here: bool = False) -> None:
        """Carry out *tries*; *over* is told once, in any thread, what came of them, and raises nothing.

        The first is sent in this thread. Raises NoThreadError, and tells nobody, where there is no thread for the
        rest. With *here* that is this one, which comes back when no question of anybody is under way.
        """
        flight = _Flight(tries, over)
        flight.begin()
        if flight.line is None:
            return
        with self._lock:
            self._new.append(flight)
            if self._waking is not None:
                self._waking.send(b"\0")
                self._waking = None
            if self._alive:
                return
            if not here:
                try:
                    outside_runs(self._live, "questions")
                except NoThreadError:
                    self._new.remove(flight)
                    flight.close()
                    raise
            self._alive = True
        if here:
            self._live()

    def _live(self) -> None:
        """Go on until nothing is under way."""
        under_way = set[_Flight]()
        try:
            reading, waking = socket.socketpair()
            with reading, waking, selectors.DefaultSelector() as selector:
                reading.setblocking(False)
                selector.register(reading, selectors.EVENT_READ)
                watch = _Watch(selector, under_way)
                while (new := self._next(waking, alone=not under_way)) is not None:
                    watch.take(new)
                    if watch.wait():
                        reading.recv(_AT_ONCE)
        except Exception as error:  # this computer opens no further file
            with self._lock:
                under_way.update(self._new)
                self._new, self._alive, self._waking = [], False, None
            for flight in under_way:
                while flight.line is not None:
                    flight.fail(error)

    def _next(self, waking: socket.socket, *, alone: bool) -> list[_Flight] | None:
        """What is new; None where that is nothing, and nothing else is waited for."""
        with self._lock:
            new, self._new = self._new, []
            if not new and alone:
                self._alive, self._waking = False, None
                return None
            self._waking = waking
        return new


class _Watch:
    """The flights that one thread watches."""

    def __init__(self, selector: selectors.BaseSelector, under_way: set[_Flight]) -> None:
        self._selector = selector
        self._under_way = under_way
        self._ends: list[tuple[float, int, _Flight]] = []
        """By the end of a try: a heap. What is over by then has another end, or no line."""
        self._numbers = itertools.count()

    def take(self, new: Iterable[_Flight]) -> None:
        """Watch *new* ones, too."""
        for flight in new:
            self._under_way.add(flight)
            self._register(flight)

    def wait(self) -> bool:
        """Go on with what comes next, or has not come in time. Whether something else has come."""
        while self._ends and self._has_changed(self._ends[0]):
            heapq.heappop(self._ends)
        patience = max(0.0, self._ends[0][0] - time.monotonic()) if self._ends else None
        other = False
        for key, _events in self._selector.select(patience):
            if key.data is None:
                other = True
            else:
                self._go_on(key.data, key.data.look)
        now = time.monotonic()
        while self._ends and self._ends[0][0] <= now:
            end = heapq.heappop(self._ends)
            if not self._has_changed(end):
                self._go_on(end[2], partial(end[2].fail, _silence()))
        return other

    @staticmethod
    def _has_changed(end: tuple[float, int, _Flight]) -> bool:
        return end[2].line is None or end[2].until != end[0]

    def _go_on(self, flight: _Flight, step: Callable[[], None]) -> None:
        before = flight.line
        events = before.events if before is not None else 0
        step()
        if before is None:
            return
        if flight.line is not before:
            self._selector.unregister(before.number)
            self._register(flight)
        elif before.events != events:
            self._selector.modify(before.number, before.events, flight)

    def _register(self, flight: _Flight) -> None:
        if (line := flight.line) is None:
            self._under_way.discard(flight)
            return
        self._selector.register(line.number, line.events, flight)
        heapq.heappush(self._ends, (flight.until, next(self._numbers), flight))


def _silence() -> Exception:
    return dns.exception.Timeout()  # type: ignore[no-untyped-call]  # the library's


asker = Asker()
"""Of this process."""
