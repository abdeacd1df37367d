"""imaplib2 in a copy of our own, since some of its module-wide settings are changed: other programs' stays as it is."""

from __future__ import annotations

import importlib.util
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def _copy() -> Any:  # noqa: ANN401 - imaplib2 has no types
    package = importlib.util.find_spec("imaplib2")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("imaplib2", name="imaplib2")
    spec = importlib.util.spec_from_file_location(__name__ + ".copy", Path(package.origin).with_name("imaplib2.py"))
    if spec is None or spec.loader is None:
        raise ImportError("imaplib2 cannot be loaded", name="imaplib2")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


imaplib2 = _copy()


class Thread(threading.Thread):
    """A thread with those methods of older Pythons that imaplib2 calls; they are going to be removed."""

    def setDaemon(self, daemonic: bool) -> None:  # noqa: N802 - their name
        """Set whether it is left behind at the end."""
        self.daemon = daemonic

    def setName(self, name: str) -> None:  # noqa: N802 - their name
        """Call it *name*."""
        self.name = name


imaplib2.threading = SimpleNamespace(
    Thread=Thread, Event=threading.Event, Lock=threading.Lock, currentThread=threading.current_thread
)

# Its handler thread sleeps 0.1 s at its start, so that its creator gets ready first. Here no byte is
# read before that (see `checks.sessions.imap`), so the pause would only make every login slower.
imaplib2.time = SimpleNamespace(time=time.time, sleep=lambda _: None, strftime=time.strftime, localtime=time.localtime)

# It turns from a server that speaks RFC 9051 alone, though nothing of what is said here differs there.
imaplib2.AllowedVersions = ("IMAP4REV1", "IMAP4", "IMAP4REV2")
