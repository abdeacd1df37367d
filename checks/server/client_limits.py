"""Patience: how long mail programs wait for a server's words, and what a wait that was measured means beside that."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from diagnose.knowledge import KnowledgeError
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Deadline, Finding, ProtocolName, Service, text
from diagnose.model.protocols import BY_NAME
from diagnose.process.first_use import made_once

MARGIN_SECONDS = 0.5
"""So that a silence that was waited for is measured as that long."""
ENDING_SECONDS = 1.0
"""Left for the rest of the run."""
SLOW_SECONDS = 10.0
"""A wait worth a word, though mail programs bear it."""


class ClientLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a mail program gives up waiting."""

    program: str
    seconds: int
    protocols: tuple[ProtocolName, ...]
    source: str


class Silence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on a server that says nothing is likely at fault."""

    seconds: int
    protocols: tuple[ProtocolName, ...]
    reason: str


@made_once
def silences() -> tuple[Silence, ...]:
    """What is known of them, for every protocol that there is. Raises KnowledgeError."""
    file = KNOWLEDGE / "network" / "silences.yaml"
    known = load(file, tuple[Silence, ...])
    if missing := set(BY_NAME) - {name for one in known for name in one.protocols}:
        raise KnowledgeError(file, 1, f"nothing is said of {', '.join(sorted(missing))}")
    return known


def telling_silence(protocol: ProtocolName) -> int:
    """Seconds of silence after which a server of *protocol* is likely at fault."""
    return next(one.seconds for one in silences() if protocol in one.protocols)


def telling_deadline(protocol: ProtocolName, deadline: Deadline, part: float, at_most: float) -> Deadline:
    """As `Deadline.share`; where the time allows it, long enough for a silence to tell something."""
    enough = min(telling_silence(protocol) + MARGIN_SECONDS, deadline.left() - ENDING_SECONDS)
    return deadline.within(max(deadline.share(part, at_most).left(), enough))


@made_once
def client_limits() -> tuple[ClientLimit, ...]:
    """All that are known. Raises KnowledgeError."""
    return load(KNOWLEDGE / "network" / "client-limits.yaml", tuple[ClientLimit, ...])


def limits_of(protocol: ProtocolName) -> tuple[ClientLimit, ...]:
    """Those of the programs that speak *protocol*, the least patient first."""
    spoken = (limit for limit in client_limits() if protocol in limit.protocols)
    return tuple(sorted(spoken, key=lambda limit: limit.seconds))


def judge_wait(seconds: float, target: Service, *, quick_connect: bool) -> Iterator[Finding]:
    """What it means that the server of *target* let its client wait for *seconds*.

    Longer than a program's limit is proof, where the connect was quick; it blocks only once most programs give up.
    """
    known = limits_of(target.protocol)
    beaten = tuple(limit for limit in known if seconds > limit.seconds)
    place = target.place | {"seconds": round(seconds)}
    data = {"seconds": round(seconds, 1), "limits": {limit.program: limit.seconds for limit in known}}
    if beaten:
        yield Finding(
            cause="server.slow",
            certainty="confirmed" if quick_connect else "likely",
            proof="longer-than-programs-wait",
            partial=2 * len(beaten) < len(known),
            text=text(
                "{host} let its clients wait {seconds} s on port {port}; these give up before that: {programs}.",
                programs=tuple(limit.program for limit in beaten),
                **place,
            ),
            data=data,
        )
    elif known and seconds >= SLOW_SECONDS:
        yield Finding(
            cause="server.slow",
            certainty="possible",
            text=text(
                "{host} let its clients wait {seconds} s on port {port}. Mail programs are known to wait {limit} s or "
                "longer, so this alone does not stop them.",
                limit=known[0].seconds,
                **place,
            ),
            data=data,
        )
