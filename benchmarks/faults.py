"""Every fault of the lab: the seconds from the first check to the verdict, beside the scenario's own bound.

A program of its own, which gets the command: what it loads would count as memory of what is measured beside it.

What is refused, or answered wrongly, is known at once: within the time of a run in which all is well. Where a server
lets a client wait, the bound is longer by the patience that there is for that, once and not for each port or address.
"""

from __future__ import annotations

import asyncio
import statistics
import sys

import msgspec

from benchmarks.process import ProcessError, ended
from benchmarks.results import say
from checks.reach.retry import PAUSE_SECONDS
from checks.server.server import SILENT_SECONDS
from diagnose.lab.scenario import SCENARIOS, SERVICES, Scenario
from diagnose.model.deadline import DEFAULT_SECONDS
from diagnose.network import CONNECT_SECONDS
from diagnose.network.resolver import TRY_SECONDS

HEALTHY = "healthy"
ALLOWED = 0.3
"""Seconds above the bound."""
TIMES = 3
"""Tries of a scenario that was above its bound; other load of the machine adds to a time, and the least counts."""
HEALTHY_EVERY = 20
"""Scenarios between two runs in which all is well."""
FAULT = 500
"""The first HTTP status that is the server's own fault."""
REPLIES_IN_TURN = 8
"""Of a server that thinks before each: greeting, capabilities, login and mailbox of IMAP, and as many of submission."""
EXIT_CODES = (0, 1, 3)


class Judged(msgspec.Struct, frozen=True):
    """Of a report: how long its run took."""

    duration_ms: int


def patience(scenario: Scenario) -> tuple[float, str]:
    """The seconds that a run has to wait for the servers of *scenario*, beyond one in which all is well; for what."""
    states = {port.state for port in scenario.ports.values()}
    if scenario.dns == "silent":
        return sum(TRY_SECONDS[:2]), "two tries of a name server"
    if "dropped" in states or any(port.takes for port in scenario.ports.values()):
        return CONNECT_SECONDS, "one connect"
    if "silent" in states:
        return DEFAULT_SECONDS, "a greeting, to the run's deadline"
    if any(tls_first(scenario, service) for service in scenario.ports):
        return SILENT_SECONDS, "a greeting, before TLS is tried"
    if states & {"hangs-up", "breaks-off"} or scenario.turned_away or scenario.web.status >= FAULT:
        return PAUSE_SECONDS, "a second try"
    if scenario.delay:
        return REPLIES_IN_TURN * scenario.delay, f"{REPLIES_IN_TURN} replies of {scenario.delay:g} s"
    return 0.0, ""


def tls_first(scenario: Scenario, service: str) -> bool:
    """Whether the port of *service* waits for a ClientHello where its name promises a greeting."""
    return scenario.tls(service) == "implicit" and SERVICES[service][1] == "starttls"


async def took(command: str, scenario: str) -> float:
    """Seconds from the first check of *scenario* to the verdict. Raises ProcessError."""
    done = await ended([command, "lab", scenario, "--format", "json"], exit_codes=EXIT_CODES)
    return msgspec.json.decode(done.output, type=Judged).duration_ms / 1000


async def faults(command: str) -> None:
    """Print the table."""
    taken: dict[str, float] = {}
    healthy: list[float] = []
    for number, name in enumerate(SCENARIOS):
        if number % HEALTHY_EVERY == 0:
            healthy.append(await took(command, HEALTHY))
        try:
            taken[name] = await took(command, name)
        except ProcessError as error:
            say(f"  {name}: not measured: {error}")
    usual = statistics.median(healthy)
    above = [name for name, seconds in taken.items() if seconds > usual + patience(SCENARIOS[name])[0] + ALLOWED]
    for name in above:
        taken[name] = min([taken[name], *[await took(command, name) for _ in range(TIMES - 1)]])
    say(f"\nEvery fault of the lab: seconds from the first check to the verdict (all well: {usual:.2f})")
    say(f"  {'':<40} {'bound':>6} {'took':>6}")
    for name, seconds in taken.items():
        wait, what = patience(SCENARIOS[name])
        late = seconds - (usual + wait)
        words = f"  {name:<40} {usual + wait:6.2f} {seconds:6.2f}  {f'waits for {what}' if what else ''}".rstrip()
        say(words + (f"  {late:.2f} late" if late > ALLOWED else ""))
    late_ones = sum(seconds > usual + patience(SCENARIOS[name])[0] + ALLOWED for name, seconds in taken.items())
    verdict = f"aim 0: {'missed' if late_ones else 'met'}"
    say(f"  later than their bound by more than {ALLOWED} s: {late_ones} of {len(taken)}  {verdict}")


if __name__ == "__main__":
    asyncio.run(faults(sys.argv[1]))
