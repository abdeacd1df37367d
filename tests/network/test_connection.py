"""No network at all, told from a resolver or server that is down."""

from __future__ import annotations

import msgspec
import pytest

from checks.dns.domain import DomainFacts
from checks.network import connection as offline
from checks.network.clock import ClockFacts
from checks.network.connection import ConnectionFacts, Route, judge_connection, probe_connection, reference_hosts
from checks.network.portal import PageReply, PortalFacts
from checks.network.proxy import ProxyAttempt, ProxyFacts, Stage
from checks.network.reference_clocks import Tick
from checks.reach.reach import ReachFacts
from diagnose.discovery.facts import Discovered, SourceResult
from diagnose.model import Certainty, Facts, Failure, FailureName, Inputs, Service
from diagnose.network import Attempt, DnsAnswer, Nameserver, Vantage
from diagnose.network.connector import family_of
from diagnose.network.resolver import DnsStatus
from diagnose.running.context import Context
from tests.support.build import SUBJECT as ALICE

from .given import bench, domain, given, reach, service

NO_WAY = (Route(destination="192.0.2.53", source=None), Route(destination="192.0.2.9", source=None))
A_WAY = (Route(destination="192.0.2.53", source="192.0.2.1"),)
SELF_MADE = (Route(destination="192.0.2.53", source="169.254.7.7"),)


def probe(address: str, *, answered: bool = False) -> Attempt:
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
        (ConnectionFacts(answered=False, routes=A_WAY, landmarks=(probe("1.1.1.1"),)), None),
        (
            ConnectionFacts(answered=False, routes=A_WAY, resolver_silent=True, landmarks=(probe("1.1.1.1"),)),
            "likely",
        ),
        (
            ConnectionFacts(
                answered=False,
                routes=A_WAY,
                resolver_silent=True,
                silent=("192.0.2.9",),
                landmarks=(probe("1.1.1.1"), probe("9.9.9.9", answered=True)),
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
    seen = given(facts=(domain("timed_out"),), elsewhere=refused)

    assert probe_connection(ALICE, seen, bench(Nameserver("192.0.2.53"))) == ConnectionFacts(answered=True)


def test_a_chosen_resolver_on_this_computer_says_nothing_of_the_network() -> None:
    """Silent as it is, no route is missing."""
    seen = given(facts=(domain("timed_out"),))
    found = probe_connection(ALICE, seen, bench(Nameserver("127.0.0.1", 5353), third_party=True))

    assert not found.answered
    assert (found.routes, found.landmarks) == ((), ())
    assert list(judge_connection(found, seen, ALICE)) == []


def test_a_forwarder_on_this_computer_is_not_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers SERVFAIL when the cable is out; then the kernel is asked for any way out."""
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: None)
    work = bench(third_party=True)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("127.0.0.53"),))
    seen = given(facts=(domain("server_failure"),))
    found = probe_connection(ALICE, seen, work)

    assert {route.destination for route in found.routes} == set(offline.ANYWHERE)
    assert [one.certainty for one in judge_connection(found, seen, ALICE)] == ["confirmed"]


def judged(seen: Inputs, work: Context) -> list[str]:
    found = probe_connection(ALICE, seen, work)
    return [one.certainty for one in judge_connection(found, seen, ALICE)]


def behind_a_forwarder(monkeypatch: pytest.MonkeyPatch, *, route: bool) -> Context:
    """A computer whose only resolver is on loopback, in a network (or in none) where no public server answers."""
    work = bench(third_party=True)
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: "192.0.2.1" if route else None)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("127.0.0.53"),))
    monkeypatch.setattr(offline, "_probe_reference_hosts", lambda _: (probe("1.1.1.1"), probe("9.9.9.9")))
    return work


def said(status: DnsStatus, name: str = "corp.com") -> tuple[Facts, ...]:
    answer = DnsAnswer(name=name, record_type="MX", status=status)
    return (DomainFacts(mx=answer, ipv4=answer, ipv6=answer),)


@pytest.mark.parametrize("route", [True, False])
@pytest.mark.parametrize("status", ["name_not_found", "no_data", "answered"])
def test_what_a_forwarder_cannot_make_up(monkeypatch: pytest.MonkeyPatch, status: DnsStatus, *, route: bool) -> None:
    """That a public name does not exist it has from elsewhere, be there a default route or one to a company alone."""
    assert judged(given(facts=said(status)), behind_a_forwarder(monkeypatch, route=route)) == []


@pytest.mark.parametrize(
    ("status", "name"),
    [("server_failure", "corp.com"), ("refused", "corp.com"), ("name_not_found", "corp.test"), ("timed_out", "a.com")],
)
def test_what_a_forwarder_makes_up_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, status: DnsStatus, name: str
) -> None:
    """Not that there is a network, and not that there is none: that is known where there is no route."""
    seen = given(facts=said(status, name))
    assert judged(seen, behind_a_forwarder(monkeypatch, route=True)) == []
    assert judged(seen, behind_a_forwarder(monkeypatch, route=False)) == ["confirmed"]


def test_a_forwarder_on_an_address_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets to it come from itself, wherever it listens."""
    work = behind_a_forwarder(monkeypatch, route=True)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("192.0.2.1"),))
    assert judged(given(facts=said("server_failure")), work) == []
    assert not probe_connection(ALICE, given(facts=said("server_failure")), work).resolver_silent


def unreachable(address: str, name: FailureName, milliseconds: int) -> ReachFacts:
    return reach(address, failed=name, milliseconds=milliseconds)


@pytest.mark.parametrize(
    ("facts", "answered"),
    [
        (unreachable("192.0.2.9", "network_unreachable", 12), True),
        (unreachable("192.0.2.9", "host_unreachable", 12), True),
        (unreachable("2001:db8::9", "host_unreachable", 40), True),
        (unreachable("192.0.2.9", "host_unreachable", 3060), False),  # nobody answered who has that address
        (unreachable("192.0.2.9", "timed_out", 8000), False),
        (unreachable("192.0.2.9", "connection_refused", 12), True),
        (unreachable("192.0.2.9", "connection_reset", 12), True),
        (unreachable("127.0.0.1", "connection_refused", 0), False),
        (unreachable("0.0.0.0", "connection_refused", 0), False),
    ],
)
def test_who_says_that_there_is_no_way(monkeypatch: pytest.MonkeyPatch, facts: ReachFacts, *, answered: bool) -> None:
    """A router's or a server's word is an answer; this computer's own is not."""
    work = bench(Nameserver("192.0.2.53"))
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: "192.0.2.1")
    seen = given(facts=said("timed_out"), elsewhere=((service("mail.corp.example"), facts),))
    assert probe_connection(ALICE, seen, work).answered is answered


def test_that_the_kernel_knows_no_way_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    work = bench(Nameserver("192.0.2.53"))
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: None)
    rows = ((service("mail.corp.example"), unreachable("192.0.2.9", "network_unreachable", 0)),)
    assert judged(given(facts=said("timed_out"), elsewhere=rows), work) == ["confirmed"]


def test_a_guess_that_answers_is_somebody() -> None:
    guess = Service(protocol="imap", host="imap.corp.example", port=993, tls="implicit", source="guess")
    seen = given(facts=said("timed_out"), elsewhere=((guess, reach("192.0.2.9")),))
    assert probe_connection(ALICE, seen, bench(Nameserver("192.0.2.53"))).answered


def proxy_attempt(proxy: str, status: int | None, stage: Stage = "answer") -> ProxyFacts:
    failure = Failure(name="timed_out", operation="connect") if stage == "proxy" else None
    one = ProxyAttempt(
        proxy=proxy,
        source="https_proxy",
        host="mail.corp.example",
        port=443,
        stage=stage,
        status=status,
        failure=failure,
    )
    return ProxyFacts(passages=(one,), direct="silent")


def came(status: int | None, failed: FailureName | None = None) -> PortalFacts:
    failure = Failure(name=failed, operation="http") if failed else None
    return PortalFacts(replies=(PageReply(url="http://known.example/", operator="A", status=status, failure=failure),))


SETTINGS = SourceResult(source="autoconfig", status="nothing", asked="https://autoconfig.corp.example/mail/")


@pytest.mark.parametrize(
    ("facts", "answered"),
    [
        (proxy_attempt("http://192.0.2.3:3128", 407), True),
        (proxy_attempt("http://proxy.corp.example:3128", 502), True),
        (proxy_attempt("http://127.0.0.1:7890", 502), False),
        (proxy_attempt("http://localhost:7890", 502), False),
        (proxy_attempt("http://127.0.0.1:7890", None, "page"), True),
        (proxy_attempt("http://192.0.2.3:3128", None, "proxy"), False),
        (came(204), True),
        (came(302), True),
        (came(None, "connection_reset"), True),
        (came(None, "timed_out"), False),
        (ClockFacts(ticks=(Tick(host="a.example", ahead_seconds=1.0),)), True),
        (ClockFacts(), False),
        (Discovered(sources=(SETTINGS,)), True),
        (Discovered(sources=(msgspec.structs.replace(SETTINGS, status="failed"),)), False),
    ],
)
def test_any_page_that_came_is_a_network(monkeypatch: pytest.MonkeyPatch, facts: Facts, *, answered: bool) -> None:
    """Networks that let nothing out but through their proxy, or no mail at all."""
    monkeypatch.setattr(Vantage, "source_towards", lambda *_: "192.0.2.1")
    seen = given(facts=(*said("timed_out"), facts))
    assert probe_connection(ALICE, seen, bench(Nameserver("192.0.2.53"))).answered is answered


@pytest.mark.parametrize("third_party", [True, False])
def test_reference_hosts_are_asked_only_with_leave(monkeypatch: pytest.MonkeyPatch, *, third_party: bool) -> None:
    asked: list[object] = []

    def probes(work: object) -> tuple[Attempt, ...]:
        asked.append(work)
        return (probe("1.1.1.1"),)

    monkeypatch.setattr(Vantage, "source_towards", lambda *_: "192.0.2.1")
    monkeypatch.setattr(offline, "_probe_reference_hosts", probes)
    work = bench(third_party=third_party)
    monkeypatch.setattr(work.network.resolver, "nameservers", lambda: (Nameserver("192.0.2.53"),))
    probe_connection(ALICE, given(facts=(domain("timed_out"),)), work)

    assert bool(asked) is third_party


def test_a_reference_host_is_probed(monkeypatch: pytest.MonkeyPatch, tcp_port: int) -> None:
    mark = offline.ReferenceHost(address="127.0.0.1", port=tcp_port, operator="Test", source="")
    monkeypatch.setattr(offline, "reference_hosts", lambda: (mark,))

    (attempt,) = offline._probe_reference_hosts(bench())
    assert attempt.failure is None


def test_reference_hosts_of_several_operators() -> None:
    assert len({mark.operator for mark in reference_hosts()}) >= 4
    assert {family_of(mark.address) for mark in reference_hosts()} == {"ipv4", "ipv6"}
    assert all(mark.source.startswith("https://") for mark in reference_hosts())


def test_the_kernel_is_asked_for_a_route() -> None:
    assert Vantage().source_towards("127.0.0.1") == "127.0.0.1"
    assert not any(name == "lo" for name in Vantage().interfaces())
