"""Service workers, found in what Firefox and Chromium write about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.browser.stored import workers
from diagnose.model import Deadline
from tests.pace import patient

from .made import HOST

SCOPE, SCRIPT = f"https://{HOST}:8443/", f"https://{HOST}:8443/sw.js"
PAGE, ELSEWHERE = SCOPE + "mail/", f"https://{HOST}:8443/calendar/"
THERE, NONE, NOT_FOR_THE_PAGE = (True, (SCRIPT,)), (False, ()), (True, ())


def put(scope: str = SCOPE, script: str = SCRIPT, number: int = 0) -> bytes:
    """A record as it stands in the log of a real profile."""
    origin = "/".join([*scope.split("/")[:3], ""])
    key = f"REG:{origin}\0{number}".encode()
    value = (
        b"\x08\0\x12"
        + bytes([len(scope)])
        + scope.encode()
        + b"\x1a"
        + bytes([len(script)])
        + script.encode()
        + b" \0(\0"
    )
    return b"\1" + bytes([len(key)]) + key + bytes([len(value)]) + value


def delete(scope: str = SCOPE, number: int = 0) -> bytes:
    key = f"REG:{scope}\0{number}".encode()
    return b"\0" + bytes([len(key)]) + key


@pytest.mark.parametrize(
    ("log", "table", "found"),
    [
        (b"", b"", NONE),
        (put(), b"", THERE),
        (put() + put(), b"", THERE),
        (put() + delete(), b"", NONE),
        (put() + delete() + put(), b"", THERE),
        (put() + delete(number=1), b"", THERE),
        (put("https://bank.example/", "https://bank.example/sw.js"), b"", NONE),
        (put("https://x" + SCOPE.removeprefix("https://")), b"", NONE),
        (b"", put(), (True, ())),  # compressed as it may be there, its script is not read from a table
        (delete(), put(), NONE),
        (put() + delete(), put(), NONE),
        (put()[:40], b"", NONE),
        (put(ELSEWHERE), b"", NOT_FOR_THE_PAGE),
        (put(f"https://{HOST}/"), b"", NOT_FOR_THE_PAGE),  # another port is another origin
        (put(script=SCOPE + "old.js") + put(PAGE, number=1), b"", THERE),
        (put(PAGE) + put(script=SCOPE + "old.js", number=1), b"", THERE),
        (put().replace(b"\x1a", b"\x1b"), b"", (True, ())),
    ],
)
def test_chromium(tmp_path: Path, log: bytes, table: bytes, found: workers.Workers) -> None:
    folder = tmp_path / "Service Worker/Database"
    folder.mkdir(parents=True)
    (folder / "000003.log").write_bytes(b"\x12\x34\0\0" + log)
    (folder / "000002.ldb").write_bytes(table)
    (folder / "LOG").write_bytes(put())

    assert workers.of_chromium(tmp_path, PAGE, Deadline(patient(5))) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], NONE),
        ([("", SCOPE, SCRIPT)], THERE),
        ([("^partitionKey=x", SCOPE, SCRIPT), ("", "https://bank.example/", "https://bank.example/sw.js")], THERE),
        ([("", SCOPE, "https://bank.example/sw.js")], NONE),
        ([("", "https://[broken", SCRIPT)], NONE),
        ([("",)], NONE),
        ([("", ELSEWHERE, SCRIPT)], NOT_FOR_THE_PAGE),
        ([("", SCOPE, SCOPE + "old.js"), ("", PAGE, SCRIPT)], THERE),
    ],
)
def test_firefox(tmp_path: Path, rows: list[tuple[str, ...]], found: workers.Workers) -> None:
    entries = "".join("\n".join([*row, "true", "{1}", "0"]) + "\n#\n" for row in rows)
    (tmp_path / "serviceworker.txt").write_text(f"12\n{entries}")

    assert workers.of_firefox(tmp_path, PAGE) == found
