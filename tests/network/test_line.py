"""Loss and delay of the line, from connects to a server that can be reached."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from checks.network import repeated
from checks.network.line import LineFacts, figures, judge_line, probe_line
from checks.network.repeated import CONNECTS, LINE_SECONDS
from checks.reach import reach as reaching
from checks.reach.reach import probe_reach
from diagnose.lab.dead_ends import dropping_port
from diagnose.model import Certainty, Service, SkipCheck
from diagnose.running.context import Context
from tests.pace import within
from tests.support.build import SUBJECT as ALICE

from .given import bench, given, host, reach, service

LOST = None


@pytest.mark.parametrize(
    ("milliseconds", "lost", "certainty"),
    [
        ((20, 21, 20, 25, 22, 20), 0, None),
        ((300, 310, 305, 320, 300, 301), 0, None),
        ((620, 640, 650, 610, 625, 630), 0, None),
        ((20, 1025, 20, 25, 22, 20), 1, "possible"),
        ((20, 1025, 20, LOST, 22, 20), 2, "likely"),
        ((20, 1025, 1021, 3030, 22, 20), 3, "likely"),
        ((LOST, LOST, LOST, LOST, LOST, 20), 5, "likely"),
        ((20, 20, 400, 20, 20, 20), 0, "possible"),
        ((1500, 1600, 1550, 1500, 1700, 1600), 0, "possible"),
        ((LOST, LOST, LOST, LOST, LOST, LOST), None, None),
    ],
)
def test_figures_and_what_they_say(
    milliseconds: tuple[int | None, ...], lost: int | None, certainty: Certainty | None
) -> None:
    """A connect that is later than the quickest by the first retransmission (RFC 6298: a second) lost a packet."""
    found = figures(milliseconds)
    assert (found and found.lost) == lost

    facts = LineFacts(host="mail", port=993, address="192.0.2.9", milliseconds=milliseconds, all_reached=False)
    findings = list(judge_line(facts, given(), ALICE))
    assert [(f.cause, f.certainty) for f in findings] == ([("network.unstable", certainty)] if certainty else [])
    if findings and lost:
        assert f"{lost} lost packets" in findings[0].text.render()


@pytest.mark.parametrize("all_reached", [True, False])
def test_where_all_was_reached_in_the_end_it_only_hinders(*, all_reached: bool) -> None:
    facts = LineFacts(host="m", port=993, address="::1", milliseconds=(20, 1030, 1040, LOST), all_reached=all_reached)

    assert [one.partial for one in judge_line(facts, given(), ALICE)] == [all_reached]


@pytest.mark.parametrize(
    "rows",
    [
        [("mail.corp.example", {"milliseconds": 20}), ("smtp.corp.example", {"milliseconds": 120})],
        [("mail.corp.example", {"milliseconds": 600}), ("smtp.corp.example", {"milliseconds": 610})],
        [("mail.corp.example", {"failed": "timed_out"})],
        [("mail.corp.example", {"milliseconds": 20}), ("smtp.corp.example", {"failed": "connection_refused"})],
    ],
    ids=["healthy", "far away", "nothing to compare with", "refused"],
)
def test_no_connect_is_made_without_need(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, dict[str, int]]]
) -> None:
    monkeypatch.setattr(repeated, "_connect_repeatedly", lambda *_: pytest.fail("connected"))
    reached = tuple((service(host), reach("192.0.2.9", **how)) for host, how in rows)  # type: ignore[arg-type]

    with pytest.raises(SkipCheck):
        probe_line(ALICE, given(elsewhere=reached), bench())


def test_six_spaced_connects_to_the_server_that_answers(tcp_port: int) -> None:
    """Bounded in number and time, where another one is silent."""
    good = service("mail.corp.example", tcp_port), reach("127.0.0.1", milliseconds=1)
    silent = service("smtp.corp.example", 465, "smtp"), reach("192.0.2.9", failed="timed_out")
    with within(1, waits=LINE_SECONDS):
        facts = probe_line(ALICE, given(elsewhere=(good, silent)), bench(seconds=20))

    assert (facts.host, facts.port, facts.all_reached) == ("mail.corp.example", tcp_port, False)
    assert len(facts.milliseconds) == CONNECTS
    assert None not in facts.milliseconds
    assert list(judge_line(facts, given(), ALICE)) == []


def test_the_runs_deadline_is_kept(tcp_port: int) -> None:
    good = service("mail.corp.example", tcp_port), reach("127.0.0.1", milliseconds=1500)
    with within(0.5, waits=1):
        probe_line(ALICE, given(elsewhere=(good,)), bench(seconds=1))


# beside a connect that gets no answer


@pytest.fixture
def silent_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port of loopback that answers no connect; that it does not is noticed at once."""
    monkeypatch.setattr(reaching, "UNEASY_SECONDS", 0.05)
    monkeypatch.setattr(repeated, "SPACING_SECONDS", 0.01)
    with dropping_port("127.0.0.1") as port:
        yield port


def connect(to: Service, context: Context) -> None:
    """As a run does, with the addresses that DNS gives."""
    _, found = host(to.host, "127.0.0.1")
    probe_reach(to, given(facts=(found,)), context)


def measurements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports of those that are begun from now on, in place of which nothing is done."""
    begun: list[int] = []

    def measure(_address: str, port: int, _context: Context) -> tuple[int | None, ...]:
        begun.append(port)
        return (1,)

    monkeypatch.setattr(repeated, "_connect_repeatedly", measure)
    return begun


def what_the_line_check_sees(context: Context, elsewhere: int) -> int:
    """The port that the connects of the line went to, where the check itself would go to the one *elsewhere*."""
    others = (
        (service("web.corp.example", elsewhere, "webmail"), reach("127.0.0.1", milliseconds=0)),
        (service("silent.corp.example"), reach("127.0.0.1", failed="timed_out")),
    )
    return probe_line(ALICE, given(elsewhere=others), context).port


def test_the_line_is_measured_while_another_connect_is_waited_for(tcp_port: int, silent_port: int) -> None:
    """By a server that took a connection in this run; afterwards nothing is left to do."""
    context = bench(seconds=2)
    connect(service("mail.corp.example", tcp_port), context)
    connect(service("silent.corp.example", silent_port), context)

    assert what_the_line_check_sees(context, elsewhere=1) == tcp_port


def test_several_silent_connects_measure_it_once(
    tcp_port: int, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = measurements(monkeypatch)
    context = bench(seconds=2)
    connect(service("mail.corp.example", tcp_port), context)
    for name in ("imap", "smtp"):
        connect(service(f"{name}.corp.example", silent_port), context)

    assert what_the_line_check_sees(context, elsewhere=1) == tcp_port
    assert begun == [tcp_port]


@pytest.mark.parametrize("why", ["nothing is silent", "nobody has answered", "a guess", "the check is left out"])
def test_nothing_is_begun_beside_without_need(
    why: str, tcp_port: int, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = measurements(monkeypatch)
    left_out = frozenset({LineFacts} if why == "the check is left out" else ())
    context = msgspec.structs.replace(bench(seconds=2), left_out=left_out)
    if why != "nobody has answered":
        connect(service("mail.corp.example", tcp_port), context)
    if why != "nothing is silent":
        silent = service("silent.corp.example", silent_port)
        connect(msgspec.structs.replace(silent, source="guess") if why == "a guess" else silent, context)

    assert begun == []
