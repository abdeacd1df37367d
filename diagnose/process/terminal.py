"""What a terminal makes of control sequences (ECMA-48)."""

from __future__ import annotations

import sys
from typing import TextIO

from diagnose.process.first_use import one_at_a_time

ENABLE_VIRTUAL_TERMINAL_PROCESSING = 4
"""Of a console's output mode (Windows Console API)."""


def takes_sequences(stream: TextIO) -> bool:
    """Whether *stream*, which is a terminal, takes them; Windows' console is told to, and shows them otherwise."""
    if sys.platform != "win32":
        return True
    with one_at_a_time:
        import ctypes
        import msvcrt

    console = ctypes.windll.kernel32
    mode = ctypes.c_ulong()
    try:
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    except (OSError, ValueError):
        return False
    if not console.GetConsoleMode(handle, ctypes.byref(mode)):  # the null device is a terminal, too, to isatty()
        return False
    wanted = mode.value | ENABLE_VIRTUAL_TERMINAL_PROCESSING
    return mode.value == wanted or bool(console.SetConsoleMode(handle, wanted))
