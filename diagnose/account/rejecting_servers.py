"""The record of servers that rejected a login from this computer lately: silence there soon afterwards may be a ban.

One small file beside the record of rejected logins. It names no server: host and port are one keyed hash
(HMAC-SHA256). The file begins with the key, and its owner alone can read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
import time
from pathlib import Path

import msgspec

from diagnose.process.files_in_use import once_free, replace
from diagnose.process.first_use import decode, one_at_a_time
from diagnose.process.regular_file import open_regular

REMEMBERED_SECONDS = 3600
"""A ban follows failed logins within minutes; older ones say nothing about it."""
MOST_SERVERS = 200
LARGEST_FILE = 50_000
LOCK_SECONDS = 0.5
KEY_BYTES = 32
_FILE = "rejecting-servers.json"


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    servers: dict[str, float] = {}
    """Keyed hash to when that server rejected a login last, seconds since the epoch."""


class RejectingServers:
    """Reads and writes the record; one that cannot be used is an empty one, never an error."""

    def __init__(self, folder: Path | None) -> None:
        """*folder* None: nothing is read and nothing is written."""
        self._folder = folder

    def rejected_at(self, host: str, port: int, seconds: float) -> float | None:
        """When the server rejected a login last, seconds since the epoch; None where not within *seconds*."""
        record = self._read()
        at = record.servers.get(_name(record, host, port)) if record else None
        return at if at is not None and at > time.time() - seconds else None

    def rejected(self, host: str, port: int) -> None:
        """Note that the server rejected a login just now."""
        self._change(host, port, time.time())

    def accepted(self, host: str, port: int) -> None:
        """Forget the server: one that accepts a login bans no address."""
        record = self._read()
        if record is not None and _name(record, host, port) in record.servers:
            self._change(host, port, None)

    def _change(self, host: str, port: int, at: float | None) -> None:
        if self._folder is None:
            return
        with one_at_a_time:
            import filelock
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with filelock.FileLock(self._folder / (_FILE + ".lock"), timeout=LOCK_SECONDS):
                record = self._read() or _Record(key=secrets.token_hex(KEY_BYTES))
                servers = {name: when for name, when in record.servers.items() if name != _name(record, host, port)}
                if at is not None:
                    servers[_name(record, host, port)] = at
                newest = sorted(servers.items(), key=lambda entry: entry[1])[-MOST_SERVERS:]
                _write(self._folder / _FILE, msgspec.json.encode(_Record(key=record.key, servers=dict(newest))))

    def _read(self) -> _Record | None:
        if self._folder is None:
            return None
        try:
            record = decode(_content(self._folder / _FILE), _Record)
        except (OSError, msgspec.MsgspecError, RecursionError):
            return None
        now = time.time()
        fresh = {name: at for name, at in record.servers.items() if now - REMEMBERED_SECONDS < at <= now + 60}
        return _Record(key=record.key, servers=fresh) if record.key else None


def _name(record: _Record, host: str, port: int) -> str:
    place = f"{host.rstrip('.').lower()}:{port}"
    return hmac.new(record.key.encode(), place.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _content(file: Path) -> bytes:
    """What is in *file*. Raises OSError."""
    with once_free(lambda: open_regular(file)) as stream:
        return stream.read(LARGEST_FILE)


def _write(file: Path, content: bytes) -> None:
    """Write *file*, for the owner's eyes only, whole or not at all. Raises OSError."""
    handle, fresh = tempfile.mkstemp(dir=file.parent, prefix=file.name)  # 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        replace(Path(fresh), file)
    except OSError:
        Path(fresh).unlink(missing_ok=True)
        raise
