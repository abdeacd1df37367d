"""The computer's clock: is it right, by what servers say of the time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.names import registered
from checks.network.reference_clocks import (
    MOST_SKEW_SECONDS,
    Tick,
    Validity,
    ahead,
    credible,
    tick_in_greeting,
    ticks_in,
)
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts, outside_validity
from checks.web.web import WebFacts
from diagnose.model import Check, Facts, Finding, Inputs, Service, Subject, read, text
from diagnose.running.context import Context


class ClockFacts(Facts, frozen=True, kw_only=True):
    """What other clocks say."""

    ticks: tuple[Tick, ...] = ()
    at: float = 0.0
    """When the validities were looked at, by this computer's clock, in seconds since the epoch."""
    validities: tuple[Validity, ...] = ()
    """Dates of certificates that were accepted, and of those that servers sent which were asked for the time."""
    clock_offset_s: float | None = None
    """How far this computer's clock is ahead, by the median of the others; the report takes it over."""
    rejected_for_time: int = 0
    """Servers whose certificate is outside its validity by this computer's clock."""
    valid_at_server_time: int = 0
    """Those of them whose certificate is valid by the other clocks."""
    alike: tuple[str, ...] = ()
    """Hosts of several owners whose certificates are all too old, or all too new, while none speaks against that."""


def probe_clock(_target: Subject, inputs: Inputs[ServerFacts | TlsFacts | WebFacts], _context: Context) -> ClockFacts:
    """Gather the dates that the run brought: of pages, of greetings, and of whom failed handshakes asked."""
    handshakes = [(t, f) for t, f in inputs.each(TlsFacts) if isinstance(t, Service)]
    ticks = [tick for _, facts in inputs.each(WebFacts) for tick in ticks_in(facts.hops)]
    ticks += [tick for _, facts in handshakes for tick in facts.clocks]
    ticks += _greeted(inputs, dict(handshakes))
    ticks = list({tick.host: tick for tick in reversed(ticks)}.values())[::-1]
    asked = tuple({one: one for _, facts in handshakes for one in facts.validities})
    validities = tuple({one: one for one in (*_accepted(handshakes), *asked)})
    at = max(facts.at for _, facts in handshakes) if validities else 0.0
    failed = [(t, f) for t, f in handshakes if outside_validity(f, f.at)]
    offset = ahead(credible(ticks, validities, at))
    return ClockFacts(
        ticks=tuple(ticks),
        at=at,
        validities=validities,
        clock_offset_s=None if offset is None else round(-offset, 1),
        rejected_for_time=len(failed),
        valid_at_server_time=0 if offset is None else sum(not outside_validity(f, f.at + offset) for _, f in failed),
        alike=_alike(failed, asked, accepted=any(f.verified for _, f in handshakes)),
    )


def _accepted(handshakes: list[tuple[Service, TlsFacts]]) -> Iterator[Validity]:
    for service, facts in handshakes:
        if facts.not_before is not None and facts.not_after is not None:
            yield Validity(host=service.host, not_before=facts.not_before, not_after=facts.not_after)


def _greeted(inputs: Inputs[ServerFacts], handshakes: dict[Service, TlsFacts]) -> list[Tick]:
    """Dates in the greetings of submission, which come in clear before STARTTLS."""
    rows = [(t, facts) for t, facts in inputs.each(ServerFacts) if isinstance(t, Service)]
    ticks = (tick_in_greeting(t.host, facts.greeting, handshakes[t].at) for t, facts in rows if t in handshakes)
    return [tick for tick in ticks if tick is not None]


def _alike(failed: list[tuple[Service, TlsFacts]], asked: tuple[Validity, ...], *, accepted: bool) -> tuple[str, ...]:
    """The hosts whose certificates are outside their dates in one way; none where that is no sign of a wrong clock.

    An old certificate that is still good, or one accepted, speaks against a clock that is ahead. It does not against
    one that is behind.
    """
    ways = {outside_validity(facts, facts.at) for _, facts in failed}
    if len(ways) != 1:
        return ()
    at = max(facts.at for _, facts in failed)
    good = accepted or any(one.not_before <= at <= one.not_after for one in asked)
    if ways == {"expired"}:
        if good:
            return ()
        others = [one.host for one in asked if one.not_after < at]
    else:
        others = [one.host for one in asked if one.not_before > at]
    hosts = tuple(dict.fromkeys([*(service.host for service, _ in failed), *others]))
    return hosts if len({registered(host) for host in hosts}) > 1 else ()


def judge_clock(facts: ClockFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Wrong by more than five minutes, and by whose word?"""
    ticks = credible(facts.ticks, facts.validities, facts.at)
    off = [tick for tick in ticks if abs(tick.ahead_seconds) > MOST_SKEW_SECONDS]
    if not ticks and facts.alike:
        yield Finding(
            cause="network.clock-skew",
            certainty="likely",
            text=text(
                "By this computer's clock the certificates of {hosts}, which have different owners, are all outside "
                "their dates.",
                hosts=facts.alike,
            ),
        )
    if len(off) <= len(ticks) - len(off):  # a clock that agrees with ours speaks for ours
        return
    middle = ahead(off) or 0.0
    agreed = [tick for tick in off if abs(tick.ahead_seconds - middle) <= MOST_SKEW_SECONDS]
    proven = len({registered(tick.host) for tick in agreed}) >= 2 or facts.valid_at_server_time > 0
    yield Finding(
        cause="network.clock-skew",
        certainty="confirmed" if proven and len(agreed) == len(ticks) else "likely",
        proof="date-of-servers",
        # certificates that are outside their dates by the right time as well need another remedy first
        partial=facts.rejected_for_time > 0 and facts.valid_at_server_time == 0,
        text=text(
            "This computer's clock differs by {minutes} minutes from that of {hosts}.",
            minutes=round(abs(middle) / 60),
            hosts=tuple(tick.host for tick in off),
        ),
        data={"ahead_seconds": middle},
    )


CHECK = Check(
    id="network.clock",
    family="network",
    title="This computer's clock is right",
    each=Subject,
    station="computer",
    facts=ClockFacts,
    probe=probe_clock,
    judge=judge_clock,
    untold=lambda facts: None if facts.ticks else text("no other clock told the time"),
    rules_out=("network.clock-skew",),
    usable=lambda facts: bool(facts.ticks),
    needs=read(ServerFacts) | read(TlsFacts) | read(WebFacts),
)
