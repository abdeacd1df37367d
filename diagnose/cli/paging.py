"""Long answers on a terminal: shown by the person's pager, as man and git do."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from diagnose.process.children import environment
from diagnose.process.encodings import LIKENESS, is_utf_8
from diagnose.process.first_use import lazy_pattern

USUAL = ("less", "more")
NONE = ("", "cat")
"""Values of PAGER that mean that nothing is paged."""
LESS = "FRX"
"""What less is told where nothing else is set: end where all fits, show colours, leave the text on the screen."""
HEARD = ("LESS", "LESSCHARSET", "LESSKEY", "LESSOPEN", "LESS_TERMCAP_md", "MORE", "TERM", "COLORTERM", "TERMINFO")
"""Variables that pagers go by, beside those that any program needs."""
_COLOR = lazy_pattern(r"\x1b\[[0-9;]*m")


def paged(words: str) -> bool:
    """Whether *words* were shown by a pager: on a terminal that they do not fit on. Otherwise nothing is shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        return False
    size = shutil.get_terminal_size()
    if len(words.splitlines()) < size.lines:
        return False
    command = pager(os.environ)
    return bool(command) and _shown(command, words)


def pager(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The program that PAGER names, or a usual one, with its arguments; () for no pager at all."""
    wanted = environment.get("PAGER")
    if wanted is None:
        found = next((one for one in USUAL if shutil.which(one) and (one, os.name) != ("more", "nt")), "")
        return (found,) if found else ()
    try:
        # Windows: a backslash is a part of a path there; the quotes around it are then kept
        words = shlex.split(wanted) if os.name != "nt" else [one.strip('"') for one in shlex.split(wanted, posix=False)]
    except ValueError:
        return ()
    if not words or words[0] in NONE or shutil.which(words[0]) is None:
        return ()
    return tuple(words)


def _shown(command: tuple[str, ...], words: str) -> bool:
    """Whether *command* could be started; it has shown *words* then, as far as the person wanted."""
    in_color = Path(command[0]).stem == USUAL[0]
    if in_color:
        command = (*command, "-R")
    shown = words if in_color else _COLOR.sub("", words)
    kept = {name: value for name in HEARD if (value := os.environ.get(name)) is not None}
    if is_utf_8(sys.stdout.encoding):  # less goes by the locale else, which Windows has another way
        kept.setdefault("LESSCHARSET", "utf-8")
    sys.stdout.flush()
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own pager, without a shell
            command, stdin=subprocess.PIPE, env=environment(**{"LESS": LESS, **kept})
        )
    except OSError:
        return False
    with _left_to(process):
        process.communicate(shown.encode(sys.stdout.encoding or "utf-8", LIKENESS))
    return True


@contextlib.contextmanager
def _left_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Within the block Ctrl-C is for the pager alone; any other end of this program is that of the pager, too."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # after the start: what is ignored stays so in a new program
    try:
        yield
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
