"""What comes out of another thread: once, to all who wait, and without a ring that keeps it alive."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from diagnose.network.coming import CameError, Coming, come_within
from tests.pace import by_the_hundred

PATIENCE = 60.0


def test_it_comes_once_and_stays() -> None:
    one = Coming[int]()
    assert not one.done()

    one.set_result(7)

    assert one.done()
    assert [one.result(), one.result(0), one.exception()] == [7, 7, None]
    with pytest.raises(CameError):
        one.set_result(8)
    with pytest.raises(CameError):
        one.set_exception(ValueError())
    assert one.result() == 7


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), TimeoutError("its own")])
def test_an_error_is_raised_each_time(error: BaseException) -> None:
    one = Coming[int]()
    one.set_exception(error)

    for _ in range(2):
        with pytest.raises(type(error)) as raised:
            one.result(0)
        assert raised.value is error
    assert one.exception() is error


@pytest.mark.parametrize("seconds", [0, -1.0, 0.01])
def test_what_does_not_come_in_time_is_a_timeout_and_may_come_later(seconds: float) -> None:
    one = Coming[int]()

    with pytest.raises(TimeoutError):
        one.result(seconds)
    one.set_result(7)

    assert one.result(0) == 7


def test_a_very_long_patience_is_one() -> None:
    one = Coming[str]()
    threading.Timer(0.01, one.set_result, ("come",)).start()

    assert one.result(1e12) == "come"


def test_all_who_wait_are_told() -> None:
    one = Coming[int]()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(one.result, PATIENCE) for _ in range(8)]
        one.set_result(7)

        assert {waits.result() for waits in waiting} == {7}


def test_followers_are_told_in_order_and_later_ones_at_once() -> None:
    one, told = Coming[int](), list[tuple[str, int]]()
    for name in "ab":
        one.add_done_callback(lambda came, name=name: told.append((name, came.result())))  # type: ignore[misc]  # mypy infers no lambda defaults
    assert not told

    one.set_result(7)
    one.add_done_callback(lambda came: told.append(("late", came.result())))

    assert told == [("a", 7), ("b", 7), ("late", 7)]


def test_a_follower_that_fails_is_nothing_to_the_others() -> None:
    one, told = Coming[int](), list[int]()

    def fail(_: Coming[int]) -> None:
        raise ValueError

    one.add_done_callback(fail)
    one.add_done_callback(lambda came: told.append(came.result()))
    one.set_result(7)

    assert told == [7]


def test_each_follower_is_told_exactly_once_whenever_it_comes() -> None:
    for _ in by_the_hundred(300):
        one, told, barrier = Coming[int](), list[int](), threading.Barrier(3)

        def follow(one: Coming[int] = one, told: list[int] = told, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            for _ in range(5):
                one.add_done_callback(lambda came: told.append(came.result()))

        followers = [threading.Thread(target=follow) for _ in range(2)]
        for each in followers:
            each.start()
        barrier.wait()
        one.set_result(1)
        for each in followers:
            each.join()

        assert len(told) == 10


def test_of_two_that_bring_it_one_does() -> None:
    for _ in by_the_hundred(200):
        one, barrier = Coming[int](), threading.Barrier(2)

        def bring(number: int, one: Coming[int] = one, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            try:
                one.set_result(number)
            except CameError:
                return False
            return one.result() == number

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(bring, range(2))) == [False, True]


def test_it_may_come_while_garbage_is_searched_for_in_the_midst_of_another() -> None:
    """What is thrown away has a last word, in whatever thread allocates next."""
    last = Coming[int]()

    class Ring:
        def __init__(self) -> None:
            self.own = self

        def __del__(self) -> None:
            if not last.done():
                last.set_result(1)

    before = gc.get_threshold()
    try:
        for _ in range(50):
            Ring()
        gc.set_threshold(1)
        for number in range(200):
            one = Coming[int]()
            one.add_done_callback(lambda _: None)
            one.set_result(number)
    finally:
        gc.set_threshold(*before)
    gc.collect()

    assert last.result(PATIENCE) == 1


def test_what_is_told_keeps_nothing_alive() -> None:
    """No search for garbage is needed for a value, an error, who followed, and who waited in vain."""

    class Kept:
        pass

    gc.disable()
    try:
        for brings in (True, False):
            one, kept = Coming[object](), Kept()
            seen = weakref.ref(kept)
            one.add_done_callback(lambda _came, one=one, kept=kept: None)  # type: ignore[misc]  # likewise
            with pytest.raises(TimeoutError):
                one.result(0.001)
            if brings:
                one.set_result(kept)
            else:
                one.set_exception(ValueError(kept))
                with contextlib.suppress(ValueError):
                    one.result()
            ring = weakref.ref(kept)
            del one, kept
            assert (seen(), ring()) == (None, None)
    finally:
        gc.enable()


def test_those_that_have_come_in_time_in_their_order() -> None:
    first, never, third = (Coming[int]() for _ in range(3))
    third.set_result(3)
    threading.Timer(0.01, first.set_exception, (ValueError(),)).start()
    began = time.monotonic()

    come = come_within(0.5, (one for one in (first, never, third)))

    assert come == [first, third]
    assert time.monotonic() - began >= 0.5
    assert come_within(-1, [third, never]) == [third]
    assert come_within(PATIENCE, []) == []
