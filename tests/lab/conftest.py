from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diagnose.lab.estate import Estate, EstateError
from diagnose.lab.scenario import SCENARIOS
from tests.machine import lacking

BringUp = Callable[[str], Estate]


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test may leave a thread or a temporary file behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = set(threading.enumerate())
    yield
    assert not set(threading.enumerate()) - before
    assert list(folder.iterdir()) == []


@pytest.fixture
def bring_up(nothing_left: None) -> Iterator[BringUp]:
    """Brings up the estate of a scenario id; down again, and found without crashes, after the test."""
    estates: list[Estate] = []
    with contextlib.ExitStack() as stack:

        def up(scenario: str) -> Estate:
            try:
                estate = stack.enter_context(Estate(SCENARIOS[scenario]))
            except EstateError as error:
                if SCENARIOS[scenario].family != "ipv6":
                    raise
                lacking(str(error), excused=True)
            estates.append(estate)
            return estate

        yield up
    assert [crash for estate in estates for crash in estate.crashes] == []
