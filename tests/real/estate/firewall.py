"""The server namespace's firewall, from the hosts' rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .namespaces import LINK
from .plan import Placed

UNREACHABLE = {4: "icmp type host-unreachable", 6: "icmpv6 type addr-unreachable"}


def ruleset(hosts: Sequence[Placed]) -> str:
    """Commands for ``nft -f``; the rules meet the client alone, since servers talk to each other as well."""
    return "\n".join(
        [
            "table inet estate {",
            "  chain incoming {",
            "    type filter hook input priority 0; policy accept;",
            *(f"    {rule}" for placed in hosts for rule in _rules(placed)),
            "  }",
            "}",
            "",
        ]
    )


def _rules(placed: Placed) -> Iterator[str]:
    for rule in placed.host.firewall:
        for family in rule.families:
            address = placed.of(family)
            if address is None:
                continue
            target = f"iifname {LINK} {'ip' if address.version == 4 else 'ip6'} daddr {address}"
            ports = f" tcp dport {{ {', '.join(map(str, rule.ports))} }}" if rule.ports else ""
            action = "drop" if rule.how == "drop" else f"reject with {UNREACHABLE[address.version]}"
            yield f"{target}{ports} {action}"
