"""Two contestants in turn, and the ratio pair by pair: what slows this computer down for a while slows down both."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Contestant = Callable[[], Awaitable[float]]
"""Runs once and returns the seconds it took."""


@dataclass(frozen=True)
class Pairs:
    """Seconds of yardstick and candidate, pair by pair."""

    rows: tuple[tuple[float, float], ...]

    @property
    def yardstick(self) -> float:
        """Median, seconds."""
        return statistics.median(first for first, _ in self.rows)

    @property
    def candidate(self) -> float:
        """Median, seconds."""
        return statistics.median(second for _, second in self.rows)

    @property
    def ratios(self) -> tuple[float, float, float]:
        """Least, median and greatest of candidate by yardstick."""
        found = [second / first for first, second in self.rows]
        return min(found), statistics.median(found), max(found)


async def in_turn(yardstick: Contestant, candidate: Contestant, count: int) -> Pairs:
    """*count* pairs, who begins taking turns too; one pair before them, not counted, warms the caches."""
    await yardstick()
    await candidate()
    rows = []
    for number in range(count):
        if number % 2:
            second = await candidate()
            rows.append((await yardstick(), second))
        else:
            rows.append((await yardstick(), await candidate()))
    return Pairs(tuple(rows))
