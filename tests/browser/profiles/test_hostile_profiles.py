"""Profiles that are broken, locked, huge, or no profiles at all: each is survived, said, and left as it was."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from checks.browser.stored import chromium, database, firefox, profiles
from checks.browser.stored.files import UnreadableError, read, reason
from diagnose.model import Deadline
from tests.machine import lacking
from tests.pace import patient, within

from . import made
from .made import HOST, NOW, URL


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's home folder, empty."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def tree(folder: Path) -> str:
    """A hash over names, kinds and contents of everything in *folder*."""
    sums = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        kind = path.lstat().st_mode
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        sums.update(f"{path.relative_to(folder)} {kind} {len(content)} ".encode() + content)
    return sums.hexdigest()


def contents(seconds: float = 60) -> list[tuple[profiles.Profile, profiles.Content]]:
    return [(one, profiles.read(one, HOST, URL, NOW, Deadline(seconds))) for one in profiles.profiles()]


def unread(content: profiles.Content) -> dict[str, str]:
    return {one.part: one.why for one in content.unread}


def test_no_browser_was_ever_used(home: Path) -> None:
    assert contents() == []


def test_an_empty_profile_is_empty(home: Path) -> None:
    (home / ".config/chromium/Default").mkdir(parents=True)
    (home / ".mozilla/firefox/x").mkdir(parents=True)
    (home / ".mozilla/firefox/profiles.ini").write_text("[Profile0]\nPath=x\n")

    found = contents()
    assert [one.browser for one, _ in found] == ["chromium", "firefox"]
    for _, content in found:
        assert content == profiles.Content(
            cookies=[], cookies_blocked=False, javascript_blocked=False, hsts=False, workers=(False, ()), cached=0
        )


@pytest.mark.parametrize("damage", ["garbage", "cut", "header only", "other tables", "page lost"])
def test_a_corrupt_database_is_said(home: Path, damage: str) -> None:
    rows = [{"name": f"n{place}", "value": "x" * 3000} for place in range(40)]
    fox = made.firefox(home, rows) / "cookies.sqlite"
    whole = fox.read_bytes()
    match damage:
        case "garbage":
            fox.write_bytes(b"no database" * 1000)
        case "cut":
            fox.write_bytes(whole[: len(whole) // 2 + 7])
        case "header only":
            fox.write_bytes(whole[:100])
        case "other tables":
            fox.unlink()
            with sqlite3.connect(fox) as other:
                other.execute("CREATE TABLE x (y)")
            other.close()
        case "page lost":
            fox.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])

    ((_, content),) = contents()
    assert unread(content) == {"cookies": "damaged"}
    assert content.cookies is None
    assert content.cookies_blocked is False


def test_an_empty_file_is_a_database_without_the_table(home: Path) -> None:
    (made.chromium(home) / "Cookies").write_bytes(b"")

    ((_, content),) = contents()
    assert unread(content) == {"cookies": "damaged"}


def test_columns_may_hold_anything(home: Path) -> None:
    """SQLite takes every type in every column."""
    odd: Any = {
        "name": b"\xff\xfe",
        "path": None,
        "expiry": "never",
        "lastAccessed": b"x",
        "creationTime": None,
        "isSecure": "y",
    }
    fox = made.firefox(home, [odd])
    chrome = made.chromium(
        home,
        [
            {
                "name": b"\xff",
                "path": 7,
                "expires_utc": "z",
                "creation_utc": None,
                "encrypted_value": "text",
                "value": None,
            }
        ],
    )

    assert len(firefox.cookies(fox, HOST, Deadline(patient(5)))) == 1
    assert len(chromium.cookies(chrome, HOST, Deadline(patient(5)))) == 1


def test_a_huge_database_is_not_read(home: Path) -> None:
    fox = made.firefox(home) / "cookies.sqlite"
    os.truncate(fox, 100_000_000)
    (made.chromium(home) / "Preferences").write_bytes(b"")
    os.truncate(home / ".config/chromium/Default/Preferences", 100_000_000)

    started = time.process_time()
    found = {one.browser: unread(content) for one, content in contents()}
    assert found == {"chromium": {"settings": "too_large"}, "firefox": {"cookies": "too_large"}}
    assert time.process_time() - started < 2


def test_what_the_log_holds_counts(home: Path) -> None:
    """A running Firefox leaves its cookies in the write-ahead log."""
    path = made.firefox(home) / "cookies.sqlite"
    running = sqlite3.connect(path, isolation_level=None)
    running.execute("PRAGMA journal_mode = WAL")
    running.execute("PRAGMA wal_autocheckpoint = 0")
    for number in range(30):
        running.execute(
            "INSERT INTO moz_cookies (name, value, host, path, expiry, isSecure) VALUES (?, ?, ?, '/', ?, 1)",
            (f"n{number}", "x" * 2000, HOST, int(NOW + 9999)),
        )
    running.execute("BEGIN")
    running.execute("DELETE FROM moz_cookies")
    before = tree(home)

    ((_, content),) = contents()
    assert len(content.cookies or ()) == 30  # what is not committed does not count
    assert tree(home) == before
    running.close()


def test_a_log_of_an_earlier_round_does_not_count(home: Path) -> None:
    path = made.firefox(home, [{"name": "now"}]) / "cookies.sqlite"
    old = made.firefox(home, [{"name": "then"}], name="other") / "cookies.sqlite"
    running = sqlite3.connect(old, isolation_level=None)
    running.execute("PRAGMA journal_mode = WAL")
    running.execute("UPDATE moz_cookies SET name = 'later'")
    log = bytearray(old.with_name("cookies.sqlite-wal").read_bytes())
    running.close()
    log[16:24] = b"\0" * 8  # the log's header now has another salt than its frames
    path.with_name("cookies.sqlite-wal").write_bytes(log)

    assert [one.name for one in firefox.cookies(path.parent, HOST, Deadline(patient(5)))] == ["now"]


def test_a_transaction_under_way_is_waited_for_and_then_given_up(home: Path) -> None:
    path = made.chromium(home) / "Cookies"
    path.with_name("Cookies-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(600))

    with within(3, waits=database.TRIES * database.PAUSE_SECONDS):
        ((_, content),) = contents()
    assert unread(content) == {"cookies": "in_use"}


def test_pipes_devices_and_circles_of_links(home: Path) -> None:
    """None of them is waited for or followed for ever."""
    profile = made.chromium(home)
    (profile / "Cookies").unlink()
    os.mkfifo(profile / "Cookies")
    os.mkfifo(profile / "TransportSecurity")
    (profile / "Preferences").symlink_to("/dev/zero")
    (profile / "Cache").symlink_to(profile / "Cache")
    (profile / "Service Worker").mkdir()
    (profile / "Service Worker/Database").symlink_to("..")
    fox = home / ".mozilla/firefox"
    fox.mkdir(parents=True)
    (fox / "circle").symlink_to("circle")
    os.mkfifo(fox / "pipe")
    (fox / "profiles.ini").write_text("[Profile0]\nPath=circle\n[Profile1]\nPath=pipe\n[Profile2]\nPath=gone\n")
    before = set(home.rglob("*"))

    ((one, content),) = contents()
    assert one.browser == "chromium"
    assert unread(content) == {"cookies": "damaged", "settings": "damaged", "hsts": "damaged", "cache": "damaged"}
    assert content.workers == (False, ())
    assert set(home.rglob("*")) == before


@pytest.mark.parametrize("text", ["Path=x", "[Profile0\nPath=", "\0" * 100, "[Profile0]\nPath=x\nPath=y\n[Profile0]"])
def test_lists_of_profiles_that_are_none(home: Path, text: str) -> None:
    (home / ".mozilla/firefox").mkdir(parents=True)
    (home / ".mozilla/firefox/profiles.ini").write_text(text)
    (home / ".config/chromium").mkdir(parents=True)
    (home / ".config/chromium/Local State").write_text(text)

    for one, content in contents():
        assert (one.browser, one.name, unread(content)) == ("firefox", "", {"profiles": "damaged"})


@pytest.mark.parametrize("names", [["../../etc", "..", "/etc", "C:\\x"], ["Default"] * 3])
def test_names_of_profiles_stay_in_their_folder(home: Path, names: list[str]) -> None:
    import json

    root = made.chromium(home).parent
    (root / "Local State").write_text(json.dumps({"profile": {"info_cache": {name: {} for name in names}}}))

    assert [one.folder for one, _ in contents()] == [root / "Default"]


def test_the_number_of_profiles_is_bounded_and_the_latest_come_first(home: Path) -> None:
    import json

    root = home / ".config/chromium"
    for number in range(60):
        (root / f"Profile {number}").mkdir(parents=True)
    known = {f"Profile {number}": {"active_time": float(number)} for number in range(60)}
    (root / "Local State").write_text(json.dumps({"profile": {"info_cache": known}}))

    found = [one.name for one, _ in contents()]
    assert len(found) == profiles.MOST_PROFILES
    assert found[0] == "Profile 59"


def test_without_time_nothing_is_read(home: Path) -> None:
    made.firefox(home, [{}])

    ((_, content),) = contents(seconds=0)
    assert set(unread(content).values()) == {"no_time"}


def test_a_query_ends_with_the_deadline(tmp_path: Path) -> None:
    made.firefox_cookies(tmp_path / "x.sqlite", [])
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    def ask() -> None:
        with database.reading(tmp_path / "x.sqlite", Deadline(0.2)) as opened:
            assert opened is not None
            opened.execute(endless)

    with pytest.raises(UnreadableError, match="no_time"):
        ask()


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another person's is, or one that a running browser keeps to itself on Windows."""
    locked = PermissionError("locked")
    locked.winerror = 32  # type: ignore[attr-defined]  # Windows has it

    assert reason(locked) == "in_use"
    assert reason(PermissionError()) == "not_permitted"
    assert read(tmp_path / "none", 10) is None

    def refuse(*_: Any) -> int:
        raise PermissionError

    (tmp_path / "there").write_bytes(b"x")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableError, match="not_permitted"):
        read(tmp_path / "there", 10)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Somebody to whom files may be refused: root is refused none."""
    if os.geteuid() == 0:
        import_module("configparser")  # the library itself may be out of nobody's reach
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_profiles_that_may_not_be_entered(monkeypatch: pytest.MonkeyPatch, nobody: None) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder)
        monkeypatch.setenv("HOME", folder)
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        closed = [made.chromium(home) / "Cookies", made.firefox(home), home / ".config/chromium/Profile 9"]
        closed[2].mkdir()
        (closed[2].parent / "Local State").write_text('{"profile": {"info_cache": {"Default": {}, "Profile 9": {}}}}')
        for path in closed:
            path.chmod(0)
        found = {(one.browser, one.name): unread(content) for one, content in contents()}
        for path in closed:
            path.chmod(0o700)

    assert found[("chromium", "Default")] == {"cookies": "not_permitted"}
    assert set(found[("chromium", "Profile 9")].values()) == {"not_permitted"}
    assert set(found[("firefox", "abcd.default-release")].values()) == {"not_permitted"}


def test_the_cache_lies_where_the_system_keeps_caches(home: Path) -> None:
    profile = made.chromium(home)
    (profile / "Cache").mkdir()
    (profile / "Cache" / "a_0").write_bytes(made.simple_entry(URL, "", b""))
    ((_, inside),) = contents()
    apart = home / ".cache/chromium/Default/Cache/Cache_Data"
    apart.mkdir(parents=True)
    for name in ("a_0", "b_0"):
        (apart / name).write_bytes(made.simple_entry(URL, "", b""))
    ((_, outside),) = contents()

    assert (inside.cached, outside.cached) == (1, 2)


HOSTILE_NAMES = ["../outside", "a/../../outside", "..", "/etc", "link", "x\x07y", "sub/link/y"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", ["firefox", "chromium"])
def test_no_name_leads_out_of_the_folder_of_profiles(home: Path, kind: str, name: str) -> None:
    """By dots, as a whole path, by a link, or with what is no letter of any name."""
    import json

    root = home / (".mozilla/firefox" if kind == "firefox" else ".config/chromium")
    outside = root.parent / "outside"
    (outside / "y").mkdir(parents=True)
    (root / "a").mkdir(parents=True)
    (root / "sub").mkdir()
    (root / "x\x07y").mkdir()
    for link in (root / "link", root / "sub/link"):
        link.symlink_to(outside)
    if kind == "firefox":
        (root / "profiles.ini").write_text(f"[Profile0]\nIsRelative=1\nPath={name}\n")
    else:
        (root / "Local State").write_text(json.dumps({"profile": {"info_cache": {name: {}}}}))

    assert contents() == []


@pytest.mark.parametrize(("place", "found"), [("apart", True), ("../elsewhere", False), ("link", False)])
def test_a_profile_that_was_put_apart_lies_in_the_home_folder(home: Path, place: str, found: bool) -> None:
    """As the browser itself allows; not anywhere on this computer."""
    root = home / ".mozilla/firefox"
    root.mkdir(parents=True)
    (home / "apart").mkdir()
    with tempfile.TemporaryDirectory() as elsewhere:
        (home / "link").symlink_to(elsewhere)
        target = elsewhere if place == "../elsewhere" else home / place
        (root / "profiles.ini").write_text(f"[Profile0]\nIsRelative=0\nPath={target}\n")

        assert bool(contents()) == found


def test_names_within_the_folder_are_followed(home: Path) -> None:
    """Profiles lie in a folder of their own on some systems, and may link to each other."""
    root = home / ".mozilla/firefox"
    (root / "Profiles/abc.default").mkdir(parents=True)
    (root / "same").symlink_to("Profiles/abc.default")
    (root / "profiles.ini").write_text("[Profile0]\nPath=Profiles/abc.default\n[Profile1]\nPath=same\n")

    assert [one.name for one, _ in contents()] == ["abc.default"]


MEASURED = """
import re, sqlite3, sys
from pathlib import Path
from checks.browser.stored import firefox
from checks.browser.stored.files import UnreadableError
from diagnose.model import Deadline

def kib(what):
    return int(re.search(what + r":\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

before = kib("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from now on
try:
    firefox.cookies(Path(sys.argv[1]), sys.argv[2], Deadline(5))
except UnreadableError as error:
    print(error.why)
print((kib("VmHWM") - before) // 1024)
"""
MOST_MIB = 100


@pytest.mark.parametrize(
    "shape", ["large", "larger", "large log", "large journal", "hostile view", "hostile sort", "hostile blob"]
)
def test_a_database_costs_no_more_memory_than_it_may(home: Path, shape: str) -> None:
    """Whatever its size, and whatever its tables are made to do."""
    if not Path("/proc/self/clear_refs").exists():
        lacking("a system that tells the peak of memory", excused=True)
    import subprocess
    import sys

    profile = home / "profile"
    profile.mkdir()
    path = profile / "cookies.sqlite"
    made.firefox_cookies(path, [{}])
    with sqlite3.connect(path) as base:
        if shape in {"large", "larger"}:
            base.execute("CREATE TABLE filler (x)")
            base.executemany("INSERT INTO filler VALUES (zeroblob(1000000))", [()] * (29 if shape == "large" else 90))
        elif shape.startswith("hostile"):
            base.execute("ALTER TABLE moz_cookies RENAME TO old")
            columns = ", ".join(row[1] for row in base.execute("PRAGMA table_info(old)"))
            few = " LIMIT 3" if shape == "hostile blob" else ""
            rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{few}) "
            order = " ORDER BY i DESC" if shape == "hostile sort" else ""
            blown = columns.replace("name", "hex(zeroblob(400000000)) AS name").replace("host", f"'{HOST}' AS host")
            base.execute(f"CREATE VIEW moz_cookies AS {rows} SELECT {blown} FROM old, n{order}")
    base.close()
    if shape == "large log":
        path.with_name(path.name + "-wal").write_bytes(b"\x37\x7f\x06\x82" + b"\0" * 31_000_000)
    if shape == "large journal":
        path.with_name(path.name + "-journal").write_bytes(b"\0" * 31_000_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(profile), HOST], capture_output=True, text=True, check=True
    )

    assert int(done.stdout.split()[-1]) <= MOST_MIB, done.stdout
