"""What is only needed in the end, or to be looked at, is loaded while a run waits, and neither before nor after."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diagnose.cli.meanwhile import Meanwhile
from tests.pace import patient

PATIENCE = 60.0
LOADED = """
import sys

def watch(event, arguments):
    if event == "socket.connect" and arguments[1] == ("127.0.0.1", int(sys.argv[1])) and "asked" not in seen:
        seen["asked"] = set(sys.modules)

seen = {}
sys.addaudithook(watch)
from diagnose.cli import carrying_out, run

show = carrying_out.show
carrying_out.show = lambda *given: (seen.setdefault("shown", set(sys.modules)), show(*given))[1]
run(sys.argv[2:])
loaded = ("reports.text", "checks.sessions.smtp", "rich.live")
print("rich.console" in seen["asked"], *(name in seen["shown"] for name in loaded))
"""


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_loads_its_format_its_conversations_and_its_progress_while_it_waits(
    terminal: bool, tmp_path: Path
) -> None:
    """Here for a name server that never answers."""
    ours, theirs = pty.openpty()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        words = ("corp.test", "--resolver", f"127.0.0.1:{port}", "--no-third-party", "--timeout", "3")
        done = subprocess.run(
            [sys.executable, "-c", LOADED, str(port), *words], env={"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm"},
            stdout=subprocess.PIPE, stderr=theirs if terminal else subprocess.DEVNULL, text=True,
            timeout=patient(PATIENCE), check=True,
        )  # fmt: skip
    os.close(theirs)
    os.close(ours)

    assert done.stdout.splitlines()[-1].split() == ["False", "True", "True", str(terminal)]


def test_it_is_done_once_however_many_checks_begin() -> None:
    done = threading.Semaphore(0)
    observer = Meanwhile(done.release)
    for identity in ("a", "b", "c"):
        observer.started(identity)

    assert done.acquire(timeout=patient(PATIENCE))
    assert not done.acquire(blocking=False)


def test_nothing_is_done_for_a_run_in_which_no_check_begins() -> None:
    before = threading.active_count()
    Meanwhile(lambda: pytest.fail("done"))

    assert threading.active_count() <= before


def test_what_fails_there_fails_where_it_is_needed(capfd: pytest.CaptureFixture[str]) -> None:
    ended = threading.Event()

    def broken() -> None:
        ended.set()
        raise OSError("no such format")

    Meanwhile(broken).started("a")

    assert ended.wait(patient(PATIENCE))
    assert capfd.readouterr() == ("", "")
