"""What a worker of Dask does: one row, with a secret that is to be had there, and a record that all workers share.

Dask carries a row out again whose worker it has lost. A password may have been sent by then. So a row that logs in is
begun twice at most. Who begins it tells the scheduler before.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from distributed import Event, Worker

from diagnose import __version__
from diagnose.account.history import History, RecordError, Rejection, Tries, history_under
from diagnose.fleet.tasks import Resolve, Result, Task, carry_out
from diagnose.locale.language import translation
from diagnose.model import Text, TextError, text
from diagnose.model.failures import internal_fault
from diagnose.model.limits import Limits
from diagnose.network import Nameserver, Network, threads_kept
from diagnose.process.first_use import one_at_a_time
from diagnose.running.interruption import Interruption
from diagnose.running.request import history_folder
from diagnose.running.shared import SharedSights

AT_ONCE = 8
"""Rows that one process carries out, however many threads it has."""
SHARE = 1 / AT_ONCE
"""Of a worker's resource that one row takes, so that 1 is as many rows as run at once."""
MOST_BEGUN = 2
"""How often a row that logs in is begun."""
FOLDER = "of-others"
"""In the folder of the own record: the records of those whose rows are carried out here."""
LOST = text("the workers that ran it were lost, one after the other")
_room = threading.BoundedSemaphore(AT_ONCE)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of itself."""

    version: str
    threads: int
    labels: frozenset[str]
    """The names of the resources that it has enough of."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One row for a worker. It holds no secret."""

    run: str
    """The same for all rows of one run, and for no others."""
    task: Task
    tries: Tries | None
    """What is on record of its account; None where it logs in nowhere."""
    resolve: Resolve
    """A function of a module, which workers have, too."""

    @property
    def flags(self) -> list[str]:
        """The names of what the scheduler is told by each who begins it."""
        return [f"{self.run}-{self.task.origin.id}-{place}" for place in range(MOST_BEGUN)]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a row, and what is on record of its account since."""

    result: Result
    tries: tuple[Rejection, ...] = ()


def about(dask_worker: Worker) -> About:
    """What *dask_worker*, in whose process this runs, says of itself."""
    state = dask_worker.state
    labels = frozenset(name for name, amount in state.total_resources.items() if amount >= SHARE)
    return About(version=__version__, threads=state.nthreads, labels=labels)


def carry_out_here(order: Order) -> Done:
    """Carry out *order* in this process, when it is its turn."""
    try:
        return _done(order)
    except Exception as error:  # which Dask would log, and the whole order with it
        return Done(result=bad(order.task, internal_fault(error)))


def _done(order: Order) -> Done:
    task, tries = order.task, order.tries
    wanted = task.request.network
    try:
        with one_at_a_time:
            shared = _shared(order.run, wanted.nameserver, wanted.ca_file, wanted.limits)
    except TextError as error:
        return Done(result=bad(task, error.sentence))
    with shared.turns.of(task.house), _room, threads_kept():
        if tries is None:
            return Done(result=_result(order, shared, None))
        if not _may_begin(order):
            return Done(result=bad(task, LOST))
        try:
            folder = history_under(history_folder() / FOLDER, tries.key)
            record = History(folder, task.request.subject.domain)
            record.exchange(tries.entries)
            result = _result(order, shared, folder)
            return Done(result=result, tries=record.tries(task.account or "").entries)
        except RecordError as error:
            words = error.words or error.trouble
            sentence = text("the record of earlier tries on the worker cannot be used: {words}", words=words)
            return Done(result=bad(task, sentence))


def bad(task: Task, sentence: Text) -> Result:
    """That nothing came of *task*, and why."""
    return Result(origin=task.origin, bad=sentence.render(translation(task.request.presentation.lang)))


class Turns:
    """So that no more rows of one provider or domain are under way than may be; the others wait."""

    def __init__(self, most: int) -> None:
        """*most*: at least 1."""
        self._most = most
        self._begun = Counter[str]()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def of(self, house: str) -> Iterator[None]:
        """Wait for the turn of one more of *house*, and keep it within the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._begun[house] < self._most)
            self._begun[house] += 1
        try:
            yield
        finally:
            with self._changed:
                self._begun[house] -= 1
                self._begun += Counter()  # which leaves out those of whom none is left
                self._changed.notify_all()


class _Shared(NamedTuple):
    """What the rows of one run share in this process."""

    network: Network
    sights: SharedSights
    turns: Turns


@functools.lru_cache(maxsize=4)
def _shared(_run: str, nameserver: Nameserver | None, ca_file: Path | None, limits: Limits) -> _Shared:
    """Raises CaFileError."""
    return _Shared(Network(nameserver, ca_file, limits=limits), SharedSights(), Turns(limits.runs_of_house))


def _result(order: Order, shared: _Shared, folder: Path | None) -> Result:
    task = order.task
    here = msgspec.structs.replace(task, request=msgspec.structs.replace(task.request, history=folder))
    return carry_out(here, shared.network, order.resolve, Interruption(), shared.sights)


def _may_begin(order: Order) -> bool:
    for flag in map(Event, order.flags):
        if not flag.is_set():
            flag.set()
            return True
    return False
