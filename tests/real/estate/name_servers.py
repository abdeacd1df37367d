"""Knot, authoritative for every zone of the estate, and Unbound, the validating resolver in front of it."""

from __future__ import annotations

from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from .daemon import Daemon
from .namespaces import Namespace
from .plan import Plan
from .rendering import render
from .zones import Tree


def _answers(namespace: Namespace, address: str, name: str) -> bool:
    def ask() -> bool:
        try:
            answer = dns.query.udp(dns.message.make_query(name, "SOA"), address, timeout=0.5)
        except (OSError, dns.exception.DNSException):
            return False
        return answer.rcode() == dns.rcode.NOERROR and bool(answer.answer)

    return namespace.inside(ask)


class NameServers:
    """Both, and the files they work from."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self._plan = plan
        self._directory = directory
        tree = Tree(plan)
        files = {zone: f"{zone.strip('.') or 'root'}.zone" for zone in tree.files}
        for zone, file in files.items():
            (directory / file).write_text(tree.files[zone], encoding="ascii")
        (directory / "hints").write_text(tree.hints, encoding="ascii")
        self._knot = render(
            "knot.conf",
            directory / "knot.conf",
            directory=directory,
            addresses=[one.ip for one in plan.name_server],
            zones=files.items(),
        )
        self._unbound = render(
            "unbound.conf",
            directory / "unbound.conf",
            directory=directory,
            addresses=[one.ip for one in plan.resolver],
            lame_server=plan.lame_server.ip,
            hints=directory / "hints",
            trust_anchor=tree.trust_anchor,
        )

    def start(self, namespace: Namespace) -> list[Daemon]:
        """Run them in *namespace*; back when names can be resolved, each through validation."""
        knot = Daemon(namespace, ["knotd", "-c", self._knot], self._directory / "knot.log")
        authority = str(self._plan.name_server[0].ip)
        knot.wait_until(lambda: _answers(namespace, authority, "."))
        unbound = Daemon(namespace, ["unbound", "-d", "-p", "-c", self._unbound], self._directory / "unbound.log")
        resolver = str(self._plan.resolver[0].ip)
        unbound.wait_until(lambda: _answers(namespace, resolver, "."))
        return [knot, unbound]
