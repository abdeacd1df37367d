"""The record of logins that were rejected: what keeps the next run from locking the account.

One small file in the platform's state folder. It names no account and no password: both are keyed
hashes (HMAC-SHA256, key beside it, readable by the owner alone), and the password's is cut to
20 bits, so that even with the key it cannot be used to find a password, only to recognise one that is typed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from diagnose.first_use import decode, one_at_a_time
from diagnose.secret import Secret

WINDOW_SECONDS = 24 * 3600
"""Older tries are forgotten: no provider known to us counts them longer."""
MOST_ENTRIES = 500
LARGEST_FILE = 200_000
LOCK_SECONDS = 2.0
KEY_BYTES = 32
_FILE, _KEY = "rejected-logins.jsonl", "key"


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A login that a server rejected."""

    at: float
    """Seconds since the epoch."""
    account: str
    secret: str
    cause: str
    """What the rejection was read as then, a cause id."""


class History:
    """Reads and writes the record; a record that cannot be used is an empty one, never an error."""

    def __init__(self, folder: Path | None) -> None:
        """*folder* None: nothing is read and nothing is written."""
        self._folder = folder

    def rejections(self, account: str) -> tuple[Rejection, ...]:
        """The rejected logins of *account* within the last day, oldest first."""
        if self._folder is None:
            return ()
        name = self._hash("account", account)
        return tuple(r for r in self._read() if r.account == name) if name else ()

    def recent(self, account: str, seconds: float) -> int:
        """How many logins of *account* were rejected within the last *seconds*."""
        return sum(r.at > time.time() - seconds for r in self.rejections(account))

    def is_of(self, rejection: Rejection, account: str, secret: Secret) -> bool:
        """Whether *rejection* was of this very secret (wrong once in a million)."""
        return hmac.compare_digest(
            rejection.secret.encode("utf-8", "replace"), self._secret_hash(account, secret).encode()
        )

    def rejected(self, account: str, secret: Secret, cause: str) -> None:
        """Note that the server rejected *secret*."""
        if self._folder is None or not (name := self._hash("account", account)):
            return
        one = Rejection(at=time.time(), account=name, secret=self._secret_hash(account, secret), cause=cause)
        self._rewrite(lambda entries: [*entries, one])

    def accepted(self, account: str) -> None:
        """Forget the rejected logins of *account*: a good login resets every counter we know of."""
        if self._folder is None or not (name := self._hash("account", account)):
            return
        if any(r.account == name for r in self._read()):
            self._rewrite(lambda entries: [r for r in entries if r.account != name])

    def _secret_hash(self, account: str, secret: Secret) -> str:
        return self._hash("secret", account, secret.reveal())[:5]

    def _hash(self, *parts: str) -> str:
        key = self._key()
        if not key:
            return ""
        words = "\0".join(p.casefold() if n < 2 else p for n, p in enumerate(parts))
        return hmac.new(key, words.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        if self._folder is None:
            return b""
        file = self._folder / _KEY
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if len(key := _content(file)) == KEY_BYTES:
                return key
            with self._locked():
                if len(key := _content(file)) != KEY_BYTES:  # another process may have made it by now
                    key = secrets.token_bytes(KEY_BYTES)
                    _replace(file, key)
            return key
        return b""

    def _read(self) -> list[Rejection]:
        if self._folder is None:
            return []
        try:
            with (self._folder / _FILE).open("rb") as stream:
                lines = stream.read(LARGEST_FILE).splitlines()
        except OSError:
            return []
        entries = []
        oldest, now = time.time() - WINDOW_SECONDS, time.time()
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError):
                entry = decode(line, Rejection)
                if oldest < entry.at <= now + 60:
                    entries.append(entry)
        return entries

    def _rewrite(self, change: Callable[[list[Rejection]], list[Rejection]]) -> None:
        assert self._folder is not None  # noqa: S101 - callers have looked
        with contextlib.suppress(OSError), self._locked():
            entries = change(self._read())[-MOST_ENTRIES:]
            _replace(self._folder / _FILE, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))

    def _locked(self) -> contextlib.AbstractContextManager[object]:
        """Only one process at a time is inside. Raises OSError when that takes too long."""
        with one_at_a_time:
            import filelock

        assert self._folder is not None  # noqa: S101 - callers have looked
        return filelock.FileLock(self._folder / (_FILE + ".lock"), timeout=LOCK_SECONDS)


def _content(file: Path) -> bytes:
    """What is in *file*; nothing when it is not there."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _replace(file: Path, content: bytes) -> None:
    """Write *file*, for the owner's eyes only, whole or not at all."""
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    fresh.replace(file)
