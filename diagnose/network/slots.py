"""How many connections there may be at once, for all runs together; a run that wants one more waits."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from diagnose.model.deadline import Deadline
from diagnose.model.failures import FaultError
from diagnose.model.limits import OF_ONE_RUN
from diagnose.model.text import text

SLICE_SECONDS = 0.25
"""How often a waiting run looks whether it is over."""


class CrowdedError(FaultError):
    """Other runs of this program keep all the connections to a server that it allows itself."""

    def __init__(self, address: str) -> None:
        super().__init__(text("other runs of this program keep all connections to {address} busy", address=address))


class Slot:
    """The right to one connection, until it is freed."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._free = free
        self._lock = threading.Lock()
        self._held = True

    def free(self) -> None:
        """Let another connection take its place. A second call does nothing."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._free()


class Run:
    """One run that takes slots; it counts as long as somebody keeps it."""

    def __init__(self, number: int, house: str | None = None) -> None:
        self.number = number
        """Higher than those of all older ones."""
        self.house = house
        """The provider or domain that it asks."""


class Slots:
    """The connections that may exist: a fixed number to each port of each address, and to each house.

    Runs keep connections of which others wait for more. So that they never wait for each other in a ring, a part is
    set aside for the oldest: it goes on and ends, and then the next oldest does.
    """

    def __init__(self, most: int, most_of_house: int | None = None) -> None:
        """*most*: to one port of one address, at least 1.

        *most_of_house*: to all servers of one, at least `OF_ONE_RUN`.
        """
        if most < 1:
            raise ValueError("at least one connection")
        if most_of_house is not None and most_of_house < OF_ONE_RUN:
            raise ValueError("fewer than one run needs")
        self._most = most
        self._most_of_house = most_of_house
        self._changed = threading.Condition()
        self._runs: weakref.WeakSet[Run] = weakref.WeakSet()
        self._numbers = itertools.count(1)
        self._held: dict[Hashable, Counter[int]] = {}
        """By port or house, and by the number of the run."""
        self.waiting = 0
        """How many wait for their turn."""

    def begin_run(self, house: str | None = None) -> Run:
        """One more run, which asks *house*, until it is ended or forgotten."""
        with self._changed:
            run = Run(next(self._numbers), house)
            self._runs.add(run)
        return run

    def end_run(self, run: Run) -> None:
        """*run* waits for nothing any more."""
        with self._changed:
            self._runs.discard(run)
            self._changed.notify_all()

    def take(
        self,
        addresses: Iterable[str],
        port: int,
        deadline: Deadline,
        is_over: Callable[[], bool],
        *,
        run: Run | None = None,
    ) -> dict[str, Slot]:
        """A slot for each of *addresses*, by address, once all are free. Raises CrowdedError.

        The wait ends by *deadline*, and when the run *is_over*.
        """
        # of no run: nothing waits for its end
        number, house = (run.number, run.house) if run is not None else (0, None)
        peers = [(address, port) for address in addresses]
        wanted = Counter[Hashable](peers)
        if house is not None and self._most_of_house is not None and peers:
            wanted[house] = len(peers)
        with self._changed:
            self.waiting += 1
            try:
                while (full := self._full(wanted, number)) is not None:
                    if deadline.passed() or is_over():
                        raise CrowdedError(full)
                    self._changed.wait(min(deadline.left(), SLICE_SECONDS))
            finally:
                self.waiting -= 1
            for key, more in wanted.items():
                self._held.setdefault(key, Counter())[number] += more
        keys = [one for one in wanted if not isinstance(one, tuple)]
        return {
            peer[0]: Slot(lambda peer=peer: self._give_back((peer, *keys), number))  # type: ignore[misc]  # mypy infers no lambda defaults
            for peer in peers
        }

    def taken(self, address: str, ports: Iterable[int]) -> int:
        """How many connections to *ports* of *address* are open or under way."""
        with self._changed:
            return sum(self._held[address, port].total() for port in ports if (address, port) in self._held)

    def _full(self, wanted: Counter[Hashable], run: int) -> str | None:
        """The address or house that has no room for what *run* wants."""
        for key, more in wanted.items():
            held = self._held.get(key) or Counter[int]()
            rivals: Iterable[Run] = self._runs
            if isinstance(key, str):
                most, reserve, rivals = self._most_of_house or 0, OF_ONE_RUN, (r for r in self._runs if r.house == key)
            else:
                most, reserve = self._most, 1
            oldest = min((one.number for one in rivals), default=run) if run else run
            others = held.total() - held[oldest]
            if held.total() + more > most or (run != oldest and others + more > most - reserve):
                return str(key[0] if isinstance(key, tuple) else key)
        return None

    def _give_back(self, keys: Iterable[Hashable], run: int) -> None:
        with self._changed:
            for key in keys:
                held = self._held[key]
                held[run] -= 1
                if not held.total():
                    del self._held[key]
            self._changed.notify_all()
