"""A connected socket on which every read and write keeps a deadline and a byte bound.

imaplib2, poplib, smtplib and http.client get one of these in place of a socket. So none of them can wait
longer or read more than the run allows. A time-out of the socket module starts anew with every byte that
drips in, a deadline does not.
"""

from __future__ import annotations

import contextlib
import io
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from diagnose.model.deadline import Deadline
from diagnose.model.domains import ascii_name
from diagnose.model.failures import ClosedError, DeadlineError, TooMuchDataError
from diagnose.network.coming import Coming
from diagnose.network.slots import Slot

R = TypeVar("R")

BYTES_A_CONNECTION = 2_000_000
"""Bytes; a mail session up to its mailbox needs a few thousand, a login page a few hundred thousand."""
SLICE_SECONDS = 0.25
LEAST_SECONDS = 0.001
"""Of a socket's time-out: none at all would mean to wait for nothing."""
HANDSHAKE_LATE = "the TLS handshake was not finished in time"


class Stream:
    """One TCP connection, in clear or under TLS.

    The socket is non-blocking underneath, and each call into it happens under one lock, waiting
    outside of it: one OpenSSL object must not be used by two threads at once, as imaplib2's reader and writer would.
    """

    def __init__(
        self,
        connected: socket.socket,
        deadline: Deadline,
        limit: int = BYTES_A_CONNECTION,
        *,
        peer: str | None = None,
        slot: Slot | None = None,
    ) -> None:
        """*peer*: the address connected to, where it is known; one that was reset by now has none any more.

        *slot* is freed once the connection is closed.
        """
        connected.setblocking(False)
        self._socket: socket.socket | ssl.SSLSocket = connected
        self._lock = threading.Lock()
        self._unread = b""
        self._files = 0
        self._wants_close = False
        self._limit = limit
        self.deadline = deadline
        """Reads and writes end by then, with a DeadlineError; each step sets its own."""
        self.received = 0
        """Bytes received so far."""
        self.most_lines: int | None = None
        """Line ends received before a TooMuchDataError: each costs its reader far more than its bytes do."""
        self._lines = 0
        self._heard_at = time.monotonic()
        self._handshake: Coming[None] | None = None
        """The one that was begun ahead."""
        self._shaking: ssl.SSLSocket | None = None
        """What has taken the place of the socket, as long as that lasts."""
        self.peer: str = connected.getpeername()[0] if peer is None else peer
        """The address at the other end."""
        self._slot = slot

    # -- what our own code uses

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The TLS socket once the handshake is done."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    @property
    def silence(self) -> float:
        """Seconds since something was last received, or since the connection was made."""
        return time.monotonic() - self._heard_at

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Do the verified handshake, by the deadline.

        What came in clear and was not read yet is thrown away (RFC 3207 §4.2: nothing said before
        the handshake counts after it). Raises ssl.SSLError, OSError, DeadlineError; the connection is useless then.
        """
        self._unread = b""
        if self._handshake is None:
            self._shake_hands(context, server_name)
        else:
            self._end_handshake(self._handshake)

    def begin_tls(self, context: ssl.SSLContext, server_name: str) -> Callable[[], None]:
        """What does the handshake that `start_tls`, of the same context and name, waits for; it raises nothing.

        *context* is one that does any number of handshakes at once. Nobody else uses the connection until then.
        """
        begun = self._handshake = Coming[None]()

        def shake() -> None:
            try:
                self._shake_hands_ahead(context, server_name)
            except BaseException as error:  # who asks for the handshake is told
                begun.set_exception(error)
            else:
                begun.set_result(None)

        return shake

    def _shake_hands_ahead(self, context: ssl.SSLContext, server_name: str) -> None:
        """As `_shake_hands`, and so that `abort` ends it."""
        self._socket.settimeout(max(self.deadline.left(), LEAST_SECONDS))
        shaking = self._shaking = context.wrap_socket(
            self._socket, server_hostname=ascii_name(server_name), do_handshake_on_connect=False
        )
        if self._wants_close:  # by somebody who found neither socket, as it changed hands
            _break_off(shaking)
        try:
            shaking.do_handshake()
            shaking.setblocking(False)
            self._socket = shaking
        except BaseException:
            shaking.close()
            raise
        finally:
            self._shaking = None

    def _end_handshake(self, begun: Coming[None]) -> None:
        try:
            begun.result(self.deadline.left())
        except TimeoutError as error:
            raise DeadlineError(HANDSHAKE_LATE) from error

    def _shake_hands(self, context: ssl.SSLContext, server_name: str) -> None:
        left = self.deadline.left()
        if not left:
            raise DeadlineError("no time left")
        self._socket.settimeout(left)  # the ssl module keeps this as one deadline for the whole handshake
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=ascii_name(server_name))
        except TimeoutError as error:
            raise DeadlineError(HANDSHAKE_LATE) from error
        self._socket.setblocking(False)

    def release(self) -> socket.socket:
        """The bare socket, for a caller with bounds of its own; nothing may have been put back.

        It counts no more among the connections to its server: the caller limits these.
        """
        self._free()
        return self._socket

    def wait_readable(self, seconds: float) -> bool:
        """Whether something can be read within *seconds* (and the deadline)."""
        if self._unread or (self.tls is not None and self.tls.pending()):
            return True
        return self._wait(selectors.EVENT_READ, min(seconds, self.deadline.left()))

    def unread(self, data: bytes) -> None:
        """Put *data* back, to be read again first."""
        self._unread = data + self._unread

    def take_unread(self) -> bytes:
        """Take again what was put back, for a reader that waits on the descriptor before it reads."""
        data, self._unread = self._unread, b""
        return data

    # -- the part of a socket's interface that the protocol libraries use

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """As socket.recv; b"" at the end. Raises DeadlineError, TooMuchDataError, OSError."""
        if self._unread:
            data, self._unread = self._unread[:size], self._unread[size:]
            return data
        try:
            data = self._when_ready(lambda: self._socket.recv(size), selectors.EVENT_READ, "no answer in time")
        except ssl.SSLEOFError:
            return b""  # an end without close_notify; whoever reads on will miss what was due
        self.received += len(data)
        self._heard_at = time.monotonic()
        if self.received > self._limit:
            self.abort()
            raise TooMuchDataError(f"more than {self._limit} bytes")
        if self.most_lines is not None:
            self._lines += data.count(b"\n")
            if self._lines > self.most_lines:
                self.abort()
                raise TooMuchDataError(f"more than {self.most_lines} lines")
        return data

    def recv_into(self, buffer: bytearray | memoryview, size: int = 0, _flags: int = 0) -> int:
        """As socket.recv_into."""
        view = memoryview(buffer)
        data = self.recv(size or len(view))
        view[: len(data)] = data
        return len(data)

    def sendall(self, data: bytes | bytearray | memoryview, _flags: int = 0) -> None:
        """As socket.sendall. Raises DeadlineError, OSError."""
        rest = memoryview(data)
        while rest:
            sent = self._when_ready(
                lambda part=rest: self._socket.send(part),  # type: ignore[misc]  # mypy infers no lambda defaults
                selectors.EVENT_WRITE,
                "the server stopped reading",
            )
            rest = rest[sent:]

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """A buffered reader over this stream; only reading is offered."""
        if mode not in {"r", "rb"}:
            raise ValueError("only for reading")
        self._files += 1
        return io.BufferedReader(_Raw(self))

    def settimeout(self, seconds: float | None) -> None:
        """Nothing: the deadline rules."""

    def gettimeout(self) -> float:
        """Seconds left."""
        return self.deadline.left()

    def setsockopt(self, *_: object) -> None:
        """Nothing: options are set when connecting."""

    def fileno(self) -> int:
        """The descriptor, -1 when closed."""
        return (self._shaking or self._socket).fileno()

    def watched(self) -> socket.socket:
        """The connection once more, for who waits on a descriptor: that one is nobody else's until it is closed."""
        # not by os.dup: Windows has other numbers for sockets than for files
        return socket.fromfd(self.fileno(), socket.AF_INET, socket.SOCK_STREAM)

    def shutdown(self, how: int) -> None:
        """As socket.shutdown, but never raising."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(how)

    def close(self) -> None:
        """Close, once the readers made by `makefile` are closed too (http.client relies on that)."""
        self._wants_close = True
        if self._files <= 0:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._free()

    def abort(self) -> None:
        """Close at once, even while another thread reads."""
        self._files, self._wants_close = 0, True
        if (shaking := self._shaking) is not None:
            _break_off(shaking)
        self.shutdown(socket.SHUT_RDWR)
        self.close()

    def is_over(self) -> bool:
        """Whether it is closed; while a handshake begun ahead lasts, its socket belongs to that."""
        return self.fileno() < 0 and (self._handshake is None or self._handshake.done())

    # -- inside

    def _free(self) -> None:
        if self._slot is not None:
            self._slot.free()

    def file_closed(self) -> None:
        """One reader less."""
        self._files -= 1
        if self._wants_close:
            self.close()

    def _when_ready(self, call: Callable[[], R], event: int, late: str) -> R:
        """The result of *call*, waiting as long as it says that it would block."""
        while True:
            try:
                with self._lock:
                    return call()
            except ssl.SSLWantReadError:
                event = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                event = selectors.EVENT_WRITE
            except BlockingIOError:
                pass
            if not self._wait(event, self.deadline.left()):
                raise DeadlineError(late)

    def _wait(self, event: int, seconds: float) -> bool:
        until = Deadline(seconds)
        while True:
            descriptor = self._socket.fileno()
            if descriptor < 0:
                raise ClosedError("closed on this side")
            try:
                with selectors.DefaultSelector() as selector:
                    selector.register(descriptor, event)
                    # in slices: what another thread closes drops out of the selector without a word
                    if selector.select(min(until.left(), SLICE_SECONDS)):
                        return True
            except OSError:  # select(2), which Windows has, says a word; but the error may be another one, too
                if self._socket.fileno() < 0:
                    raise ClosedError("closed on this side") from None
                raise
            if until.passed():
                return False


class _Raw(io.RawIOBase):
    """The reading side of a stream, for io.BufferedReader."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # Buffer needs Python 3.12
        return self._stream.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._stream.file_closed()
        super().close()


def read_line(stream: Stream, longest: int = 8192) -> bytes:
    """One line with its line end, read byte-wise so that nothing behind it is taken.

    Raises ClosedError at the end of the stream, TooMuchDataError beyond *longest* bytes.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = stream.recv(1)
        if not byte:
            raise ClosedError("closed in the middle of a line" if line else "closed without a word")
        line += byte
        if len(line) > longest:
            raise TooMuchDataError(f"a line of more than {longest} bytes")
    return bytes(line)


def read_exactly(stream: Stream, size: int, what: str) -> bytes:
    """*size* bytes, which make up *what*. Raises ClosedError where fewer come."""
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise ClosedError(f"closed in the middle of {what}")
        data += part
    return data


def _break_off(shaking: ssl.SSLSocket) -> None:
    """End the connection of a handshake that another thread may be in."""
    with contextlib.suppress(OSError):  # not its own method: another thread is inside of OpenSSL
        socket.socket.shutdown(shaking, socket.SHUT_RDWR)
