"""Service workers that a profile has registered for a host, and the addresses of their scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from checks.browser.stored.caches import host_of
from checks.browser.stored.files import UnreadableError, files, read
from diagnose.model.deadline import Deadline
from diagnose.process.first_use import lazy_pattern

MOST_FILES = 50
LARGEST_FILE = 16_000_000
LONGEST_RECORD = 4096

_RECORD = lazy_pattern(rb"([\0\1])[\x0c-\x7f](REG:https?://[^\0/]{1,110}/\0\d{1,20})")
"""A registration is put (1) or deleted (0) in LevelDB's log: the kind, the key's length, the key."""
_LENGTH, _URL = rb"(?:[\x0c-\x7f]|[\x80-\xff][\1-\x1f])", rb"(https?://[!-~]{1,2000})"
_SCOPE_AND_SCRIPT = lazy_pattern(rb"\x12" + _LENGTH + _URL + rb"\x1a" + _LENGTH + _URL)
"""The second and third field, strings, of a registration (service_worker_database.proto of Chromium)."""

Workers = tuple[bool, tuple[str, ...]]
"""Whether the host has a service worker, and the scripts of those known to answer for the page."""


def of_chromium(profile: Path, url: str, deadline: Deadline) -> Workers:
    """Read from the bytes of the database; what its tables hold in compressed form is only seen to be there.

    Raises UnreadableError.
    """
    place = re.compile(rb"https?://" + re.escape((host_of(url) or "").encode()) + rb"(?::\d{1,5})?/")
    live: dict[bytes, tuple[str, str]] = {}
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
                told = _SCOPE_AND_SCRIPT.search(data, record.end(), record.end() + LONGEST_RECORD)
                live[key] = (told[1].decode("ascii"), told[2].decode("ascii")) if told else ("", "")
    return bool(live) or (in_tables and not deleted), _answering(live.values(), url)


def of_firefox(profile: Path, url: str) -> Workers:
    """Read from serviceworker.txt: of each registration the origin's attributes, the scope, the script and more.

    Raises UnreadableError.
    """
    text = (read(profile / "serviceworker.txt", LARGEST_FILE) or b"").decode("utf-8", "replace")
    _version, _, entries = text.partition("\n")
    rows = [entry.split("\n") for entry in entries.split("#\n")]
    host = host_of(url)
    own = [(row[1], row[2]) for row in rows if len(row) > 2 and host_of(row[1]) == host_of(row[2]) == host]
    return bool(own), _answering(own, url)


def _answering(workers: Iterable[tuple[str, str]], url: str) -> tuple[str, ...]:
    """Of scopes and scripts the script for *url*: the longest scope takes it ("Match Service Worker Registration" of
    the Service Workers standard).
    """
    fitting = [worker for worker in workers if worker[0] and url.startswith(worker[0])]
    return (max(fitting, key=lambda worker: len(worker[0]))[1],) if fitting else ()
