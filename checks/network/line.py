"""The line: repeated connects to a server that can be reached tell loss and delay from a server's own faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

import msgspec

from checks.network.evidence import reached
from checks.network.repeated import LineFacts as LineFacts
from checks.network.repeated import repeated, steadiest
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from diagnose.model import Check, Finding, Inputs, SkipCheck, Subject, Text, read, text
from diagnose.process.first_use import one_at_a_time
from diagnose.running.context import Context

RETRANSMISSION_MS = 900
"""A connect that takes this much longer than the quickest has lost a packet: the first retransmission comes after
one second (RFC 6298 §2)."""
SLOW_MS = 1000
"""A connect this slow loses the patience of people; a geostationary satellite takes about 600 ms."""
FAR_ABOVE = 10
"""Times the quickest, for a spread that is worth a hint."""
FAR_ABOVE_MS = 300
"""And at least this much more: a smaller difference is not felt."""
MANY_LOST = 2
FEWEST = 3
"""Connects below which a line that lost none of them may still be a bad one."""


def probe_line(_target: Subject, inputs: Inputs[ReachFacts | ServerFacts | TlsFacts], context: Context) -> LineFacts:
    """Connect again, where something timed out or took long; most often that has been begun while it did."""
    rows = reached(inputs)
    working = [(service, facts) for service, facts in rows if facts.connected is not None]
    if not working:
        raise SkipCheck(text("no server can be reached to compare with"))
    silent = any(_timed_out(facts) for _, facts in rows) or _answer_timed_out(inputs)
    if not silent and not _uneven([_quickest(facts) for _, facts in working]):
        raise SkipCheck(text("nothing timed out or was slow"))
    answering = [(service, facts.connected or "", _quickest(facts)) for service, facts in working]
    seen = repeated(context, lambda: steadiest(answering)).result()
    return LineFacts(
        host=seen.service.host,
        port=seen.service.port,
        address=seen.address,
        milliseconds=seen.milliseconds,
        all_reached=not silent,
    )


def _timed_out(facts: ReachFacts) -> bool:
    failures = [attempt.failure for attempt in facts.attempts]
    return facts.connected is None and any(f is not None and f.name == "timed_out" for f in failures)


def _answer_timed_out(inputs: Inputs[ServerFacts | TlsFacts]) -> bool:
    tls = [facts.failure for _, facts in inputs.each(TlsFacts)]
    greetings = [facts.failure for _, facts in inputs.each(ServerFacts)]
    return any(failure is not None and failure.name == "timed_out" for failure in (*tls, *greetings))


def _quickest(facts: ReachFacts) -> int:
    return min((a.milliseconds for a in facts.attempts if a.failure is None), default=0)


def _uneven(milliseconds: list[int]) -> bool:
    """Whether a connect was slow, or took far longer than another."""
    low, high = min(milliseconds), max(milliseconds)
    return high >= SLOW_MS or (high - low >= FAR_ABOVE_MS and high >= FAR_ABOVE * low)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What repeated connects come to."""

    tries: int
    lost: int
    """Connects that lost a packet on the way, whether they came about in the end or not."""
    quickest: int
    """Milliseconds."""
    median: float
    slowest: int


def figures(milliseconds: tuple[int | None, ...]) -> Figures | None:
    """The figures of *milliseconds*; None where not one connect came about."""
    done = [one for one in milliseconds if one is not None]
    if not done:
        return None
    with one_at_a_time:  # a module that few runs need, and that takes 3 ms
        import statistics
    low = min(done)
    late = sum(one - low >= RETRANSMISSION_MS for one in done)
    return Figures(
        tries=len(milliseconds),
        lost=len(milliseconds) - len(done) + late,
        quickest=low,
        median=statistics.median(done),
        slowest=max(done),
    )


def judge_line(facts: LineFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Losses, or times far apart?"""
    found = figures(facts.milliseconds)
    if found is None:
        return
    far_apart = found.slowest >= FAR_ABOVE * max(found.median, 1) and found.slowest - found.median >= FAR_ABOVE_MS
    if not found.lost and not far_apart and found.quickest < SLOW_MS:
        return
    yield Finding(
        cause="network.unstable",
        certainty="likely" if found.lost >= MANY_LOST else "possible",
        partial=facts.all_reached,
        text=text(
            "Of {tries} connects to {host}, {lost} lost packets on the way ({share} %); the quickest took {quickest} "
            "ms, the slowest that came about {slowest} ms.",
            tries=found.tries,
            host=facts.host,
            lost=found.lost,
            share=round(100 * found.lost / found.tries),
            quickest=found.quickest,
            slowest=found.slowest,
        ),
        data=msgspec.to_builtins(found),
    )


def _untold(facts: LineFacts) -> Text | None:
    few = sum(one is not None for one in facts.milliseconds) < FEWEST
    return text("too few connects came about to judge the line by") if few else None


CHECK = Check(
    id="network.line",
    family="network",
    title="The line loses nothing and is quick",
    each=Subject,
    facts=LineFacts,
    probe=probe_line,
    judge=judge_line,
    untold=_untold,
    needs=read(ReachFacts) | read(ServerFacts) | read(TlsFacts),
)
