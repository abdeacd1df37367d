"""Programs that are asked something on this computer: bounded in time, and none outlives the command that asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    import subprocess

END_SECONDS = 0.2
"""For a program that was told to end."""
WRITING_SECONDS, LOOK_SECONDS = 1.0, 0.02
"""While a program that is being ended may put files into its folder again, and between two looks."""

PASSED_ON = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS"),
        *("SYSTEMROOT", "WINDIR", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "TEMP", "TMP", "APPDATA", "LOCALAPPDATA"),
        *("PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432"),
        *("USERPROFILE", "USERNAME", "HOMEDRIVE", "HOMEPATH"),
    )
)
PASSED_ON_BEGINNINGS = ("LC_", "XDG_", "GSETTINGS_", "FONTCONFIG_")
"""The environment variables that a program needs to be found, to start, and to find the person's settings."""

folders: set[str] = set()
"""Those that programs work in, and that are gone with the command."""
_FORCE = getattr(signal, "SIGKILL", signal.SIGTERM)
_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.RLock()  # a signal's handler may want it where this very thread has it
_closed = False


def environment(**more: str) -> dict[str, str]:
    """What a program is started with: of our own environment what it needs, which is no secret, and *more*."""
    needed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in PASSED_ON or name.upper().startswith(PASSED_ON_BEGINNINGS)
    }
    return {**needed, **more}


def answer_of(command: tuple[str, ...], seconds: float) -> bytes:
    """What *command* writes to its standard output; nothing where it does not start, or takes longer than *seconds*."""
    with one_at_a_time:
        import subprocess

    with _lock:
        if _closed:
            return b""
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed words, of a program found on the person's own PATH
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment(),
            )
        except OSError:
            return b""
        _running.add(process)
    try:
        answer, _ = process.communicate(timeout=seconds)
    except (subprocess.TimeoutExpired, OSError, ValueError):  # also when it was ended by `end_all`
        return b""
    finally:
        with _lock:
            _running.discard(process)
        _end(process)
    return answer


def end_all() -> None:
    """End all that run, and start no more: this process is going to end."""
    global _closed  # noqa: PLW0603 - there is one process
    with _lock:
        _closed = True
        left = tuple(_running)
    for process in left:
        _kill(process)
    if folders:  # a browser whose driver is gone would go on, and put files where they have just been removed
        for number in filter(_works_in_a_folder, _descendants(os.getpid())):
            with contextlib.suppress(OSError):
                os.kill(number, _FORCE)


def _works_in_a_folder(number: int) -> bool:
    """Whether process *number* was given one of `folders`; the person's own browser, which we may open, was not."""
    try:
        given = b"".join(Path("/proc", str(number), name).read_bytes() for name in ("cmdline", "environ"))
    except OSError:  # it has ended, or is somebody else's
        return False
    return any(os.fsencode(folder) in given for folder in tuple(folders))


def _descendants(of: int) -> list[int]:
    """The processes below *of*, where the system lists all of them below /proc."""
    children: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                    parent = int((entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
                    children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(of, ()))
    for number in found:  # which grows
        found += children.get(number, ())
    return found


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End *process* and what it has started."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    with one_at_a_time:
        import subprocess

    _kill(process)
    if process.stdout:
        process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)


def remove_folders() -> None:
    """Remove the folders of programs that are being ended; what these still write there is waited for a moment."""
    until = time.monotonic() + WRITING_SECONDS
    while True:
        for folder in tuple(folders):
            shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > until or not any(map(os.path.exists, tuple(folders))):
            return
        time.sleep(LOOK_SECONDS)
