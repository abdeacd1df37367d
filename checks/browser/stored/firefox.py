"""What a profile of Firefox, or of a browser built on it, holds for one host: cookies, settings, HSTS."""

from __future__ import annotations

import re
import struct
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from checks.browser.stored.cookies import MOST, StoredCookie, domains_of
from checks.browser.stored.database import reading
from checks.browser.stored.files import UnreadableError, inside, read, within
from diagnose.model.deadline import Deadline
from diagnose.process.first_use import one_at_a_time

LARGEST_TEXT = 8_000_000
MILLISECONDS_FROM = 100_000_000_000
"""An expiry above that is in milliseconds, as newer versions write it."""
DENY, REJECT_ALL = 2, 2
"""nsIPermissionManager.DENY_ACTION, and network.cookie.cookieBehavior."""
MOST_ZOOM = 100.0
"""Times the natural size; the browser itself ends at five."""
_SLOT = struct.Struct(">3H256s24s")
"""Of SiteSecurityServiceState.bin: checksum, score, day of last use, key, value."""


def cookies(profile: Path, host: str, deadline: Deadline) -> list[StoredCookie]:
    """Those of *host* and its parent domains; of a session only those that it writes down. Raises UnreadableError."""
    with reading(profile / "cookies.sqlite", deadline) as database:
        if database is None:
            return []
        columns = {row[1] for row in database.execute("PRAGMA table_info(moz_cookies)")}
        attributes = "originAttributes" if "originAttributes" in columns else "''"
        domains = domains_of(host)
        rows = database.execute(
            "SELECT CAST(name AS TEXT), CAST(host AS TEXT), CAST(path AS TEXT), length(CAST(value AS BLOB)), "  # noqa: S608 - a column name of the lines above
            "CAST(isSecure AS INTEGER), CAST(creationTime AS REAL), CAST(lastAccessed AS REAL), CAST(expiry AS REAL), "
            f"{attributes} FROM moz_cookies WHERE host IN ({','.join('?' * len(domains))}) LIMIT {MOST}",
            domains,
        ).fetchall()
    return [
        StoredCookie(
            name=name or "",
            domain=domain,
            path=path or "/",
            size=size or 0,
            secure=bool(secure),
            created=(created or 0) / 1_000_000,
            used=(used or 0) / 1_000_000,
            expires=(expiry / 1000 if expiry > MILLISECONDS_FROM else expiry) if expiry else None,
            partitioned=bool(origin),
        )
        for name, domain, path, size, secure, created, used, expiry, origin in rows
    ]


def preferences(profile: Path) -> dict[str, str]:
    """Its prefs.js: names to values as written. Raises UnreadableError."""
    data = (read(profile / "prefs.js", LARGEST_TEXT) or b"").decode("utf-8", "replace")
    return dict(re.findall(r'^user_pref\("([\w.-]{1,200})", (.{1,200}?)\);\s*$', data, re.MULTILINE))


def javascript_off(profile: Path) -> bool:
    """Whether scripts are off for all pages. Raises UnreadableError."""
    return preferences(profile).get("javascript.enabled") == "false"


def cookies_blocked(profile: Path, url: str, deadline: Deadline) -> bool:
    """Whether cookies are refused to the page at *url*, by an exception or for all pages. Raises UnreadableError."""
    with reading(profile / "permissions.sqlite", deadline) as database:
        if database is not None:
            page = urllib.parse.urlsplit(url)
            place = f"{page.hostname}:{page.port}" if page.port else page.hostname or ""
            for name in (place, *(domain.lstrip(".") for domain in domains_of(page.hostname or ""))):
                row = database.execute(
                    "SELECT permission FROM moz_perms WHERE type = 'cookie' AND origin = ?",
                    (f"{page.scheme}://{name}",),
                ).fetchone()
                if row is not None:
                    return bool(row[0] == DENY)
    return preferences(profile).get("network.cookie.cookieBehavior") == str(REJECT_ALL)


def zoom_percent(profile: Path, host: str, deadline: Deadline) -> int | None:
    """How large pages of *host* are shown, where the person has changed that. Raises UnreadableError."""
    with reading(profile / "content-prefs.sqlite", deadline) as database:
        if database is None:
            return None
        row = database.execute(
            "SELECT CAST(prefs.value AS REAL) FROM prefs JOIN groups ON groups.id = prefs.groupID "
            "JOIN settings ON settings.id = prefs.settingID "
            "WHERE settings.name = 'browser.content.full-zoom' AND groups.name = ?",
            (host,),
        ).fetchone()
    return round(100 * row[0]) if row and 0 < (row[0] or 0) < MOST_ZOOM else None


def hsts(profile: Path, host: str, now: float) -> bool:
    """Whether the profile turns http for *host* into https (RFC 6797). Raises UnreadableError."""
    names = {domain.lstrip("."): domain.lstrip(".") != host for domain in domains_of(host)}
    for name, expiry, state, below in _pins(profile):
        if name in names and (below or not names[name]) and state and expiry / 1000 > now:
            return True
    return False


def _pins(profile: Path) -> Iterator[tuple[str, int, bool, bool]]:
    """Host, expiry in milliseconds, whether it is set, whether hosts below it are meant."""
    binary = read(profile / "SiteSecurityServiceState.bin", LARGEST_TEXT)
    if binary is not None:
        whole = len(binary) // _SLOT.size * _SLOT.size
        slots = _SLOT.iter_unpack(binary[:whole])
        rows = [
            (key.rstrip(b"\0").decode("latin-1"), value.rstrip(b"\0").decode("latin-1")) for *_, key, value in slots
        ]
    else:
        text = (read(profile / "SiteSecurityServiceState.txt", LARGEST_TEXT) or b"").decode("latin-1")
        rows = [(fields[0], fields[-1]) for line in text.splitlines() if len(fields := line.split("\t")) > 1]
    for key, value in rows:
        found = re.match(r"(\d{1,16}),(\d),(\d)", value)
        if found:
            yield re.split(r"[:^]", key)[0], int(found[1]), found[2] == "1", found[3] == "1"


def names(root: Path) -> Iterator[Path]:
    """The profiles that *root*, the folder with profiles.ini, names; the default one first. Raises UnreadableError."""
    with one_at_a_time:
        import configparser

    text = (read(root / "profiles.ini", LARGEST_TEXT) or b"").decode("utf-8", "replace")
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise UnreadableError("damaged") from error
    defaults = {parser.get(name, "Default", fallback="") for name in parser.sections() if name.startswith("Install")}
    rows = [
        parser[name] for name in parser.sections() if name.startswith("Profile") and parser.has_option(name, "Path")
    ]
    for row in sorted(rows, key=lambda row: (row["Path"] not in defaults, row.get("Default") != "1")):
        relative = row.get("IsRelative", "1") == "1"
        folder = inside(root, row["Path"]) if relative else _elsewhere(row["Path"])
        if folder is not None:
            yield folder


def _elsewhere(name: str) -> Path | None:
    """A profile that the person has put apart from the others; None where that is not in the home folder."""
    try:
        return within(Path.home(), Path(name)) if Path(name).is_absolute() and name.isprintable() else None
    except RuntimeError:  # there is no home
        return None
