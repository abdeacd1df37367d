"""The other addresses of a server: which of them show a certificate that is accepted, and which do not, or hang up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from checks.reach.reach import ReachFacts
from checks.reach.retry import hangs_up, other_addresses, pause, time_is_left
from checks.sessions import MailSession, open_session
from diagnose.model import ClosedError, Deadline, Failure, Inputs, Service, failure
from diagnose.model.failures import NamedError
from diagnose.network import Coming, NoThreadError, Stream, in_background
from diagnose.running.context import Context

CONNECT_SECONDS = 2.0
"""For each to connect; whether it does is what another check says."""
LOOK_SECONDS = 5.0
"""For its handshake, greeting and all."""
GREETING_SECONDS = 0.5
"""Under implicit TLS, for the first byte of its greeting, or the end in place of one."""


class NotOfferedError(OSError):
    """The server does not list STARTTLS."""


class Other(NamedTuple):
    """What came of a handshake with one of them."""

    address: str
    held: Stream | MailSession | None = None
    """Under verified TLS, where the handshake held."""
    error: OSError | None = None

    def let_go(self) -> None:
        """End the conversation, where there is one."""
        match self.held:
            case Stream() as stream:
                stream.abort()
            case MailSession() as session:
                session.stream.abort()
            case None:
                pass


class Others:
    """Handshakes with the other addresses, under way beside that with the first."""

    def __init__(self, target: Service, inputs: Inputs[ReachFacts], context: Context) -> None:
        """Begin them: of a server that somebody named, and no known provider's, which has many that are alike."""
        self._context = context
        self._looks: list[Coming[Other | None]] = []
        if not target.named or target.tls == "none" or inputs.provider is not None or context.shared is not None:
            return
        with contextlib.suppress(NoThreadError):
            for address in other_addresses(inputs[ReachFacts]):
                look = partial(_look, address, target, context)
                self._looks.append(in_background(look, f"address {address} {target.port}"))

    def come(self) -> Iterator[Other]:
        """Those whose handshake is over in time; the others are let go as they end."""
        patience = self._context.deadline.share(0.7, CONNECT_SECONDS + LOOK_SECONDS)
        for look in self._looks:
            try:
                other = look.result(timeout=patience.left())
            except TimeoutError:
                look.add_done_callback(_let_go)
                continue
            if other is not None:
                yield other


def _look(address: str, target: Service, context: Context) -> Other | None:
    """The handshake with *address*, a second one where it hangs up; None where it does not connect."""
    seen = _seen(address, target, context)
    if seen is None or seen.error is None or not hangs_up(_known(seen.error)) or not time_is_left(context):
        return seen
    pause(context)
    again = _seen(address, target, context)
    return again if again is not None and again.error is None else seen


def _seen(address: str, target: Service, context: Context) -> Other | None:
    deadline = context.deadline.share(0.7, CONNECT_SECONDS)
    try:
        stream = context.network.connect_all((address,), target.port, deadline).winner(deadline)
    except OSError:
        return None
    if stream is None:
        return None
    try:
        return Other(address, held=_secured(stream, target, context.deadline.share(0.7, LOOK_SECONDS), context))
    except OSError as error:
        stream.abort()
        return Other(address, error=error)


def _secured(stream: Stream, target: Service, deadline: Deadline, context: Context) -> Stream | MailSession | None:
    """*stream* under verified TLS, or the session on it; None where STARTTLS is refused. Raises OSError."""
    stream.deadline = deadline
    if target.tls == "implicit":
        stream.start_tls(context.network.trust(), target.host)
        if not target.spoken.http:
            _hear(stream)
        return stream
    try:
        session = open_session(target.protocol, stream, deadline)
    except OSError as error:
        raise NamedError(failure(error, "greeting")) from error
    if not session.starttls:
        raise NotOfferedError
    if session.start_tls(context.network.trust(), target.host, deadline) is not None:
        stream.abort()
        return None
    return session


def _hear(stream: Stream) -> None:
    """Make sure that *stream* is not at its end where the greeting is due. Raises NamedError."""
    try:
        if not stream.wait_readable(GREETING_SECONDS):
            return
        begun = stream.recv(1)
        if not begun:
            raise ClosedError("closed without a word")
    except OSError as error:
        raise NamedError(failure(error, "greeting")) from error
    stream.unread(begun)


def _known(error: OSError) -> Failure:
    return error.known if isinstance(error, NamedError) else failure(error, "tls_handshake")


def _let_go(look: Coming[Other | None]) -> None:
    if look.exception() is None and (other := look.result()) is not None:
        other.let_go()
