"""One point in time that everything below it has to keep."""

from __future__ import annotations

import time

DEFAULT_SECONDS = 30.0
"""A whole run's, unless the person sets another."""


class Deadline:
    """The moment (monotonic clock) by which work has to be back; handed down to the last socket."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        """End *seconds* from now; a negative number is a deadline that has passed."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._at - time.monotonic())

    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left() == 0.0

    def within(self, seconds: float) -> Deadline:
        """The earlier of this deadline and *seconds* from now."""
        return Deadline(min(seconds, self.left()))

    def share(self, part: float, at_most: float) -> Deadline:
        """*part* (0 to 1) of the time left, and never more than *at_most* seconds."""
        return Deadline(min(self.left() * part, at_most))
