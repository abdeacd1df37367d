"""A folder that is gone in the end; where it cannot be removed, what was done in it counts all the same."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

import pytest

from diagnose.cli.output import write_words
from diagnose.process.short_lived import short_lived_folder


def in_use(*_: Any, **__: Any) -> NoReturn:
    raise PermissionError(errno.EACCES, "The process cannot access the file", None, 32)


def test_it_is_for_its_owner_alone_and_gone_with_all_that_is_in_it(tmp_path: Path) -> None:
    with short_lived_folder("x-", tmp_path) as folder:
        assert folder.parent == tmp_path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "in").mkdir()
        (folder / "in" / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with contextlib.suppress(ValueError), short_lived_folder("x-", tmp_path) as folder:
        (folder / "file").touch()
        raise ValueError("why")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_use_stays_and_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as windows, short_lived_folder("x-", tmp_path) as folder:
        windows.setattr(os, "rmdir", in_use)
    assert folder.exists()


def test_a_report_that_is_there_counts_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as windows:
        windows.setattr(os, "rmdir", in_use)
        write_words(tmp_path / "report.txt", "words")
    assert (tmp_path / "report.txt").read_text() == "words"


def test_where_none_can_be_made_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), short_lived_folder("x-", tmp_path / "none"):
        pass
