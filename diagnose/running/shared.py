"""What one run of a fleet has seen of a server, for the others: sights that no account has a part in.

A good sight stands for all at once. A bad one may be its run's own bad luck. It stands for others once a second run
has seen a bad one, too, and not for long.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias

from diagnose.model import Deadline, Target
from diagnose.model.internal import MutableInternal
from diagnose.model.targets import host_of

GOOD_SECONDS = 300.0
"""How long what works is taken to work."""
BAD_SECONDS = 20.0
"""How long what fails is taken to fail."""
WITNESSES = 2
"""Runs that must have seen it fail, one after the other, before others take their word for it."""
PATIENCE_SECONDS = 3.0
"""With the first run that asks; then a second one asks beside it, so that a slow failure has its witnesses in time."""
WAITING_SHARE = 0.8
"""Of a run's time, at most, for the answers of others."""
SLICE_SECONDS = 0.25
"""How often a run that waits looks whether it is over."""
MOST_KEPT = 2_000
"""Sights; then the oldest go."""

Worth: TypeAlias = Literal["good", "bad", "none"]
"""What a sight is worth to others; ``none``: it was cut short, and tells nothing of the server."""


class Sight(NamedTuple):
    """What was seen, and how long ago."""

    seen: Any
    seconds: float | None = None
    """None: the asker has just seen it itself."""


class _Known(MutableInternal):
    place: Target
    wanted_at: float
    """When it was asked for first, by a clock that only goes forward."""
    seen: Any = None
    at: float | None = None
    """When it was seen last."""
    good: bool = False
    bad: int = 0
    """Bad sights since the last good one."""
    asking: int = 0
    asked_at: float = 0.0
    """When the last of those that ask now began."""

    def stands(self, now: float) -> bool:
        if self.at is None or not (self.good or self.bad >= WITNESSES):
            return False
        return now < self.at + (GOOD_SECONDS if self.good else BAD_SECONDS)

    def may_ask(self, now: float, patience: float, *, prepared: bool) -> bool:
        if self.asking:
            return self.asking < WITNESSES and now >= self.asked_at + patience
        return prepared or self.at is not None or now >= self.wanted_at + patience


class SharedSights:
    """The sights of all runs of a fleet; for many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """*clock*: seconds, which only go forward."""
        self._clock = clock
        self._changed = threading.Condition()
        self._known: OrderedDict[tuple[Hashable, Target], _Known] = OrderedDict()

    def get(
        self,
        question: Hashable,
        place: Target,
        deadline: Deadline,
        is_over: Callable[[], bool],
        *,
        afresh: bool = False,
        prepared: bool = True,
    ) -> Sight | None:
        """What others have seen at *place*; None: the caller has to look itself, and to `put` what came of it.

        Waits for others that look right now, until most of *deadline* has passed or the caller's run *is_over*.
        *afresh*: what they have seen does not count. Who is not *prepared* lets those go first who are.
        """
        limit, patience = deadline.share(WAITING_SHARE, deadline.left()), min(PATIENCE_SECONDS, 0.1 * deadline.left())
        with self._changed:
            while True:
                now = self._clock()
                known = self._known.get((question, place))
                if known is None:
                    known = self._known[question, place] = _Known(place, now)
                    self._prune()
                self._known.move_to_end((question, place))
                if not afresh and known.stands(now):
                    return Sight(known.seen, now - (known.at or now))
                if afresh or known.may_ask(now, patience, prepared=prepared) or limit.passed() or is_over():
                    known.asking += 1
                    known.asked_at = now
                    return None
                self._changed.wait(min(limit.left(), SLICE_SECONDS))

    def put(self, question: Hashable, place: Target, seen: Any, worth: Worth) -> None:  # noqa: ANN401 - facts of any check
        """What came of a look that `get` has left to the caller."""
        with self._changed:
            known = self._known.get((question, place))
            if known is not None:
                known.asking = max(known.asking - 1, 0)
                if worth != "none":
                    known.seen, known.at, known.good = seen, self._clock(), worth == "good"
                    known.bad = 0 if known.good else known.bad + 1
            self._changed.notify_all()

    def forget(self, host: str) -> None:
        """Nothing that was seen at *host* counts any longer."""
        with self._changed:
            for known in self._known.values():
                if host_of(known.place) == host:
                    known.good, known.bad = False, 0

    def _prune(self) -> None:
        more = max(len(self._known) - MOST_KEPT, 0)
        for question in [*islice(self._known, more)]:
            if not self._known[question].asking:
                del self._known[question]


class RunsShare(MutableInternal):
    """One run's way to the sights of all."""

    sights: SharedSights
    afresh: bool = False
    """It takes over nothing, and only tells others what it sees."""
    outdated: bool = False
    """A server was no longer as others have seen it, so that the run has to be made afresh."""
    final: bool = False
    """A secret was sent: the run must not be made again."""

    def look(
        self,
        question: Hashable,
        place: Target,
        deadline: Deadline,
        is_over: Callable[[], bool],
        see: Callable[[], Any],
        worth: Callable[[Any], Worth],
        *,
        prepared: bool = True,
    ) -> Sight:
        """What others have seen at *place*, or what *see* brings. Raises what *see* raises.

        *prepared*: this run has the connection that *see* works on, and need not make one.
        """
        known = self.sights.get(question, place, deadline, is_over, afresh=self.afresh, prepared=prepared)
        if known is not None:
            return known
        seen: Any = None
        value: Worth = "none"
        try:
            seen = see()
            value = "none" if deadline.passed() or is_over() else worth(seen)
        finally:
            self.sights.put(question, place, seen, value)
        return Sight(seen)

    @property
    def ends_here(self) -> bool:
        """Whether the run will be made again, so that no secret may be sent any more."""
        return self.outdated and not self.final

    def outdate(self, host: str) -> None:
        """*host* is no longer as others have seen it."""
        self.sights.forget(host)
        self.outdated = self.outdated or not self.afresh
