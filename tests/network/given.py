"""Facts as other checks leave them, and a workbench on loopback."""

from __future__ import annotations

from typing import Literal

from checks.dns.domain import DomainFacts
from checks.dns.host import HostFacts
from checks.reach.reach import ReachFacts
from checks.tls.certificates import CertificateFacts
from checks.tls.explained import TlsExplanation
from checks.tls.handshake import TlsFacts
from diagnose.account.history import History
from diagnose.discovery import DiscoveryOptions
from diagnose.model import Deadline, Facts, Failure, FailureName, Host, Inputs, ProtocolName, Service, Target
from diagnose.network import Attempt, DnsAnswer, HostAddresses, Nameserver, Network
from diagnose.running.context import Context
from tests.support.build import SUBJECT

NOW = 1_700_000_000.0
DAY = 86_400.0
DnsState = Literal["answered", "timed_out", "server_failure", "no_resolver", "refused"]


def bench(resolver: Nameserver | None = None, *, third_party: bool = False, seconds: float = 5) -> Context:
    return Context(
        network=Network(resolver),
        deadline=Deadline(seconds),
        history=History(None),
        discovery=DiscoveryOptions(third_party=third_party),
    )


def service(host: str, port: int = 993, protocol: ProtocolName = "imap") -> Service:
    return Service(protocol=protocol, host=host, port=port, tls="implicit", source="option")


def given(
    *services: Service,
    facts: tuple[Facts, ...] = (),
    elsewhere: tuple[tuple[Target, Facts], ...] = (),
) -> Inputs:
    return Inputs(subject=SUBJECT, provider=None, services=services, facts=facts, elsewhere=elsewhere)


def dns_answer(status: DnsState, *records: str) -> DnsAnswer:
    return DnsAnswer(name="corp.example", record_type="A", status=status, records=records)


def domain(status: DnsState) -> DomainFacts:
    answer = dns_answer(status, *(["192.0.2.9"] if status == "answered" else []))
    return DomainFacts(mx=answer, ipv4=answer, ipv6=answer)


def host(name: str, *addresses: str) -> tuple[Host, HostFacts]:
    found = HostAddresses(host=name, addresses=addresses, ipv4=dns_answer("answered", *addresses))
    return Host(name=name, source="option"), HostFacts(found=found)


def reach(address: str, *, failed: FailureName | None = None, milliseconds: int = 20) -> ReachFacts:
    failure = Failure(name=failed, operation="connect") if failed else None
    attempt = Attempt(address=address, family="ipv4", failure=failure, milliseconds=milliseconds)
    return ReachFacts(addresses=(address,), connected=None if failed else address, attempts=(attempt,))


def certificate(host: str, issuer: str, *, public: bool = False, days: tuple[int, int] = (-10, 80)) -> CertificateFacts:
    return CertificateFacts(
        subject=f"CN={host}",
        issuer=issuer,
        names=(host,),
        not_before=NOW + days[0] * DAY,
        not_after=NOW + days[1] * DAY,
        self_signed=issuer == f"CN={host}",
        ca_issuers=("http://issuer.example/ca.crt",) if public else (),
    )


def refused_certificate(one: CertificateFacts, *, code: int = 20) -> TlsFacts:
    return TlsFacts(
        verified=False,
        at=NOW,
        failure=Failure(name="certificate_not_accepted", operation="tls_handshake"),
        verify_code=code,
        explanation=TlsExplanation(chain=(one,)),
    )
