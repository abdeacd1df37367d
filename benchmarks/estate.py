"""The healthy estate in a process of its own, announced by its SRV records at the ports of the lines before it.

Standard input holds one line of JSON, the lines' ports; standard output gets one, an `Estate`. The estate stays up
until standard input ends.
"""

from __future__ import annotations

import sys

import msgspec

from benchmarks.mailbox import Mailbox
from diagnose.lab import estate as lab
from diagnose.lab.scenario import SCENARIOS, Scenario, ServiceName


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """One port for each server."""

    nameserver: int
    services: dict[ServiceName, int]


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """What is up: its mailbox as seen through the lines, and the servers' own ports behind them."""

    mailbox: Mailbox
    ports: Ports


def announced_at(ports: dict[ServiceName, int]) -> Scenario:
    """The healthy scenario with the services that *ports* names, where its SRV records (RFC 2782) lead."""
    healthy = SCENARIOS["healthy"]
    records = {
        f"_{service}._tcp SRV": (f"0 1 {port} {healthy.host(service)}.",)
        for service, port in ports.items()
        if service != "webmail"
    }
    return msgspec.structs.replace(healthy, services=tuple(ports), records=records)


def main() -> None:
    lines = msgspec.json.decode(sys.stdin.buffer.readline(), type=Ports)
    with lab.Estate(announced_at(lines.services)) as up:
        mailbox = Mailbox(
            address=up.address,
            password=up.password,
            ca_file=str(up.ca_file),
            nameserver_port=lines.nameserver,
            imap_host=up.scenario.host("imaps"),
            imap_port=lines.services["imaps"],
            webmail=f"https://{up.scenario.host('webmail')}:{lines.services['webmail']}/",
        )
        servers = Ports(nameserver=int(up.resolver.rpartition(":")[2]), services=dict(up.ports))
        sys.stdout.buffer.write(msgspec.json.encode(Estate(mailbox=mailbox, ports=servers)) + b"\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
