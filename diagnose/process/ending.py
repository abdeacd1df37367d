"""Signals that ask this process to end, and the rule about them: an interruption stays one, whatever wraps it."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from diagnose.process import standard_streams

INTERRUPTED = 130
"""The exit code of the contract."""
ASK_TO_END = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""SIGBREAK: Windows' Ctrl-Break, and what is left of its other ends of a console."""
AGAIN_SECONDS = 0.01
"""Until an interruption that went under is asked for again."""

_heard: list[int] = []
"""The signals that came, in their order."""


def hear() -> None:
    """SIGTERM, and the end of the terminal, are what Ctrl-C is; what a thread dies of is told by who waits for it."""
    for number in asking_to_end():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    threading.excepthook = lambda _: None
    sys.unraisablehook = _unraisable


def asking_to_end() -> list[signal.Signals]:
    """The signals that ask a process to end, as far as this system has them."""
    return [one for name in ASK_TO_END if (one := getattr(signal, name, None)) is not None]


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle signal *number*. Raises KeyboardInterrupt, other than into a module that is being made: that ends all."""
    note(number)
    while frame is not None:  # an extension module that is interrupted while it is made ends in signal 11
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _end_now()
        frame = frame.f_back
    raise KeyboardInterrupt


def note(number: int) -> None:
    """Remember that signal *number* came."""
    _heard.append(number)


def forget() -> None:
    """Begin a command: what came before it is over."""
    _heard.clear()


def interrupted(error: BaseException) -> bool:
    """Whether *error* is, or came of, an interruption: what fails after a signal failed because of it."""
    return bool(_heard) or of_interruption(error)


def of_interruption(error: BaseException) -> bool:
    """Whether *error* was raised from an interruption, or while one was on its way."""
    waiting: list[BaseException | None] = [error]
    seen = set[int]()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        if isinstance(one, KeyboardInterrupt):
            return True
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return False


def _end_now() -> None:
    """End the process from within a signal's handler, in whatever state it is; what it has started ends with it."""
    try:
        sentence = f"diagnose: {sys.modules['gettext'].gettext('interrupted')}"
    except Exception:  # gettext, or what it needs, may be half made itself
        sentence = "diagnose: interrupted"
    try:
        standard_streams.tell(sentence)
        clean_up()
    finally:
        os._exit(INTERRUPTED)


def clean_up() -> None:
    """End the programs that were started, and remove the folders that `os._exit` would leave."""
    children = sys.modules.get("diagnose.process.children")
    if children is not None and hasattr(children, "remove_folders"):  # its last function: else it is half made
        children.end_all()
        children.remove_folders()


def _unraisable(lost: Any) -> None:  # noqa: ANN401 - sys.UnraisableHookArgs is no name at run time
    """Ask again for an interruption that fell into what can raise nothing: the end of an object."""
    if isinstance(lost.exc_value, KeyboardInterrupt) and _heard:
        number = _heard[-1]

        def ask_again() -> None:
            time.sleep(AGAIN_SECONDS)
            if sys.platform == "win32":
                _thread.interrupt_main(signal.Signals(number))
            else:  # by a signal that is one, which ends a wait of the system's, too
                signal.pthread_kill(threading.main_thread().ident or 0, number)

        _thread.start_new_thread(ask_again, ())
