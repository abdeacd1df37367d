"""Which language a run speaks, and that all of the command line speaks it."""

from __future__ import annotations

import ctypes
import gettext
import plistlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.cells import cell_len

from diagnose.cli import COMMANDS, MAIN, run
from diagnose.locale import language
from diagnose.locale.language import asked_for, of_computer, of_locale, translation
from diagnose.providers import Language
from tests.language.catalogues import HAN, TRANSLATED

LOCALES = {
    "": "en",
    "C": "en",
    "C.UTF-8": "en",
    "POSIX": "en",
    "en_GB.UTF-8": "en",
    "de_DE": "en",
    "ja_JP.UTF-8": "en",
    "zh": "zh-Hans",
    "zh_CN": "zh-Hans",
    "zh_CN.UTF-8": "zh-Hans",
    "zh_CN.GB18030": "zh-Hans",
    "zh_SG.UTF-8": "zh-Hans",
    "ZH_cn.utf8": "zh-Hans",
    "zh_TW": "zh-Hant",
    "zh_TW.Big5": "zh-Hant",
    "zh_HK.UTF-8": "zh-Hant",
    "zh_MO": "zh-Hant",
    "zh_TW.UTF-8@stroke": "zh-Hant",
    "zh-Hans": "zh-Hans",
    "zh-Hant": "zh-Hant",
    "zh-Hans-CN": "zh-Hans",
    "zh-Hant-HK": "zh-Hant",
    "zh-Hans-HK": "zh-Hans",
    "zh_Hant_CN.UTF-8": "zh-Hant",
    "zh-TW": "zh-Hant",
}
WRONG_USAGE = (
    (),
    ("a@b.example", "more"),
    ("a@b.example", "--lang", "xx"),
    ("a@b.example", "--timeout", "soon"),
    ("a@b.example", "--timeout", "0"),
    ("a@b.example", "--format", "pdf"),
    ("a@b.example", "--formatt"),
    ("a@b.example", "--imap"),
    ("a@b.example", "--strict=yes"),
    ("a@b.example", "--imap", "pop3://b.example"),
    ("a@b.example", "--imap", "imaps://b.example/inbox"),
    ("a@b.example", "--imap", "imaps://u:p@b.example"),
    ("a@b.example", "--resolver", "there"),
    ("a@b.example", "--resolver", "192.0.2.1:0"),
    ("a@b.example", "--report", "report.pdf"),
    ("a@b.example", "--report", "missing/report.html"),
    ("a@b.example", "--only", "moon"),
    ("a@b.example", "--provider", "microsft-365"),
    ("a@b.example", "--provider", "♥"),
    ("a@b.example", "--password-env", "NOT_SET_ANYWHERE"),
    ("a@b.example", "--no-login", "--keyring"),
    ("a@b.example", "--no-login", "--ca-file", __file__),
    ("b.example", "--keyring"),
    ("nonsense",),
    ("a..b@b.example",),
    ("@b.example",),
    ("a@",),
    ("a＠b.example＠",),
    ("expalin", "x"),
    ("lab", "lunch"),
)
ENGLISH = re.compile(r"\b(?!diagnose )[a-z]{2,} [a-z]{2,}\b")
"""Two words in a row; single ones are names of options, protocols and checks."""


@pytest.fixture(autouse=True)
def _left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `language.spoken` sets is of the whole process."""
    monkeypatch.setenv("LANGUAGE", "en")
    domain = gettext.textdomain()
    yield
    gettext.textdomain(domain)


@pytest.mark.parametrize(("name", "expected"), LOCALES.items())
def test_a_locale_has_a_nearest_language(name: str, expected: Language) -> None:
    assert of_locale(name) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_TW.UTF-8"}, "zh-Hant"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh-Hans"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "zh-Hans"),
        ({"LC_CTYPE": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_decides(environment: dict[str, str], expected: Language) -> None:
    assert of_computer(environment) == expected


def test_without_variables_the_desktop_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_of_desktop", lambda: "zh-Hant-TW")

    assert of_computer({}) == "zh-Hant"
    assert of_computer({"LANG": "en_US.UTF-8"}) == "en"


@pytest.mark.parametrize(
    ("preferred", "expected"), [(["zh-Hant-HK", "en-HK"], "zh-Hant"), (["fr-FR"], "en"), ([], "en")]
)
def test_the_desktop_of_macos(
    preferred: list[str], expected: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert of_computer({}) == "en"

    settings = tmp_path / "Library/Preferences/.GlobalPreferences.plist"
    settings.parent.mkdir(parents=True)
    settings.write_bytes(plistlib.dumps({"AppleLanguages": preferred}, fmt=plistlib.FMT_BINARY))

    assert of_computer({}) == expected


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"bplist00\xff",
        b"<?xml version='1.0'?><plist><dict>",
        plistlib.dumps([]),
        plistlib.dumps({"AppleLanguages": 1}),
    ],
)
def test_damaged_settings_of_macos_are_none(damaged: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = tmp_path / "Library/Preferences/.GlobalPreferences.plist"
    settings.parent.mkdir(parents=True)
    settings.write_bytes(damaged)

    assert of_computer({}) == "en"


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        (0x0404, "zh-Hant"),
        (0x0C04, "zh-Hant"),
        (0x7C04, "zh-Hant"),
        (0x0804, "zh-Hans"),
        (0x1004, "zh-Hans"),
        (0x0409, "en"),
    ],
)
def test_the_desktop_of_windows(identifier: int, expected: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    """Language identifiers as [MS-LCID] lists them."""
    kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: identifier)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)

    assert of_computer({}) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a@b.example", "--lang", "zh-Hans"], "zh-Hans"),
        (["--lang=zh-Hant", "a@b.example"], "zh-Hant"),
        (["--lang", "en", "--lang", "zh-Hans"], "zh-Hans"),
        (["--lang"], None),
        (["--lang", "xx"], None),
        (["--", "--lang", "zh-Hans"], None),
        ([], None),
    ],
)
def test_the_command_line_is_asked_before_it_is_taken_apart(words: list[str], expected: Language | None) -> None:
    assert asked_for(words) == expected


def test_english_loads_no_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a catalogue was looked for")

    monkeypatch.setattr(gettext, "translation", refuse)

    assert translation("en")("passed") == "passed"


def test_the_version_is_told_without_loading_any_of_this() -> None:
    loaded = (
        "import sys, diagnose.__main__\nsys.argv = ['diagnose', '--version']\n"
        "try: diagnose.__main__.main()\n"
        "finally: print(sorted({'click', 'gettext', 'diagnose.locale.language'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("chosen", TRANSLATED)
@pytest.mark.parametrize("arguments", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_told_in_one_sentence_of_the_language(
    chosen: Language, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8" if "--lang" not in arguments else chosen.replace("-", "_"))
    words = [*arguments] if "--lang" in arguments else [*arguments, "--lang", chosen]

    assert run(words) == 2

    told = capsys.readouterr().err
    assert told.startswith("diagnose: ")
    assert told.count("\n") == 1
    assert HAN.search(told)
    assert told.endswith(("。\n", "？\n", "）\n"))
    assert not ENGLISH.search(told), told


@pytest.mark.parametrize("chosen", TRANSLATED)
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_the_language_of_the_locale(
    chosen: Language, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", {"zh-Hans": "zh_CN.UTF-8", "zh-Hant": "zh_TW.UTF-8"}[chosen])

    assert run([*command.split(), "--help"]) == 0

    shown = capsys.readouterr().out
    assert max(map(cell_len, shown.splitlines())) <= 80
    for example in import_module(COMMANDS[command].module if command else MAIN).COMMAND.examples:
        assert f"  {example.line}\n" in shown
        shown = shown.replace(f"  {example.line}\n", "\n")
    assert not ENGLISH.search(shown), shown
    assert HAN.search(shown)


def test_the_next_run_speaks_the_language_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for chosen in ("zh-Hant", "en", "zh-Hans"):
        run(["--help", "--lang", chosen])

        assert bool(HAN.search(capsys.readouterr().out)) == (chosen != "en")
