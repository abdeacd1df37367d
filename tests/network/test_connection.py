"""No network at all, told from a resolver or server that is down."""

from __future__ import annotations

import pytest

from checks import offline
from checks.offline import ConnectionFacts, Route, judge_connection, landmarks, probe_connection
from diagnose.model import Certainty, Failure
from diagnose.network import Attempt, Nameserver, Vantage
from diagnose.network.connector import family_of

from .given import ALICE, bench, domain, given, reach, service

NO_WAY = (Route(destination="192.0.2.53", source=None), Route(destination="192.0.2.9", source=None))
A_WAY = (Route(destination="192.0.2.53", source="192.0.2.1"),)
SELF_MADE = (Route(destination="192.0.2.53", source="169.254.7.7"),)


def knock(address: str, *, answered: bool = False) -> Attempt:
    failure = None if answered else Failure(name="timed_out", operation="connect")
    return Attempt(address=address, family=family_of(address), failure=failure, milliseconds=3000)


@pytest.mark.parametrize(
    ("facts", "certainty"),
    [
        (ConnectionFacts(answered=True, routes=NO_WAY), None),
        (ConnectionFacts(answered=False, routes=NO_WAY), "confirmed"),
        (ConnectionFacts(answered=False, routes=SELF_MADE), "confirmed"),
        (ConnectionFacts(answered=False, routes=(*NO_WAY, *A_WAY)), None),
        (ConnectionFacts(answered=False, routes=A_WAY, resolver_silent=True), None),
        (ConnectionFacts(answered=False, routes=A_WAY, resolver_silent=True, silent=("192.0.2.9",)), "confirmed"),
        (ConnectionFacts(answered=False, routes=A_WAY, silent=("192.0.2.9",)), None),
        (ConnectionFacts(answered=False, routes=A_WAY, landmarks=(knock("1.1.1.1"),)), "likely"),
        (
            ConnectionFacts(
                answered=False,
                routes=A_WAY,
                resolver_silent=True,
                silent=("192.0.2.9",),
                landmarks=(knock("1.1.1.1"), knock("9.9.9.9", answered=True)),
            ),
            None,
        ),
    ],
)
def test_what_proves_it(facts: ConnectionFacts, certainty: Certainty | None) -> None:
    found = list(judge_connection(facts, given(), ALICE))

    assert [(one.cause, one.certainty) for one in found] == ([("network.offline", certainty)] if certainty else [])
    assert all(one.text.render() for one in found)


def test_one_answer_is_enough_to_ask_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the kernel nor anybody else."""
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: pytest.fail("looked for routes"))
    refused = ((service("mail.corp.example"), reach("192.0.2.9", failed="connection_refused")),)
    seen = given(facts={"dns.domain": domain("timed_out")}, elsewhere={"reach": refused})

    assert probe_connection(ALICE, seen, bench(Nameserver("192.0.2.53"))) == ConnectionFacts(answered=True)


def test_a_chosen_resolver_on_this_computer_says_nothing_of_the_network() -> None:
    """Silent as it is, no route is missing."""
    seen = given(facts={"dns.domain": domain("timed_out")})
    found = probe_connection(ALICE, seen, bench(Nameserver("127.0.0.1", 5353), third_party=True))

    assert not found.answered
    assert (found.routes, found.landmarks) == ((), ())
    assert list(judge_connection(found, seen, ALICE)) == []


def test_a_forwarder_on_this_computer_is_not_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers SERVFAIL when the cable is out; then the kernel is asked for any way out."""
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: None)
    work = bench(third_party=True)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("127.0.0.53"),))
    seen = given(facts={"dns.domain": domain("server_failure")})
    found = probe_connection(ALICE, seen, work)

    assert {route.destination for route in found.routes} == set(offline.ANYWHERE)
    assert [one.certainty for one in judge_connection(found, seen, ALICE)] == ["confirmed"]


@pytest.mark.parametrize("third_party", [True, False])
def test_landmarks_are_asked_only_with_leave(monkeypatch: pytest.MonkeyPatch, *, third_party: bool) -> None:
    asked: list[object] = []

    def knocks(work: object) -> tuple[Attempt, ...]:
        asked.append(work)
        return (knock("1.1.1.1"),)

    monkeypatch.setattr(Vantage, "source_towards", lambda *_: "192.0.2.1")
    monkeypatch.setattr(offline, "_knock_at_landmarks", knocks)
    work = bench(third_party=third_party)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("192.0.2.53"),))
    probe_connection(ALICE, given(facts={"dns.domain": domain("timed_out")}), work)

    assert bool(asked) is third_party


def test_a_knock_at_a_landmark(monkeypatch: pytest.MonkeyPatch, tcp_port: int) -> None:
    mark = offline.Landmark(address="127.0.0.1", port=tcp_port, operator="Test", source="")
    monkeypatch.setattr(offline, "landmarks", lambda: (mark,))

    (attempt,) = offline._knock_at_landmarks(bench())
    assert attempt.failure is None


def test_landmarks_of_several_operators() -> None:
    assert len({mark.operator for mark in landmarks()}) >= 4
    assert {family_of(mark.address) for mark in landmarks()} == {"ipv4", "ipv6"}
    assert all(mark.source.startswith("https://") for mark in landmarks())


def test_the_kernel_is_asked_for_a_route() -> None:
    assert Vantage().source_towards("127.0.0.1") == "127.0.0.1"
    assert not any(name == "lo" for name in Vantage().interfaces())
