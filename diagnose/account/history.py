"""The record of logins that were tried in vain: what keeps the next run from locking the account.

One small file in the platform's state folder. It names no account and no password: both are keyed hashes (HMAC-SHA256).
The key lies beside it, readable by the owner alone. The password's hash is cut to 10 bits.
So even the key does not help to find a password: one of 1024 others looks the same.

A try is on record before it is sent, as one without an answer. The answer amends it. Meanwhile no
other process tries the same account: the lock for it ends with the process that holds it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from diagnose.account.secret import Secret
from diagnose.account.spelling import account_name
from diagnose.process.files_in_use import once_free, replace
from diagnose.process.first_use import decode, one_at_a_time
from diagnose.process.regular_file import open_regular

WINDOW_SECONDS = 24 * 3600
"""Older tries are forgotten: no provider known to us counts them longer."""
MOST_ENTRIES = 5000
LARGEST_FILE = 2_000_000
LOCK_SECONDS = 5.0
"""For the records to be free; a run that has them is done in milliseconds, and on a busy machine in seconds."""
KEY_BYTES = 32
SECRET_BITS, OLDER_BITS = 10, 20
"""Of a password's hash that are kept, and that earlier versions kept; in three hexadecimal digits, and in five."""
PENDING = ""
"""The cause of a try whose answer is not known: under way, cut short, or never answered."""
_FILE, _KEY, _TURNS = "rejected-logins.jsonl", "key", "turns"
_TURN_DIGITS = 3
"""Of an account's hash that tell whose turn it is: few enough for few files."""

Trouble = Literal["unreadable", "unwritable", "damaged", "held"]
"""``held``: another process keeps it locked."""


class RecordError(Exception):
    """The record cannot be used."""

    def __init__(self, trouble: Trouble, words: str = "") -> None:
        super().__init__(f"{trouble}: {words}")
        self.trouble: Trouble = trouble
        self.words = words
        """The operating system's, if any."""


class BusyError(Exception):
    """Another run is trying the account, and has been for long."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A login that a server rejected, or whose answer is not known."""

    at: float
    """Seconds since the epoch."""
    account: str
    secret: str
    cause: str
    """What the rejection was read as then, a cause id; `PENDING` while there is no answer."""


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """What the record says of one account, for another computer's record that has the same key."""

    key: bytes
    entries: tuple[Rejection, ...] = ()


class History:
    """Reads and writes the record."""

    def __init__(self, folder: Path | None, domain: str = "") -> None:
        """*folder* None: nothing is read and nothing is written. *domain*: where user names without one belong."""
        self._folder = folder
        self._domain = domain
        self._own: set[float] = set()

    def rejections(self, account: str) -> tuple[Rejection, ...]:
        """The tries of *account* in vain within the last day, oldest first. Raises RecordError."""
        if self._folder is None:
            return ()
        names = self._names(account)
        return tuple(entry for entry in self._sound() if entry.account in names)

    def tries(self, account: str) -> Tries:
        """What other computers have to know of *account* before they try it. Raises RecordError."""
        return Tries(key=self._key(), entries=self.rejections(account))

    def exchange(self, come: Collection[Rejection], gone: Collection[Rejection] = ()) -> None:
        """Put on record what another computer's record with the same key holds. Raises RecordError.

        *gone*: what it no longer holds, for the server let somebody in.
        """

        def merged(entries: list[Rejection]) -> list[Rejection]:
            found: dict[float, Rejection] = {}
            for entry in (*entries, *come):
                known = found.get(entry.at)
                if entry not in gone and (known is None or known.cause == PENDING):  # an answer stays
                    found[entry.at] = entry
            return [found[at] for at in sorted(found)]

        if self._folder is not None and (come or gone):
            entries = self._read()[0]
            if merged(entries) != entries:
                self._rewrite(merged)

    def recent(self, account: str, seconds: float) -> int:
        """How many logins of *account* were rejected within the last *seconds*, as far as the record can be read."""
        try:
            return sum(entry.at > time.time() - seconds for entry in self.rejections(account))
        except RecordError:
            return 0

    def is_of(self, rejection: Rejection, account: str, secret: Secret) -> bool:
        """Whether *rejection* was of this very secret (wrong once in a thousand)."""
        known = _short(rejection.secret)
        return known is not None and known in {self._secret_hash(name, secret) for name in self._spellings(account)}

    def is_own(self, rejection: Rejection) -> bool:
        """Whether it was this object, and so this run, that put *rejection* on record."""
        return rejection.at in self._own

    def rejected(self, account: str, secret: Secret, cause: str) -> None:
        """Note that the server rejected *secret*. Raises RecordError."""
        self._note(account, secret, cause)

    def accepted(self, account: str) -> None:
        """Forget the tries of *account*: a good login resets every counter we know of. Raises RecordError."""
        if self._folder is None:
            return
        names = self._names(account)
        if any(entry.account in names for entry in self._read()[0]):
            self._rewrite(lambda entries: [entry for entry in entries if entry.account not in names])

    def trouble(self) -> RecordError | None:
        """Why the record cannot be read and written, if it cannot."""
        if self._folder is None:
            return None
        try:
            self._sound()
            self._rewrite(lambda entries: entries)
        except RecordError as error:
            return error
        return None

    @contextlib.contextmanager
    def turn(self, account: str, seconds: float) -> Iterator[Turn]:
        """Wait for the sole right to try *account*. Raises BusyError after *seconds*, RecordError."""
        if self._folder is None:
            yield Turn(self, account)
            return
        folder = self._folder / _TURNS
        name = self._hash("account", account_name(account, self._domain))[:_TURN_DIGITS]
        with _as_trouble("unwritable"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(folder / name, max(0.0, seconds), BusyError()):
            yield Turn(self, account)

    # -- what stands in the file

    def _note(self, account: str, secret: Secret, cause: str) -> float:
        at = time.time()
        if self._folder is None:
            return at
        name, word = self._names(account)[0], self._secret_hash(account_name(account, self._domain), secret)

        def noted(entries: list[Rejection]) -> list[Rejection]:
            nonlocal at
            while any(entry.at == at for entry in entries):
                at += 1e-5
            return [*entries, Rejection(at=at, account=name, secret=word, cause=cause)]

        self._rewrite(noted)
        return at

    def _spellings(self, account: str) -> tuple[str, str]:
        """As it is kept now, and as earlier versions did."""
        return account_name(account, self._domain), account.casefold()

    def _names(self, account: str) -> tuple[str, ...]:
        return tuple(self._hash("account", spelling) for spelling in self._spellings(account))

    def _secret_hash(self, spelling: str, secret: Secret) -> str:
        return _short(self._hash("secret", spelling, secret.reveal())[: OLDER_BITS // 4]) or ""

    def _hash(self, *parts: str) -> str:
        words = "\0".join(parts)
        return hmac.new(self._key(), words.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        if self._folder is None:
            return b""
        file = self._folder / _KEY
        with _as_trouble("unwritable"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _as_trouble("unreadable"):
            if len(key := _content(file)) == KEY_BYTES:
                return key
        with self._locked(), _as_trouble("unwritable"):
            if len(key := _content(file)) != KEY_BYTES:  # another process may have made it by now
                key = new_key()
                _replace(file, key)
                # tries that were kept under a lost key are nobody's any more
                if _content(self._folder / _FILE).strip():
                    _replace(self._folder / _FILE, _LOST)
        return key

    def _sound(self) -> list[Rejection]:
        """The entries of a record that is whole. Raises RecordError."""
        self._key()
        entries, whole = self._read()
        if not whole:
            raise RecordError("damaged")
        return entries

    def _read(self) -> tuple[list[Rejection], bool]:
        """The entries of the last day, and whether nothing else stands there. Raises RecordError."""
        if self._folder is None:
            return [], True
        with _as_trouble("unreadable"):
            content = _content(self._folder / _FILE)
        entries, whole = [], len(content) <= LARGEST_FILE
        oldest, now = time.time() - WINDOW_SECONDS, time.time()
        for line in filter(bytes.strip, content[:LARGEST_FILE].splitlines()):
            try:
                entry = decode(line, Rejection)
            except (msgspec.MsgspecError, RecursionError):
                whole = False
                continue
            if oldest < entry.at <= now + 60:
                entries.append(entry)
        return entries, whole

    def _rewrite(self, change: Callable[[list[Rejection]], list[Rejection]]) -> None:
        """Replace the entries; what was damaged is gone then. Raises RecordError."""
        assert self._folder is not None  # noqa: S101 - callers have looked
        self._key()
        with self._locked(), _as_trouble("unwritable"):
            entries = [_shortened(entry) for entry in change(self._read()[0])[-MOST_ENTRIES:]]
            _replace(self._folder / _FILE, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process at a time is inside. Raises RecordError when that takes too long."""
        assert self._folder is not None  # noqa: S101 - callers have looked
        with _lock(self._folder / (_FILE + ".lock"), LOCK_SECONDS, RecordError("held")):
            yield


class Turn:
    """The sole right to try one account, and the record of what comes of it."""

    def __init__(self, history: History, account: str) -> None:
        self._history = history
        self._account = account
        self._at: float | None = None

    def reserve(self, secret: Secret) -> None:
        """Put the try on record; to be called before *secret* is sent. Raises RecordError: it is not on record."""
        self._at = self._history._note(self._account, secret, PENDING)
        self._history._own.add(self._at)

    def rejected(self, cause: str) -> None:
        """The server rejected it. Where that cannot be noted, the try stays on record without an answer."""
        self._amend(lambda entry: msgspec.structs.replace(entry, cause=cause))

    def withdraw(self) -> None:
        """The server has not counted it."""
        self._amend(lambda _entry: None)

    def accepted(self) -> None:
        """The server let us in, which resets what it has counted."""
        with contextlib.suppress(RecordError):
            self._history.accepted(self._account)

    def _amend(self, change: Callable[[Rejection], Rejection | None]) -> None:
        if self._at is None or self._history._folder is None:
            return

        def amended(entries: list[Rejection]) -> list[Rejection]:
            found = (change(entry) if entry.at == self._at else entry for entry in entries)
            return [entry for entry in found if entry is not None]

        with contextlib.suppress(RecordError):
            self._history._rewrite(amended)


@contextlib.contextmanager
def _lock(file: Path, seconds: float, late: Exception) -> Iterator[None]:
    """No other process is inside, too. Raises *late* where one has been for *seconds*, RecordError."""
    with one_at_a_time:
        import filelock

    lock = filelock.FileLock(file, timeout=seconds)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise late from None
    except (OSError, NotImplementedError) as error:  # the latter where the file system keeps no locks
        raise RecordError("unwritable", getattr(error, "strerror", "") or "") from None
    try:
        yield
    finally:
        lock.release()


def new_key() -> bytes:
    """A key for a record, made by chance."""
    return secrets.token_bytes(KEY_BYTES)


def history_under(folder: Path, key: bytes) -> Path:
    """The folder in *folder* of a record with the *key* of another computer's, which is made. Raises RecordError.

    Such records that nobody has used for a day are removed: they hold nothing any more.
    """
    own = folder / hashlib.sha256(key).hexdigest()[:16]
    with _as_trouble("unwritable"):
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(own)
        if _content(own / _KEY) == key:
            return own
    with History(own)._locked(), _as_trouble("unwritable"):
        _replace(own / _KEY, key)
        for other in folder.iterdir():
            if _is_outdated(other):
                shutil.rmtree(other, ignore_errors=True)
    return own


def _is_outdated(folder: Path) -> bool:
    try:
        return folder.stat().st_mtime < time.time() - WINDOW_SECONDS
    except OSError:
        return False


_LOST = b'"the key to these tries was lost"\n'
"""Stands in for entries that no account can be found in any more: a record that is not whole."""


def _short(digits: str) -> str | None:
    """A password's hash as it is kept now; None unless *digits* are hexadecimal."""
    try:
        number = int(digits, 16)
    except ValueError:
        return None
    return f"{number >> (OLDER_BITS - SECRET_BITS):03x}" if len(digits) == OLDER_BITS // 4 else digits


def _shortened(entry: Rejection) -> Rejection:
    return msgspec.structs.replace(entry, secret=_short(entry.secret) or "")


@contextlib.contextmanager
def _as_trouble(trouble: Trouble) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordError(trouble, error.strerror or "") from None


def _content(file: Path) -> bytes:
    """What is in *file*, up to one byte more than may be; nothing when it is not there. Raises OSError."""
    try:
        with once_free(lambda: open_regular(file)) as stream:
            return stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return b""


def _replace(file: Path, content: bytes) -> None:
    """Write *file*, for the owner's eyes only, whole or not at all, and to the disk. Raises OSError."""
    fresh = file.with_suffix(".new")
    descriptor = os.open(
        fresh,
        os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0),
        0o600,
    )
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    replace(fresh, file)
