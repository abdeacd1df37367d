"""Installed browsers: read from what each platform leaves of them, or asked for their version."""

from __future__ import annotations

import os
import plistlib
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest

from checks.browser.stored import installed as module
from checks.browser.stored.installed import InstalledBrowser, here, installed
from diagnose.browsers import Browser, Paths, all_browsers, browser
from diagnose.model import Deadline
from tests.pace import within


def only(
    monkeypatch: pytest.MonkeyPatch, *places: str, known: str = "chrome", seconds: float = 60
) -> list[InstalledBrowser]:
    """What is found within *seconds* of the browser *known*, were it installed at *places* on this platform."""
    import msgspec

    changed: Browser = msgspec.structs.replace(
        browser(known), installed=Paths(linux=places, macos=places, windows=places)
    )
    monkeypatch.setattr(module, "all_browsers", lambda: iter([changed]))
    monkeypatch.setattr(module, "ANSWER_SECONDS", 30.0)  # on a busy machine too
    return list(installed(Deadline(seconds)))


def test_macos_tells_in_info_plist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        app = tmp_path / f"{form.name}.app"
        (app / "Contents").mkdir(parents=True)
        facts = {"CFBundleShortVersionString": "131.0.6778.86", "CFBundleVersion": "6778.86"}
        (app / "Contents/Info.plist").write_bytes(plistlib.dumps(facts, fmt=form))
        assert only(monkeypatch, str(app)) == [
            InstalledBrowser(browser="chrome", version="131.0.6778.86", engine_version=131)
        ]


def test_windows_tells_by_the_folder_beside_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update the older one may still be there."""
    for name in ("9.0.597.98", "131.0.6778.86", "Dictionaries", "SetupMetrics"):
        (tmp_path / name).mkdir()
    (tmp_path / "chrome.exe").write_bytes(b"MZ")

    assert [one.version for one in only(monkeypatch, str(tmp_path))] == ["131.0.6778.86"]
    assert [one.version for one in only(monkeypatch, str(tmp_path / "chrome.exe"))] == ["131.0.6778.86"]


def test_windows_tells_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: dict[str, dict[str, str]] = {
        r"HKCU Software\Google\Chrome\BLBeacon": {"version": "70.0.3538.77"},
        r"HKLM Software\Mozilla\Mozilla Firefox": {"CurrentVersion": "131.0.2 (x64 en-US)"},
        r"HKLM Software\Empty": {},
    }

    class Key:
        def __init__(self, values: dict[str, str]) -> None:
            self.values = values

        def __enter__(self) -> Key:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    def open_key(hive: str, name: str) -> Key:
        if f"{hive} {name}" not in keys:
            raise FileNotFoundError(name)
        return Key(keys[f"{hive} {name}"])

    def query(key: Key, name: str) -> tuple[str, int]:
        if name not in key.values:
            raise FileNotFoundError(name)
        return key.values[name], 1

    fake: Any = types.ModuleType("winreg")
    fake.HKEY_CURRENT_USER, fake.HKEY_LOCAL_MACHINE = "HKCU", "HKLM"
    fake.OpenKey, fake.QueryValueEx = open_key, query
    monkeypatch.setitem(sys.modules, "winreg", fake)

    assert only(monkeypatch, r"HKCU\Software\Google\Chrome\BLBeacon") == [
        InstalledBrowser(browser="chrome", version="70.0.3538.77", engine_version=70, too_old=True)
    ]
    assert [o.version for o in only(monkeypatch, r"HKLM\Software\Mozilla\Mozilla Firefox", known="firefox")] == [
        "131.0.2"
    ]
    assert [o.version for o in only(monkeypatch, r"HKLM\Software\Empty")] == [""]
    assert only(monkeypatch, r"HKLM\Software\Nothing") == []


def test_without_a_registry_there_is_nothing_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "winreg", None)

    assert only(monkeypatch, r"HKCU\Software\Google\Chrome\BLBeacon") == []


@pytest.mark.parametrize(
    ("file", "text", "version"),
    [
        ("application.ini", "; a comment\n[App]\nName=Firefox\nVersion=128.5.0\n", "128.5.0"),
        ("application.ini", "no section", ""),
        ("meta/snap.yaml", "name: chromium\nversion: 131.0.6778.85\n", "131.0.6778.85"),
        ("Contents/Info.plist", "no list", ""),
        ("other", "", ""),
    ],
)
def test_files_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, version: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)

    assert [one.version for one in only(monkeypatch, str(tmp_path), known="firefox")] == [version]


def test_debian_tells_in_its_list_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no program is started."""
    entry = "Package: {name}\nStatus: {status}\nPriority: optional\nVersion: {version}\nDescription: a\n browser\n\n"
    installed_ok, removed = "install ok installed", "deinstall ok config-files"
    (tmp_path / "status").write_text(
        entry.format(name="chromium-common", status=installed_ok, version="1.2.3-1")
        + entry.format(name="not", status=installed_ok, version="1").replace("Package: not", "Old-Package: chromium")
        + entry.format(name="chromium", status=installed_ok, version="2:156.0.8078.79-1~deb12u1")
        + entry.format(name="google-chrome-stable", status=removed, version="131.0.6778.85-1")
    )
    monkeypatch.setattr(module, "PACKAGES", tmp_path / "status")
    program(tmp_path / "bin", "chromium", f"touch {tmp_path}/asked; echo 1.2.3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    assert [one.version for one in only(monkeypatch, "dpkg:chromium", "chromium")] == ["156.0.8078.79"]
    assert only(monkeypatch, "dpkg:google-chrome-stable") == []
    assert not (tmp_path / "asked").exists()
    (tmp_path / "status").unlink()
    assert [one.version for one in only(monkeypatch, "dpkg:chromium", "chromium")] == ["1.2.3"]


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo Google Chrome 131.0.6778.85 beta", "131.0.6778.85"),
        ("echo noise 12 >&2; echo 'Chromium 70.0.3538.110 built on Debian'", "70.0.3538.110"),
        ("exit 1", ""),
        ("kill $$", ""),
    ],
)
def test_a_program_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, version: str) -> None:
    program(tmp_path / "bin", "fake-browser", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    assert [one.version for one in only(monkeypatch, "fake-browser")] == [version]


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "slow-browser", f"sleep 1000 & echo $! > {tmp_path}/child; wait")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    with within(3, waits=0.5):
        assert [one.version for one in only(monkeypatch, "slow-browser", seconds=0.5)] == [""]
    if not (tmp_path / "child").exists():  # it was ended before it had started anything
        return
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("what it had started runs on")


def test_a_program_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "counting-browser", f"echo asked >> {tmp_path}/asked; echo 131.0.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    assert [only(monkeypatch, "counting-browser")[0].version for _ in range(3)] == ["131.0.1"] * 3
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_a_snap_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes folders in the person's home first."""
    program(tmp_path / "bin", "snap", f"touch {tmp_path}/asked; echo 131.0.1")
    (tmp_path / "bin" / "snapped-browser").symlink_to("snap")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    assert [one.version for one in only(monkeypatch, "snapped-browser")] == [""]
    assert not (tmp_path / "asked").exists()


def test_a_browser_with_numbers_of_its_own_is_not_measured_by_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "13.1.1414.0").mkdir()

    (found,) = only(monkeypatch, str(tmp_path), known="360")
    assert (found.version, found.engine_version, found.too_old) == ("13.1.1414.0", None, False)


@pytest.mark.parametrize(("platform", "name"), [("linux", "linux"), ("darwin", "macos"), ("win32", "windows")])
def test_places_of_each_platform(monkeypatch: pytest.MonkeyPatch, platform: str, name: str) -> None:
    """With a variable that is not set the place is none."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", "/home/alice")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for variable in ("ProgramFiles", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.delenv(variable, raising=False)

    for known in all_browsers():
        for places in (known.installed, known.profiles):
            found = here(places)
            assert not any("%" in place or "~" in place for place in found)
            if platform != "win32":
                assert len(found) == len(getattr(places, name))


def test_the_folder_for_settings_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/data/config")

    assert here(Paths(linux=("~/.config/chromium",))) == ("/data/config/chromium",)


def test_every_browser_tells_where_it_is_installed_or_is_part_of_a_system_that_is_gone() -> None:
    for known in all_browsers():
        places = known.installed
        assert places.linux or places.macos or places.windows or known.engine == "trident", known.id
        for path in (*places.windows, *known.profiles.windows):
            assert path.startswith(("%", "HKCU\\", "HKLM\\")), path
