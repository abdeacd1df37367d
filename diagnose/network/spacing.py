"""How soon new connections follow each other, at one server and at one provider, for all runs together."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable

from diagnose.model.deadline import Deadline
from diagnose.network.slots import SLICE_SECONDS, CrowdedError

AT_ONCE = 16
"""Connections that may follow each other at once: those of two runs, to one port after the other."""
JITTER = 0.25
"""A share of the time between two, by which it is longer or shorter: a pattern looks like an attack."""
SLOWEST_A_SECOND = 1.0
"""New connections to who turns them away, at least."""
MOST_KEPT = 10_000
"""Servers and providers that are remembered at once, but for those that were slowed."""


class Spacing:
    """Hands out moments, as many a second as one server or provider is given, and a few at once; for many threads.

    Whoever was quiet may open some at once. Then each waits for the next moment.
    """

    def __init__(
        self,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """*chance*: numbers from 0 to 1, for the jitter. *clock*: seconds, which only go forward."""
        self._chance = chance
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._spent: dict[str, float] = {}
        """By server or provider: the moment at which all that was handed out is paid for."""
        self._slowed: dict[str, float] = {}
        """By those that turned connections away: how many they get for one that others get, below 1."""
        self.waiting = 0
        """How many wait for their moment."""

    def take(
        self, wanted: Iterable[tuple[str, float]], number: int, deadline: Deadline, is_over: Callable[[], bool]
    ) -> None:
        """Wait until *number* more may be opened at each of *wanted*, which are names and rates a second.

        Raises CrowdedError where that is not by *deadline*, or when the run *is_over*.
        """
        with self._lock:
            at, last = self._clock(), ""
            now, spent = at, {}
            for name, rate in wanted:
                seconds = self._seconds(name, rate)
                spent[name] = max(self._spent.get(name, now), now) + number * seconds
                free = spent[name] - AT_ONCE * seconds
                if free > now and (free := free + seconds * JITTER * (self._chance() - 0.5)) > at:
                    at, last = free, name
            if at > now + deadline.left():
                raise CrowdedError(last)
            self._spent.update(spent)
            self._prune(now)
            self.waiting += 1
        try:
            while (left := at - self._clock()) > 0:
                if is_over():
                    raise CrowdedError(last)
                self._sleep(min(left, SLICE_SECONDS))
        finally:
            with self._lock:
                self.waiting -= 1

    def seconds_left(self, name: str, rate: float) -> float:
        """How long it will be until half of those that *name* may get at once are free again."""
        with self._lock:
            free = self._spent.get(name, 0.0) - AT_ONCE / 2 * self._seconds(name, rate)
            return max(0.0, free - self._clock())

    def slow_down(self, name: str, rate: float) -> None:
        """*name* turned connections away: it gets half as many a second, again and again."""
        with self._lock:
            share = self._slowed.get(name, 1.0) / 2
            self._slowed[name] = max(share, min(SLOWEST_A_SECOND / rate, 1.0))

    def _seconds(self, name: str, rate: float) -> float:
        return 1 / (rate * self._slowed.get(name, 1.0))

    def _prune(self, now: float) -> None:
        if len(self._spent) > MOST_KEPT:
            self._spent = {name: spent for name, spent in self._spent.items() if spent > now}
