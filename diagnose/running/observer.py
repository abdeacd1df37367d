"""Who watches a run: told of every check that is planned, begins and ends."""

from __future__ import annotations

from typing import Protocol

from diagnose.model import CheckResult, Text


class Observer(Protocol):
    """Told of every change; for progress. Called from the runner's own thread, one call at a time."""

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""

    def started(self, identity: str) -> None:
        """Its probe has begun."""

    def finished(self, result: CheckResult) -> None:
        """It is over, one way or the other."""


class Observers:
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        for one in self._observers:
            one.planned(identity, title)

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        for one in self._observers:
            one.started(identity)

    def finished(self, result: CheckResult) -> None:
        """It is over, one way or the other."""
        for one in self._observers:
            one.finished(result)
