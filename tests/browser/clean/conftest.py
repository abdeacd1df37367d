from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import need


@pytest.fixture
def chromium() -> None:
    """There is a Chromium."""
    need(chromium="chromium")


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Programs make their temporary files here, and have removed all of them when the test ends.

    A short path: sockets of Unix have to fit into it.
    """
    with tempfile.TemporaryDirectory(prefix="kept-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        assert list(Path(folder).iterdir()) == []


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback that is bound by this test and refuses."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
