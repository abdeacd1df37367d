"""`diagnose browser` as a command: what it refuses, how long it waits, how it ends."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.command_line import CommandLine

from .conftest import SelfTest

Start = Callable[..., SelfTest]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    monkeypatch.setitem(os.environ, "XDG_STATE_HOME", str(tmp_path))
    return CommandLine(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense@"], "nothing after the @"),
        (["imaps://a.example"], "begins with https:// / http://"),
        (["https://user:secret@a.example/"], "may not hold a user name"),
        (["--password-stdin"], "login test needs a mailbox address"),
        (["https://a.example/", "--password-in-page"], "login test needs a mailbox address"),
        (["https://a.example/", "--password-stdin"], "login test needs a mailbox address"),
        (["a.example", "--password-in-page"], "login test needs a mailbox address"),
        (["a@b.example", "--password-in-page", "--no-login"], "only one of --no-login, --password-in-page"),
        (["a@b.example", "--ca-file", "/nowhere.pem"], "nowhere.pem"),
        (["--wait", "0"], "not a number from 1 to 3600"),
    ],
)
def test_wrong_usage_is_told_before_any_page_opens(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    told = command.refused("browser", "--wait", "1", *arguments)

    assert words in told
    assert "secret" not in told
    assert opened == []


def test_nobody_opens_the_page(command: CommandLine) -> None:
    """Inconclusive, told in every format, without a word sent to anybody."""
    done = command("browser", "alice@corp.example", "--no-open", "--wait", "1", "--format", "json")

    assert done.code == 3
    assert done.json["verdict"]["status"] == "inconclusive"
    assert done.json["verdict"]["unchecked"] == ["The self-test in the browser was not carried out."]
    assert done.json["services"] == []
    assert "was not opened within 1 second" in done.err


def test_the_default_browser_is_asked_to_open_it(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def take(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", take)
    done = command("browser", "--wait", "1")

    (address,) = opened
    assert address.startswith("http://127.0.0.1:")
    assert address not in done.err


def fetched(address: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60)


def test_who_opens_the_page_and_leaves_is_not_healthy(self_test: Start) -> None:
    """Opened, and nothing of it came back: that proves nothing, neither way."""
    test = self_test("--wait", "2")
    with fetched(test.address) as page:
        assert page.status == 200
    report = test.report()

    assert report["verdict"]["exit_code"] == 3
    assert report["verdict"]["causes"] == []


def test_who_has_told_all_and_pressed_nothing_gets_a_diagnosis(self_test: Start) -> None:
    test = self_test("--wait", "3")
    with fetched(test.address) as page:
        seat = page.url
    alone = urllib.request.Request(seat + "matter", data=b"alone=yes", headers={"Origin": test.here})
    with urllib.request.urlopen(alone, timeout=60) as page:
        assert page.url == seat
    told = {"scripts": True, "cookies": True, "typing": ["full_width"]}
    asked = urllib.request.Request(
        seat + f"answer?clock={time.time()}", data=json.dumps(told).encode(), headers={"Origin": test.here}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200
    report = test.report()

    assert [one["id"] for one in report["verdict"]["causes"]] == ["browser.cookies-blocked", "browser.input-method"]
    assert [one["id"] for one in report["checks"]] == ["browser.self-test"]  # nothing else was asked for


def test_an_interrupt_ends_it(self_test: Start) -> None:
    test = self_test()
    test.process.send_signal(signal.SIGINT)
    out, err = test.process.communicate(timeout=60)

    assert test.process.returncode == 130
    assert (out, b"Traceback" in err) == (b"", False)
