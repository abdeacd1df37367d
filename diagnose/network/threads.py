"""Calls that run side by side in daemon threads, and are left behind when they do not come back.

concurrent.futures joins its workers when the interpreter ends, so one stuck look-up would hold the
whole program; a daemon thread does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

R = TypeVar("R")


def in_background(call: Callable[[], R], name: str) -> Future[R]:
    """Start *call* in a daemon thread called *name*; its result or error is in the future."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # handed on to whoever asks for the result
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
