"""Connects to a server that answers, made one after the other: once a run, begun while another server keeps silent."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import msgspec

from diagnose.model import Facts, Service
from diagnose.network import Attempt, Coming, NoThreadError, Race
from diagnose.running.context import Context

CONNECTS = 6
"""Few connections a server; where one packet in three is lost each way, two of the six are hit nine times in ten."""
SPACING_SECONDS = 0.3
"""Between the starts, so that they do not share one burst of loss."""
LINE_SECONDS = 4.0
"""From the first start to the end; the last connect has time for one retransmission."""


class LineFacts(Facts, frozen=True, kw_only=True):
    """Connects to one address and port, and what became of each."""

    host: str
    port: int
    address: str
    milliseconds: tuple[int | None, ...]
    """Of each connect, in the order of their starts; None: no answer within the time."""
    all_reached: bool
    """In the end every service that was named could be connected to, and answered."""


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """Connects to one server, and what became of each."""

    service: Service
    address: str
    milliseconds: tuple[int | None, ...]
    """Of each connect, in the order of their starts; None: no answer within the time."""


def repeat_beside(context: Context) -> None:
    """Begin to repeat connects to a server that has taken one in this run; nobody waits for that.

    Where none has, it is left to the check of the line in the end; where that is left out, nothing is begun.
    """
    answering = context.answering.known()
    if answering and LineFacts not in context.left_out:
        with contextlib.suppress(NoThreadError):
            repeated(context, lambda: steadiest(answering))


def repeated(context: Context, server: Callable[[], tuple[Service, str]]) -> Coming[Repeated]:
    """The connects of this run; to *server* where none have been begun."""

    def repeat() -> Repeated:
        service, address = server()
        return Repeated(
            service=service, address=address, milliseconds=_connect_repeatedly(address, service.port, context)
        )

    return context.network.once("repeated connects", repeat)


def steadiest(answering: list[tuple[Service, str, int]]) -> tuple[Service, str]:
    """Whom to connect to of those *answering*, each with its address and the milliseconds of its connect."""
    # a web server is used to many connections; a mail server may hold them against us
    service, address, _ = min(answering, key=lambda one: ("web" not in one[0].ways, one[2]))
    return service, address


def _connect_repeatedly(address: str, port: int, context: Context) -> tuple[int | None, ...]:
    limit = context.deadline.share(0.6, LINE_SECONDS)
    races: list[Race] = []
    for number in range(CONNECTS):
        if number:
            time.sleep(min(SPACING_SECONDS, limit.left()))
        if limit.passed() or context.network.is_over():
            break
        races.append(context.network.connect_all((address,), port, limit, limit.left(), keeps=False))
    attempts: list[Attempt] = [attempt for race in races for attempt in race.attempts(limit.left() + 0.3)]
    return tuple(None if a.failure and a.failure.name == "timed_out" else a.milliseconds for a in attempts)
