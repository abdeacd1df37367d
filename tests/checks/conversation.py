"""Mail servers on loopback that follow a script, and remember whether everything in it was said."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from diagnose.model import Deadline
from diagnose.network import Stream

PATIENCE = 30.0
"""Seconds that no test waits for unless it fails."""
SOON = 0.4
"""Seconds of a deadline that a test lets pass."""

TLS = "TLS"
CLOSE = "CLOSE"
RESET = "RESET"

Step = str | bytes | Callable[["Server"], None]
"""``S: line`` is sent with its line end, bytes are sent as they are; ``C: line`` has to come from the client.
``%t`` in a client's line takes any IMAP tag, and in a server's line repeats the last one."""


class Server:
    """One connection that follows *steps*, and then listens until the client goes."""

    def __init__(self, steps: tuple[Step, ...], context: ssl.SSLContext | None = None) -> None:
        self.steps = steps
        self.context = context
        self.problem = ""
        self.said = 0
        """Steps done."""
        self.heard: list[bytes] = []
        """Lines of the client, also those behind the script."""
        self.gone = threading.Event()
        """The client has closed the connection."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._buffer = b""
        self.tag = b""
        """The last IMAP tag that was heard."""
        self.socket: socket.socket
        self._thread = threading.Thread(target=self._serve, name="scripted server", daemon=True)
        self._thread.start()

    def stream(self, seconds: float = PATIENCE) -> Stream:
        """A connection to this server."""
        connected = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return Stream(connected, Deadline(seconds))

    def close(self) -> None:
        """Wait for the script to end."""
        self._listener.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"still at step {self.said}"

    def hang_up(self) -> None:
        """End the conversation, wherever it is."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Everything was said, and nothing unexpected."""
        assert not self.problem, self.problem
        assert self.said == len(self.steps), f"not said: {self.steps[self.said :]}"

    def line(self) -> bytes:
        """The client's next line, without its line end; raises ConnectionError at the end."""
        while b"\r\n" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the client has gone")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        self.heard.append(line)
        return line

    def _serve(self) -> None:
        try:
            self.socket, _ = self._listener.accept()
        except OSError:
            return
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # lines go out one by one, without a pause
        with contextlib.suppress(OSError):
            try:
                for step in self.steps:
                    self._do(step)
                    self.said += 1
                while True:
                    self.line()
            except (OSError, AssertionError) as error:
                self.problem = str(error) if isinstance(error, AssertionError) else ""
        with contextlib.suppress(OSError):
            self.socket.close()
        self.gone.set()

    def _do(self, step: Step) -> None:
        if callable(step):
            step(self)
        elif isinstance(step, bytes):
            self.socket.sendall(step)
        elif step == TLS:
            assert self.context is not None
            self._buffer = b""
            self.socket = self.context.wrap_socket(self.socket, server_side=True)
        elif step == CLOSE:
            self.socket.shutdown(socket.SHUT_RDWR)
        elif step == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        elif step.startswith("S: "):
            self.socket.sendall(step[3:].encode().replace(b"%t", self.tag) + b"\r\n")
        else:
            self._expect(step.removeprefix("C: ").encode(), self.line())

    def _expect(self, wanted: bytes, line: bytes) -> None:
        shape = re.escape(wanted).replace(b"%t", rb"(?P<tag>[A-Za-z]+\d+)", 1)
        found = re.fullmatch(shape, line)
        assert found, f"expected {wanted!r}, heard {line!r}"
        if "tag" in found.groupdict():
            self.tag = found["tag"]


@contextlib.contextmanager
def server(*steps: Step, context: ssl.SSLContext | None = None, complete: bool = True) -> Iterator[Server]:
    """A scripted server; afterwards all of the script was said, unless not *complete*."""
    one = Server(steps, context)
    try:
        yield one
    except BaseException:
        one.hang_up()
        raise
    finally:
        one.close()
    if complete:
        one.check()


def forever(data: bytes) -> Callable[[Server], None]:
    """Send *data* over and over, until the client goes."""

    def send(one: Server) -> None:
        with contextlib.suppress(OSError):
            while True:
                one.socket.sendall(data)

    return send


def dripping(data: bytes, pause: float = 0.01) -> Callable[[Server], None]:
    """Send *data* over and over, slowly, until the client goes."""

    def send(one: Server) -> None:
        one.socket.settimeout(pause)
        with contextlib.suppress(ConnectionError):
            while True:
                one.socket.sendall(data)
                with contextlib.suppress(TimeoutError):
                    if not one.socket.recv(65536):
                        return

    return send


def nothing(*_: Any) -> None:
    """For a step that is over at once."""
