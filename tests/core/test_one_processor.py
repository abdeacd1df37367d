"""All threads on one processor: which it is, and that each may go everywhere again in the end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from diagnose.process import one_processor as module
from diagnose.process.one_processor import Keeper, chosen, one_processor
from tests.machine import lacking


@pytest.mark.parametrize(
    ("spare", "now", "expected"),
    [
        ({0: 0.1, 1: 0.9}, None, 1),
        ({0: 0.9, 1: 0.1}, None, 0),
        ({0: 0.1, 1: 0.9}, 0, 1),
        ({0: 0.7, 1: 0.9}, 0, 0),  # a move costs more than it brings
        ({0: 0.5, 1: 0.5, 2: 0.5}, 2, 2),
        ({0: 0.0, 1: 0.1, 2: 0.8, 3: 0.9}, 1, 3),
        ({1: 0.3}, 5, 1),  # the one that it ran on was taken away
        ({0: 0.1, 1: 0.2}, 0, None),  # others need them all
        ({0: 0.1, 1: 0.2}, None, None),
        ({}, None, None),
        ({}, 1, None),
    ],
)
def test_it_moves_to_where_clearly_more_is_to_spare(
    spare: Mapping[int, float], now: int | None, expected: int | None
) -> None:
    assert chosen(spare, now) == expected


def allowed() -> frozenset[int]:
    """The processors of this program, two at least."""
    if sys.platform != "linux":
        lacking("processors that a program chooses among", excused=True)
    here = frozenset(os.sched_getaffinity(0))
    return here if len(here) > 1 else lacking("a second processor", excused=True)


@contextmanager
def threads(number: int) -> Iterator[list[int]]:
    """So many more threads, by their numbers."""
    over, begun = threading.Event(), threading.Barrier(number + 1)
    found = list[int]()

    def live() -> None:
        found.append(threading.get_native_id())
        begun.wait()
        over.wait()

    living = [threading.Thread(target=live, daemon=True) for _ in range(number)]
    for one in living:
        one.start()
    begun.wait()
    try:
        yield found
    finally:
        over.set()
        for one in living:
            one.join()


def where(thread: int) -> frozenset[int]:
    assert sys.platform == "linux"
    return frozenset(os.sched_getaffinity(thread))


def test_all_threads_are_moved_those_that_begin_later_and_back_again(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = allowed()
    with threads(3) as living:
        keeper = Keeper(everywhere)
        monkeypatch.setattr(module, "LEAST", -1.0)  # however busy this machine is
        try:
            while keeper.now is None:  # time passes between two looks, however little
                keeper.look()
            assert {where(one) for one in (*living, threading.get_native_id())} == {frozenset({keeper.now})}
            with threads(1) as (late,):
                assert where(late) == frozenset({keeper.now})
        finally:
            keeper.release()
        assert {where(one) for one in (*living, threading.get_native_id())} == {everywhere}


def test_what_it_takes_itself_is_no_reason_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = allowed()
    first, second, *_ = sorted(everywhere)
    told = iter([({first: 0.0, second: 0.0}, 0.0, 0.0), ({first: 1.0, second: 0.5}, 0.0, 1.0),
                 ({first: 1.0, second: 1.4}, 1.0, 2.0), ({first: 1.0, second: 2.4}, 1.1, 3.0)])  # fmt: skip
    monkeypatch.setattr(Keeper, "_times", lambda _self: next(told))
    kept = list[set[int]]()
    monkeypatch.setattr(module, "_keep_to", lambda processors: kept.append(set(processors)))
    keeper = Keeper(everywhere)

    for _ in range(3):
        keeper.look()

    assert kept == [{first}, {first}, {second}]


def test_what_it_takes_everywhere_counts_as_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = allowed()
    idle = dict.fromkeys(everywhere, 0.0)
    told = iter([(idle, 0.0, 0.0), (idle, len(everywhere) * 0.2, 1.0), (idle, len(everywhere) * 0.9, 2.0)])
    monkeypatch.setattr(Keeper, "_times", lambda _self: next(told))
    monkeypatch.setattr(module, "_keep_to", lambda _processors: None)
    keeper = Keeper(everywhere)

    keeper.look()
    assert keeper.now is None
    keeper.look()
    assert keeper.now in everywhere


def test_the_block_keeps_to_one_and_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = allowed()
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(module, "LEAST", -1.0)  # however busy this machine is
    moved, keep_to = threading.Event(), module._keep_to

    def kept_to(processors: frozenset[int] | set[int]) -> None:
        keep_to(processors)
        moved.set()

    monkeypatch.setattr(module, "_keep_to", kept_to)

    with one_processor():
        assert moved.wait(60)
        assert len(where(threading.get_native_id())) == 1

    assert where(threading.get_native_id()) == everywhere


@pytest.mark.parametrize("refused", [PermissionError, OSError])
def test_where_the_system_forbids_it_all_goes_on(monkeypatch: pytest.MonkeyPatch, refused: type[OSError]) -> None:
    allowed()
    asked = threading.Event()

    def refuse(*_: object) -> None:
        asked.set()
        raise refused

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.01)

    with one_processor():
        assert asked.wait(60)


def test_with_one_processor_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = allowed()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _thread: {min(everywhere)})
    before = threading.active_count()

    with one_processor():
        assert threading.active_count() == before
