"""The hosts file, as large and as oddly written as they come."""

from __future__ import annotations

import codecs
import os
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from checks.network.hosts import LARGEST_HOSTS_FILE, probe_hosts, read_hosts
from diagnose.network import Network, Vantage

from .given import bench, given, host

NAME = "mail.corp.example"
LINES = f"127.0.0.1 localhost\r\n# 192.0.2.1 {NAME}\r\n192.0.2.7\tother {NAME.upper()}. # moved\r\n::1 {NAME}.evil\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        LINES.encode(),
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.encode("utf-16-le"),
        LINES.encode("utf-16-be"),
        b"\x80\x81\n" + LINES.encode(),
    ],
    ids=[
        "UTF-8",
        "with mark",
        "UTF-16",
        "UTF-16 BE",
        "LE without mark",
        "BE without mark",
        "bytes of another encoding",
    ],
)
def test_an_entry_is_found_in_any_encoding(raw: bytes) -> None:
    assert read_hosts(raw, NAME) == ("192.0.2.7",)


@pytest.mark.parametrize("raw", [b"", b"\0", b"\0\0\0", b"\xff\xfe", b"no address here mail.corp.example\n"])
def test_nothing_is_made_of_nothing(raw: bytes) -> None:
    assert read_hosts(raw, NAME) == ()


def test_a_blocklist_of_ten_megabytes() -> None:
    """Read within a second (measured: 0.1 s), with the entry at its end."""
    entry = f"192.0.2.7 {NAME}\n".encode()
    block = b"0.0.0.0 ads.tracker-of-somebody.example\n"
    raw = block * ((LARGEST_HOSTS_FILE - len(entry)) // len(block)) + entry
    started = time.process_time()

    assert read_hosts(raw, NAME) == ("192.0.2.7",)
    assert time.process_time() - started < 1


class Elsewhere(Vantage, frozen=True, kw_only=True):
    """A computer with another hosts file."""

    file: Path

    def hosts_file(self) -> Path:
        return self.file


def told_by(file: Path) -> tuple[str, ...]:
    work = replace(bench(), network=Network(vantage=Elsewhere(file=file)))
    target, facts = host(NAME, "192.0.2.9")
    return probe_hosts(target, given(facts=(facts,)), work).listed


def test_of_a_file_beyond_all_measure_the_beginning_is_read(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    line = f"192.0.2.7 {NAME}\n".encode()
    with file.open("wb") as stream:
        stream.write(line)
        stream.truncate(LARGEST_HOSTS_FILE)  # a hole: nothing but NUL bytes, and no room taken
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n192.0.2.8 " + NAME.encode() + b"\n")

    assert told_by(file) == ("192.0.2.7",)


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    assert told_by(tmp_path / "missing") == ()
    assert told_by(tmp_path) == ()


def test_a_file_as_a_windows_editor_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(LINES, encoding="utf-16")

    assert told_by(file) == ("192.0.2.7",)
