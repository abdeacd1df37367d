"""The engine of other computers: rows on the workers of a scheduler of Dask (distributed).

The scheduler holds the rows that are under way and no others. The record of tries stays here. What it
says of an account goes with each of its rows, and comes back with the result.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from distributed import Client, Event, Future
from distributed.scheduler import KilledWorker

from diagnose import __version__
from diagnose.account.history import History, RecordError, Tries
from diagnose.fleet.dask_connection import ANSWER_SECONDS, connected, is_guarded, leave, unguarded
from diagnose.fleet.dask_worker import AT_ONCE, LOST, SHARE, About, Done, Order, about, bad, carry_out_here
from diagnose.fleet.engine import EngineError, Round
from diagnose.fleet.pace import Pace
from diagnose.fleet.tasks import Resolve, Result, Task
from diagnose.model import quote, text
from diagnose.network.threads import in_background
from diagnose.running.interruption import Interruption

GONE_SECONDS = 30.0
"""How long workers may be away: one that its nanny starts anew is back by then."""
LOOK_SECONDS = 1.0
"""How often to look which workers there are."""
AHEAD = 2
"""Rows under way for each thread of a worker: one that runs, and one that waits there for it."""
Over = Callable[[Result | BaseException], None]


class Dask:
    """The engine of the workers at one scheduler; use as a context manager."""

    def __init__(
        self,
        scheduler: str,
        resolve: Resolve,
        record: Path,
        *,
        logs_in: bool = True,
        vantages: Collection[str] = (),
        pace: Pace | None = None,
        slowed: Callable[[str], None] = lambda _house: None,
    ) -> None:
        """*scheduler*: its URL. *resolve*: a function of a module, called on workers. *record*: its folder, here.

        *logs_in*: whether rows may, so that nobody else may reach scheduler and workers.
        *vantages*: labels of which each has to have workers. *pace*, *slowed*: as `Threads` has them.
        """
        self._scheduler = scheduler
        self._resolve = resolve
        self._record = record
        self._logs_in = logs_in
        self._vantages = frozenset(vantages) or {""}
        self._pace = pace
        self._slowed = slowed

    def __enter__(self) -> Self:
        """Connect. Raises EngineError where the scheduler, or workers that are needed, cannot be reached."""
        self._client = connected(self._scheduler)
        try:
            self.threads = self._examined()
        except BaseException:
            leave(self._client)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        leave(self._client)

    def results(self, work: Iterator[Task | Result], interruption: Interruption) -> Generator[Result, None, None]:
        """See `Engine`."""
        with _Workers(self._client, self._resolve, self._record, self._vantages, self.threads) as workers:
            yield from Round(workers, interruption, self._pace, self._slowed).results(work)

    def _examined(self) -> int:
        """The threads of all workers. Raises EngineError where they are of another kind, unguarded, or too few."""
        asked = in_background(lambda: self._client.run(about), "about")
        try:
            found = asked.result(ANSWER_SECONDS)
        except TimeoutError:
            raise EngineError(text("a worker does not answer")) from None
        except Exception as error:  # whatever happens there, and comes back as it is
            raise EngineError(text("the workers cannot run rows: {words}", words=quote(str(error)))) from None
        for address, one in found.items():
            if not isinstance(one, About) or one.version != __version__:
                theirs = one.version if isinstance(one, About) else "?"
                sentence = text(
                    "the worker {address} has version {theirs} of this program, and here is {ours}",
                    address=address,
                    theirs=theirs,
                    ours=__version__,
                )
                raise EngineError(sentence)
        if self._logs_in:
            for address in (self._client.scheduler_info(n_workers=-1)["address"], *found):
                if not is_guarded(address):
                    raise EngineError(unguarded(address))
        for label in sorted(self._vantages):
            if not any(not label or label in one.labels for one in found.values()):
                raise no_workers(label)
        return sum(min(one.threads, AT_ONCE) for one in found.values())


class _Flight(msgspec.Struct):
    """A row that is under way."""

    order: Order
    over: Over
    future: Future | None = None


class _Workers:
    """The workers of `Dask` in one round. Whoever ends a flight first has ended it."""

    def __init__(self, client: Client, resolve: Resolve, record: Path, vantages: Collection[str], threads: int) -> None:
        self.at_once = AHEAD * threads
        self._client = client
        self._resolve = resolve
        self._record = record
        self._seen = dict.fromkeys(vantages, time.monotonic())
        """By label: when it had workers last."""
        self._run = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._flying: dict[str, _Flight] = {}
        self._asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        """The rows that are to end; None: there will be no more."""
        self._watching = threading.Thread(target=self._watch, name="workers", daemon=True)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._asked.put(None)
        self._watching.join()

    def begin(self, task: Task, own: Interruption, over: Over) -> None:
        """See `Workers`."""
        try:
            order = Order(run=self._run, task=task, tries=self._tries(task), resolve=self._resolve)
        except RecordError as error:
            words = error.words or error.trouble
            over(bad(task, text("the record of earlier tries cannot be used: {words}", words=words)))
            return
        flight, vantage, name = _Flight(order, over), task.origin.vantage, task.origin.id
        with self._lock:
            self._flying[name] = flight
        try:
            flight.future = self._client.submit(
                carry_out_here,
                order,
                key=(f"diagnose-{self._run}", name),
                pure=False,
                resources={vantage: SHARE} if vantage else None,
            )
        except Exception:  # whatever a client says that is closed
            self._end(name, _gone())
            return
        flight.future.add_done_callback(lambda _future: self._landed(name))
        own.listen(lambda: self._asked.put(name))  # from within a signal's handler, where a lock may not be waited for

    def _tries(self, task: Task) -> Tries | None:
        if task.source is None or task.account is None:
            return None
        return History(self._record, task.request.subject.domain).tries(task.account)

    def _landed(self, name: str) -> None:
        """Dask has done with a row, however it went."""
        flight = self._flying.get(name)
        if flight is None or flight.future is None:
            return
        came: Result | BaseException
        try:
            done: Done = flight.future.result()
            came = self._noted(flight.order, done)
        except CancelledError:
            came = _gone()
        except KilledWorker:
            came = bad(flight.order.task, LOST)
        except Exception as error:
            came = error
        self._end(name, came)

    def _noted(self, order: Order, done: Done) -> Result:
        """*done* once the record has it, and the scheduler nothing any more."""
        if order.tries is not None:
            known, domain = order.tries.entries, order.task.request.subject.domain
            with contextlib.suppress(RecordError):  # the worker keeps it as well
                gone = [one for one in known if one not in done.tries]
                History(self._record, domain).exchange(done.tries, gone)
            with contextlib.suppress(Exception):  # a scheduler that is gone keeps nothing either
                for flag in order.flags:
                    Event(flag, client=self._client).clear()
        return done.result

    def _end(self, name: str, came: Result | BaseException) -> None:
        with self._lock:
            flight = self._flying.pop(name, None)
        if flight is not None:
            flight.over(came)

    # -- what nobody tells: rows that are no longer wanted, and workers that are not there any more

    def _watch(self) -> None:
        look_at = time.monotonic() + LOOK_SECONDS
        while True:
            try:
                name = self._asked.get(timeout=max(0.0, look_at - time.monotonic()))
            except queue.Empty:
                self._look()
                look_at = time.monotonic() + LOOK_SECONDS
                continue
            if name is None:
                return
            flight = self._flying.get(name)
            if flight is not None:
                self._end(name, Result(origin=flight.order.task.origin, interrupted=True))
                self._drop(flight)

    def _drop(self, flight: _Flight) -> None:
        """No worker need begin it. One that runs it goes on to its end, within the row's deadline."""
        if flight.future is not None:
            with contextlib.suppress(Exception):
                self._client.cancel([flight.future], asynchronous=False)

    def _look(self) -> None:
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        except Exception:  # the scheduler does not answer: nobody is known to be there
            workers = ()
        now = time.monotonic()
        if threads := sum(min(one["nthreads"], AT_ONCE) for one in workers):
            self.at_once = AHEAD * threads
        for label, at in self._seen.items():
            if any(not label or one["resources"].get(label, 0) >= SHARE for one in workers):
                self._seen[label] = now
            elif now > at + GONE_SECONDS:
                for name, flight in list(self._flying.items()):
                    if not label or flight.order.task.origin.vantage == label:
                        self._end(name, no_workers(label))


def no_workers(label: str) -> EngineError:
    """That nobody is there to run rows from *label*; from anywhere where that is empty."""
    if label:
        return EngineError(text("no worker has the resource “{label}”", label=label))
    return EngineError(text("the scheduler has no workers"))


def _gone() -> EngineError:
    return EngineError(text("the connection to the scheduler is gone"))
