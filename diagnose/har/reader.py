"""Read a recording, and write it down again without its secrets."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import urllib.parse
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from diagnose import __version__
from diagnose.har.exchanges import exchange, login_host, matters, seconds_ahead
from diagnose.har.facts import Exchange, HarFacts, Offset
from diagnose.har.sanitize import Clean, clean_entry
from diagnose.har.secrets import Secrets
from diagnose.har.stream import Entries, no_har
from diagnose.har.urls import clean_url
from diagnose.model import Deadline
from diagnose.process.files_in_use import replace
from diagnose.process.first_use import one_at_a_time

MOST_EXCHANGES = 300
MOST_TICKS, MOST_CLOCKS = 50, 20
"""Answers of one host whose dates are weighed, and hosts."""


class Recording:
    """A HAR file as it was read: its facts, and the secrets it showed, which nothing prints."""

    __slots__ = ("_secrets", "facts")

    def __init__(self, facts: HarFacts, secrets: Secrets) -> None:
        self.facts = facts
        self._secrets = secrets

    def write_sanitized(self, source: Path, target: Path, deadline: Deadline) -> None:
        """Write *source*, the file that was read, to *target* without secrets; it appears whole or not at all.

        Raises OSError, and HarError where time ran out or *source* has changed to something that is no HAR.
        """
        descriptor, fresh = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".har")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                _write(Entries(source, deadline), self._secrets, stream)
            replace(Path(fresh), target)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise


def read_har(file: Path, deadline: Deadline) -> Recording:
    """The recording in *file*, plain or packed with gzip. Raises HarError for a file that is not HAR, and OSError."""
    state = file.stat()
    if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)):  # a pipe may wait for ever, and is read once
        raise no_har(file)
    return _read(Entries(file, deadline))


def _read(entries: Entries) -> Recording:
    with one_at_a_time:
        import statistics
    secrets = Secrets()
    kept: deque[Exchange] = deque(maxlen=MOST_EXCHANGES)
    ticks: dict[str, list[float]] = {}
    count = skipped = 0
    for clean in _cleaned(entries, secrets):
        if clean is None:
            skipped += 1
            continue
        count += 1
        one = exchange(count, clean)
        if matters(one):
            kept.append(one)
        ahead, host = seconds_ahead(clean.entry), urllib.parse.urlsplit(one.url).hostname or ""
        if ahead is not None and len(ticks.setdefault(host, [])) < MOST_TICKS and len(ticks) <= MOST_CLOCKS:
            ticks[host].append(ahead)
    exchanges = tuple(_hidden(one, secrets) for one in kept)
    facts = HarFacts(
        host=login_host(exchanges),
        requests=count,
        skipped=skipped,
        broken_off=entries.broken_off,
        exchanges=exchanges,
        clocks=tuple(Offset(host=host, ahead_seconds=statistics.median(seen)) for host, seen in ticks.items() if seen),
    )
    return Recording(facts, secrets)


def _cleaned(entries: Entries, secrets: Secrets) -> Iterator[Clean | None]:
    for raw in entries:
        yield clean_entry(raw, secrets) if raw is not None else None


def _hidden(one: Exchange, secrets: Secrets) -> Exchange:
    """*one* without what later entries showed to be secret."""
    return msgspec.structs.replace(
        one,
        url=clean_url(one.url, secrets) or one.url,
        redirect=clean_url(one.redirect, secrets) or "",
        actions=tuple(clean_url(action, secrets) or "" for action in one.actions),
        said=tuple(secrets.hide(line) for line in one.said),
    )


def _write(entries: Entries, secrets: Secrets, stream: IO[str]) -> None:
    log = {"version": "1.2", "creator": {"name": "diagnose", "version": __version__}, "pages": []}
    stream.write('{"log": ' + json.dumps(log)[:-1] + ', "entries": [')
    separator = "\n"
    for clean in _cleaned(entries, secrets):
        if clean is not None:
            stream.write(separator + json.dumps(clean.entry, ensure_ascii=True))
            separator = ",\n"
    if entries.out_of_time:
        raise entries.too_slow()
    stream.write("\n]}}\n")
