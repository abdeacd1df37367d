"""Which signals ask a process to end, on each system, and that each of them does."""

from __future__ import annotations

import signal

import pytest

from diagnose.cli.signals import held_back
from diagnose.process import ending


def test_a_system_without_a_signal_does_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no SIGHUP, Unix no SIGBREAK."""
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    assert set(ending.asking_to_end()) == {signal.SIGINT, signal.SIGTERM}


def test_ctrl_break_of_windows_asks_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number there is 21, which is another signal here: that one stands in for it."""
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    before = signal.getsignal(signal.SIGUSR1)
    with held_back() as interruption:
        signal.raise_signal(signal.SIGUSR1)
        assert interruption.asked_for
    assert signal.getsignal(signal.SIGUSR1) == before
    ending.forget()


def test_other_signals_ask_for_nothing() -> None:
    assert not {signal.SIGUSR2, signal.SIGCHLD} & set(ending.asking_to_end())
