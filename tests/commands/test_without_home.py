"""An account without a home folder, as containers and services have: all works but what is kept there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from platformdirs import PlatformDirs

from checks.browser.stored import installed
from diagnose import browsers
from diagnose.account.history import History, RecordError
from diagnose.cli import settings
from diagnose.network import system_proxies
from diagnose.process.home_folder import of_person
from diagnose.running.request import history_folder
from tests.commands.command_line import CommandLine


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither HOME nor the list of accounts tells where the home folder is."""
    for name in [name for name in os.environ if name.startswith("XDG_")] + ["DIAGNOSE_CONFIG", "HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it does where nobody knows


@pytest.mark.usefixtures("homeless")
def test_the_settings_of_all_people_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    assert settings.files() == tuple(tmp_path / name / settings.FOLDER / settings.FILE_NAME for name in ("one", "two"))


@pytest.mark.usefixtures("homeless")
def test_the_record_of_tries_is_one_that_cannot_be_used(tmp_path: Path) -> None:
    """So that no password is sent without being told to; and nothing is left in the folder where one happens to be."""
    trouble = History(history_folder(), "corp.example").trouble()
    assert isinstance(trouble, RecordError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("homeless")
def test_other_commands_do_as_always(command: CommandLine) -> None:
    for words in ("config", "causes --format json", "explain credentials.rejected"):
        done = command(*words.split())
        assert (done.code, done.err) == (0, ""), words


@pytest.mark.usefixtures("homeless")
def test_an_entry_in_the_menu_wants_a_home(command: CommandLine, tmp_path: Path) -> None:
    done = command("desktop-entry")
    assert (done.code, done.out) == (2, "")
    assert "home folder" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_desktops_proxies_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: object = None) -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.setattr(sys, "platform", "linux")
    assert system_proxies.system_settings.__wrapped__().proxies == ()


@pytest.mark.usefixtures("homeless")
def test_browsers_are_looked_for_where_there_are_places() -> None:
    for browser in browsers.all_browsers():
        for paths in (browser.installed, browser.profiles):
            assert not [one for one in installed.here(paths) if one.startswith("~")]


def test_a_folder_that_is_told_is_taken(tmp_path: Path) -> None:
    assert of_person(lambda: tmp_path) == tmp_path


@pytest.mark.parametrize("told", ["~/.local/state", ".config", ""])
def test_a_relative_folder_is_none_of_the_persons(told: str) -> None:
    """Older versions of platformdirs tell one."""
    assert of_person(lambda: Path(told)) is None


def test_with_a_home_the_persons_file_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DIAGNOSE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings.files()[0] == PlatformDirs(settings.FOLDER, appauthor=False).user_config_path / settings.FILE_NAME
