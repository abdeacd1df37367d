"""How soon one provider's rows follow each other, so that no server takes a fleet for an attack."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

ROWS_A_SECOND = 2.0
"""Of one provider or domain. Servers ban by failed logins and by connections a minute; two rows open about ten."""
JITTER = 0.25
"""A share of the time between two rows, by which it is longer or shorter."""
SLOWEST_SECONDS = 60.0
"""Between two rows of a provider that turns connections away, at most."""
MOST_HOUSES = 10_000
"""That are remembered at once, but for those that were slowed."""


class Door(Protocol):
    """What lets connections through: the network of all runs."""

    def is_crowded(self) -> bool:
        """Whether a connection of any run waits for its turn."""

    def seconds_left(self, house: str) -> float:
        """How long it will be until *house* may get the connections of one more run."""

    def slow_down(self, house: str) -> None:
        """*house* turned connections away: it gets fewer new ones a second."""


class Pace:
    """Hands out moments, by a clock that only goes forward; for one thread."""

    def __init__(
        self,
        rows_a_second: float = ROWS_A_SECOND,
        chance: Callable[[], float] = random.random,
        door: Door | None = None,
    ) -> None:
        """*rows_a_second*: above 0. *chance*: numbers from 0 to 1, for the jitter. *door*: what else limits rows."""
        if rows_a_second <= 0:
            raise ValueError(rows_a_second)
        self._seconds = 1 / rows_a_second
        self._chance = chance
        self._door = door
        self._next: dict[str, float] = {}
        self._slowed: dict[str, float] = {}
        """Seconds between two rows of those that turned connections away."""

    def moment(self, house: str, now: float) -> float:
        """When the next row of *house* may begin, *now* or later; it is taken as begun then."""
        at = max(now, self._next.get(house, now))
        if self._door is not None:
            at = max(at, now + self._door.seconds_left(house))
        seconds = self._slowed.get(house, self._seconds)
        self._next[house] = at + seconds * (1 + JITTER * (2 * self._chance() - 1))
        if len(self._next) > MOST_HOUSES:
            self._next = {name: later for name, later in self._next.items() if later > now}
        return at

    def is_crowded(self) -> bool:
        """Whether rows under way wait for connections, so that none should be added to them."""
        return self._door is not None and self._door.is_crowded()

    def slowed(self, house: str) -> float | None:
        """Seconds between two rows of *house*, where it turned connections away."""
        return self._slowed.get(house)

    def slow_down(self, house: str, now: float) -> bool:
        """*house* turned connections away: its further rows take twice the time. Whether this is the first time."""
        first = house not in self._slowed
        seconds = min(2 * max(self._slowed.get(house, self._seconds), 0.5), SLOWEST_SECONDS)
        self._slowed[house] = seconds
        self._next[house] = max(self._next.get(house, now), now + seconds)
        if self._door is not None:
            self._door.slow_down(house)
        return first
