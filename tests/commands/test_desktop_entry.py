"""`diagnose desktop-entry`: valid, started as it says, removed again, and nobody else's file is touched."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from diagnose.cli import run
from diagnose.desktop.entry import NAME, EntryError, entry, exec_line
from tests.machine import need
from tests.pace import patient

HERE = Path(__file__).parents[2]
PROGRAMS = (
    "/usr/bin/diagnose", "/home/alice/my tools/diagnose", r"/opt/back\slash/diagnose",
    "/opt/$HOME/`id`/diagnose", '/opt/"quoted"/it\'s/diagnose', "/opt/a;b&c|d<e>f(g)#~*?/diagnose",
    "/opt/工具/diagnose",
    "/opt/new [tools]/{x}/!diagnose",
)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's folder of data, which is not there yet; on Linux, as on which these tests are about."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "data"


def files(data: Path) -> tuple[Path, Path]:
    return data / f"applications/{NAME}.desktop", data / f"icons/hicolor/scalable/apps/{NAME}.svg"


def read(words: str) -> dict[str, str]:
    parser = RawConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the parser's documentation has it
    parser.read_string(words)
    return dict(parser["Desktop Entry"])


def test_it_is_put_into_the_menu_and_taken_out_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["desktop-entry"]) == 0
    assert run(["desktop-entry"]) == 0  # once more, after an update
    desktop, icon = files(data)
    kept = read(desktop.read_text("utf-8"))

    assert kept["Exec"].endswith(" browser --page-only")
    assert kept["Icon"] == icon.stem
    assert desktop.stat().st_mode & 0o111 == 0  # nor does any desktop ask for that in this folder
    assert [*desktop.parent.iterdir(), *icon.parent.iterdir()] == [desktop, icon]
    assert run(["desktop-entry", "--remove"]) == 0
    assert not desktop.exists()
    assert not icon.exists()
    assert run(["desktop-entry", "--remove"]) == 0

    out, err = capsys.readouterr()
    assert out == ""
    assert str(desktop) in err
    assert "There is nothing to remove." in err


@pytest.mark.parametrize("key", ["Name", "Comment", "Keywords"])
def test_it_speaks_three_languages(key: str) -> None:
    kept = read(entry(PROGRAMS[:1]))
    english, simplified, traditional = kept[key], kept[f"{key}[zh_CN]"], kept[f"{key}[zh_TW]"]

    assert len({english, simplified, traditional}) == 3
    assert english.isascii()
    assert (kept[f"{key}[zh_SG]"], kept[f"{key}[zh_HK]"]) == (simplified, traditional)
    assert all(one.count(";") == english.count(";") for one in (simplified, traditional))


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_is_valid(program: str, tmp_path: Path) -> None:
    need(**{"desktop-file-validate": "desktop-file-utils"})
    file = tmp_path / f"{NAME}.desktop"
    file.write_text(entry([program, "browser"]), "utf-8")
    done = subprocess.run(
        ["desktop-file-validate", file], capture_output=True, text=True, timeout=patient(60), check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_desktop_starts_what_it_names(program: str, tmp_path: Path) -> None:
    """By GLib's own launcher, in folders with every sign that means something to somebody."""
    need(gio="libglib2.0-bin")
    started = Path(f"{tmp_path}{program}")
    started.parent.mkdir(parents=True)
    told = tmp_path / "told.json"
    # the launcher ends without waiting for it, so a pipe tells when it has been there
    os.mkfifo(tmp_path / "pipe")
    started.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        f"pathlib.Path({str(told)!r}).write_text(json.dumps(sys.argv))\n"
        f"open({str(tmp_path / 'pipe')!r}, 'w').close()\n",
        "utf-8",
    )
    started.chmod(0o755)
    file = tmp_path / "x.desktop"
    file.write_text(entry([str(started), "browser", "a b", "100%", "%u", '"', "\\", ""]), "utf-8")
    subprocess.run(["gio", "launch", file], timeout=patient(60), check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cat", tmp_path / "pipe"], timeout=patient(10), check=True)

    assert json.loads(told.read_text("utf-8")) == [str(started), "browser", "a b", "100%", "%u", '"', "\\", ""]


@pytest.mark.parametrize(
    "program",
    ["/opt/a\nb/diagnose", "/opt/a\x1b[31m/diagnose", "/opt/\udcff/diagnose", "/opt/a=b/diagnose", "/opt/50%/diagnose"],
)
def test_what_an_entry_cannot_hold_is_said(program: str) -> None:
    with pytest.raises(EntryError) as caught:
        exec_line([program])

    assert "\n" not in str(caught.value)
    assert exec_line(["/opt/a-b/diagnose", "x=y", "%u"]) == "/opt/a-b/diagnose x=y %%u"  # only of the program


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("option", [(), ("--remove",)])
@pytest.mark.parametrize("foreign", ["[Desktop Entry]\nName=Mine\n", "", "x" * 100_000, "\0", None])
def test_a_foreign_file_stays(
    data: Path, which: int, option: tuple[str, ...], foreign: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """None: a link to a file of ours, which somebody keeps elsewhere."""
    assert run(["desktop-entry"]) == 0
    file, other = files(data)[which], files(data)[1 - which]
    if foreign is None:
        kept = file.rename(data / "kept")
        file.symlink_to(kept)
    else:
        file.write_text(foreign)
    before = file.read_bytes()

    assert run(["desktop-entry", *option]) == 2
    assert str(file) in capsys.readouterr().err
    assert (file.read_bytes(), file.is_symlink()) == (before, foreign is None)
    assert other.exists()  # all or nothing


def test_a_folder_that_cannot_be_written_is_one_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text("a file")

    assert run(["desktop-entry"]) == 2
    assert re.search(r"cannot be written: \w", capsys.readouterr().err)


def test_it_can_be_had_for_a_package(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["desktop-entry", "--print"]) == 0
    assert read(capsys.readouterr().out)["Type"] == "Application"
    assert not data.exists()


@pytest.mark.parametrize(("system", "name"), [("darwin", "macOS"), ("win32", "Windows")])
@pytest.mark.parametrize("option", [(), ("--remove",)])
def test_other_systems_are_told_where_it_stands(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    system: str,
    name: str,
    option: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "platform", system)

    assert run(["desktop-entry", *option]) == 2
    err = capsys.readouterr().err
    assert f"docs/desktop.md tells how it is done on {name}." in err
    assert f"## {name}\n" in (HERE / "docs/desktop.md").read_text("utf-8")
    assert not data.exists()


def test_the_lines_for_macos_are_as_its_own_program_takes_them(tmp_path: Path) -> None:
    """With a stand-in for it, which tells what it was given."""
    lines = re.search(r"```sh\n(.*?)```", (HERE / "docs/desktop.md").read_text("utf-8"), re.DOTALL)
    for name, words in (("osacompile", 'printf "%s\\n" "$@"'), ("diagnose", "true")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{words}\n")
        program.chmod(0o755)
    assert lines is not None
    told = subprocess.run(
        ["/bin/sh", "-eu", "-c", lines[1]], env={"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True, text=True, check=True, timeout=patient(60),
    ).stdout.splitlines()  # fmt: skip

    assert told[:2] == ["-o", f"{tmp_path}/Applications/Mail login check.app"]
    assert told[3] == f"""do shell script "'{tmp_path}/diagnose' browser --page-only >/dev/null 2>&1 &\""""
