"""What a profile of Chromium, or of a browser built on it, holds for one host: cookies, settings, HSTS."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from checks.browser.stored.cookies import MOST, StoredCookie, domains_of
from checks.browser.stored.database import reading
from checks.browser.stored.files import UnreadableError, inside, read
from diagnose.model.deadline import Deadline
from diagnose.process.first_use import lazy_pattern

WINDOWS_EPOCH = 11_644_473_600
"""Seconds from 1601, where its clock starts, to 1970."""
LARGEST_SETTINGS = 8_000_000
BLOCK = 2
"""CONTENT_SETTING_BLOCK."""
ZOOM_STEP, MOST_ZOOM = 1.2, 20
"""A zoom level is a power of the step."""

_PREFIX, _BLOCK_CIPHER, _NONCE_AND_TAG, _HOST_HASH = 3, 16, 12 + 16, 32
_HASHED_SINCE = 24
"""The version of its cookie database from which on a hash of the host is encrypted with each value."""


def cookies(profile: Path, host: str, deadline: Deadline) -> list[StoredCookie]:
    """Those of *host* and its parent domains. Raises UnreadableError."""
    apart = profile / "Network" / "Cookies"
    with reading(apart if os.path.lexists(apart) else profile / "Cookies", deadline) as database:
        if database is None:
            return []
        columns = {row[1] for row in database.execute("PRAGMA table_info(cookies)")}
        secure = "is_secure" if "is_secure" in columns else "secure"
        partition = "top_frame_site_key" if "top_frame_site_key" in columns else "''"
        domains = domains_of(host)
        rows = database.execute(
            "SELECT CAST(name AS TEXT), CAST(host_key AS TEXT), CAST(path AS TEXT), length(CAST(value AS BLOB)), "  # noqa: S608 - column names of the lines above
            f"length(CAST(encrypted_value AS BLOB)), CAST({secure} AS INTEGER), CAST(creation_utc AS REAL), "
            f"CAST(last_access_utc AS REAL), CAST(expires_utc AS REAL), {partition} "
            f"FROM cookies WHERE host_key IN ({','.join('?' * len(domains))}) LIMIT {MOST}",
            domains,
        ).fetchall()
        version = database.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'version'").fetchone()
    in_blocks = all((row[4] - _PREFIX) % _BLOCK_CIPHER == 0 for row in rows if row[4])
    extra = _HOST_HASH if version and version[0] >= _HASHED_SINCE else 0
    return [
        StoredCookie(
            name=name or "",
            domain=domain,
            path=path or "/",
            size=_deciphered(encrypted, extra, in_blocks=in_blocks) if encrypted and not plain else plain or 0,
            estimated=bool(encrypted and not plain),
            secure=bool(secure),
            created=_epoch(created),
            used=_epoch(used),
            expires=_epoch(expires) if expires else None,
            partitioned=bool(site),
        )
        for name, domain, path, plain, encrypted, secure, created, used, expires, site in rows
    ]


def _deciphered(length: int, extra: int, *, in_blocks: bool) -> int:
    """How long a value of *length* encrypted bytes is: AES-CBC fills up the last block, AES-GCM adds nonce and tag.

    With AES-CBC it is off by eight bytes at most.
    """
    return max(0, length - _PREFIX - extra - (_BLOCK_CIPHER // 2 if in_blocks else _NONCE_AND_TAG))


def _epoch(microseconds: float | None) -> float:
    return (microseconds or 0) / 1_000_000 - WINDOWS_EPOCH


Content = Literal["cookies", "javascript"]


def settings(profile: Path) -> dict[str, Any]:
    """The profile's Preferences; empty where the file is missing. Raises UnreadableError."""
    found = _json(profile / "Preferences")
    return found if isinstance(found, dict) else {}


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    data = read(path, LARGEST_SETTINGS)
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError) as error:
        raise UnreadableError("damaged") from error


def blocked(preferences: dict[str, Any], content: Content, url: str) -> bool:
    """Whether the settings refuse *content* to the page at *url*: the most specific exception, or the rule."""
    profile = _part(preferences, "profile")
    rules = []
    for patterns, rule in _part(profile, "content_settings", "exceptions", content).items():
        closeness = [_closeness(pattern, url) for pattern in str(patterns).split(",")[:2]]
        if None not in closeness and isinstance(rule, dict):
            rules.append((closeness, rule.get("setting")))
    if rules:
        return max(rules, key=lambda rule: rule[0])[1] == BLOCK
    return _part(profile, "default_content_setting_values").get(content) == BLOCK


def _part(whole: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = whole.get(key)
        whole = inner if isinstance(inner, dict) else {}
    return whole


_PATTERN = lazy_pattern(
    r"(?:(?P<scheme>[a-z*]+)://)?(?P<below>\[\*\.\])?(?P<host>\[[0-9a-f:]+\]|[^:/\[\]]*)(?::(?P<port>[\d*]+))?/?"
)


def _closeness(pattern: str, url: str) -> tuple[int, bool, bool] | None:
    """How closely a content settings pattern names *url*; None where it does not."""
    if pattern in {"*", ""}:
        return (0, False, False)
    page, match = urllib.parse.urlsplit(url), _PATTERN.fullmatch(pattern)
    if match is None:
        return None
    scheme, host, port = match["scheme"] or "*", match["host"].strip("[]"), match["port"] or "*"
    mine = (page.hostname or "").lower()
    own_port = page.port or (443 if page.scheme == "https" else 80)
    if scheme not in {"*", page.scheme} or port not in {"*", str(own_port)}:
        return None
    if host not in {"", "*", mine} and not (match["below"] and mine.endswith("." + host)):
        return None
    return (0 if host == "*" else len(host) * 2 + (not match["below"]), scheme != "*", port != "*")


def zoom_percent(preferences: dict[str, Any], host: str) -> int | None:
    """How large pages of *host* are shown, where the person has changed that."""
    for levels in _part(preferences, "partition", "per_host_zoom_levels").values():
        level = levels.get(host) if isinstance(levels, dict) else None
        level = level.get("zoom_level") if isinstance(level, dict) else level
        if isinstance(level, int | float) and abs(level) < MOST_ZOOM:
            return round(100 * ZOOM_STEP**level)
    return None


def hsts(profile: Path, host: str, now: float) -> bool:
    """Whether the profile turns http for *host* into https (RFC 6797). Raises UnreadableError."""
    pins = _json(profile / "TransportSecurity")
    rows = pins.get("sts") if isinstance(pins, dict) else None
    labels = host.lower().rstrip(".").split(".")
    names = {_hashed(labels[place:]): place > 0 for place in range(len(labels))}
    return any(
        isinstance(row, dict)
        and row.get("host") in names
        and (row.get("sts_include_subdomains") is True or not names[row["host"]])
        and isinstance(row.get("expiry"), int | float)
        and row["expiry"] > now
        for row in (rows if isinstance(rows, list) else [])
    )


def _hashed(labels: list[str]) -> str:
    """The name in DNS's wire format (RFC 1035 §3.1), hashed."""
    wire = b"".join(bytes([len(label) % 256]) + label.encode() for label in labels) + b"\0"
    return b64encode(hashlib.sha256(wire).digest()).decode()


def names(root: Path) -> Iterator[Path]:
    """The profiles in *root*, its user data folder, those used last first."""
    try:
        state = _json(root / "Local State")
    except UnreadableError:
        state = None
    known = _part(state if isinstance(state, dict) else {}, "profile", "info_cache")
    used = {
        name: info.get("active_time") if isinstance(info, dict) else None
        for name, info in known.items()
        if "/" not in name and "\\" not in name and name not in {".", ".."}
    }
    named = sorted(used, key=lambda name: -float(used[name] or 0) if isinstance(used[name], int | float) else 0)
    for name in named or ["Default"]:
        if (folder := inside(root, name)) is not None:
            yield folder
