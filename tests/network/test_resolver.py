"""A resolver that sends public names to places where no public server can be."""

from __future__ import annotations

import pytest

from checks.dns.system import SystemFacts
from checks.network import resolver
from checks.network.hosts import HostsFileFacts
from checks.network.resolver import AnswerFacts, Contradiction, is_inward, judge_answers, probe_answers
from diagnose.model import Certainty, Facts, Host, Inputs, SkipCheck, Target
from diagnose.network import Nameserver, SystemLookup
from tests.support.build import SUBJECT as ALICE

from .given import bench, given, host, reach, service

PUBLIC = "203.0.113.9"
MAIL = service("mail.corp-mail.com")


@pytest.mark.parametrize(
    ("address", "inward"),
    [
        ("0.0.0.0", True),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True),
        ("172.20.0.1", True),
        ("100.64.0.1", True),
        ("::", True),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1%eth0", True),
        ("203.0.113.9", False),
        ("2001:db8::1", False),
        ("8.8.8.8", False),
    ],
)
def test_addresses_that_no_public_server_has(address: str, *, inward: bool) -> None:
    assert is_inward(address) is inward


@pytest.mark.parametrize(
    ("here", "elsewhere", "certainty"),
    [(False, True, "likely"), (True, True, "possible"), (True, False, "possible"), (False, False, "possible")],
)
def test_split_dns_is_legal(*, here: bool, elsewhere: bool, certainty: Certainty) -> None:
    """Only where the other address alone leads anywhere it counts."""
    one = Contradiction(
        host=MAIL.host,
        port=993,
        here=("10.0.0.9",),
        elsewhere=(PUBLIC,),
        by="ns.corp-mail.com",
        here_connects=here,
        elsewhere_connects=elsewhere,
    )
    (found,) = judge_answers(AnswerFacts(contradictions=(one,)), given(), ALICE)

    assert (found.cause, found.certainty) == ("network.resolver-down", certainty)
    assert "10.0.0.9" in found.text.render()


def seen(name: str, *addresses: str, system: tuple[str, ...] = (), listed: tuple[str, ...] = ()) -> Inputs:
    target, facts = host(name, *addresses)
    rows: list[tuple[Target, Facts]] = [(target, facts), (service(name), reach(PUBLIC))]
    if system:
        rows.append((target, SystemFacts(system=SystemLookup(addresses=system), chosen=addresses)))
    if listed:
        rows.append((Host(name=name, source="option"), HostsFileFacts(file="hosts", listed=listed)))
    return given(service(name), elsewhere=tuple(rows))


@pytest.mark.parametrize(
    "what",
    [
        seen("mail.corp-mail.com", PUBLIC),
        seen("mail.corp-mail.com", PUBLIC, "10.0.0.9"),
        seen("mail.corp.internal", "10.0.0.9"),
        seen("mail.corp.example", "127.0.0.1"),
        seen("localhost", "127.0.0.1"),
        seen("mail.corp-mail.com", "127.0.0.1", listed=("127.0.0.1",)),
    ],
    ids=["public", "one of two", "special use", "example", "localhost", "hosts file"],
)
def test_nobody_else_is_asked_without_need(monkeypatch: pytest.MonkeyPatch, what: Inputs) -> None:
    monkeypatch.setattr(resolver, "_contradiction", lambda *_: pytest.fail("asked"))

    with pytest.raises(SkipCheck):
        probe_answers(ALICE, what, bench())


def test_beside_a_chosen_resolver_the_systems_answer_is_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    probes: list[str] = []

    def connects(address: str, *_: object) -> bool:
        probes.append(address)
        return address == PUBLIC

    monkeypatch.setattr(resolver, "_connects", connects)
    what = seen(MAIL.host, PUBLIC, system=("0.0.0.0",))
    facts = probe_answers(ALICE, what, bench(Nameserver("192.0.2.53")))

    assert probes == ["0.0.0.0", PUBLIC]
    assert [one.certainty for one in judge_answers(facts, what, ALICE)] == ["likely"]
    assert facts.contradictions[0].by == "192.0.2.53"


def test_an_authority_that_agrees_is_no_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's mail server on a private address, as its own zone has it."""
    monkeypatch.setattr(resolver, "_ask_authority", lambda *_: (("10.0.0.9",), "ns.corp-mail.com"))
    what = seen(MAIL.host, "10.0.0.9")

    assert probe_answers(ALICE, what, bench()).contradictions == ()
