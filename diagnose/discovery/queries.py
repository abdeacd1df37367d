"""Queries to sources, side by side; their answers are collected as they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from diagnose.discovery.facts import SourceResult
from diagnose.model.deadline import Deadline
from diagnose.model.internal import Internal
from diagnose.model.protocols import Way
from diagnose.model.targets import SourceName
from diagnose.network import in_background


class Source(Internal, frozen=True, kw_only=True, eq=False):
    """A source that can be asked about one mail domain."""

    name: SourceName
    asked: str
    ways: frozenset[Way]
    """The ways into the mailbox that it may know."""
    ask: Callable[[Deadline], SourceResult]


class Queries:
    """The queries of one discovery and their answers, which come from threads of their own."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._changed = threading.Condition()
        self._started: set[Source] = set()
        self._answers: dict[Source, SourceResult] = {}

    def start(self, source: Source) -> None:
        """Ask *source* in the background."""
        self._started.add(source)
        in_background(lambda: self.put(source, self._ask(source)), f"discover by {source.name}")

    def started(self, source: Source) -> bool:
        """Whether *source* was asked."""
        return source in self._started

    def put(self, source: Source, result: SourceResult) -> None:
        """Take *result* as the answer of *source*."""
        with self._changed:
            self._answers[source] = result
            self._changed.notify_all()

    def answers(self) -> dict[Source, SourceResult]:
        """All answers that have come so far."""
        with self._changed:
            return dict(self._answers)

    def wait_for_more(self, known: int, seconds: float) -> None:
        """Wait for more than the *known* number of answers, at most *seconds*."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._answers) > known, timeout=seconds)

    def _ask(self, source: Source) -> SourceResult:
        started = time.monotonic()
        try:
            result = source.ask(self._deadline)
        except Exception as error:  # one source's fault never costs what the others find
            text = f"internal fault: {type(error).__name__}"
            result = SourceResult(source=source.name, status="failed", asked=source.asked, text=text)
        return msgspec.structs.replace(result, milliseconds=round(1000 * (time.monotonic() - started)))
