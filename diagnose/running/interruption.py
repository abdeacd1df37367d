"""Ctrl-C, or whatever else asks a run to end early with what it has."""

from __future__ import annotations

from collections.abc import Callable


class Interruption:
    """Asked for at most once that counts, by a signal handler or another thread; a run listens."""

    def __init__(self) -> None:
        self.asked_for = False
        self._wake: Callable[[], None] | None = None

    def ask(self) -> None:
        """End the run. Safe in a signal handler, as far as what listens is."""
        first, self.asked_for = not self.asked_for, True
        if first and self._wake is not None:
            self._wake()

    def listen(self, wake: Callable[[], None]) -> None:
        """Have *wake* called once the run is to end; now, where that was asked for already."""
        self._wake = wake
        if self.asked_for:
            wake()
