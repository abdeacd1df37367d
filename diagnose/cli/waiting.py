"""A wait between two runs, which a signal ends."""

from __future__ import annotations

import contextlib
import queue
import time

from diagnose.running.interruption import Interruption

SLICE_SECONDS = 0.5
"""How often to wake: a signal that another thread has caught is handled once this one does."""


def wait_until(moment: float, interruption: Interruption) -> bool:
    """Wait until *moment* of `time.monotonic`; whether nobody asked for an interruption until then."""
    # put is safe in the handler of a signal, which may interrupt this very wait; to set an Event is not
    woken: queue.SimpleQueue[None] = queue.SimpleQueue()
    interruption.listen(lambda: woken.put(None))
    try:
        while not interruption.asked_for and (left := moment - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                woken.get(timeout=min(left, SLICE_SECONDS))
    finally:
        interruption.listen(_nobody)
    return not interruption.asked_for


def _nobody() -> None:
    """Nobody waits any more."""
