"""The other addresses of a server: which of them show a certificate that is accepted, and which do not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from checks.reach.reach import ReachFacts
from checks.sessions import MailSession, open_session
from diagnose.model import Deadline, Inputs, Service
from diagnose.network import Coming, NoThreadError, Stream, in_background
from diagnose.network.connector import family_of
from diagnose.running.context import Context

MOST_OTHERS = 3
"""That are looked at: an address of each family comes before a second one of the same."""
CONNECT_SECONDS = 2.0
"""For each to connect; whether it does is what another check says."""
LOOK_SECONDS = 5.0
"""For its handshake, greeting and all."""


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
            for address in _picked(inputs[ReachFacts]):
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


def _picked(facts: ReachFacts) -> Iterable[str]:
    """Addresses beside the one that is connected, those of the other family first."""
    if facts.connected is None:
        return ()
    own = family_of(facts.connected)
    others = [address for address in facts.addresses if address != facts.connected]
    return sorted(others, key=lambda address: family_of(address) == own)[:MOST_OTHERS]


def _look(address: str, target: Service, context: Context) -> Other | None:
    """The handshake with *address*; None where it does not connect."""
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
        return stream
    session = open_session(target.protocol, stream, deadline)
    if not session.starttls:
        raise NotOfferedError
    if session.start_tls(context.network.trust(), target.host, deadline) is not None:
        stream.abort()
        return None
    return session


def _let_go(look: Coming[Other | None]) -> None:
    if look.exception() is None and (other := look.result()) is not None:
        other.let_go()
