"""What a run needs later, loaded while it waits for answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from diagnose.model import CheckResult, Text
from diagnose.network import NoThreadError, in_background

QUIET_SECONDS = 0.005
"""Without a check that begins or ends: then the run waits for the network, and nothing for the processor."""
MOST_LOOKS = 100
"""How often it is looked whether the run is quiet; one that never is has no better moment."""


class Meanwhile:
    """An observer of the runner that carries out *calls* once the run is quiet, in a thread of their own."""

    def __init__(self, *calls: Callable[[], object]) -> None:
        """What *calls* raise is told nobody: they are preparations, and who needs what they prepare is told then."""
        self._calls = calls
        self._changed = 0.0
        self._begun = False

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""

    def started(self, identity: str) -> None:
        """Its probe has begun."""
        self._changed = time.monotonic()
        if not self._begun:
            self._begun = True
            with contextlib.suppress(NoThreadError):
                in_background(self._carry_out, "meanwhile")

    def finished(self, result: CheckResult) -> None:
        """It is over."""
        self._changed = time.monotonic()

    def _carry_out(self) -> None:
        for _look in range(MOST_LOOKS):
            if time.monotonic() - self._changed >= QUIET_SECONDS:
                break
            time.sleep(QUIET_SECONDS)
        for call in self._calls:
            call()
