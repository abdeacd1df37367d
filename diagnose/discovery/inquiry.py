"""Places asked side by side; answers collected as they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from diagnose.discovery.facts import SourceResult
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import Way
from diagnose.model.targets import Source
from diagnose.network import in_background


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Somewhere to ask."""

    source: Source
    asked: str
    ways: frozenset[Way]
    """What it may have an answer for."""
    ask: Callable[[Deadline], SourceResult]


class Inquiry:
    """What was asked and what has been answered; answers come in from threads of their own."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._changed = threading.Condition()
        self._started: set[Place] = set()
        self._answers: dict[Place, SourceResult] = {}

    def start(self, place: Place) -> None:
        """Ask in the background."""
        self._started.add(place)
        in_background(lambda: self.put(place, self._ask(place)), f"discover by {place.source}")

    def started(self, place: Place) -> bool:
        """Whether it was asked."""
        return place in self._started

    def put(self, place: Place, result: SourceResult) -> None:
        """Take *result* as the answer of *place*."""
        with self._changed:
            self._answers[place] = result
            self._changed.notify_all()

    def answers(self) -> dict[Place, SourceResult]:
        """All answers that have come."""
        with self._changed:
            return dict(self._answers)

    def wait_for_more(self, than: int, seconds: float) -> None:
        """Wait until there are more than *than* answers, at most *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._answers) > than, timeout=seconds)

    def _ask(self, place: Place) -> SourceResult:
        started = time.monotonic()
        try:
            result = place.ask(self._deadline)
        except Exception as error:  # one source's fault never costs what the others find
            text = f"internal fault: {type(error).__name__}"
            result = SourceResult(source=place.source, status="failed", asked=place.asked, text=text)
        return msgspec.structs.replace(result, milliseconds=round(1000 * (time.monotonic() - started)))
