"""Fleets on a mail estate: a program that is killed in the middle, or interrupted, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.fleet.results import rows_in
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from tests.pace import patient

ROWS = 24


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with Estate(SCENARIOS["cert-expired"]) as up:
        yield up


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rows = [f"user{number}@corp.example" for number in range(ROWS)]
    (tmp_path / "rows.txt").write_text("\n".join(rows) + "\n", "utf-8")
    return tmp_path


def begun(estate: Estate, place: Path, *words: str) -> subprocess.Popen[str]:
    options = [
        "--resolver",
        estate.resolver or "",
        "--ca-file",
        str(estate.ca_file),
        "--no-third-party",
        "-q",
        "--pace",
        "1000",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "diagnose", "fleet", "rows.txt", "--results", "out.jsonl", *options, *words],
        cwd=place, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(place / "state"), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def wait_for_lines(place: Path, number: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + patient(60)
    while process.poll() is None and (place / "out.jsonl").exists() < 1:
        assert time.monotonic() < until
        time.sleep(0.01)
    while process.poll() is None and (place / "out.jsonl").read_bytes().count(b"\n") < number:
        assert time.monotonic() < until
        time.sleep(0.01)


def whole_lines(place: Path) -> list[bytes]:
    return [line for line in (place / "out.jsonl").read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_broke_off_goes_on_and_repeats_nothing(estate: Estate, place: Path, number: signal.Signals) -> None:
    """Whole lines stay as they are, and each row is there once in the end."""
    process = begun(estate, place)
    wait_for_lines(place, 5, process)
    process.send_signal(number)
    out, told = process.communicate(timeout=patient(60))
    before = whole_lines(place)

    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "cut short" in out
        assert "with --resume goes on" in told
        assert before == (place / "out.jsonl").read_bytes().splitlines(keepends=True)
    assert 5 <= len(before) < ROWS
    done = begun(estate, place, "--resume", "--json")
    out, err = done.communicate(timeout=patient(120))
    assert (done.returncode, err) == (1, "")
    assert whole_lines(place)[: len(before)] == before
    assert sorted(row.line for row in rows_in(place / "out.jsonl")) == list(range(1, ROWS + 1))
    summary = json.loads(out)
    assert (summary["rows"], summary["problems"]) == (ROWS, ROWS)
    assert [(one["id"], one["grouping"], one["value"]) for one in summary["causes"]] == [
        ("tls.cert-expired", "host", "imap.corp.example")
    ]
