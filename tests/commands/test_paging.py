"""Long answers on a terminal are paged, by the person's pager; all others are printed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from diagnose.cli.paging import pager
from tests.machine import need
from tests.pace import patient

LINES = 24


class Seen(NamedTuple):
    code: int
    out: str


def on_terminal(*arguments: str, typed: bytes = b"", after: str = "", lines: int = LINES, **variables: str) -> Seen:
    """What a terminal shows of a command; *typed* once *after* is on it."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 80, 0, 0))
    base = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm", "DIAGNOSE_CONFIG": "", "HOME": "/tmp"}
    child = subprocess.Popen(
        [sys.executable, "-m", "diagnose", *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
        env=base | variables, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    told, until, waiting = b"", time.monotonic() + patient(60), bool(typed)
    while time.monotonic() < until:
        if select.select([master], [], [], 0.2)[0]:
            try:
                told += os.read(master, 65536)
            except OSError:  # nobody has the terminal any more
                break
        if waiting and after.encode() in told:
            os.write(master, typed)
            waiting = False
    try:
        return Seen(child.wait(patient(60)), told.decode("utf-8", "replace"))
    finally:
        child.kill()
        os.close(master)


@pytest.fixture
def marking(tmp_path: Path) -> str:
    """A pager that says that it is one, and with which words."""
    program = tmp_path / "marking pager"
    program.write_text('#!/bin/sh\necho "PAGED $*"\nexec cat\n')
    program.chmod(0o755)
    return f"'{program}'"


def test_a_long_answer_goes_to_the_pager_of_the_person(marking: str) -> None:
    for line in (["causes"], ["providers"], ["config"]):
        seen = on_terminal(*line, PAGER=f"{marking} -x 'a b'")
        assert seen.code == 0
        assert "PAGED -x a b" in seen.out
        assert "\x1b[" not in seen.out  # nobody knows whether it shows colours


def test_nothing_is_paged_that_fits_or_is_for_programs(marking: str) -> None:
    assert "PAGED" not in on_terminal("causes", PAGER=marking, lines=2000).out
    assert "PAGED" not in on_terminal("causes", "tls.cert-expired", PAGER=marking, lines=80).out
    assert "PAGED" not in on_terminal("causes", "--json", PAGER=marking).out
    assert "PAGED" not in on_terminal("causes", PAGER=marking, TERM="dumb").out


def test_nothing_is_paged_in_a_pipe_or_a_file(marking: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "diagnose", "causes"], capture_output=True, text=True, timeout=patient(60),
        env=os.environ | {"PAGER": marking},
    )  # fmt: skip
    assert "PAGED" not in done.stdout
    seen = on_terminal("causes", "-o", str(tmp_path / "causes.txt"), PAGER=marking)
    assert "PAGED" not in seen.out
    assert (tmp_path / "causes.txt").stat().st_size > 1000


@pytest.mark.parametrize("value", ["", "cat", "no-such-pager", "'", "/etc/passwd", "   "])
def test_without_a_pager_that_can_be_started_it_is_printed(value: str) -> None:
    seen = on_terminal("causes", PAGER=value)
    assert seen.code == 0
    assert "diagnose causes ID" in seen.out  # the last line


def test_a_pager_that_ends_early_is_no_error(tmp_path: Path) -> None:
    program = tmp_path / "early"
    program.write_text("#!/bin/sh\nhead -n 1\nexit 3\n")
    program.chmod(0o755)
    seen = on_terminal("providers", PAGER=str(program))
    assert seen.code == 0
    assert "Traceback" not in seen.out
    assert "diagnose:" not in seen.out


def test_less_shows_colours_and_hears_keys_and_ctrl_c() -> None:
    """Ctrl-C is a key of less; q ends it, and all is well."""
    need(less="less")
    seen = on_terminal("causes", typed=b"\x03G\x03q", after="network.")

    assert seen.code == 0
    assert "\x1b[1m" in seen.out
    assert "ESC[" not in seen.out
    assert "interrupted" not in seen.out


def test_less_is_told_what_the_person_tells_it() -> None:
    need(less="less")
    seen = on_terminal("causes", typed=b"q", after="1  ", LESS="N")

    assert seen.code == 0
    assert "      1 " in seen.out or "1 " in seen.out
    assert "ESC[" not in seen.out


def test_the_end_of_the_command_is_that_of_its_pager(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = tmp_path / "patient"
    program.write_text(f"#!/bin/sh\necho $$ > {mark}\nexec sleep 600 </dev/null\n")
    program.chmod(0o755)
    master, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "diagnose", "causes"], stdin=terminal, stdout=terminal, stderr=terminal,
        env=os.environ | {"PAGER": str(program), "TERM": "xterm", "LINES": "10"}, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    until = time.monotonic() + patient(60)
    while not (mark.exists() and mark.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.05)
    pid = int(mark.read_text())

    child.send_signal(signal.SIGTERM)

    assert child.wait(patient(60)) == 130
    os.close(master)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_which_pager() -> None:
    assert pager({"PAGER": "sh -c 'x y'"}) == ("sh", "-c", "x y")
    assert pager({"PAGER": ""}) == ()
    assert pager({"PAGER": "no-such-pager -x"}) == ()
    assert pager({"PATH": "/usr/bin"}) in {("less",), ("more",), ()}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (r"C:\Windows\more.com", (r"C:\Windows\more.com",)),
        (r'"C:\Program Files\Git\usr\bin\less.exe" -R', (r"C:\Program Files\Git\usr\bin\less.exe", "-R")),
        ('less -P "a b"', ("less", "-P", "a b")),
        ('""', ()),
    ],
)
def test_windows_quotes_a_path_and_keeps_its_backslashes(
    written: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(os, "name", "nt")
    found = pager({"PAGER": written})
    monkeypatch.undo()
    assert found == words


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "PAGED utf-8"), ("latin-1", "PAGED none")])
def test_less_is_told_of_utf_8(encoding: str, expected: str, tmp_path: Path) -> None:
    """Its own guess is by the locale."""
    program = tmp_path / "pager"
    program.write_text('#!/bin/sh\necho "PAGED ${LESSCHARSET:-none}"\nexec cat >/dev/null\n')
    program.chmod(0o755)
    assert expected in on_terminal("causes", PAGER=str(program), PYTHONIOENCODING=encoding).out
