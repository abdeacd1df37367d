"""The engine of threads: how many rows at once, never two of one account, and how it ends."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from diagnose.account.secret import Secret
from diagnose.cli import signals
from diagnose.fleet.engine import AT_ONCE, MOST_AGAIN, MOST_WAITING, Threads
from diagnose.fleet.rows import Row, RowError, SecretSource
from diagnose.fleet.tasks import Origin, Result, Task, carry_out, task_of, tasks
from diagnose.model import Subject, text
from diagnose.running.interruption import Interruption
from diagnose.running.request import Request
from tests.pace import by_the_hundred, patient
from tests.reports import samples

SOON = 0.2
SETTINGS = Request(subject=Subject(domain=""))


def task(line: int, address: str | None = None) -> Task:
    subject = Subject(domain="corp.example", address=address)
    source = SecretSource(kind="environment", name="PW") if address else None
    return task_of(Row(line=line, id=f"{line:024x}", subject=subject, secret=source), SETTINGS)


def done(one: Task) -> Result:
    return Result(origin=one.origin, bad="done")


def lines(found: Iterator[Result]) -> list[int]:
    return sorted(one.origin.line for one in found)


def test_a_task_can_be_pickled_and_holds_no_secret() -> None:
    one = task(1, "alice@corp.example")

    assert pickle.loads(pickle.dumps(one)) == one
    assert one.request.person.password is None
    with pytest.raises(TypeError):
        msgspec.json.encode(msgspec.structs.replace(one, request=msgspec.structs.replace(
            one.request, person=msgspec.structs.replace(one.request.person, password=Secret("x")))))  # fmt: skip


def test_a_result_can_be_pickled() -> None:
    """As it comes back from another computer."""
    one = Result(origin=task(1).origin, report=samples.wrong_password())

    assert pickle.loads(pickle.dumps(one)) == one


def test_as_many_at_once_as_may_be_and_no_more() -> None:
    """And the work is read no further than that."""
    barrier, living, most, read = threading.Barrier(3), Counter[str](), 0, 0
    lock = threading.Lock()

    def work(one: Task, _own: Interruption) -> Result:
        nonlocal most
        with lock:
            living["now"] += 1
            most = max(most, living["now"])
        barrier.wait(patient(10))
        with lock:
            living["now"] -= 1
        return done(one)

    def given() -> Iterator[Task]:
        nonlocal read
        for line in range(9):
            read += 1
            yield task(line)

    found = Threads(work, at_once=3).results(given(), Interruption())
    next(found)
    assert read <= 4
    assert len(list(found)) == 8
    assert most == 3


def test_never_two_of_one_account() -> None:
    """However its name is written; others go on meanwhile, and the order of its rows stays."""
    lock, running, order, together = threading.Lock(), Counter[str](), list[int](), 0

    def work(one: Task, _own: Interruption) -> Result:
        nonlocal together
        with lock:
            running[one.account or ""] += 1
            together = max(together, running["alice@corp.example"])
            order.append(one.origin.line)
        threading.Event().wait(0.002)
        with lock:
            running[one.account or ""] -= 1
        return done(one)

    spelt = ("Alice+x@corp.example", "alice@corp.example", "bob@corp.example")
    given = [task(line, spelt[line % 3]) for line in range(30)]
    found = lines(Threads(work).results(iter(given), Interruption()))

    assert found == list(range(30))
    assert together == 1
    alice = [line for line in order if line % 3 != 2]
    assert alice == sorted(alice)


def test_rows_of_one_account_are_not_all_read_ahead() -> None:
    read, gate = 0, threading.Event()

    def given() -> Iterator[Task]:
        nonlocal read
        for line in by_the_hundred(10 * MOST_WAITING):
            read += 1
            yield task(line, "alice@corp.example")

    def work(one: Task, _own: Interruption) -> Result:
        gate.wait(patient(10))
        return done(one)

    found = Threads(work).results(given(), Interruption())
    threading.Timer(0.05, gate.set).start()
    next(found)
    assert read <= MOST_WAITING + AT_ONCE + 1
    assert len(list(found)) == 10 * MOST_WAITING - 1


def test_a_signal_that_another_thread_has_caught_is_heard() -> None:
    """It ends no wait of the engine's own thread; on Windows none does."""

    def work(one: Task, own: Interruption) -> Result:
        ended = threading.Event()
        own.listen(ended.set)
        time.sleep(SOON)  # by then the engine's own thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        return msgspec.structs.replace(done(one), interrupted=ended.wait(patient(10)))

    with signals.held_back() as interruption:
        (found,) = Threads(work).results(iter([task(1)]), interruption)

    assert found.interrupted


def test_after_an_interruption_nothing_begins_and_what_runs_is_told() -> None:
    begun, told, interruption = threading.Barrier(3), Counter[str](), Interruption()

    def work(one: Task, own: Interruption) -> Result:
        ended = threading.Event()
        own.listen(ended.set)
        begun.wait(patient(10))
        told["yes" if ended.wait(patient(10)) else "no"] += 1
        return msgspec.structs.replace(done(one), interrupted=True)

    def ask() -> None:
        begun.wait(patient(10))
        interruption.ask()

    threading.Thread(target=ask, daemon=True).start()
    found = list(Threads(work, at_once=2).results((task(line) for line in range(100)), interruption))

    assert len(found) == 2
    assert all(one.interrupted for one in found)
    assert told == {"yes": 2}


def test_a_fault_of_one_row_is_its_own() -> None:
    def work(one: Task, _own: Interruption) -> Result:
        if one.origin.line == 3:
            raise ZeroDivisionError
        return done(one)

    found = list(Threads(work).results((task(line) for line in range(6)), Interruption()))

    assert lines(iter(found)) == list(range(6))
    assert [one.origin.line for one in found if "ZeroDivisionError" in (one.bad or "")] == [3]


def test_results_that_are_there_already_are_handed_on() -> None:
    """In their order, as bad rows are."""
    bad = Result(origin=Origin(line=2, id="0"), bad="no address")
    found = list(Threads(lambda one, _own: done(one)).results(iter([bad, bad, bad]), Interruption()))

    assert found == [bad] * 3


def test_a_secret_that_is_not_to_be_had_makes_a_bad_row() -> None:
    """Nothing is sent for it."""

    def missing(_source: SecretSource) -> Secret | None:
        raise RowError(text("the environment variable PW is not set"))

    found = carry_out(task(1, "alice@corp.example"), None, missing, Interruption())

    assert found.report is None
    assert found.bad == "the environment variable PW is not set"


def test_a_row_without_a_secret_logs_in_nowhere() -> None:
    one = task_of(Row(line=1, id="0", subject=Subject(domain="c.example", address="a@c.example")), SETTINGS)

    assert not one.request.logs_in
    assert one.account is None
    assert list(tasks(iter(()), SETTINGS)) == []


def held_back(one: Task) -> Result:
    return Result(origin=one.origin, bad="crowded", held_back=True)


def test_what_other_rows_held_back_is_run_again_one_after_the_other() -> None:
    """When all had to share a server, each finds out once the others are over."""
    begun, under_way, most_again = Counter[int](), Counter[str](), 0
    lock, all_there = threading.Lock(), threading.Barrier(4)

    def work(one: Task, _own: Interruption) -> Result:
        nonlocal most_again
        with lock:
            begun[one.origin.line] += 1
            first = begun[one.origin.line] == 1
            if not first:
                under_way["again"] += 1
                most_again = max(most_again, under_way["again"])
        if first:
            all_there.wait(60)
            return held_back(one)
        with lock:
            under_way["again"] -= 1
        return done(one)

    found = list(Threads(work, at_once=4).results(iter(task(line) for line in range(1, 9)), Interruption()))

    assert lines(iter(found)) == [*range(1, 9)]
    assert {one.bad for one in found} == {"done"}
    assert (set(begun.values()), most_again) == ({2}, 1)


def test_what_stays_held_back_is_told_in_the_end() -> None:
    begun = Counter[int]()

    def work(one: Task, _own: Interruption) -> Result:
        begun[one.origin.line] += 1
        return held_back(one)

    found = list(Threads(work, at_once=1).results(iter(task(line) for line in (1, 2)), Interruption()))

    assert lines(iter(found)) == [1, 2]
    assert set(begun.values()) == {1 + MOST_AGAIN}


def test_a_row_that_is_run_again_waits_for_its_account_like_any_other() -> None:
    """Two rows of one account, by different names of it, and never two at once."""
    living, times = Counter[str](), Counter[int]()
    lock = threading.Lock()

    def work(one: Task, _own: Interruption) -> Result:
        with lock:
            living["now"] += 1
            times[one.origin.line] += 1
            assert living["now"] == 1
            again = times[one.origin.line] == 1
        with lock:
            living["now"] -= 1
        return held_back(one) if again else done(one)

    given = iter([task(1, "alice@corp.example"), task(2, "alice@corp.example")])
    found = list(Threads(work, at_once=4).results(given, Interruption()))

    assert lines(iter(found)) == [1, 2]
    assert {one.bad for one in found} == {"done"}


def test_what_was_held_back_is_left_to_the_next_run_after_an_interruption() -> None:
    interruption = Interruption()

    def work(one: Task, _own: Interruption) -> Result:
        interruption.ask()
        return held_back(one)

    found = list(Threads(work, at_once=1).results(iter([task(1), task(2)]), interruption))

    assert [one.interrupted for one in found] == [True]
