"""Where the work is done: the port, and the threads of this computer."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from diagnose.fleet.tasks import Result, Task
from diagnose.model.failures import internal_fault
from diagnose.running.interruption import Interruption

AT_ONCE = 8
"""Rows under way. A process carries out no more runs at once (`diagnose.network.threads`)."""
MOST_WAITING = 64
"""Rows that wait for another one of the same account, until no further row is read."""


class Engine(Protocol):
    """Carries out tasks, several at once, and never two of one account."""

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """The results as they come. *work* is read no further ahead than is needed.

        What is a result already is handed on. After *interruption* nothing begins, and what is under way ends.
        """


class Threads:
    """The engine of this process."""

    def __init__(self, carry_out: Callable[[Task, Interruption], Result], at_once: int = AT_ONCE) -> None:
        """*at_once*: tasks under way, at least 1."""
        if at_once < 1:
            raise ValueError(at_once)
        self._carry_out = carry_out
        self._at_once = at_once

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """See `Engine`."""
        with ThreadPoolExecutor(self._at_once, "row") as pool:
            yield from _Round(self._carry_out, self._at_once, pool, interruption).results(work)


class _Round:
    """One call of `Threads.results`; only its own thread holds the state."""

    def __init__(
        self,
        carry_out: Callable[[Task, Interruption], Result],
        at_once: int,
        pool: ThreadPoolExecutor,
        interruption: Interruption,
    ) -> None:
        self._carry_out = carry_out
        self._at_once = at_once
        self._pool = pool
        self._interruption = interruption
        self._came: queue.SimpleQueue[tuple[Task, Result | BaseException]] = queue.SimpleQueue()
        self._running: dict[int, Interruption] = {}
        """By the line of the row; a run listens to an interruption of its own, which nobody else keeps."""
        self._busy: dict[str, deque[Task]] = {}
        """By account: those that wait for the one that is under way."""
        self._waiting = 0

    def results(self, work: Iterator[Task | Result]) -> Generator[Result, None, None]:
        self._interruption.listen(self._end)
        try:
            more = True
            while True:
                while more and not self._interruption.asked_for and self._has_room():
                    one = next(work, None)
                    if one is None:
                        more = False
                    elif isinstance(one, Result):
                        yield one
                    else:
                        self._take(one)
                if not self._running:
                    return
                yield self._next()
        finally:
            self._end()

    def _has_room(self) -> bool:
        return len(self._running) < self._at_once and self._waiting < MOST_WAITING

    def _take(self, task: Task) -> None:
        if (account := task.account) is not None:
            if account in self._busy:
                self._busy[account].append(task)
                self._waiting += 1
                return
            self._busy[account] = deque()
        self._begin(task)

    def _begin(self, task: Task) -> None:
        own = self._running[task.origin.line] = Interruption()
        if self._interruption.asked_for:
            own.ask()

        def work() -> None:
            try:
                came: Result | BaseException = self._carry_out(task, own)
            except BaseException as error:  # handed on to whoever reads the results
                came = error
            self._came.put((task, came))

        self._pool.submit(work)

    def _next(self) -> Result:
        task, came = self._came.get()
        del self._running[task.origin.line]
        if (account := task.account) is not None:
            others = self._busy[account]
            if others and not self._interruption.asked_for:
                self._waiting -= 1
                self._begin(others.popleft())
            else:
                del self._busy[account]
        if isinstance(came, Exception):
            return Result(origin=task.origin, bad=internal_fault(came).render())
        if isinstance(came, BaseException):
            raise came
        return came

    def _end(self) -> None:
        for own in list(self._running.values()):
            own.ask()
