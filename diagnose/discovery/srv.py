"""Services by SRV records: RFC 6186, and RFC 8314 §5.1 for implicit TLS submission."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.naming import host_name, in_order, owner, port_number
from diagnose.discovery.provider import certain
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import PROTOCOLS, Port, Protocol, ProtocolName
from diagnose.model.targets import Service
from diagnose.network import DnsAnswer, Network, srv_records

LABELS: dict[str, tuple[Protocol, Port]] = {
    port.srv: (protocol, port) for protocol in PROTOCOLS for port in protocol.ports if port.srv is not None
}


def asked(domain: str) -> str:
    """The names in question."""
    return f"SRV {', '.join(LABELS)} in _tcp.{domain}"


def name(label: str, domain: str) -> str:
    """Where *domain* announces what *label* stands for."""
    return f"{label}._tcp.{domain}"


def ask(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Ask for all labels at once."""
    answers = network.resolver.query_all(((name(label, domain), "SRV") for label in LABELS), deadline)
    return read(domain, zip(LABELS, answers, strict=True))


def read(domain: str, answers: Iterable[tuple[str, DnsAnswer]]) -> SourceResult:
    """What the answers to the labels say together.

    A label that failed does not spoil the others. A protocol is absent when a record with target
    ``.`` says so and no label offers it all the same.
    """
    services: list[Service] = []
    declared_absent: list[ProtocolName] = []
    failed: list[str] = []
    for label, answer in answers:
        protocol, usual = LABELS[label]
        if not certain(answer):
            failed.append(f"{label}: {answer.text or answer.status}")
        for record in srv_records(answer):
            host, port = host_name(record.target), port_number(record.port)
            if record.target == "":
                declared_absent.append(protocol.name)
            elif host and port:
                services.append(Service(protocol=protocol.name, host=host, port=port, tls=usual.tls, source="srv"))
    offered = {service.protocol for service in services}
    absent = tuple(protocol for protocol in dict.fromkeys(declared_absent) if protocol not in offered)
    return SourceResult(
        source="srv",
        status="found" if services else "failed" if failed else "nothing",
        asked=asked(domain),
        services=in_order(services),
        provider=owner(services),
        absent=absent,
        text="; ".join(failed),
    )
