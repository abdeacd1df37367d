"""Settings of a profile that refuse a page its cookies or scripts; HSTS pins."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest

from checks.browser.stored import chromium, firefox
from diagnose.model import Deadline
from tests.pace import patient

from . import made
from .made import HOST, NOW, URL

BLOCK, ALLOW, SESSION = {"setting": 2}, {"setting": 1}, {"setting": 4}


@pytest.mark.parametrize(
    ("exceptions", "rule", "refused"),
    [
        ({}, None, False),
        ({}, 1, False),
        ({}, 2, True),
        ({}, 4, False),
        ({f"https://{HOST}:443,*": BLOCK}, None, True),
        ({f"https://{HOST}:443,*": ALLOW}, 2, False),
        ({f"https://{HOST}:443,*": SESSION}, 2, False),
        ({f"https://{HOST}:8443,*": BLOCK}, None, False),
        ({f"http://{HOST}:80,*": BLOCK}, None, False),
        ({f"{HOST},*": BLOCK}, None, True),
        ({"[*.]corp.example,*": BLOCK}, None, True),
        ({"[*.]corp.example": BLOCK}, None, True),
        ({"corp.example,*": BLOCK}, None, False),
        ({"https://[*.]corp.example:443,*": BLOCK}, None, True),
        ({"[*.]bank.example,*": BLOCK}, None, False),
        ({"[*.]corp.example,*": BLOCK, f"https://{HOST}:443,*": ALLOW}, None, False),
        ({"[*.]corp.example,*": ALLOW, f"[*.]{HOST},*": BLOCK}, None, True),
        ({"*,*": BLOCK, "[*.]example,*": ALLOW}, None, False),
        ({"*,https://bank.example:443": BLOCK}, None, False),  # inside of another page
        ({f"*,https://{HOST}:443": BLOCK}, None, True),
        ({"": BLOCK, "[": BLOCK, "::::,": BLOCK}, None, True),  # an empty pattern is everything
        ({f"https://{HOST}:443,*": {"setting": "2"}}, None, False),
        ({f"https://{HOST}:443,*": "2"}, None, False),
    ],
)
def test_content_settings(tmp_path: Path, exceptions: dict[str, Any], rule: int | None, refused: bool) -> None:
    """The closest exception decides, or else the rule for all pages."""
    profile = made.chromium(tmp_path)
    rules = {} if rule is None else {"javascript": rule, "cookies": rule}
    made.content_settings(
        profile,
        content_settings={"exceptions": {"cookies": exceptions, "javascript": exceptions}},
        default_content_setting_values=rules,
    )
    preferences = chromium.settings(profile)

    assert chromium.blocked(preferences, "cookies", URL) is refused
    assert chromium.blocked(preferences, "javascript", URL) is refused


@pytest.mark.parametrize("text", ["", "[]", '{"profile": []}', '{"profile": {"content_settings": 3}}', "null", "7"])
def test_preferences_of_another_shape_refuse_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "Preferences").write_text(text)

    assert not chromium.blocked(chromium.settings(tmp_path), "cookies", URL)


def permissions(profile: Path, *rows: tuple[str, str, int]) -> None:
    import sqlite3

    with sqlite3.connect(profile / "permissions.sqlite") as database:
        database.execute("CREATE TABLE moz_perms (id INTEGER PRIMARY KEY, origin TEXT, type TEXT, permission INTEGER)")
        database.executemany("INSERT INTO moz_perms (origin, type, permission) VALUES (?, ?, ?)", rows)
    database.close()


@pytest.mark.parametrize(
    ("rows", "preferences", "refused"),
    [
        ((), "", False),
        ((), 'user_pref("network.cookie.cookieBehavior", 2);', True),
        ((), 'user_pref("network.cookie.cookieBehavior", 5);', False),
        (((f"https://{HOST}", "cookie", 2),), "", True),
        (((f"https://{HOST}", "cookie", 8),), "", False),
        (((f"https://{HOST}", "cookie", 1),), 'user_pref("network.cookie.cookieBehavior", 2);', False),
        ((("https://corp.example", "cookie", 2),), "", True),
        ((("https://corp.example", "cookie", 2), (f"https://{HOST}", "cookie", 1)), "", False),
        (((f"http://{HOST}", "cookie", 2),), "", False),
        (((f"https://{HOST}", "popup", 2),), "", False),
        ((("https://bank.example", "cookie", 2),), "", False),
    ],
)
def test_permissions_of_firefox(
    tmp_path: Path, rows: tuple[tuple[str, str, int], ...], preferences: str, refused: bool
) -> None:
    permissions(tmp_path, *rows)
    (tmp_path / "prefs.js").write_text(f"// a comment\n{preferences}\n")

    assert firefox.cookies_blocked(tmp_path, URL, Deadline(patient(5))) is refused


def test_scripts_are_off_only_where_the_preference_says_so(tmp_path: Path) -> None:
    assert not firefox.javascript_off(tmp_path)
    for value, off in (("true", False), ("false", True)):
        (tmp_path / "prefs.js").write_text(f'user_pref("javascript.enabled", {value});\n')
        assert firefox.javascript_off(tmp_path) is off


# SHA-256 of the names in DNS's wire format, as the browser itself wrote them
HASHED = {
    HOST: "mbUsBixN3GXd27+nx6aMVgdUoM96RlGJSzReGLCVVPo=",
    "other.example": "PTAvv9qJgG9Iso8B1Sia9x4n8vbOu3FzP1hzxChaemQ=",
}


@pytest.mark.parametrize(
    ("host", "row", "pinned"),
    [
        (HOST, {"host": HASHED[HOST], "expiry": NOW + 9, "sts_include_subdomains": False}, True),
        (HOST, {"host": HASHED[HOST], "expiry": NOW - 9, "sts_include_subdomains": True}, False),
        ("a." + HOST, {"host": HASHED[HOST], "expiry": NOW + 9, "sts_include_subdomains": True}, True),
        ("a." + HOST, {"host": HASHED[HOST], "expiry": NOW + 9, "sts_include_subdomains": False}, False),
        (HOST, {"host": HASHED["other.example"], "expiry": NOW + 9, "sts_include_subdomains": True}, False),
        (HOST, {"host": HASHED[HOST], "expiry": "soon"}, False),
        (HOST, "no row", False),
    ],
)
def test_pins_of_chromium(tmp_path: Path, host: str, row: Any, pinned: bool) -> None:
    (tmp_path / "TransportSecurity").write_text(json.dumps({"version": 2, "sts": [row]}))

    assert chromium.hsts(tmp_path, host, NOW) is pinned


@pytest.mark.parametrize(
    ("key", "value", "pinned"),
    [
        (f"{HOST}^partitionKey=%28https%2Ccorp.example%29", f"{int(NOW + 9)}000,1,0", True),
        (f"{HOST}:HSTS", f"{int(NOW + 9)}000,1,0", True),
        (HOST, f"{int(NOW - 9)}000,1,0", False),
        (HOST, f"{int(NOW + 9)}000,0,0", False),  # taken back
        ("corp.example", f"{int(NOW + 9)}000,1,1", True),
        ("corp.example", f"{int(NOW + 9)}000,1,0", False),
        (HOST, "", False),
    ],
)
@pytest.mark.parametrize("binary", [True, False])
def test_pins_of_firefox(tmp_path: Path, key: str, value: str, pinned: bool, binary: bool) -> None:
    if binary:
        slot = struct.pack(">3H256s24s", 1, 1, 1, key.encode(), value.encode())
        (tmp_path / "SiteSecurityServiceState.bin").write_bytes(
            struct.pack(">3H256s24s", 0, 0, 0, b"", b"") + slot + b"cut"
        )
    else:
        (tmp_path / "SiteSecurityServiceState.txt").write_text(f"{key}\t0\t20000\t{value}\n")

    assert firefox.hsts(tmp_path, HOST, NOW) is pinned


@pytest.mark.parametrize(
    ("levels", "percent"),
    [
        ({}, None),
        ({"x": {HOST: {"last_modified": "13400000000000000", "zoom_level": 3.8017840169239308}}}, 200),
        ({"x": {HOST: -3.8017840169239308}}, 50),  # as older versions write it
        ({"x": {"bank.example": {"zoom_level": 3.8}}}, None),
        ({"x": {HOST: {"zoom_level": "3"}}}, None),
        ({"x": {HOST: {"zoom_level": 1e9}}}, None),
        ({"x": [HOST]}, None),
    ],
)
def test_zoom_of_chromium(tmp_path: Path, levels: dict[str, Any], percent: int | None) -> None:
    profile = made.chromium(tmp_path)
    (profile / "Preferences").write_text(json.dumps({"partition": {"per_host_zoom_levels": levels}}))
    assert chromium.zoom_percent(chromium.settings(profile), HOST) == percent


@pytest.mark.parametrize(("value", "percent"), [(1.5, 150), (None, None), ("large", None), (-1, None), (1e30, None)])
def test_zoom_of_firefox(tmp_path: Path, value: object, percent: int | None) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "content-prefs.sqlite")) as database:
        database.executescript(
            "CREATE TABLE groups (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
            "CREATE TABLE settings (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
            "CREATE TABLE prefs (id INTEGER PRIMARY KEY, groupID INTEGER, settingID INTEGER, value BLOB);"
            f"INSERT INTO groups VALUES (1, '{HOST}'), (2, 'bank.example');"
            "INSERT INTO settings VALUES (7, 'browser.content.full-zoom');"
            "INSERT INTO prefs VALUES (2, 2, 7, 3.0);"
        )
        database.execute("INSERT INTO prefs VALUES (1, 1, 7, ?)", (value,))
        database.commit()
    assert firefox.zoom_percent(tmp_path, HOST, Deadline(patient(10))) == percent
