"""Whether every address of a server takes connections, not the quickest alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Never

from checks.dns.domain import ALIVE
from checks.dns.host import HostFacts
from checks.reach.reach import COMPARE_SECONDS, ReachFacts, race_key
from diagnose.model import Check, Facts, Failure, Finding, Inputs, Service, Sharing, Text, need, text
from diagnose.network import Attempt, Race
from diagnose.network.connector import family_of
from diagnose.running.context import Context


class PathsFacts(Facts, frozen=True, kw_only=True):
    """What became of the addresses behind the first that connected."""

    attempts: tuple[Attempt, ...]
    ipv6_route: bool
    """Whether this computer has a route for the IPv6 addresses at all."""
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
    attempts = list(race.attempts(context.deadline.within(COMPARE_SECONDS).left()))
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
    return PathsFacts(attempts=tuple(attempts), ipv6_route=ipv6_route, unasked=unasked)


def judge_paths(facts: PathsFacts, _inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """IPv6 published and dead, IPv4 alive? A computer without IPv6 proves nothing."""
    sixes = [a for a in facts.attempts if a.family == "ipv6"]
    fours = [a for a in facts.attempts if a.family == "ipv4"]
    if not facts.ipv6_route or not sixes or not target.named:
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
