"""Where the work is done: the port, and the threads of this computer."""

from __future__ import annotations

import heapq
import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from diagnose.fleet.pace import Pace
from diagnose.fleet.tasks import Result, Task
from diagnose.model import TextError
from diagnose.model.failures import internal_fault
from diagnose.running.interruption import Interruption

AT_ONCE = 8
"""Rows under way. A process carries out no more runs at once (`diagnose.network.threads`)."""
MOST_WAITING = 64
"""Rows that wait for another one of the same account or provider, until no further row is read."""


TURNED_AWAY = frozenset({"server.too-many-connections"})
"""Causes by which a server says that it gets too much at once."""


class EngineError(TextError):
    """Nothing can be carried out any more; what is over already stands."""


class Workers(Protocol):
    """Carry out one task after the other: the port that every engine has its own side of."""

    @property
    def at_once(self) -> int:
        """Tasks that may be under way right now, at least 1."""

    def begin(self, task: Task, own: Interruption, over: Callable[[Result | BaseException], None]) -> None:
        """Have *task* carried out until *own* is asked for. *over* is told once, in any thread, what came of it."""


class Engine(Protocol):
    """Carries out tasks, several at once, and never two of one account."""

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """The results as they come. *work* is read no further ahead than is needed. Raises EngineError.

        What is a result already is handed on. After *interruption* nothing begins, and what is under way ends.
        """


class Threads:
    """The engine of this process."""

    def __init__(
        self,
        carry_out: Callable[[Task, Interruption], Result],
        at_once: int = AT_ONCE,
        pace: Pace | None = None,
        slowed: Callable[[str], None] = lambda _house: None,
    ) -> None:
        """*at_once*: tasks under way, at least 1. *pace*: how soon the rows of one provider follow each other.

        *slowed* is told, once for each, of a provider or domain that turned connections away.
        """
        if at_once < 1:
            raise ValueError(at_once)
        self.carry_out = carry_out
        self.at_once = at_once
        self.pace = pace
        self.slowed = slowed

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """See `Engine`."""
        with ThreadPoolExecutor(self.at_once, "row") as pool:
            workers = _Pool(self.carry_out, self.at_once, pool)
            yield from Round(workers, interruption, self.pace, self.slowed).results(work)


class _Pool:
    """The workers of `Threads`."""

    def __init__(
        self, carry_out: Callable[[Task, Interruption], Result], at_once: int, pool: ThreadPoolExecutor
    ) -> None:
        self.at_once = at_once
        self._carry_out = carry_out
        self._pool = pool

    def begin(self, task: Task, own: Interruption, over: Callable[[Result | BaseException], None]) -> None:
        def work() -> None:
            try:
                came: Result | BaseException = self._carry_out(task, own)
            except BaseException as error:  # handed on to whoever reads the results
                came = error
            over(came)

        self._pool.submit(work)


class Round:
    """One call of `Engine.results` for any workers; only its own thread holds the state."""

    def __init__(
        self,
        workers: Workers,
        interruption: Interruption,
        pace: Pace | None = None,
        slowed: Callable[[str], None] = lambda _house: None,
    ) -> None:
        """*pace*, *slowed*: as `Threads` has them."""
        self._workers = workers
        self._interruption = interruption
        self._pace = pace
        self._slowed = slowed
        self._came: queue.SimpleQueue[tuple[Task, Result | BaseException] | None] = queue.SimpleQueue()
        """None: an interruption was asked for."""
        self._running: dict[tuple[int, str], Interruption] = {}
        """By the row; a run listens to an interruption of its own, which nobody else keeps."""
        self._busy: dict[str, deque[Task]] = {}
        """By account: those that wait for the one that is under way."""
        self._waiting = 0
        self._later: list[tuple[float, tuple[int, str], Task]] = []
        """By the moment at which they may begin: a heap."""

    def results(self, work: Iterator[Task | Result]) -> Generator[Result, None, None]:
        """See `Engine`."""
        self._interruption.listen(self._end)
        try:
            more = True
            while True:
                self._begin_due()
                while more and not self._interruption.asked_for and self._has_room():
                    one = next(work, None)
                    if one is None:
                        more = False
                    elif isinstance(one, Result):
                        yield one
                    else:
                        self._take(one)
                if self._interruption.asked_for:
                    self._later.clear()
                if not self._running and not self._later:
                    return
                if (result := self._next()) is not None:
                    yield result
        finally:
            self._end()

    def _has_room(self) -> bool:
        return len(self._running) < self._workers.at_once and self._waiting + len(self._later) < MOST_WAITING

    def _begin_due(self) -> None:
        """Begin what had to wait and may begin now."""
        while (
            self._later
            and not self._interruption.asked_for
            and len(self._running) < self._workers.at_once
            and self._later[0][0] <= time.monotonic()
        ):
            self._begin(heapq.heappop(self._later)[2])

    def _take(self, task: Task) -> None:
        if (account := task.account) is not None:
            if account in self._busy:
                self._busy[account].append(task)
                self._waiting += 1
                return
            self._busy[account] = deque()
        self._begin_in_turn(task)

    def _begin_in_turn(self, task: Task) -> None:
        """Begin *task* when its provider's turn has come."""
        now = time.monotonic()
        at = now if self._pace is None else self._pace.moment(task.house, now)
        if at <= now:
            self._begin(task)
        else:
            heapq.heappush(self._later, (at, task.origin.place, task))

    def _begin(self, task: Task) -> None:
        own = self._running[task.origin.place] = Interruption()
        if self._interruption.asked_for:
            own.ask()
        self._workers.begin(task, own, lambda came: self._came.put((task, came)))

    def _next(self) -> Result | None:
        """What came first; None where it is time for something else."""
        free = len(self._running) < self._workers.at_once
        patience = max(0.0, self._later[0][0] - time.monotonic()) if self._later and free else None
        try:
            over = self._came.get(timeout=patience)
        except queue.Empty:
            return None
        if over is None:
            return None
        task, came = over
        del self._running[task.origin.place]
        if (account := task.account) is not None:
            others = self._busy[account]
            if others and not self._interruption.asked_for:
                self._waiting -= 1
                self._begin_in_turn(others.popleft())
            else:
                del self._busy[account]
        if isinstance(came, Exception) and not isinstance(came, EngineError):
            return Result(origin=task.origin, bad=internal_fault(came).render())
        if isinstance(came, BaseException):
            raise came
        self._heed(task, came)
        return came

    def _heed(self, task: Task, came: Result) -> None:
        """Slow down where a server turned a connection away."""
        pace, report = self._pace, came.report
        if pace is None or report is None or all(one.id not in TURNED_AWAY for one in report.verdict.causes):
            return
        if pace.slow_down(task.house, time.monotonic()):
            self._slowed(task.house)

    def _end(self) -> None:
        for own in list(self._running.values()):
            own.ask()
        self._came.put(None)
