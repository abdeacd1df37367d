"""What nameservers have answered, for all runs that share a network: each answer as long as it says itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from diagnose.model.deadline import Deadline
from diagnose.model.internal import MutableInternal
from diagnose.network.coming import Coming

A = TypeVar("A")

MOST_SECONDS = 3600.0
"""The longest that an answer is kept, whatever its TTL."""
SHARED_SECONDS = 60.0
"""How long what one run saw of a page, or of others' public hosts, stands for runs beside it."""
MOST_KEPT = 10_000
"""Answers; beyond that, those whose time is up go, and in the end all."""


class Heard(NamedTuple, Generic[A]):
    """An answer, and how long it may be handed on."""

    answer: A
    seconds: float
    """Zero: only to the askers that wait for it now."""
    for_others: bool = True
    """Whether other askers may use it; the asker's own deadline may have cut it short."""


class Asked(MutableInternal, Generic[A]):
    """A question that somebody asks, or has asked."""

    coming: Coming[Heard[A] | None] = msgspec.field(default_factory=Coming)
    """What has come, or will; None where that failed."""
    came_at: float = 0.0

    def put(self, heard: Heard[A] | None) -> None:
        """Hand on what has come."""
        self.came_at = time.monotonic()
        self.coming.set_result(heard)

    def told(self) -> tuple[A, float] | None:
        """The answer that has come, and its age in seconds; None where others cannot use it."""
        heard = self.coming.result()
        if heard is None or not heard.for_others:
            return None
        return heard.answer, time.monotonic() - self.came_at

    def lasts(self) -> bool:
        """Whether the answer is still on its way, or still good for whoever asks."""
        if not self.coming.done():
            return True
        heard = self.coming.result()
        if heard is None or not heard.for_others:
            return False
        return time.monotonic() < self.came_at + min(heard.seconds, MOST_SECONDS)


class Answers(Generic[A]):
    """Answers by question. Two that ask the same at the same time wait for one answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, Asked[A]] = {}

    def get(self, question: Hashable, deadline: Deadline, ask: Callable[[], Heard[A]]) -> tuple[A, float]:
        """The answer to *question*, and its age in seconds; *ask* brings it where it is not known.

        Raises TimeoutError when another asker's answer has not come by *deadline*, and what *ask* raises.
        """
        while True:
            asked, mine = self.claim(question)
            if mine:
                return self._asked(asked, ask), 0.0
            asked.coming.result(timeout=deadline.left())
            if (told := asked.told()) is not None:
                return told

    def claim(self, question: Hashable) -> tuple[Asked[A], bool]:
        """Where the answer is, or will be, and whether the caller has to bring it."""
        with self._lock:
            known = self._known.get(question)
            if known is not None and known.lasts():
                return known, False
            mine = self._known[question] = Asked()
            self._prune()
        return mine, True

    @staticmethod
    def _asked(mine: Asked[A], ask: Callable[[], Heard[A]]) -> A:
        heard = None
        try:
            heard = ask()
        finally:
            mine.put(heard)
        return heard.answer

    def _prune(self) -> None:
        if len(self._known) > MOST_KEPT:
            self._known = {question: one for question, one in self._known.items() if one.lasts()}
            if len(self._known) > MOST_KEPT:
                self._known = {question: one for question, one in self._known.items() if not one.coming.done()}
