"""Authorities: read once, when a connection is to come, and by whoever needs them where there is no thread for it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NoReturn

import pytest

from diagnose.network import CaFileError, Network, NoThreadError, trust, trust_context


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads by which the authorities were read."""
    read: list[str] = []

    def reading(ca_file: Path | None = None) -> object:
        read.append(threading.current_thread().name)
        return trust_context(ca_file)

    monkeypatch.setattr(trust, "trust_context", reading)
    return read


def test_nothing_is_read_before_it_is_asked_for(readings: list[str]) -> None:
    with_views = Network()
    view = with_views.for_run()
    assert readings == []
    for network in (view, with_views, view):
        network.read_authorities_ahead()
    assert view.trust() is with_views.trust()
    assert len(readings) == 1
    assert threading.current_thread().name not in readings


def test_who_needs_them_reads_them_where_nobody_did(readings: list[str]) -> None:
    assert Network().trust().cert_store_stats() == trust_context().cert_store_stats()
    assert len(readings) == 1


def test_without_a_thread_they_are_read_by_who_needs_them(readings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_call: object) -> NoReturn:
        raise NoThreadError

    monkeypatch.setattr(trust, "in_background", none)
    network = Network()
    network.read_authorities_ahead()
    assert readings == []
    network.trust()
    assert readings == [threading.current_thread().name]


def test_a_file_that_cannot_be_used_is_told_before_anything_is_read(readings: list[str], tmp_path: Path) -> None:
    with pytest.raises(CaFileError):
        Network(ca_file=tmp_path / "none.pem")
    assert readings == []
