"""No core dump of this process: it would write the secret to the disk, or hand it to a collector of dumps."""

from __future__ import annotations

import contextlib
import sys

from diagnose.process.first_use import one_at_a_time

PR_SET_DUMPABLE = 4
"""Of prctl(2): unlike the limit it holds for collectors of dumps, too, and keeps other programs from reading memory."""


def switch_off() -> None:
    """Switch core dumps off where the system allows it; programs started from here keep their own way."""
    if sys.platform != "win32":
        with contextlib.suppress(ImportError, OSError, ValueError):
            with one_at_a_time:
                import resource
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        with one_at_a_time:
            import ctypes
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
