"""Whether Acme's VPN is up: its client says so in a variable of the session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Never

from diagnose.api import NO_NEEDS, AddedStation, Check, Context, Facts, Finding, Inputs, Subject, text


class VpnFacts(Facts, frozen=True, kw_only=True):
    connected: bool
    gateway: str


def probe_vpn(_target: Subject, _inputs: Inputs[Never], _context: Context) -> VpnFacts:
    return VpnFacts(
        connected=os.environ.get("ACME_VPN") == "up", gateway=os.environ.get("ACME_GATEWAY", "gate.acme.example")
    )


def judge_vpn(facts: VpnFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    if not facts.connected:
        yield Finding(
            cause="acme.vpn-down",
            certainty="confirmed",
            proof="client",
            text=text("Acme Connect has no tunnel to {gateway}.", gateway=facts.gateway),
        )


CHECKS = (
    Check(
        id="acme.vpn",
        family="acme",
        title="Acme's VPN is up",
        each=Subject,
        facts=VpnFacts,
        probe=probe_vpn,
        judge=judge_vpn,
        needs=NO_NEEDS,
        station=AddedStation(name="acme-vpn", title="Acme's VPN", behind="network"),
        rules_out=("acme.vpn-down",),
    ),
)
