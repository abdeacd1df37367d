"""A file that another program has open: on Windows it is waited for, elsewhere nothing is."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import filelock
import pytest

from diagnose.account.history import History, RecordError
from diagnose.account.secret import Secret
from diagnose.cli.output import write_words
from diagnose.process import files_in_use
from diagnose.process.files_in_use import once_free, replace

ACCOUNT = "alice@corp.example"
LOADED = filelock.FileLock
"""Before this system is taken for another one."""
DENIED = PermissionError(errno.EACCES, "Access is denied", None, 5)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(files_in_use, "PAUSE_SECONDS", 0)


def in_use(times: int, monkeypatch: pytest.MonkeyPatch, method: str = "replace") -> list[Path]:
    """Each file is in use for the first *times* that it is to be replaced; those that were asked for."""
    asked, real = list[Path](), getattr(Path, method)

    def refused(fresh: Path, file: Path) -> Path:
        asked.append(file)
        if asked.count(file) <= times:
            raise DENIED
        return Path(real(fresh, file))

    monkeypatch.setattr(Path, method, refused)
    return asked


def calls(failures: list[OSError]) -> Callable[[], str]:
    def call() -> str:
        if failures:
            raise failures.pop()
        return "done"

    return call


@pytest.mark.usefixtures("windows")
def test_a_file_in_use_is_waited_for() -> None:
    assert once_free(calls([DENIED, DENIED, DENIED])) == "done"


@pytest.mark.usefixtures("windows")
def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_in_use, "PATIENCE_SECONDS", 0)

    def never() -> NoReturn:
        raise DENIED

    with pytest.raises(PermissionError):
        once_free(never)


@pytest.mark.usefixtures("windows")
def test_what_else_fails_is_told_at_once() -> None:
    left: list[OSError] = [DENIED, FileNotFoundError(errno.ENOENT, "none")]
    with pytest.raises(FileNotFoundError):
        once_free(calls(left))
    assert left == [DENIED]


def test_elsewhere_a_refusal_is_one() -> None:
    left: list[OSError] = [DENIED, DENIED]
    with pytest.raises(PermissionError):
        once_free(calls(left))
    assert left == [DENIED]


@pytest.mark.usefixtures("windows")
def test_one_takes_the_others_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = in_use(2, monkeypatch)
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"
    assert len(asked) == 3


@pytest.mark.usefixtures("windows")
def test_a_report_that_is_being_read_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_use(2, monkeypatch)
    (tmp_path / "report.txt").write_text("old")
    write_words(tmp_path / "report.txt", "new")
    assert (tmp_path / "report.txt").read_text() == "new"


@pytest.mark.usefixtures("windows")
def test_the_record_of_tries_is_kept_while_others_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the run would send no password, since a try that is on no record may be one too many."""
    in_use(1, monkeypatch)
    record = History(tmp_path / "state", "corp.example")
    with record.turn(ACCOUNT, 1) as turn:
        turn.reserve(Secret("hunter2"))
        turn.rejected("credentials.rejected")
    assert [one.cause for one in record.rejections(ACCOUNT)] == ["credentials.rejected"]


@pytest.mark.usefixtures("windows")
def test_a_record_that_stays_in_use_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_in_use, "PATIENCE_SECONDS", 0)
    in_use(10**6, monkeypatch)
    with pytest.raises(RecordError, match="unwritable"):
        History(tmp_path / "state", "corp.example").rejected(ACCOUNT, Secret("hunter2"), "credentials.rejected")
