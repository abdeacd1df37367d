"""Signals that ask this process to end: they stop a wait, and never the writing of a report."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from diagnose.process import ending
from diagnose.running.interruption import Interruption

PATIENCE_SECONDS = 5.0
"""After a first signal, for the reports to be written; a later one then ends all."""


@contextlib.contextmanager
def held_back() -> Iterator[Interruption]:
    """Within the block, a signal asks for the interruption that is handed out, and does nothing else.

    Raises KeyboardInterrupt at the end of the block when more than one came.
    """
    interruption, came = Interruption(), list[float]()
    if threading.current_thread() is not threading.main_thread():  # it gets no signals
        yield interruption
        return

    def note(number: int, frame: FrameType | None) -> None:
        came.append(time.monotonic())
        if came[-1] - came[0] > PATIENCE_SECONDS:
            ending.interrupt(number, frame)
        ending.note(number)
        interruption.ask()

    before = {
        number: handler
        for number in ending.asking_to_end()
        if (handler := signal.getsignal(number)) not in {signal.SIG_IGN, None}
    }
    for number in before:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if len(came) > 1:
        raise KeyboardInterrupt
