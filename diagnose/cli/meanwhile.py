"""What a run needs later, loaded while it waits for answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from diagnose.model import CheckResult, Text
from diagnose.network import NoThreadError, in_background
from diagnose.process.first_use import NEEDED_FIRST, NEEDED_LATER

BEHIND = "login"
"""A family. By the time that one of its checks is over, most conversations are, and what is left waits for servers."""
QUIET_SECONDS, LONG_QUIET_SECONDS = 0.005, 0.03
"""Without a check that begins or ends: then the run waits for the network, and nothing for the processor. Servers that
have been silent for so long are far away, and there is time before their next answers.
"""
MOST_LOOKS = 100
"""How often it is looked whether the moment has come; a run in which it never does has no better one."""


class Meanwhile:
    """An observer of the runner that makes what it will need: what comes first at once, all else when it is quiet.

    Where logins are planned, more quiet is needed before one is over: what is loaded holds up all threads.
    """

    def __init__(self, *calls: Callable[[], object]) -> None:
        """*calls* come last. What they raise is told nobody: who needs what they prepare is told then."""
        self._calls = calls
        self._changed = 0.0
        self._begun = False
        self._awaited = False

    def planned(self, identity: str, title: Text) -> None:
        """A check will run."""
        self._awaited = self._awaited or _is_behind(identity)

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
        self._awaited = self._awaited and not _is_behind(result.id)

    def _carry_out(self) -> None:
        for call in NEEDED_FIRST:
            with contextlib.suppress(Exception):
                call()
        looks = iter(range(MOST_LOOKS))
        for call in (*NEEDED_LATER, *self._calls):
            while not self._is_quiet() and next(looks, None) is not None:
                time.sleep(QUIET_SECONDS)
            with contextlib.suppress(Exception):
                call()

    def _is_quiet(self) -> bool:
        needed = LONG_QUIET_SECONDS if self._awaited else QUIET_SECONDS
        return time.monotonic() - self._changed >= needed


def _is_behind(identity: str) -> bool:
    return identity.partition(".")[0] == BEHIND
