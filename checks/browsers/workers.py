"""Service workers that a profile has registered for a host, and the addresses of their scripts."""

from __future__ import annotations

import re
from pathlib import Path

from checks.browsers.caches import host_of
from checks.browsers.files import UnreadableError, files, read
from diagnose.model.deadline import Deadline

MOST_FILES = 50
LARGEST_FILE = 16_000_000
MOST_SCRIPTS = 5
LONGEST_RECORD = 4096

_RECORD = re.compile(rb"([\0\1])[\x0c-\x7f](REG:https?://[^\0/]{1,110}/\0\d{1,20})")
"""A registration is put (1) or deleted (0) in LevelDB's log: the kind, the key's length, the key."""
_SCRIPT = re.compile(rb"\x1a(?:[\x0c-\x7f]|[\x80-\xff][\1-\x1f])(https?://[!-~]{1,2000})")
"""The third field, a string, of a registration (service_worker_database.proto of Chromium)."""

Workers = tuple[bool, tuple[str, ...]]
"""Whether there is one, and the scripts as far as they can be told."""


def of_chromium(profile: Path, host: str, deadline: Deadline) -> Workers:
    """Read from the bytes of the database; what its tables hold in compressed form is only seen to be there.

    Raises UnreadableError.
    """
    place = re.compile(rb"https?://" + re.escape(host.lower().encode()) + rb"(?::\d{1,5})?/")
    live: dict[bytes, str] = {}
    in_tables = deleted = False
    for path in sorted(files(profile / "Service Worker" / "Database", MOST_FILES)):
        if deadline.passed():
            raise UnreadableError("no_time")
        data = (read(path, LARGEST_FILE) or b"") if path.suffix in {".log", ".ldb"} else b""
        if path.suffix == ".ldb":
            in_tables |= place.search(data) is not None
            continue
        for record in _RECORD.finditer(data):
            kind, key = record.groups()
            if place.match(key.removeprefix(b"REG:")) is None:
                continue
            if kind == b"\0":
                live.pop(key, None)
                deleted = True
            else:
                script = _SCRIPT.search(data, record.end(), record.end() + LONGEST_RECORD)
                live[key] = script[1].decode("ascii") if script else ""
    scripts = tuple(dict.fromkeys(filter(None, live.values())))
    return bool(live) or (in_tables and not deleted), scripts[:MOST_SCRIPTS]


def of_firefox(profile: Path, host: str) -> Workers:
    """Read from serviceworker.txt: of each registration the origin's attributes, the scope, the script and more.

    Raises UnreadableError.
    """
    text = (read(profile / "serviceworker.txt", LARGEST_FILE) or b"").decode("utf-8", "replace")
    _version, _, entries = text.partition("\n")
    rows = [entry.split("\n") for entry in entries.split("#\n")]
    scripts = tuple(row[2] for row in rows if len(row) > 2 and host_of(row[1]) == host_of(row[2]) == host)
    return bool(scripts), scripts[:MOST_SCRIPTS]
