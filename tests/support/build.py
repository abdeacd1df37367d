"""The person whose login is diagnosed in tests, and the servers of their mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnose.model import Check, Host, Service, Subject, Target
from diagnose.model.protocols import PROTOCOLS, ProtocolName, TlsMode
from diagnose.model.targets import SourceName
from diagnose.running.plugins import all_checks

CHECKS: Mapping[str, Check[Any]] = {check.id: check for check in all_checks()}
"""All records by their ids, which a verdict and a picture are made with."""
DOMAIN = "corp.example"
SUBJECT = Subject(domain=DOMAIN, address=f"alice@{DOMAIN}", username=f"alice@{DOMAIN}")


def service(
    protocol: ProtocolName = "imap",
    port: int = 993,
    tls: TlsMode = "implicit",
    source: SourceName = "option",
    *,
    host: str = f"mail.{DOMAIN}",
) -> Service:
    return Service(protocol=protocol, host=host, port=port, tls=tls, source=source)


def targets_of(check: Check[Any]) -> list[Target]:
    """One target of every kind that *check* is for: subject, host, and a service of each protocol and TLS mode."""
    kinds: list[Target] = [SUBJECT, Subject(domain=DOMAIN), Host(name=f"mail.{DOMAIN}", source="option")]
    kinds += [service(protocol.name, port.number, port.tls) for protocol in PROTOCOLS for port in protocol.ports]
    return [one for one in kinds if isinstance(one, check.each) and check.applies(one)]
