"""The manual page: what the commands say of themselves, fit for man and mandoc, and part of the package."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import diagnose
from diagnose.cli import COMMANDS
from diagnose.cli.main_job import COMMAND as MAIN
from docs.write_man_page import HERE, _guarded, _plain, page
from tests.machine import need
from tests.pace import patient

ROOT = Path(diagnose.__file__).parents[1]


def test_the_page_is_what_the_commands_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of an option: make pages. On any terminal, in any language, whatever is set."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("DIAGNOSE_FOR", "admin")

    assert HERE.read_text("utf-8") == page()


def test_every_command_and_option_is_there() -> None:
    written = page().replace("\\-", "-")
    assert all(f"\\fB{name}\\fR" in written for name in COMMANDS)
    assert all(f"\\fB{option.opts[-1]}\\fR" in written for option in MAIN.params if option.param_type_name == "option")


def test_man_shows_it_without_a_warning() -> None:
    need(man="man-db", groff="groff-base")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(HERE)], capture_output=True, text=True, timeout=patient(60)
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = subprocess.run(
        ["man", "--warnings", "-l", str(HERE)], capture_output=True, text=True, timeout=patient(60),
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "TERM": "dumb"},
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, "")
    out = " ".join(re.sub(".\b", "", shown.stdout).split())
    assert "diagnose - tell why the login to a mailbox fails" in out
    assert 'diagnose explain "535 5.7.8 authentication failed"' in out  # as it can be copied


def test_mandoc_has_nothing_against_it() -> None:
    need(mandoc="mandoc")
    done = subprocess.run(["mandoc", "-T", "lint", str(HERE)], capture_output=True, text=True, timeout=patient(60))
    assert (done.stdout, done.stderr) == ("", "")


def test_words_are_never_requests_of_roff() -> None:
    assert list(_guarded(".so /etc/passwd")) == ["\\&.so /etc/passwd"]
    assert list(_guarded("'br")) == ["\\(aqbr"]
    assert _plain("a\\fB-x 'y' “z”") == "a\\efB\\-x \\(aqy\\(aq \\[u201C]z\\[u201D]"
    assert all(len(line) < 80 for line in _guarded("word " * 100))


def test_the_package_brings_it() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shared = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {HERE.relative_to(ROOT).as_posix(): "share/man/man1/diagnose.1"}
