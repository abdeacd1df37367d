"""Calls that run side by side in daemon threads, and are left behind when they do not come back.

concurrent.futures joins its workers when the interpreter ends, so one stuck look-up would hold the
whole program; a daemon thread does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from diagnose.model.failure import FaultError
from diagnose.model.text import text

R = TypeVar("R")


class NoThreadError(FaultError):
    """No further thread starts on this computer."""

    def __init__(self) -> None:
        super().__init__(text("this computer lets no further thread start"))


def in_background(call: Callable[[], R], name: str) -> Future[R]:
    """Start *call* in a daemon thread called *name*; its result or error is in the future. Raises NoThreadError."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # handed on to whoever asks for the result
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except (RuntimeError, MemoryError) as error:
        raise NoThreadError from error
    return future
