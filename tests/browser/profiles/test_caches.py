"""Entries of disk caches in every format that browsers write, and copies of the page that are shown unasked."""

from __future__ import annotations

import gzip
import zlib
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from checks.browser.stored import chromium_cache, firefox_cache
from checks.browser.stored.caches import Copy, Held
from checks.browser.stored.pages import assets
from diagnose.model import Deadline
from tests.pace import patient

from . import made
from .made import HOST, NOW, URL

BODY = b"<form><input type=password></form><script src=/app.js></script>"
HEADERS = made.HEADERS.format(date=formatdate(NOW - 60, usegmt=True), age=86400, more="")


def held_by_chromium(folder: Path) -> Held:
    return chromium_cache.held(folder, HOST, URL, Deadline(patient(5)))


@pytest.mark.parametrize(
    ("key", "entries", "copies"),
    [
        (URL, 1, 1),
        (f"1/0/{URL}", 1, 1),
        (f"1/0/_dk_https://corp.example https://corp.example {URL}", 1, 1),
        (f"1/0/_dk_s_https://corp.example https://corp.example {URL}app.js", 1, 0),
        (f"1/0/_dk_{URL} {URL} https://cdn.example/x.js", 0, 0),
        ("https://bank.example/", 0, 0),
        (f"https://bank.example/?next={URL}", 0, 0),
        ("no address", 0, 0),
    ],
)
def test_keys_of_chromium(tmp_path: Path, key: str, entries: int, copies: int) -> None:
    (tmp_path / "0123456789abcdef_0").write_bytes(made.simple_entry(key, HEADERS, BODY))
    made.block_files(tmp_path / "blocks", key, HEADERS, BODY)

    for folder in (tmp_path, tmp_path / "blocks"):
        found = held_by_chromium(folder)
        assert (found.entries, len(found.copies), found.stopped) == (entries, copies, None)
        assert all(copy.text == BODY.decode() and copy.fresh(NOW) for copy in found.copies)


@pytest.mark.parametrize("body", [BODY, b"", BODY * 20_000])
def test_keys_of_firefox(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "entries").mkdir()
    headers = HEADERS.replace("\0", "\r\n")
    for number, key in enumerate(
        [
            f"O^partitionKey=%28https%2Ccorp.example%29,:{URL}",
            f":{URL}app.js",
            f"a,:{URL}?x",
            f"~x,p,:{URL}",
            ":https://bank.example/",
        ]
    ):
        (tmp_path / "entries" / f"{number:040X}").write_bytes(made.firefox_entry(key, headers, body))

    found = firefox_cache.held(tmp_path, HOST, URL, Deadline(patient(5)))
    assert (found.entries, found.stopped) == (4, None)
    assert [copy.text for copy in found.copies] == [body.decode()[: len(copy.text or "")] for copy in found.copies]
    assert all(copy.fresh(NOW) for copy in found.copies)


@pytest.mark.parametrize("cut", [0, 3, 20, 24, 60, 100, 150, 200])
def test_entries_that_end_early(tmp_path: Path, cut: int) -> None:
    (tmp_path / "entries").mkdir()
    (tmp_path / "a_0").write_bytes(made.simple_entry(URL, HEADERS, BODY)[:cut])
    (tmp_path / "entries" / "A").write_bytes(made.firefox_entry(f":{URL}", HEADERS.replace("\0", "\r\n"), BODY)[:cut])
    made.block_files(tmp_path / "b", URL, HEADERS, BODY)
    blocks = tmp_path / "b" / "data_1"
    blocks.write_bytes(blocks.read_bytes()[: 8192 + 2 * cut])

    assert held_by_chromium(tmp_path).copies == ()
    assert firefox_cache.held(tmp_path, HOST, URL, Deadline(patient(5))).entries == 0
    assert all(not copy.fresh(NOW) for copy in held_by_chromium(tmp_path / "b").copies)


def test_addresses_of_blocks_that_lead_nowhere(tmp_path: Path) -> None:
    made.block_files(tmp_path / "b", URL, HEADERS, BODY)
    blocks = bytearray((tmp_path / "b" / "data_1").read_bytes())
    for address in (0, 0xFFFF_FFFF, 0x9001_0000, 0x8000_0009, 0xF001_0001):
        blocks[8192 + 56 : 8192 + 60] = address.to_bytes(4, "little")
        (tmp_path / "b" / "data_1").write_bytes(blocks)
        (copy,) = held_by_chromium(tmp_path / "b").copies
        assert copy.headers == {}


def copied(**headers: str) -> Copy:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Copy(url=URL, headers={"date": formatdate(NOW - 60, usegmt=True)} | named, body=BODY)


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"cache_control": "max-age=61"}, True),
        ({"cache_control": "max-age=59"}, False),
        ({"cache_control": "private, max-age=600"}, True),
        ({"cache_control": "max-age=600, no-cache"}, False),
        ({"cache_control": "no-store"}, False),
        ({}, False),
        ({"expires": formatdate(NOW + 60, usegmt=True)}, True),
        ({"expires": formatdate(NOW - 60, usegmt=True)}, False),
        ({"expires": formatdate(NOW + 60, usegmt=True), "cache_control": "max-age=0"}, False),
        ({"expires": "0"}, False),
        ({"cache_control": "max-age=600", "age": "590"}, False),
        ({"cache_control": "max-age=600", "date": "yesterday"}, False),
        ({"cache_control": "max-age=99999999999999"}, False),
    ],
)
def test_what_is_shown_without_asking(headers: dict[str, str], fresh: bool) -> None:
    assert copied(**headers).fresh(NOW) is fresh


DEFLATED = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("coding", "body", "text"),
    [
        ("identity", b"ab", "ab"),
        ("gzip", gzip.compress(b"ab"), "ab"),
        ("deflate", zlib.compress(b"ab"), "ab"),
        ("gzip", b"ab", None),
        ("br", b"ab", None),
        ("gzip", gzip.compress(b"a" * 5_000_000), "a" * 2_000_000),
    ],
    ids=["plain", "gzip", "deflate", "no gzip", "brotli", "larger than the bound"],
)
def test_compression(coding: str, body: bytes, text: str | None) -> None:
    assert Copy(url=URL, headers={"content-encoding": coding}, body=body).text == text


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (BODY.decode(), {"/app.js": URL + "app.js"}),
        ('<SCRIPT type="module" src="js/a.js?v=1&amp;w=2"></SCRIPT>', {"/mail/js/a.js": URL + "mail/js/a.js?v=1&w=2"}),
        ("<link rel='stylesheet' href='/s.css'>", {"/s.css": URL + "s.css"}),
        ("<link rel=icon href=/favicon.ico>", {}),
        ("<script>src='x'</script><script src=https://cdn.example/a.js>", {}),
        ("<script src='http://[broken'>", {}),
        ("<script src=javascript:alert(1)>", {}),
        ("", {}),
    ],
)
def test_what_a_page_needs(body: str, found: dict[str, Any]) -> None:
    assert assets(body, URL + "mail/") == found
