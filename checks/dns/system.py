"""The computer's own look-up of a name: does it find what the run's resolver finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never

from checks.dns.host import HostFacts
from diagnose.model import Check, Facts, Finding, Host, Inputs, SkipCheck, Text, need, text
from diagnose.network import SystemLookup, is_address
from diagnose.running.context import Context

SILENT_SECONDS = 1.2
"""A resolver that was given less for its answer may only be slow."""


BESIDE_SECONDS = 2.0
"""Patience for the look-up made only to compare."""


SPECIAL_USE = ("test", "example", "invalid", "localhost", "local", "internal", "onion", "alt", "home.arpa")
"""Names that the public DNS never holds (RFC 6761, 6762, 7686, 8375, 9476; ICANN for internal)."""


class SystemFacts(Facts, frozen=True, kw_only=True):
    """The system's own look-up beside the chosen resolver's."""

    system: SystemLookup
    chosen: tuple[str, ...]


def probe_system(target: Host, inputs: Inputs[HostFacts], context: Context) -> SystemFacts:
    """Ask the system too when another resolver was chosen: mail programs use the system's."""
    if context.network.resolver.chosen is None:
        raise SkipCheck(text("the system's own resolver is the one in use"))
    name = target.name.lower()
    if is_address(name) or any(name == top or name.endswith("." + top) for top in SPECIAL_USE):
        raise SkipCheck(text("the name is not one of the public DNS"))
    return SystemFacts(
        system=context.network.system_lookup(target.name, context.deadline.within(BESIDE_SECONDS)),
        chosen=inputs[HostFacts].found.addresses,
    )


def judge_system(facts: SystemFacts, _inputs: Inputs[Never], target: Host) -> Iterator[Finding]:
    """A name that only the chosen resolver knows is one that mail programs on this computer do not find."""
    if facts.system.error and facts.chosen:
        yield Finding(
            cause="network.resolver-down",
            certainty="possible",
            text=text(
                "This computer's own look-up of {host} fails ({error}), while the chosen resolver knows its address.",
                host=target.name,
                error=facts.system.error,
            ),
        )


def _untold(facts: SystemFacts) -> Text | None:
    return text("the system found no address either") if facts.system.error else None


CHECK = Check(
    id="dns.system",
    family="dns",
    title="This computer's own look-up finds {host} too",
    each=Host,
    facts=SystemFacts,
    probe=probe_system,
    judge=judge_system,
    untold=_untold,
    needs=need(HostFacts),
)
