"""How soon rows of one provider follow each other, and what a provider that turns connections away gets."""

from __future__ import annotations

import threading
from collections import Counter

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
from tests.pace import patient
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


def test_bare_421_is_heeded_and_a_locked_account_is_not() -> None:
    """What is merely possible counts for connections alone."""
    for cause, certainty, heeded in (
        ("server.too-many-connections", "possible", True),
        ("lockout.rate-limited", "confirmed", True),
        ("lockout.rate-limited", "possible", False),
        ("lockout.account-locked", "confirmed", False),
    ):
        report = report_of(cause)
        causes = tuple(msgspec.structs.replace(one, certainty=certainty) for one in report.verdict.causes)
        told = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, causes=causes))
        (found,) = Threads(
            lambda one, _own, told=told: Result(origin=one.origin, report=told),  # type: ignore[misc]  # mypy infers no lambda defaults
            pace=Pace(1000),
        ).results(iter([task(1, "a.example")]), Interruption())
        assert (found.slowed is not None) == heeded, (cause, certainty)


def test_few_rows_of_one_house_are_under_way() -> None:
    """The others wait, and rows of other houses go on beside them."""
    lock, living, most, together = threading.Lock(), Counter[str](), Counter[str](), threading.Barrier(4)

    def work(one: Task, _own: Interruption) -> Result:
        house = one.house
        with lock:
            living[house] += 1
            most[house] = max(most[house], living[house])
        together.wait(patient(10))
        with lock:
            living[house] -= 1
        return Result(origin=one.origin, bad="x")

    houses = ("a.example",) * 20 + ("b.example",) * 20
    engine = Threads(work, at_once=8, of_house=2)
    found = list(engine.results((task(line, house) for line, house in enumerate(houses)), Interruption()))

    assert len(found) == 40
    assert most == {"a.example": 2, "b.example": 2}


def test_no_row_is_added_to_those_that_wait_for_connections() -> None:
    """Other than to none: the wait would have no end."""

    class Crowded:
        def is_crowded(self) -> bool:
            return True

        def seconds_left(self, house: str) -> float:
            return 0.0 if house else 1.0

        def slow_down(self, house: str) -> None:
            raise AssertionError(house)

    lock, living, most = threading.Lock(), 0, 0

    def work(one: Task, _own: Interruption) -> Result:
        nonlocal living, most
        with lock:
            living += 1
            most = max(most, living)
        with lock:
            living -= 1
        return Result(origin=one.origin, bad="x")

    engine = Threads(work, pace=Pace(1000, door=Crowded()))
    found = list(engine.results((task(line, f"d{line}.example") for line in range(5)), Interruption()))
    assert (len(found), most) == (5, 1)


def test_a_row_waits_for_the_room_of_its_house() -> None:
    class Door:
        slowed = ""

        def is_crowded(self) -> bool:
            return False

        def seconds_left(self, house: str) -> float:
            return 7.0 if house == "a" else 0.0

        def slow_down(self, house: str) -> None:
            self.slowed = house

    door = Door()
    pace = Pace(1, chance=lambda: 0.5, door=door)
    assert moments(pace, "a", 1) == [107.0]
    assert moments(pace, "b", 1) == [100.0]
    pace.slow_down("b", 100.0)
    assert door.slowed == "b"


def test_an_interruption_ends_the_wait_for_a_turn() -> None:
    """Rows that would begin in an hour are not waited for."""
    interruption = Interruption()

    def work(one: Task, _own: Interruption) -> Result:
        interruption.ask()
        return Result(origin=one.origin, bad="x")

    engine = Threads(work, pace=Pace(1 / 3600))
    assert len(list(engine.results((task(line, "a.example") for line in range(5)), interruption))) == 1
