"""Profiles made by hand, in the layouts that browsers write."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOST = "webmail.corp.example"
URL = f"https://{HOST}/"
NOW = 1_800_000_000.0
DAY = 86400
_FIREFOX = (
    "CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, "
    "value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER)"
)
_CHROMIUM = (
    "CREATE TABLE cookies (creation_utc INTEGER, host_key TEXT, top_frame_site_key TEXT, name TEXT, value TEXT, "
    "encrypted_value BLOB, path TEXT, expires_utc INTEGER, is_secure INTEGER, last_access_utc INTEGER)"
)


def firefox(home: Path, cookies: Iterable[Mapping[str, Any]] = (), name: str = "abcd.default-release") -> Path:
    """A profile that profiles.ini names, with *cookies*: name, value and whatever differs from the usual."""
    root = home / ".mozilla/firefox"
    profile = root / name
    profile.mkdir(parents=True)
    (root / "profiles.ini").write_text(f"[Profile0]\nName={name}\nIsRelative=1\nPath={name}\nDefault=1\n")
    firefox_cookies(profile / "cookies.sqlite", cookies)
    return profile


def firefox_cookies(path: Path, cookies: Iterable[Mapping[str, Any]]) -> None:
    with sqlite3.connect(path) as database:
        database.execute(_FIREFOX)
        for cookie in cookies:
            usual = {
                "name": "session",
                "value": "0123456789",
                "host": HOST,
                "path": "/",
                "expiry": int((NOW + 100 * DAY) * 1000),
                "lastAccessed": int((NOW - DAY) * 1e6),
                "creationTime": int((NOW - DAY) * 1e6),
                "isSecure": 1,
            }
            row = usual | dict(cookie)
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO moz_cookies ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    database.close()


def chromium(home: Path, cookies: Iterable[Mapping[str, Any]] = (), version: int = 24, name: str = "Default") -> Path:
    """A profile in the default place, with *cookies* as above."""
    profile = home / ".config/chromium" / name
    profile.mkdir(parents=True)
    with sqlite3.connect(profile / "Cookies") as database:
        database.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        database.execute("INSERT INTO meta VALUES ('version', ?)", (version,))
        database.execute(_CHROMIUM)
        for cookie in cookies:
            usual = {
                "creation_utc": windows(NOW - DAY),
                "host_key": HOST,
                "top_frame_site_key": "",
                "name": "session",
                "value": "",
                "encrypted_value": b"",
                "path": "/",
                "expires_utc": windows(NOW + 100 * DAY),
                "is_secure": 1,
                "last_access_utc": windows(NOW - DAY),
            }
            row = usual | dict(cookie)
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO cookies ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    database.close()
    return profile


def windows(moment: float) -> int:
    """Microseconds since 1601."""
    return int((moment + 11_644_473_600) * 1_000_000)


def content_settings(profile: Path, **settings: Any) -> None:
    """Chromium's Preferences with the `profile` part given."""
    (profile / "Preferences").write_text(json.dumps({"profile": settings}))


HEADERS = "HTTP/1.1 200 OK\0Date: {date}\0Content-Type: text/html\0Cache-Control: max-age={age}\0{more}\0"


def simple_entry(key: str, headers: str, body: bytes) -> bytes:
    """A cache entry of Chromium's simple backend."""
    pickled = struct.pack("<II", 0, 0) + headers.encode()
    end = struct.pack("<QIII4x", 0xF4FA6F45970D41D8, 1, 0, 0)
    return (
        struct.pack("<QIII4x", 0xFCFB6D1BA7725C30, 5, len(key), 0)
        + key.encode()
        + body
        + end
        + pickled
        + b"\7" * 32
        + struct.pack("<QIII4x", 0xF4FA6F45970D41D8, 3, 0, len(pickled))
    )


def block_files(folder: Path, key: str, headers: str, body: bytes) -> None:
    """A cache of Chromium's blockfile backend that holds one entry: headers in blocks, the body in a file."""
    folder.mkdir(parents=True)
    pickled = struct.pack("<II", 0, 0) + headers.encode()
    in_blocks = 0x8000_0000 | 2 << 28 | 1 << 16 | 8  # 256-byte blocks of data_1, the ninth
    in_file = 0x8000_0000 | 1
    entry = struct.pack(
        "<5IiQiI4i4I", 1, 0, 0, 0, 0, 0, 0, len(key), 0, len(pickled), len(body), 0, 0, in_blocks, in_file, 0, 0
    )
    blocks = bytearray(8192 + 16 * 256)
    blocks[:4] = struct.pack("<I", 0xC104CAC3)
    blocks[8192 : 8192 + len(entry)] = entry
    blocks[8192 + 96 : 8192 + 96 + len(key)] = key.encode()
    blocks[8192 + 8 * 256 : 8192 + 8 * 256 + len(pickled)] = pickled
    (folder / "data_1").write_bytes(blocks)
    (folder / "f_000001").write_bytes(body)


def firefox_entry(key: str, headers: str, body: bytes) -> bytes:
    """An entry of Firefox's disk cache."""
    elements = b"response-head\0" + headers.encode() + b"\0"
    header = struct.pack(">8I", 4, 1, 0, 0, 0, 0, len(key), 0)
    chunks = -(-len(body) // (256 * 1024))
    return body + b"\0" * (4 + 2 * chunks) + header + key.encode() + b"\0" + elements + struct.pack(">I", len(body))
