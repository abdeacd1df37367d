"""What the servers of these tests need, and a watch on what conversations leave behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from checks.reach import retry
from tests.pace import patient


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a second try; servers on loopback need none."""
    monkeypatch.setattr(retry, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is printed, and no thread is left."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:  # one that is ending needs a moment of the processor
        thread.join(patient(2.0))
    assert [thread for thread in left if thread.is_alive()] == []
    assert capfd.readouterr() == ("", "")
