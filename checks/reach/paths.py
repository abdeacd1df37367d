"""Whether every address of a server takes connections, not the quickest alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Never

from checks.dns.domain import ALIVE
from checks.dns.host import HostFacts
from checks.reach.reach import COMPARE_SECONDS, TELLING_SECONDS, ReachFacts, race_key
from diagnose.model import Check, Facts, Failure, FailureName, Finding, Inputs, Service, Sharing, Text, need, text
from diagnose.network import Attempt, Race
from diagnose.network.connector import family_of
from diagnose.running.context import Context


class PathsFacts(Facts, frozen=True, kw_only=True):
    """What became of the addresses behind the first that connected."""

    attempts: tuple[Attempt, ...]
    ipv6_route: bool
    """Whether this computer has a route for the IPv6 addresses at all."""
    hurried: bool = False
    """The run had less time for an answer than a lost packet takes to be sent again."""
    unasked: tuple[str, ...] = ()
    """Record types that DNS gave no usable answer for: there may be more addresses."""


def probe_paths(target: Service, inputs: Inputs[HostFacts], context: Context) -> PathsFacts:
    """Wait a little for the other addresses."""
    race, found = context.connections.take(race_key(target), Race), inputs[HostFacts].found
    if race is None and context.shared is not None:
        race = context.network.connect_all(found.addresses, target.port, context.deadline, COMPARE_SECONDS, keeps=False)
    if race is None:
        return PathsFacts(attempts=(), ipv6_route=False)
    unasked = tuple(a.record_type for a in (found.ipv4, found.ipv6) if a is not None and a.status not in ALIVE)
    patience = context.deadline.within(COMPARE_SECONDS).left()
    attempts = list(race.attempts(patience))
    race.close()
    done = {a.address for a in attempts}
    attempts += [
        Attempt(
            address=address,
            family=family_of(address),
            failure=Failure(name="timed_out", operation="connect", text="no answer in time"),
            milliseconds=round(1000 * COMPARE_SECONDS),
        )
        for address in race.addresses
        if address not in done
    ]
    sixes = [a for a in race.addresses if family_of(a) == "ipv6"]
    ipv6_route = any(map(context.network.vantage.has_route, sixes))
    return PathsFacts(
        attempts=tuple(attempts), ipv6_route=ipv6_route, hurried=patience < TELLING_SECONDS, unasked=unasked
    )


def judge_paths(facts: PathsFacts, _inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """Is an address dead while another one is alive? A computer without IPv6 proves nothing of such addresses."""
    if not target.named:
        return
    yield from _judge_ipv6(facts, target)
    yield from _judge_some(facts, target)


def _judge_some(facts: PathsFacts, target: Service) -> Iterator[Finding]:
    """Does one of several addresses take no connections? Programs lose time there, or give up.

    All of a family that are silent may be this computer's own doing; a refusal comes from over there.
    """
    alive = {a.address: a.family for a in facts.attempts if a.failure is None}
    place: dict[str, str | int | tuple[str, ...]] = {"host": target.host, "port": target.port, "alive": tuple(alive)}
    refusing = _failed(facts, "connection_refused", {*alive.values(), "ipv4"})
    if alive and refusing:
        yield Finding(
            cause="reach.refused",
            certainty="likely",
            partial=True,
            text=text(
                "{host} takes connections on port {port} at {alive}, and refuses them at {dead}.",
                dead=refusing,
                **place,
            ),
            data={"addresses": list(refusing)},
        )
    unreachable = _failed(facts, "host_unreachable", {*alive.values()})
    if alive and unreachable:
        yield Finding(
            cause="reach.unreachable",
            certainty="likely",
            partial=True,
            text=text(
                "{host} takes connections on port {port} at {alive}, and there is no way to {dead}.",
                dead=unreachable,
                **place,
            ),
            data={"addresses": list(unreachable)},
        )
    silent = _failed(facts, "timed_out", {*alive.values()})
    if alive and silent:
        yield Finding(
            cause="reach.timeout",
            certainty="possible" if facts.hurried else "likely",
            partial=True,
            text=text(
                "{host} takes connections on port {port} at {alive}, and does not answer at {dead}.",
                dead=silent,
                **place,
            ),
            data={"addresses": list(silent)},
        )


def _failed(facts: PathsFacts, name: FailureName, families: Collection[str]) -> tuple[str, ...]:
    """The addresses of *families* whose connects failed as *name*."""
    return tuple(a.address for a in facts.attempts if a.failure and a.failure.name == name and a.family in families)


def _judge_ipv6(facts: PathsFacts, target: Service) -> Iterator[Finding]:
    sixes = [a for a in facts.attempts if a.family == "ipv6"]
    fours = [a for a in facts.attempts if a.family == "ipv4"]
    if not facts.ipv6_route or not sixes:
        return
    if all(a.failure for a in sixes) and any(a.failure is None for a in fours):
        failure = sixes[0].failure
        yield Finding(
            cause="reach.ipv6-broken",
            certainty="confirmed",
            proof="ipv4-alone-connects",
            partial=True,
            text=text(
                "{host} answers on port {port} over IPv4, but not over its IPv6 address {address} ({words}).",
                host=target.host,
                port=target.port,
                address=sixes[0].address,
                words=failure.words if failure else "",
            ),
        )


def _not_all(facts: PathsFacts) -> Text | None:
    silent = tuple(attempt.address for attempt in facts.attempts if attempt.failure)
    if silent:
        return text("no connection to {addresses}", addresses=silent)
    return text("not all addresses are known") if facts.unasked or not facts.attempts else None


def _shows(facts: PathsFacts, _inputs: Inputs[Never], _target: Service) -> Mapping[str, str]:
    """An address that does not answer."""
    failed = (attempt.address for attempt in facts.attempts if attempt.failure is not None)
    return {"address": address} if (address := next(failed, None)) else {}


CHECK = Check(
    id="reach.paths",
    family="reach",
    title="Every published address of {host} answers on port {port}",
    each=Service,
    station="server",
    facts=PathsFacts,
    probe=probe_paths,
    judge=judge_paths,
    untold=_not_all,
    rules_out=("reach.ipv6-broken",),
    shows=_shows,
    needs=need(HostFacts) | need(ReachFacts),
    sharing=Sharing(),
)
