"""What a test run that was killed has left behind; every name holds the process it belonged to."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

PREFIX = "maildiag"
NAMESPACES = Path("/run/netns")
NAMESPACE_FILES = Path("/etc/netns")


def own_name(purpose: str) -> str:
    """A name for something of this process."""
    return f"{PREFIX}-{purpose}-{os.getpid()}"


def remove_namespace(name: str) -> None:
    """Delete a network namespace with its files, after ending what still runs in it."""
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
    for pid in listed.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    remove_directory(NAMESPACE_FILES / name)
    with contextlib.suppress(OSError):  # others may have theirs in it
        NAMESPACE_FILES.rmdir()


def remove_directory(path: Path) -> None:
    """Delete a directory with all that is in it."""
    shutil.rmtree(path, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the namespaces and directories of processes that are no more."""
    for path in _of_the_dead(NAMESPACES):
        remove_namespace(path.name)
    for path in _of_the_dead(Path(tempfile.gettempdir())):
        remove_directory(path)


def _of_the_dead(folder: Path) -> list[Path]:
    named = [(path, re.fullmatch(rf"{PREFIX}-[a-z]+-(\d+)", path.name)) for path in folder.glob(f"{PREFIX}-*")]
    return [path for path, owner in named if owner and not Path("/proc", owner[1]).exists()]
