"""The command `diagnose`."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import warnings
from types import FrameType
from typing import NoReturn

from diagnose import __version__
from diagnose.process import standard_streams

USAGE, INCONCLUSIVE, INTERRUPTED = 2, 3, 130
"""Exit codes of the contract."""

OBJECTS_BEFORE_A_SEARCH = 200_000
"""Between two searches for garbage: what a short run loads, some 140,000, lives to its end, so that none is due."""


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        gc.set_threshold(OBJECTS_BEFORE_A_SEARCH)
        _hear_signals()
        standard_streams.open_closed_ones()
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded, there is nothing to report yet
        code = INTERRUPTED
    for number in (signal.SIGINT, signal.SIGTERM):  # a second one ends at once what the first one has not
        signal.signal(number, signal.SIG_DFL)
    if (failed := standard_streams.settle()) is not None and code != INTERRUPTED:
        standard_streams.tell(f"diagnose: standard output cannot be written: {failed.strerror}.")
        code = USAGE
    if threading.active_count() > 1:  # one that hangs may not run on while the interpreter is taken down around it
        if "diagnose.process.children" in sys.modules:
            sys.modules["diagnose.process.children"].end_all()
            sys.modules["diagnose.process.children"].remove_folders()  # which os._exit would leave
        os._exit(code)
    gc.freeze()  # the interpreter would look through all that is loaded for garbage, a quarter of what a run costs
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        if arguments == ["--version"]:  # told without loading what only a diagnosis needs
            standard_streams.write(f"diagnose {__version__}\n")
            return 0
        if "_DIAGNOSE_COMPLETE" in os.environ:  # a shell asks what can follow
            from diagnose.cli.completion import answer

            return answer()
        # what is odd about somebody's certificate is no matter for standard error; -W says otherwise
        warnings.simplefilter("ignore", UserWarning, append=True)
        from diagnose.cli import run
        from diagnose.process import core_dumps, heap

        core_dumps.switch_off()
        heap.share()
        return run(arguments)
    except OSError as error:
        standard_streams.tell(f"diagnose: standard output cannot be written: {error.strerror}.")
        return USAGE
    except Exception as error:  # what is installed is broken, beyond what can be told in any language
        standard_streams.tell(f"diagnose: internal fault: {type(error).__name__}.")
        return INCONCLUSIVE


def _hear_signals() -> None:
    """SIGTERM, and the end of the terminal, are what Ctrl-C is; what a thread dies of is told by who waits for it."""

    def interrupt(_number: int, frame: FrameType | None) -> None:
        while frame is not None:  # an extension module that is interrupted while it is made ends in signal 11
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                translate = getattr(sys.modules.get("gettext"), "gettext", str)  # which may be half made itself
                standard_streams.tell(f"diagnose: {translate('interrupted')}")
                os._exit(INTERRUPTED)
            frame = frame.f_back
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    threading.excepthook = lambda _: None
    sys.unraisablehook = lambda _: None


if __name__ == "__main__":
    main()
