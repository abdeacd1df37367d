"""The command line as a process: its standard streams, its signals, its exit code."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
import warnings
from typing import NoReturn

from diagnose.process import ending, standard_streams
from diagnose.process.ending import INTERRUPTED

USAGE, INCONCLUSIVE = 2, 3
"""Exit codes of the contract."""

OBJECTS_BEFORE_A_SEARCH = 200_000
"""Between two searches for garbage: what a short run loads, some 140,000, lives to its end, so that none is due."""


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        gc.set_threshold(OBJECTS_BEFORE_A_SEARCH)
        ending.hear()
        standard_streams.open_closed_ones()
        code = _run(sys.argv[1:])
        _let_signals_end_all()
    except BaseException as error:  # while modules are loaded, there is nothing to report yet
        if not ending.interrupted(error):
            raise
        code = INTERRUPTED
        _let_signals_end_all()
    if threading.active_count() == 1:  # what hangs in a thread may wait for itself here
        atexit._run_exitfuncs()
    if (failed := standard_streams.settle()) is not None and code != INTERRUPTED:
        standard_streams.tell(f"diagnose: standard output cannot be written: {failed.strerror}.")
        code = USAGE
    # all is written: to take the interpreter down, object by object, would be a twentieth of what a run costs
    ending.clean_up()
    os._exit(code)


def _let_signals_end_all() -> None:
    """A second one ends at once what the first one has not."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _run(arguments: list[str]) -> int:
    try:
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
    except Exception as error:
        if ending.interrupted(error):
            return INTERRUPTED
        if not isinstance(error, OSError):  # what is installed is broken, beyond what can be told in any language
            standard_streams.tell(f"diagnose: internal fault: {type(error).__name__}.")
            return INCONCLUSIVE
        standard_streams.tell(f"diagnose: standard output cannot be written: {error.strerror}.")
        return USAGE
