"""Control sequences: for terminals that take them, and no others. Windows' console has to be told to."""

from __future__ import annotations

import ctypes
import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from diagnose.cli.output import terminal_style
from diagnose.process.terminal import ENABLE_VIRTUAL_TERMINAL_PROCESSING, takes_sequences

PROCESSED, WRAPPED = 1, 2
"""ENABLE_PROCESSED_OUTPUT, ENABLE_WRAP_AT_EOL_OUTPUT: a console has them from the start."""


class Console:
    """Windows' own, as far as it is asked."""

    def __init__(self, mode: int | None, *, old: bool = False) -> None:
        """*mode* None: what is written to is no console. *old*: one that knows no sequences (before Windows 10)."""
        self.mode = mode
        self._old = old

    def GetConsoleMode(self, _handle: object, into: Any) -> int:  # noqa: N802 - Windows' name
        if self.mode is None:
            return 0
        into._obj.value = self.mode
        return 1

    def SetConsoleMode(self, _handle: object, mode: int) -> int:  # noqa: N802 - Windows' name
        if self._old:
            return 0
        self.mode = mode
        return 1


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def on_windows(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(get_osfhandle=lambda number: 100 + number))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=console), raising=False)


@pytest.mark.parametrize("mode", [PROCESSED, PROCESSED | WRAPPED, PROCESSED | ENABLE_VIRTUAL_TERMINAL_PROCESSING])
def test_a_console_is_told_to_take_them_and_keeps_its_other_modes(mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(mode)
    on_windows(console, monkeypatch)
    assert takes_sequences(Terminal())
    assert console.mode == mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING


@pytest.mark.parametrize(
    "console", [Console(PROCESSED, old=True), Console(None)], ids=["before Windows 10", "no console"]
)
def test_what_takes_none_gets_none(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """NUL counts as a terminal, too."""
    on_windows(console, monkeypatch)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert not takes_sequences(Terminal())
    assert not terminal_style(str, no_color=False).color


def test_a_stream_without_a_descriptor_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    on_windows(Console(PROCESSED), monkeypatch)
    assert not takes_sequences(io.StringIO())


def test_other_systems_terminals_take_them() -> None:
    assert takes_sequences(Terminal())


def test_a_console_whose_person_wants_no_colors_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(PROCESSED)
    on_windows(console, monkeypatch)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert not terminal_style(str, no_color=True).color
    assert console.mode == PROCESSED
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal_style(str, no_color=False).color
