"""Files that other programs have open: Windows refuses for that moment what other systems do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

R = TypeVar("R")

PATIENCE_SECONDS, PAUSE_SECONDS = 1.0, 0.02
"""For whoever has the file open, such as another run, or what looks for viruses; and between two tries."""


def replace(fresh: Path, file: Path) -> None:
    """Have *fresh* take the place of *file*. Raises OSError."""
    once_free(lambda: fresh.replace(file))


def once_free(call: Callable[[], R]) -> R:
    """What *call* returns: on Windows it is called again while a file is in use. Raises OSError.

    Neither can a file be replaced that is open there, nor one be opened that is just being replaced.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > until:
                raise
        time.sleep(PAUSE_SECONDS)
