"""Resolvers that are old, cut down or slow are not dead ones."""

from __future__ import annotations

from collections.abc import Sequence

import dns.message
import dns.rcode
import dns.rrset
import pytest

from checks.dns.host import HostFacts, judge_host
from checks.dns.resolver import ResolverFacts, judge_resolver
from diagnose.model import Deadline, Host, Inputs, Subject
from diagnose.network import DnsAnswer, HostAddresses, resolver
from diagnose.network.resolver import REFUSES_EDNS, Resolver
from tests.core.loopback import PATIENCE, DnsServer

NAME = "mail.corp.example"
GIVEN = Inputs(subject=Subject(domain="corp.example"), provider=None, services=())


def answered(question: dns.message.Message) -> bytes:
    reply = dns.message.make_response(question)
    reply.answer.append(dns.rrset.from_text(NAME + ".", 60, "IN", "A", "192.0.2.1"))
    return reply.to_wire()


@pytest.mark.parametrize("refusal", [*sorted(REFUSES_EDNS), None], ids=str)
def test_a_server_without_edns_is_asked_without_it(
    refusal: dns.rcode.Rcode | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6891 §7: an error, or nothing where something on the way drops it."""
    monkeypatch.setattr(resolver, "TRY_SECONDS", (0.1, PATIENCE) if refusal is None else (PATIENCE,))

    def old(raw: bytes) -> Sequence[bytes]:
        question = dns.message.from_wire(raw)
        if question.edns < 0:
            return [answered(question)]
        if refusal is None:
            return []
        reply = dns.message.make_response(question)
        if refusal != dns.rcode.BADVERS:
            reply.use_edns(False)
        reply.set_rcode(refusal)
        return [reply.to_wire()]

    with DnsServer(old) as server:
        answer = Resolver(server.address).query(NAME, "A", Deadline(PATIENCE))

    assert answer.records == ("192.0.2.1",)


@pytest.mark.parametrize(("milliseconds", "certainty"), [(700, "possible"), (4000, "confirmed")])
def test_silence_proves_what_it_was_given_time_for(milliseconds: int, certainty: str) -> None:
    control = DnsAnswer(name="", record_type="NS", status="timed_out", milliseconds=milliseconds)
    facts = ResolverFacts(servers=("192.0.2.53",), control=control, useful=0, useless=5)

    assert [(f.cause, f.certainty) for f in judge_resolver(facts, GIVEN, GIVEN.subject)] == [
        ("network.resolver-down", certainty)
    ]


def test_a_circle_of_aliases_is_a_broken_zone() -> None:
    """A resolver that does not fail for it hands out the circle itself."""
    circle = DnsAnswer(name=NAME, record_type="A", status="malformed", text="DNS chaining loop")
    found = HostAddresses(host=NAME, addresses=(), ipv4=circle, ipv6=circle)

    assert [f.cause for f in judge_host(HostFacts(found=found), GIVEN, Host(name=NAME, source="srv"))] == [
        "dns.broken-zone"
    ]
