"""Where new connections wait for their turn, as the limits of all runs say."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from diagnose.model.deadline import Deadline
from diagnose.model.limits import Limits
from diagnose.network.slots import Run, Slot, Slots
from diagnose.network.spacing import Spacing


class Turnstile:
    """Lets connections through as `Limits` say, one group after the other."""

    def __init__(self, limits: Limits, spacing: Spacing | None = None) -> None:
        self._limits = limits
        self._slots = Slots(limits.host_connections, limits.house_connections)
        self._spacing = spacing or Spacing()

    def begin_run(self, house: str | None) -> Run:
        """One more run, which asks *house*, until it is ended or forgotten."""
        return self._slots.begin_run(house)

    def end_run(self, run: Run) -> None:
        """*run* waits for nothing any more."""
        self._slots.end_run(run)

    def pass_through(
        self,
        addresses: tuple[str, ...],
        port: int,
        deadline: Deadline,
        is_over: Callable[[], bool],
        run: Run | None,
    ) -> dict[str, Slot]:
        """A slot for each of *addresses*, once it may be opened.

        Raises CrowdedError by *deadline*, or when the run *is_over*.
        """
        slots = self._slots.take(addresses, port, deadline, is_over, run=run)
        limits, house = self._limits, run.house if run is not None else None
        try:
            if limits.host_rate is not None:
                self._spacing.take([(address, limits.host_rate) for address in addresses], 1, deadline, is_over)
            if limits.house_rate is not None and house is not None:
                self._spacing.take([(house, limits.house_rate)], len(addresses), deadline, is_over)
        except BaseException:
            for slot in slots.values():
                slot.free()
            raise
        return slots

    def taken(self, address: str, ports: Iterable[int]) -> int:
        """How many connections to *ports* of *address* are open or under way."""
        return self._slots.taken(address, ports)

    def is_crowded(self) -> bool:
        """Whether any connection waits to be let through."""
        return self._slots.waiting > 0 or self._spacing.waiting > 0

    def seconds_left(self, house: str) -> float:
        """How long it will be until *house* may get the connections of one more run."""
        rate = self._limits.house_rate
        return 0.0 if rate is None else self._spacing.seconds_left(house, rate)

    def slow_down(self, house: str) -> None:
        """*house* turned connections away: it gets half as many new ones a second."""
        if (rate := self._limits.house_rate) is not None:
            self._spacing.slow_down(house, rate)
