"""A server program in the foreground: started, waited for, ended by its own process id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .namespaces import Namespace

START_LIMIT = 120.0
STOP_LIMIT = 5.0


class EstateError(Exception):
    """A server did not come up; the message holds the end of its log."""


class Daemon:
    """One server process in a namespace; it dies with the test run even if that is killed."""

    def __init__(self, namespace: Namespace, argv: list[str | Path], log: Path) -> None:
        self._log = log
        self._argv = [str(one) for one in argv]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *namespace.command(*argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a group of its own: Ctrl-C is for the test run alone
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return as soon as *ready* says so. Raises EstateError when the process ends or the time is over."""
        end = time.monotonic() + START_LIMIT
        while not ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                tail = self._log.read_text(encoding="utf-8", errors="replace")[-3000:]
                raise EstateError(f"{' '.join(self._argv)} did not come up:\n{tail}")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        """Begin its end without waiting for it."""
        self._process.terminate()

    def stop(self) -> None:
        """End it and whatever it has started; by force what does not go."""
        self.ask_to_stop()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):  # Dovecot's children outlive it by a while
            os.killpg(self._process.pid, signal.SIGKILL)
