"""What one run has seen stands for others: what works at once, what fails only where a second one saw it fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from diagnose.model import Deadline, Host, Service
from diagnose.running.shared import BAD_SECONDS, GOOD_SECONDS, MOST_KEPT, RunsShare, SharedSights, Sight, Worth
from tests.pace import patient

IMAP = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="srv")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Is looked at, and works or does not."""

    def __init__(self) -> None:
        self.looks = 0
        self.worth: Worth = "good"

    def __call__(self) -> int:
        self.looks += 1
        return self.looks


def look(sights: SharedSights, server: Server, place: Service | Host = IMAP, *, afresh: bool = False) -> Sight:
    run = RunsShare(sights, afresh=afresh)
    return run.look("reach", place, Deadline(1e6), lambda: False, server, lambda _seen: server.worth)


def test_what_works_is_seen_once_and_its_age_is_told() -> None:
    clock, server = Clock(), Server()
    sights = SharedSights(clock)

    assert look(sights, server) == Sight(1)
    clock.now += 7
    assert look(sights, server) == Sight(1, 7)
    assert [look(sights, server).seen for _ in range(10)] == [1] * 10
    clock.now += GOOD_SECONDS
    assert look(sights, server) == Sight(2)


def test_one_failure_is_its_own_runs_and_two_are_the_servers() -> None:
    """And these for a short time, after which one run looks again."""
    clock, server = Clock(), Server()
    sights, server.worth = SharedSights(clock), "bad"

    assert look(sights, server) == Sight(1)
    assert look(sights, server) == Sight(2)
    assert look(sights, server) == Sight(2, 0)
    clock.now += BAD_SECONDS
    assert look(sights, server) == Sight(3)
    assert look(sights, server) == Sight(3, 0)
    clock.now += BAD_SECONDS
    server.worth = "good"
    assert look(sights, server) == Sight(4)
    assert look(sights, server) == Sight(4, 0)


def test_a_success_between_two_failures_keeps_them_apart() -> None:
    clock, server = Clock(), Server()
    sights = SharedSights(clock)
    for worth in ("bad", "good", "bad"):
        server.worth = worth
        look(sights, server)
        clock.now += GOOD_SECONDS

    assert server.looks == 3
    assert look(sights, server).seconds is None


def test_what_was_cut_short_tells_nothing() -> None:
    """Neither by the worth that it is given, nor by a run that is over, or out of time."""
    server, sights = Server(), SharedSights()
    server.worth = "none"
    for _ in range(3):
        assert look(sights, server).seconds is None
    server.worth = "good"
    for deadline, over in ((Deadline(0), False), (Deadline(30), True)):
        RunsShare(sights).look("reach", IMAP, deadline, lambda over=over: over, server, lambda _: "good")  # type: ignore[misc]  # mypy infers no lambda defaults

    assert look(sights, server).seconds is None


def test_an_error_is_nobody_elses() -> None:
    def fails() -> int:
        raise ZeroDivisionError

    sights, server = SharedSights(), Server()
    with pytest.raises(ZeroDivisionError):
        RunsShare(sights).look("reach", IMAP, Deadline(30), lambda: False, fails, lambda _: "good")

    assert look(sights, server) == Sight(1)


def test_other_questions_and_places_have_answers_of_their_own() -> None:
    server, sights = Server(), SharedSights()
    other = Service(protocol="imap", host="mail.corp.example", port=993, tls="implicit", source="guess")

    assert [look(sights, server, place).seen for place in (IMAP, other, Host(name="x", source="srv"))] == [1, 2, 3]
    assert RunsShare(sights).look("tls", IMAP, Deadline(30), lambda: False, server, lambda _: "good") == Sight(4)


def test_what_is_outdated_is_seen_anew_on_that_host_alone() -> None:
    """And the run that found it so is to be made again, taking nothing over."""
    server, sights = Server(), SharedSights()
    elsewhere = Service(protocol="imap", host="mail.other.example", port=993, tls="implicit", source="srv")
    look(sights, server), look(sights, server, elsewhere)
    run = RunsShare(sights)
    run.outdate("mail.corp.example")

    assert run.outdated
    assert look(sights, server, elsewhere).seen == 2
    assert look(sights, server) == Sight(3)
    assert look(sights, server, afresh=True) == Sight(4)
    assert look(sights, server).seen == 4


def together(number: int, one: Callable[[], Sight]) -> list[Sight]:
    with ThreadPoolExecutor(number) as pool:
        return [running.result(patient(30)) for running in [pool.submit(one) for _ in range(number)]]


def test_those_who_want_the_same_at_once_wait_for_the_first() -> None:
    sights, server, gate = SharedSights(), Server(), threading.Event()

    def slow() -> int:
        gate.wait(patient(10))
        return server()

    def one() -> Sight:
        return RunsShare(sights).look("reach", IMAP, Deadline(1e6), lambda: False, slow, lambda _: "good")

    threading.Timer(0.2, gate.set).start()
    found = together(8, one)
    assert server.looks == 1
    assert [sight.seconds is None for sight in found].count(True) == 1


def test_beside_a_first_look_that_drags_on_there_is_a_second_and_no_third() -> None:
    """So that a slow failure has its two witnesses before the time of those who wait is over."""
    clock = Clock()
    sights, server, gate, second = SharedSights(clock), Server(), threading.Event(), threading.Event()
    lock = threading.Lock()

    def hangs() -> int:
        with lock:
            if server() == 2:
                second.set()
        gate.wait(patient(20))
        return 0

    def one() -> Sight:
        return RunsShare(sights).look("reach", IMAP, Deadline(1e6), lambda: False, hangs, lambda _: "bad")

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(one) for _ in range(6)]
        assert not second.wait(0.3)
        clock.now += 4
        assert second.wait(patient(20))
        gate.set()
        found = [each.result(patient(30)) for each in running]
    assert server.looks == 2
    assert [sight.seconds is None for sight in found].count(True) == 2


def test_a_run_that_is_over_waits_no_longer() -> None:
    """It looks for itself, and comes to its end."""
    sights, over, begun, gate = SharedSights(), threading.Event(), threading.Event(), threading.Event()

    def hangs() -> int:
        begun.set()
        gate.wait(patient(20))
        return 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(
            lambda: RunsShare(sights).look("reach", IMAP, Deadline(1e6), lambda: False, hangs, lambda _: "good")
        )
        assert begun.wait(patient(20))
        other = pool.submit(
            lambda: RunsShare(sights).look("reach", IMAP, Deadline(1e6), over.is_set, lambda: 2, lambda _: "good")
        )
        over.set()
        assert other.result(patient(20)).seen == 2
        gate.set()
        assert first.result(patient(20)).seen == 1


def test_what_is_kept_is_bounded_and_the_oldest_go_first() -> None:
    sights, server = SharedSights(), Server()
    for number in range(MOST_KEPT + 50):
        look(sights, server, Host(name=f"h{number}", source="srv"))
        look(sights, server, Host(name="h0", source="srv"))

    assert len(sights._known) == MOST_KEPT
    assert look(sights, server, Host(name="h0", source="srv")).seen == 1
