"""While a run goes on, a terminal shows which check asks which server, and which one is waited for."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from diagnose.cli.progress import Progress
from diagnose.locale.language import translation
from diagnose.model import CheckResult, Text, text
from diagnose.model.protocols import BY_NAME
from diagnose.providers import Language
from tests.pace import patient
from tests.support.build import SUBJECT

PATIENCE = 60.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def title(msgid: str, host: str = "imap.corp.example", port: int | None = 993) -> Text:
    args: dict[str, Any] = {"host": host, "protocol": BY_NAME["imap"].label} | ({"port": port} if port else {})
    return Text(msgid, args)


LOGIN = title("{host} accepts the login by {protocol}")
GREETS = title("{host} greets as a working {protocol} server on port {port}")
RESOLVES = title("The server name {host} resolves", port=None)
ANSWERS = text("The DNS resolver answers")


def frame(planned: Mapping[str, Text], running: tuple[str, ...], over: tuple[str, ...] = (), **how: Any) -> str:
    """What a terminal shows at one moment."""
    lang: Language = how.pop("lang", "en")
    console = Console(file=StringIO(), width=how.pop("width", 80))
    progress = Progress(translation(lang))
    for identity, claim in planned.items():
        progress.planned(identity, claim)
    for identity in (*over, *running):
        progress.started(identity)
    for identity in over:
        progress.finished(
            CheckResult(id=identity, check="c", family="dns", title=planned[identity], target=SUBJECT, status="pass")
        )
    with console.capture() as shown:
        console.print(progress._draw())
    return shown.get()


@pytest.mark.parametrize(
    ("claim", "row", "waited_for"),
    [
        (LOGIN, "imap.corp.example:993 accepts the login by IMAP", "imap.corp.example:993"),
        (GREETS, "imap.corp.example greets as a working IMAP server on port 993", "imap.corp.example:993"),
        (RESOLVES, "The server name imap.corp.example resolves", "imap.corp.example"),
        (ANSWERS, "The DNS resolver answers", "The DNS resolver answers"),
    ],
)
def test_each_check_is_shown_with_its_server(claim: Text, row: str, waited_for: str) -> None:
    *rows, last = frame({"one": claim}, ("one",)).splitlines()

    assert re.fullmatch(rf"· {re.escape(row)} +0\.\d s *", rows[0])
    assert last.strip() == f"0 of 1 checks are over, waiting for: {waited_for}"


def test_of_several_the_one_that_has_been_running_longest_is_waited_for() -> None:
    claims = {"a": ANSWERS, "b": GREETS, "c": LOGIN}

    assert "1 of 3 checks are over, waiting for: imap.corp.example:993" in frame(claims, ("b", "c"), over=("a",))


def test_when_none_runs_nothing_is_waited_for() -> None:
    shown = frame({"a": ANSWERS, "b": LOGIN}, (), over=("a",))

    assert "1 of 2 checks are over" in shown
    assert "waiting" not in shown


@pytest.mark.parametrize(("lang", "said"), [("zh-Hans", "正在等待：imap.corp.example:993"), ("zh-Hant", "正在等待：")])
def test_it_is_told_in_the_persons_language(lang: Language, said: str) -> None:
    assert said in frame({"a": LOGIN}, ("a",), lang=lang)


@pytest.mark.parametrize(
    "host",
    ["x" * 1000, "evil\x1b[2J\u202e\nhost", "[red]host[/red]", "{0}{host}", "名" * 200],
    ids=lambda host: host[:9],
)
def test_hostile_names_stay_on_their_line(host: str) -> None:
    shown = frame({"a": title("{host} accepts the login by {protocol}", host)}, ("a",)).splitlines()

    assert len(shown) == 2
    assert not {"\x1b", "\u202e"} & set("".join(shown))


@pytest.mark.parametrize("width", [30, 44, 60])
@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_on_a_narrow_terminal_titles_are_cut_and_signs_and_seconds_stay(lang: Language, width: int) -> None:
    rows = frame({"a": GREETS, "b": LOGIN}, ("b",), over=("a",), lang=lang, width=width).splitlines()

    assert len(rows) == 3
    assert all(cell_len(row) <= width for row in rows)
    assert [row[0] for row in rows] == ["✓", "·", " "]
    assert all(re.search(r"\d\.\d \S+ *$", row) for row in rows[:2])


def started(tmp_path: Path, terminal: int | None, *more: str, **environment: str) -> subprocess.Popen[bytes]:
    """A diagnosis of a mailbox whose IMAP server takes connections and never greets."""
    environ = os.environ | {
        "XDG_STATE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80",
    } | environment  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "diagnose", "lab", "server-silent", "--timeout", "600", *more],
        env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal or subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def test_after_ctrl_c_the_report_says_which_check_hung_and_on_which_server(tmp_path: Path) -> None:
    """What the terminal said it waits for is what the report names."""
    report = tmp_path / "r.json"
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = started(tmp_path, theirs, "--report", str(report))
    os.close(theirs)
    shown, waited_for = "", None
    with contextlib.suppress(OSError):
        while not waited_for and (got := os.read(ours, 1000)):
            shown += got.decode(errors="replace")
            waited_for = re.search(r"waiting for: (imap\.corp\.example:\d+)\s", ESCAPES.sub("", shown))
    assert waited_for, shown
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while os.read(ours, 1000):
            pass
    out = process.communicate(timeout=patient(PATIENCE))[0].decode()
    os.close(ours)

    assert process.returncode == 130
    unchecked = json.loads(report.read_text())["verdict"]["unchecked"]
    port = waited_for[1].partition(":")[2]
    assert unchecked[0] == "The run was interrupted."
    assert re.fullmatch(
        rf"By then the check “imap\.corp\.example [^”]*” had waited \d+\.\d s for imap\.corp\.example:{port}\.",
        unchecked[1],
    )
    assert "the run was interrupted" not in unchecked
    assert " ".join(unchecked[1].split()) in " ".join(out.split())


def test_on_a_narrow_terminal_nothing_of_it_stays_behind_after_ctrl_c(tmp_path: Path) -> None:
    """The terminal shows ^C behind the last line; where that has no room, all lines move up by one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 44, 0, 0))
    process = started(tmp_path, theirs, COLUMNS="44")
    os.close(theirs)
    shown = ""
    with contextlib.suppress(OSError):
        while "waiting for" not in shown and (got := os.read(ours, 1000)):
            shown += got.decode(errors="replace")
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while got := os.read(ours, 1000):
            shown += got.decode(errors="replace")
    assert process.wait(timeout=patient(PATIENCE)) == 130
    os.close(ours)

    rows = [row for row in re.split(r"[\r\n]+", ESCAPES.sub("", shown)) if "checks are over" in row]
    assert rows
    assert max(map(cell_len, rows)) <= 44 - len("^C")


def test_off_a_terminal_nothing_is_said_meanwhile(tmp_path: Path) -> None:
    process = started(tmp_path, None, "--timeout", "3")
    out, err = process.communicate(timeout=patient(PATIENCE))

    assert (b"corp.example" in out, err) == (True, b"")


SEEKS = text("The mail services of {domain} can be found", domain="corp.example")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "looking for the mail servers of corp.example"),
        ("zh-Hans", "正在查找 corp.example 的邮件服务器"),
        ("zh-Hant", "正在尋找 corp.example 的郵件伺服器"),
    ],
)
def test_while_servers_are_looked_for_nothing_is_counted(lang: Language, said: str) -> None:
    """How many checks there will be shows once they are found."""
    claims = {"discovery": SEEKS, "dns.resolver": ANSWERS}
    for over, running in [
        ((), ("discovery",)),
        ((), ("dns.resolver", "discovery")),
        (("dns.resolver",), ("discovery",)),
    ]:
        *_rows, last = frame(claims, running, over, lang=lang).splitlines()
        assert last.strip() == said


def test_once_they_are_found_checks_are_counted() -> None:
    shown = frame({"discovery": SEEKS, "a": ANSWERS}, ("a",), over=("discovery",))

    assert shown.splitlines()[-1].strip() == "1 of 2 checks are over, waiting for: The DNS resolver answers"


def test_before_any_check_is_known_none_is_counted() -> None:
    assert "0" not in frame({}, ())
