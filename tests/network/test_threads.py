"""The threads of all runs in a process are bounded; a run waits for its share of them, and then never again."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from diagnose.cli.lab import request_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model import Deadline
from diagnose.model.report import Report
from diagnose.network import NoThreadError, in_background, share_of_run, threads, threads_kept
from diagnose.network.coming import Coming
from diagnose.network.threads import MOST_OF_A_RUN, MOST_OF_ALL_RUNS, Kept, Share, Shares
from diagnose.running.diagnosis import diagnose
from diagnose.running.interruption import Interruption
from tests.core.loopback import PATIENCE
from tests.pace import patient


class Watched(Shares):
    """Keeps in mind how many threads there were at most."""

    def __init__(self, most: int = MOST_OF_ALL_RUNS, most_of_a_run: int = MOST_OF_A_RUN) -> None:
        super().__init__(most, most_of_a_run)
        self.most_seen = 0

    def take(self, deadline: Deadline, is_over: Callable[[], bool] = lambda: False) -> Share:
        share, begin = super().take(deadline, is_over), Share.begin

        def counted() -> None:
            begin(share)
            self.most_seen = max(self.most_seen, self.living())

        share.begin = counted  # type: ignore[method-assign]  # it does what it did
        return share


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], Watched]:
    """Bounds in place of those of the process: for all runs, and for one."""

    def bounded(most: int, most_of_a_run: int) -> Watched:
        watched = Watched(most, most_of_a_run)
        monkeypatch.setattr(threads, "_SHARES", watched)
        return watched

    return bounded


@pytest.fixture
def until_told() -> Iterator[threading.Event]:
    """What threads wait for; it comes in the end at the latest."""
    event = threading.Event()
    yield event
    event.set()


def soon(outcome: Coming[Any]) -> object:
    return outcome.result(timeout=PATIENCE)


def test_a_run_starts_its_share_and_no_thread_more(
    shares: Callable[[int, int], Watched], until_told: threading.Event
) -> None:
    shares(3, 3)
    with share_of_run(Deadline(PATIENCE)) as may_begin:
        assert may_begin
        waiting = [in_background(until_told.wait, "waits") for _ in range(3)]
        with pytest.raises(NoThreadError, match="as many threads as it may"):
            in_background(until_told.wait, "one too many")
        until_told.set()
        assert all(soon(one) for one in waiting)


def test_threads_that_threads_start_count(shares: Callable[[int, int], Watched], until_told: threading.Event) -> None:
    watched = shares(8, 4)

    def nested(depth: int) -> int:
        return depth if depth == 0 else 1 + in_background(lambda: nested(depth - 1), "nested").result(PATIENCE)

    with share_of_run(Deadline(PATIENCE)):
        assert nested(4) == 4
        with pytest.raises(NoThreadError):
            nested(5)
    assert watched.most_seen == 4


def test_a_thread_that_is_over_makes_room(shares: Callable[[int, int], Watched]) -> None:
    watched = shares(1, 1)
    with share_of_run(Deadline(PATIENCE)):
        for _ in range(5):
            soon(in_background(lambda: None, "short"))
            until = Deadline(PATIENCE)
            while watched.living() and not until.passed():
                time.sleep(0.001)


def test_a_call_that_fails_makes_room(shares: Callable[[int, int], Watched]) -> None:
    watched = shares(1, 1)
    with share_of_run(Deadline(PATIENCE)), pytest.raises(ZeroDivisionError):
        soon(in_background(lambda: 1 // 0, "fails"))
    until = Deadline(PATIENCE)
    while watched.living() and not until.passed():
        time.sleep(0.001)
    with share_of_run(Deadline(PATIENCE)) as may_begin:
        assert may_begin


def test_one_run_more_begins_when_another_is_over(shares: Callable[[int, int], Watched]) -> None:
    """In any order; and where none is over in time, it begins without any thread."""
    shares(4, 2)
    first, second = share_of_run(Deadline(PATIENCE)), share_of_run(Deadline(PATIENCE))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other, ThreadPoolExecutor(1) as third:
        assert one.submit(first.__enter__).result()
        assert other.submit(second.__enter__).result()
        assert not third.submit(share_of_run(Deadline(0)).__enter__).result()
        with pytest.raises(NoThreadError):
            third.submit(in_background, lambda: None, "none").result()
        waiting = ThreadPoolExecutor(1).submit(share_of_run(Deadline(PATIENCE)).__enter__)
        other.submit(second.__exit__, None, None, None).result()
        assert waiting.result(PATIENCE)
        one.submit(first.__exit__, None, None, None).result()


def test_threads_that_are_left_behind_count_until_they_end(
    shares: Callable[[int, int], Watched], until_told: threading.Event
) -> None:
    """And a run that is over starts no further ones."""
    shares(2, 2)
    late: list[Coming[Any]] = []

    def left_behind() -> None:
        until_told.wait()
        late.append(in_background(lambda: None, "too late"))

    with share_of_run(Deadline(PATIENCE)):
        left = in_background(left_behind, "left behind")
    with share_of_run(Deadline(0)) as may_begin:
        assert not may_begin
    until_told.set()
    with pytest.raises(NoThreadError):
        left.result(PATIENCE)
    assert not late
    with share_of_run(Deadline(PATIENCE)) as may_begin:
        assert may_begin


def test_a_run_within_a_run_waits_for_no_share(shares: Callable[[int, int], Watched]) -> None:
    shares(2, 2)

    def within() -> bool:
        with share_of_run(Deadline(PATIENCE)) as may_begin:
            return may_begin

    with share_of_run(Deadline(PATIENCE)):
        assert within()
        assert soon(in_background(within, "a run of its own"))


def test_outside_of_runs_nothing_is_bounded(shares: Callable[[int, int], Watched], until_told: threading.Event) -> None:
    watched = shares(1, 1)
    waiting = [in_background(until_told.wait, "waits") for _ in range(3)]
    until_told.set()
    assert all(soon(one) for one in waiting)
    assert watched.most_seen == 0


def test_a_run_that_gets_no_share_in_time_ends_with_a_report(shares: Callable[[int, int], Watched]) -> None:
    """Nothing began, and nothing is in error; so, too, where it is interrupted while it waits."""
    shares(MOST_OF_A_RUN, MOST_OF_A_RUN)
    with Estate(SCENARIOS["null-mx"]) as estate, ThreadPoolExecutor(1) as pool:
        request = request_for(estate, seconds=0.5)
        interruption = Interruption()
        with share_of_run(Deadline(PATIENCE)):
            late = pool.submit(diagnose, request).result(patient(30))
            longer = pool.submit(
                diagnose,
                request_for(estate, seconds=600),
                None,
                interruption,
            )
            interruption.ask()
            stopped = longer.result(patient(30))

    assert (late.report.verdict.status, late.report.verdict.exit_code, late.interrupted) == ("inconclusive", 3, False)
    assert {check.status for check in late.report.checks} == {"skip"}
    assert stopped.interrupted
    assert {check.status for check in stopped.report.checks} <= {"skip"}


def test_forty_runs_at_once_stay_under_the_bound_and_all_finish(shares: Callable[[int, int], Watched]) -> None:
    """Runs of one mail domain, which share an estate's few connections; four of them are under way at once."""
    watched = shares(4 * 64, 64)
    scenario = SCENARIOS["wrong-password"]
    with Estate(scenario) as estate, ThreadPoolExecutor(40) as pool:
        request = request_for(estate, seconds=patient(120))
        request = msgspec.structs.replace(request, history=None)  # with a record runs wait for one another

        def run(_: int) -> Report:
            return diagnose(request).report

        reports = list(pool.map(run, range(40)))

    assert {report.verdict.causes[0].id for report in reports} == set(scenario.expects)
    assert not [check for report in reports for check in report.checks if check.status == "error"]
    assert 0 < watched.most_seen <= 4 * 64


def ran_in(kept: Kept) -> threading.Thread:
    """The thread that a call runs in, once that thread is free again or has ended."""
    ran: Future[threading.Thread] = Future()
    kept.begin(lambda: ran.set_result(threading.current_thread()))
    thread = ran.result(PATIENCE)
    until = Deadline(PATIENCE)
    while thread.is_alive() and not kept.idle and not until.passed():
        time.sleep(0.001)
    return thread


def test_a_thread_whose_call_has_come_back_takes_the_next() -> None:
    kept = Kept()
    with kept.used():
        first = ran_in(kept)
        assert ran_in(kept) is first
    first.join(PATIENCE)
    assert not first.is_alive()


def test_without_runs_that_follow_each_other_no_thread_is_kept() -> None:
    thread = ran_in(Kept())
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_threads_are_kept_as_long_as_anybody_uses_them() -> None:
    kept = Kept()
    with kept.used():
        with kept.used():
            first = ran_in(kept)
        assert first.is_alive()
        assert ran_in(kept) is first


def test_a_call_that_hangs_keeps_its_thread_and_no_other_call_waits_for_it(until_told: threading.Event) -> None:
    def hang() -> None:
        until_told.wait(PATIENCE)

    kept = Kept()
    with kept.used():
        kept.begin(hang)
        assert ran_in(kept).is_alive()
        assert kept.idle == 1


def test_no_more_threads_are_kept_than_may_be(until_told: threading.Event) -> None:
    kept = Kept(most=2)
    begun = threading.Barrier(5)

    def wait() -> None:
        begun.wait(PATIENCE)
        until_told.wait(PATIENCE)

    with kept.used():
        before = set(threading.enumerate())
        for _ in range(4):
            kept.begin(wait)
        begun.wait(PATIENCE)
        started = set(threading.enumerate()) - before
        until_told.set()
        until = Deadline(PATIENCE)
        while sum(one.is_alive() for one in started) > 2 and not until.passed():
            time.sleep(0.001)
        assert (sum(one.is_alive() for one in started), kept.idle) == (2, 2)


def test_what_a_kept_thread_has_done_is_forgotten() -> None:
    """The objects of a run that is over are freed, though its threads wait for the next."""

    class Weighty:
        pass

    kept, weighty = Kept(), Weighty()
    gone = weakref.ref(weighty)

    def call(held: Weighty = weighty) -> None:
        assert held

    with kept.used():
        kept.begin(call)
        del call, weighty
        ran_in(kept)
        until = Deadline(PATIENCE)
        while gone() is not None and not until.passed():
            time.sleep(0.001)
        assert gone() is None


def test_a_kept_thread_belongs_to_the_run_whose_call_it_makes(shares: Callable[[int, int], Watched]) -> None:
    shares(2, 1)
    with threads_kept():
        for _ in range(3):
            with share_of_run(Deadline(PATIENCE)):
                soon(in_background(lambda: None, "first"))
                until = Deadline(PATIENCE)
                while threads._SHARES.living() and not until.passed():
                    time.sleep(0.001)
                assert soon(in_background(lambda: threading.current_thread().name, "second")) == "second"
