"""Where the work is done: the port, and the threads of this computer."""

from __future__ import annotations

import heapq
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from diagnose.fleet.pace import Pace
from diagnose.fleet.tasks import Result, Slowed, Task
from diagnose.model import TextError
from diagnose.model.failures import internal_fault
from diagnose.network import threads_kept
from diagnose.process.one_processor import one_processor
from diagnose.running.interruption import Interruption

AT_ONCE = 16
"""Rows under way. They mostly wait for servers, and no server is asked by more of them than its provider bears."""
MOST_WAITING = 64
"""Rows that wait for another one of the same account or provider, until no further row is read."""

MOST_AGAIN = 3
"""How often a row is run again for which other rows left no connections; one such row is under way at a time."""
CROWDED_SECONDS = 0.25
"""How often to look whether connections still wait for their turn."""
SLICE_SECONDS = 0.25
"""How often to look up from a wait: no signal that another thread has caught ends it, and on Windows none."""
TURNED_AWAY = {"server.too-many-connections": "possible", "lockout.rate-limited": "likely"}
"""Causes by which a server says that it gets too much, and how sure they have to be. A bare 421 (RFC 5321 §3.8)
is a possible one, which only the finding of a check names."""


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
        of_house: int | None = None,
    ) -> None:
        """*at_once*: tasks under way, at least 1. *pace*: how soon the rows of one provider follow each other.

        *slowed* is told, once for each, of a provider or domain that turned connections away. *of_house*: tasks of one
        provider or domain under way, at least 1; None: as many as come.
        """
        if min(at_once, of_house or at_once) < 1:
            raise ValueError(at_once, of_house)
        self.carry_out = carry_out
        self.at_once = at_once
        self.pace = pace
        self.slowed = slowed
        self.of_house = of_house

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """See `Engine`."""
        with threads_kept(), one_processor(), ThreadPoolExecutor(self.at_once, "row") as pool:
            workers = _Pool(self.carry_out, self.at_once, pool)
            yield from Round(workers, interruption, self.pace, self.slowed, self.of_house).results(work)


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
        of_house: int | None = None,
    ) -> None:
        """*pace*, *slowed*, *of_house*: as `Threads` has them."""
        self._workers = workers
        self._interruption = interruption
        self._pace = pace
        self._slowed = slowed
        self._of_house = of_house
        self._came: queue.SimpleQueue[tuple[Task, Result | BaseException] | None] = queue.SimpleQueue()
        """None: an interruption was asked for."""
        self._running: dict[tuple[int, str], Interruption] = {}
        """By the row; a run listens to an interruption of its own, which nobody else keeps."""
        self._busy: dict[str, deque[Task]] = {}
        """By account: those that wait for the one that is under way."""
        self._houses: dict[str, deque[Task]] = {}
        """By provider or domain: those that wait for another one of it to end."""
        self._begun: Counter[str] = Counter()
        """By provider or domain: those that are under way, or have their moment."""
        self._trying_again = False
        """One that was held back is under way, or waits for its turn."""
        self._waiting = 0
        self._held_back: deque[Task] = deque()
        """Those that are to be run again."""
        self._again: Counter[tuple[int, str]] = Counter()
        """How often that was done, by the row; they go when it is over."""
        self._later: list[tuple[float, tuple[int, str], Task]] = []
        """By the moment at which they may begin: a heap."""

    def results(self, work: Iterator[Task | Result]) -> Generator[Result, None, None]:
        """See `Engine`."""
        self._interruption.listen(self._end)
        try:
            more = True
            while True:
                self._begin_due()
                self._begin_again()
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
                    self._held_back.clear()
                if not self._running and not self._later and not self._held_back:
                    return
                if (result := self._next()) is not None:
                    yield result
        finally:
            self._end()

    def _has_room(self) -> bool:
        if self._running and self._is_crowded():
            return False
        return len(self._running) < self._workers.at_once and self._waiting + len(self._later) < MOST_WAITING

    def _is_crowded(self) -> bool:
        return self._pace is not None and self._pace.is_crowded()

    def _begin_due(self) -> None:
        """Begin what had to wait and may begin now."""
        while (
            self._later
            and not self._interruption.asked_for
            and len(self._running) < self._workers.at_once
            and self._later[0][0] <= time.monotonic()
        ):
            self._begin(heapq.heappop(self._later)[2])

    def _begin_again(self) -> None:
        """Begin the next of those that were held back, where none of them is under way and connections are free."""
        if not self._held_back or self._interruption.asked_for or (self._running and self._is_crowded()):
            return
        if len(self._running) < self._workers.at_once and not self._trying_again:
            task = self._held_back.popleft()
            self._trying_again = True
            self._again[task.origin.place] += 1
            self._take(task)

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
        if self._of_house is not None and self._begun[task.house] >= self._of_house:
            self._houses.setdefault(task.house, deque()).append(task)
            self._waiting += 1
            return
        self._begun[task.house] += 1
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
        if free and self._is_crowded():  # nobody tells when it no longer is
            patience = min(CROWDED_SECONDS, patience if patience is not None else CROWDED_SECONDS)
        try:
            over = self._came.get(timeout=SLICE_SECONDS if patience is None else min(patience, SLICE_SECONDS))
        except queue.Empty:
            return None
        if over is None:
            return None
        task, came = over
        del self._running[task.origin.place]
        again = self._is_to_be_run_again(task, came)
        if isinstance(came, Result):  # before the next one begins
            came = self._heeded(task, came)
        if (account := task.account) is not None:
            others = self._busy[account]
            if others and not self._interruption.asked_for:
                self._waiting -= 1
                self._begin_in_turn(others.popleft())
            else:
                del self._busy[account]
        self._leave(task.house)
        if again and isinstance(came, Result):
            if self._interruption.asked_for:
                return msgspec.structs.replace(came, interrupted=True)
            self._held_back.append(task)
            return None
        if isinstance(came, Exception) and not isinstance(came, EngineError):
            return Result(origin=task.origin, bad=internal_fault(came).render())
        if isinstance(came, BaseException):
            raise came
        return came

    def _is_to_be_run_again(self, task: Task, came: Result | BaseException) -> bool:
        times = self._again.get(task.origin.place, 0)
        if times:
            self._trying_again = False
        if isinstance(came, Result) and came.held_back and times < MOST_AGAIN:
            return True
        self._again.pop(task.origin.place, None)
        return False

    def _leave(self, house: str) -> None:
        """One of *house* is over, so that the next may take its place."""
        self._begun[house] -= 1
        if not self._begun[house]:
            del self._begun[house]
        waiting = self._houses.get(house)
        if waiting and not self._interruption.asked_for:
            following = waiting.popleft()
            self._waiting -= 1
            if not waiting:
                del self._houses[house]
            self._begin_in_turn(following)

    def _heeded(self, task: Task, came: Result) -> Result:
        """Slow down where a server turned a connection away, and let the result say so."""
        pace = self._pace
        if pace is None:
            return came
        if _was_turned_away(came) and pace.slow_down(task.house, time.monotonic()):
            self._slowed(task.house)
        seconds = pace.slowed(task.house)
        if seconds is None:
            return came
        return msgspec.structs.replace(came, slowed=Slowed(house=task.house, seconds=seconds))

    def _end(self) -> None:
        for own in list(self._running.values()):
            own.ask()
        self._came.put(None)


def _was_turned_away(came: Result) -> bool:
    if came.report is None:
        return False
    sure = {"possible": 0, "likely": 1, "confirmed": 2}
    causes = [(one.id, one.certainty) for one in came.report.verdict.causes]
    causes += [(one.cause, one.certainty) for check in came.report.checks for one in check.findings]
    return any(name in TURNED_AWAY and sure[certainty] >= sure[TURNED_AWAY[name]] for name, certainty in causes)
