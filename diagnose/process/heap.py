"""One heap for all threads of this process."""

from __future__ import annotations

import contextlib
import sys

from diagnose.process.first_use import one_at_a_time

M_ARENA_MAX = -8
"""Of mallopt(3), which glibc has."""


def share() -> bool:
    """Let all threads share one heap, where the system allows it; whether it does.

    With a heap for each thread a run of short threads needs 2 MiB more, of 50. Few wait: the interpreter's own objects
    lie elsewhere.
    """
    if sys.platform == "linux":
        with one_at_a_time:
            import ctypes
        with contextlib.suppress(OSError, AttributeError):
            return bool(ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1))
    return False
