"""A second try: a service is called once more where its first conversation broke off, with nothing secret said yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Never

import msgspec

from checks.reach.reach import ReachFacts, take_stream
from diagnose.model import ClosedError, Failure, Inputs, Service, SkipCheck, text
from diagnose.network import CONNECT_SECONDS, Stream
from diagnose.network.connector import family_of
from diagnose.running.context import Context

PAUSE_SECONDS = 1.0
OTHERS_SECONDS = 6.0
"""Patience for other connections of ours to end that a limit may have counted."""
ENOUGH_SECONDS = 2.0
"""With less time left than that a second try could prove nothing."""
MOST_OTHERS = 3
"""Addresses of a server that are tried beside the first: one of each family comes before a second of the same."""
HANG_UPS = ("connection_closed", "connection_reset")
"""How a server ends a conversation without a word."""
PASSING = ("connection_closed", "connection_reset", "timed_out")
"""Failures that may be over at the next try."""


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One of two conversations, up to where it broke off or was open."""

    greeting: str = ""
    failure: Failure | None = None
    waited_seconds: float = 0.0
    open: bool = False
    own_connections: int = 0
    """Other connections of this program that stood meanwhile, as `own_connections` counts them."""


def may_pass(known: Failure) -> bool:
    """Whether a failure is of a kind that a second try may not meet again."""
    return known.name in PASSING


def hangs_up(known: Failure | None) -> bool:
    """Whether a server that took the connection ended it before it had greeted, or in the TLS handshake."""
    return known is not None and known.name in HANG_UPS and known.operation in {"greeting", "tls_handshake"}


def other_addresses(facts: ReachFacts) -> Iterable[str]:
    """Addresses beside the one that is connected, those of the other family first."""
    if facts.connected is None:
        return ()
    own = family_of(facts.connected)
    others = [address for address in facts.addresses if address != facts.connected]
    return sorted(others, key=lambda address: family_of(address) == own)[:MOST_OTHERS]


def time_is_left(context: Context) -> bool:
    """Whether a second try could still come to an end."""
    return context.deadline.left() > PAUSE_SECONDS + ENOUGH_SECONDS


def own_connections(target: Service, inputs: Inputs[Never], context: Context, peer: str) -> int:
    """How many connections of this program to the server of *target* stand, on all ports of its protocol.

    Those of other protocols do not count: a mail program has one for reading and one for sending, too.
    """
    ports = {one.port for one in inputs.services if (one.host, one.protocol) == (target.host, target.protocol)}
    return context.network.open_connections(peer, {target.port, *ports})


def pause(context: Context) -> None:
    """Wait for what may be over a moment later."""
    time.sleep(min(PAUSE_SECONDS, context.deadline.left()))


def call_again(
    target: Service,
    inputs: Inputs[ReachFacts],
    context: Context,
    *,
    at_once: bool = False,
    alone: bool = False,
    secure: bool = True,
    address: str | None = None,
) -> Stream:
    """A new connection to *address*, by default the one that answered before, after a pause unless *at_once*.

    It has verified TLS where that comes first, unless it need not be *secure* yet. *alone*: wait until no
    `own_connections` stand, for a server that counts them. Raises OSError.
    """
    address = address or context.answering.trusted(target) or inputs[ReachFacts].connected
    if address is None:
        raise ClosedError("no address has answered")
    if not at_once:
        pause(context)
    others = context.deadline.share(0.5, OTHERS_SECONDS)
    while alone and own_connections(target, inputs, context, address) and not others.passed():
        time.sleep(0.1)
    deadline = context.deadline.share(0.6, CONNECT_SECONDS)
    stream = context.network.connect_all((address,), target.port, deadline).winner(deadline)
    if stream is None:
        raise ClosedError("no second connection")
    if secure and target.tls == "implicit":
        try:
            stream.start_tls(context.network.trust(), target.host)
        except BaseException:
            stream.abort()
            raise
    return stream


def standing_stream(target: Service, inputs: Inputs[ReachFacts], context: Context, *, secure: bool = False) -> Stream:
    """The connection that this run keeps; a new one where it has taken over that there is one. Raises SkipCheck."""
    stream = take_stream(target, context)
    if stream is None and context.shared is not None:
        try:
            stream = call_again(target, inputs, context, at_once=True, secure=secure)
        except OSError:
            context.shared.outdate(target.host)
    if stream is None:
        raise SkipCheck(text("the connection is gone"))
    return stream
