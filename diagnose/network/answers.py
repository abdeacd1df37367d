"""What nameservers have answered, for all runs that share a network: each answer as long as it says itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from diagnose.model.deadline import Deadline

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


@dataclass
class _Question(Generic[A]):
    coming: Future[Heard[A] | None] = field(default_factory=Future)
    came_at: float = 0.0

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
        self._known: dict[Hashable, _Question[A]] = {}

    def get(self, question: Hashable, deadline: Deadline, ask: Callable[[], Heard[A]]) -> tuple[A, float]:
        """The answer to *question*, and its age in seconds; *ask* brings it where it is not known.

        Raises TimeoutError when another asker's answer has not come by *deadline*, and what *ask* raises.
        """
        while True:
            with self._lock:
                known = self._known.get(question)
                if known is None or not known.lasts():
                    known = None
                    mine = self._known[question] = _Question()
                    self._prune()
            if known is None:
                return self._asked(mine, ask), 0.0
            heard = known.coming.result(timeout=deadline.left())
            if heard is not None and heard.for_others:
                return heard.answer, time.monotonic() - known.came_at

    def _asked(self, mine: _Question[A], ask: Callable[[], Heard[A]]) -> A:
        heard = None
        try:
            heard = ask()
        finally:
            mine.came_at = time.monotonic()
            mine.coming.set_result(heard)
        return heard.answer

    def _prune(self) -> None:
        if len(self._known) > MOST_KEPT:
            self._known = {question: one for question, one in self._known.items() if one.lasts()}
            if len(self._known) > MOST_KEPT:
                self._known = {question: one for question, one in self._known.items() if not one.coming.done()}
