"""How soon rows of one provider follow each other, and what a provider that turns connections away gets."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.fleet.engine import Threads
from diagnose.fleet.pace import JITTER, MOST_HOUSES, SLOWEST_SECONDS, Pace
from diagnose.fleet.rows import Row
from diagnose.fleet.tasks import Result, Task, task_of
from diagnose.model import Subject
from diagnose.model.report import Report, ReportVerdict
from diagnose.running.interruption import Interruption
from diagnose.running.request import Request
from tests.reports import samples


def moments(pace: Pace, house: str, number: int, now: float = 100.0) -> list[float]:
    return [pace.moment(house, now) for _ in range(number)]


def test_rows_of_one_house_follow_each_other_at_its_pace() -> None:
    """And each house has a pace of its own."""
    pace = Pace(4, chance=lambda: 0.5)

    assert moments(pace, "a", 4) == [100.0, 100.25, 100.5, 100.75]
    assert moments(pace, "b", 2) == [100.0, 100.25]
    assert pace.moment("a", 200.0) == 200.0  # nobody saves up turns


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_the_time_between_two_varies_within_bounds(chance: float) -> None:
    found = moments(Pace(1, chance=lambda: chance), "a", 2)

    assert 1 - JITTER <= found[1] - found[0] <= 1 + JITTER


def test_a_house_that_turns_connections_away_is_slowed_again_and_again() -> None:
    """Up to a bound; the others keep their pace."""
    pace, seconds = Pace(2, chance=lambda: 0.5), []
    firsts = []
    for _ in range(12):
        firsts.append(pace.slow_down("a", 100.0))
        first, second = moments(pace, "a", 2, 1e6)
        seconds.append(second - first)
    assert firsts == [True] + [False] * 11
    assert seconds[:3] == [1.0, 2.0, 4.0]
    assert seconds == sorted(seconds)
    assert seconds[-1] == SLOWEST_SECONDS
    assert moments(pace, "b", 2) == [100.0, 100.5]


def test_what_is_remembered_is_bounded() -> None:
    pace = Pace(2)
    for number in range(2 * MOST_HOUSES):
        pace.moment(f"d{number}.example", float(number))

    assert len(pace._next) <= MOST_HOUSES + 1


@pytest.mark.parametrize("speed", [0, -1])
def test_a_pace_is_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match=str(speed)):
        Pace(speed)


def task(line: int, domain: str) -> Task:
    row = Row(line=line, id=f"{line:024x}", subject=Subject(domain=domain))
    return task_of(row, Request(subject=Subject(domain="")))


def report_of(cause: str) -> Report:
    report = samples.wrong_password()
    causes = (msgspec.structs.replace(report.verdict.causes[0], id=cause),)
    verdict: ReportVerdict = msgspec.structs.replace(report.verdict, causes=causes)
    return msgspec.structs.replace(report, verdict=verdict)


def test_the_engine_heeds_it() -> None:
    """A provider that turns connections away is told of once, and its rows come all the same; a near miss is none."""
    told = list[str]()
    causes = {"a.example": "server.too-many-connections", "b.example": "server.slow"}

    def work(one: Task, _own: Interruption) -> Result:
        return Result(origin=one.origin, report=report_of(causes[one.request.subject.domain]))

    class Instant(Pace):
        """Waits for nothing long."""

        def moment(self, house: str, now: float) -> float:
            return min(super().moment(house, now), now + 0.001)

    engine = Threads(work, pace=Instant(1000), slowed=told.append)
    rows = (task(line, ("a.example", "b.example")[line % 2]) for line in range(20))
    found = list(engine.results(rows, Interruption()))

    assert sorted(one.origin.line for one in found) == list(range(20))
    assert told == ["a.example"]


def test_an_interruption_ends_the_wait_for_a_turn() -> None:
    """Rows that would begin in an hour are not waited for."""
    interruption = Interruption()

    def work(one: Task, _own: Interruption) -> Result:
        interruption.ask()
        return Result(origin=one.origin, bad="x")

    engine = Threads(work, pace=Pace(1 / 3600))
    assert len(list(engine.results((task(line, "a.example") for line in range(5)), interruption))) == 1
