"""The record of rejected logins: it warns, it forgets, it survives whatever its files hold, and names nobody."""

from __future__ import annotations

import contextlib
import multiprocessing
import stat
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import filelock
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import history
from diagnose.history import LARGEST_FILE, MOST_ENTRIES, WINDOW_SECONDS, History, Rejection
from diagnose.secret import Secret

ALICE, BOB = "alice@corp.example", "bob@corp.example"
WRONG, OTHER = Secret("wr0ng-pässword"), Secret("another")
RECORD, KEY = "rejected-logins.jsonl", "key"


class Clock:
    """The time of day, as the test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        monkeypatch.setattr(time, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_rejection_is_remembered_for_its_account_and_secret(tmp_path: Path, clock: Clock) -> None:
    """A later run, which opens the folder anew, knows what was rejected, why, and when."""
    History(tmp_path).rejected(ALICE, WRONG, "credentials.rejected")

    later = History(tmp_path)
    (one,) = later.rejections(ALICE)
    assert (one.at, one.cause) == (clock.now, "credentials.rejected")
    assert later.is_of(one, ALICE, Secret(WRONG.reveal()))
    assert not later.is_of(one, ALICE, OTHER)
    assert not later.is_of(one, BOB, WRONG)
    assert later.rejections(BOB) == ()


def test_the_account_is_known_in_any_letter_case(tmp_path: Path) -> None:
    """Servers count Alice@ and alice@ together, and so does the record; passwords differ by case."""
    record = History(tmp_path)
    record.rejected("Alice@Corp.Example", WRONG, "credentials.rejected")

    (one,) = record.rejections(ALICE)
    assert record.is_of(one, ALICE, WRONG)
    assert not record.is_of(one, ALICE, Secret(WRONG.reveal().upper()))


def test_a_good_login_forgets_that_account_only(tmp_path: Path) -> None:
    """The server's counter is back to nothing; other accounts' are not."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    record.rejected(BOB, WRONG, "credentials.rejected")

    record.accepted(ALICE)

    assert record.rejections(ALICE) == ()
    assert len(record.rejections(BOB)) == 1


def test_recent_counts_by_age_and_a_day_is_the_end(tmp_path: Path, clock: Clock) -> None:
    """Each try ages; what is older than a day is not told, and gone from the file with the next note."""
    record = History(tmp_path)
    for _ in range(3):
        record.rejected(ALICE, WRONG, "credentials.rejected")
        clock.now += 1000
    assert [record.recent(ALICE, seconds) for seconds in (900, 1001, 2001, 3001)] == [0, 1, 2, 3]

    clock.now += WINDOW_SECONDS - 1500
    assert len(record.rejections(ALICE)) == 1
    clock.now += 1500
    assert record.rejections(ALICE) == ()
    record.rejected(BOB, WRONG, "credentials.rejected")
    assert len((tmp_path / RECORD).read_bytes().splitlines()) == 1


def test_tries_from_the_future_do_not_count(tmp_path: Path, clock: Clock) -> None:
    """A clock that was set back must not lock a person out of their own tool."""
    record = History(tmp_path)
    clock.now += 7 * WINDOW_SECONDS
    record.rejected(ALICE, WRONG, "credentials.rejected")
    clock.now -= 7 * WINDOW_SECONDS

    assert record.rejections(ALICE) == ()


def test_no_file_names_the_account_or_the_secret(tmp_path: Path) -> None:
    """Whoever reads the folder learns neither who logged in nor with what, and cannot test guesses beyond 20 bits."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).lower()
    for word in ("alice", "corp", "example", "wr0ng", "pässword"):
        assert word.encode() not in held
    (one,) = record.rejections(ALICE)
    assert len(one.secret) == 5
    assert int(one.secret, 16) < 2**20


def test_the_key_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    """Folder, key and record are closed to other users, and the key is made once."""
    folder = tmp_path / "state"
    record = History(folder)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    key = (folder / KEY).read_bytes()
    record.rejected(ALICE, WRONG, "credentials.rejected")

    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in (".", KEY, RECORD)}
    assert modes == {".": 0o700, KEY: 0o600, RECORD: 0o600}
    assert len(key) == 32
    assert (folder / KEY).read_bytes() == key


def test_the_record_stays_small(tmp_path: Path) -> None:
    """Whatever a loop around the tool does, the newest tries are kept and the file stays within its bound."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    (line,) = (tmp_path / RECORD).read_bytes().splitlines(keepends=True)
    (tmp_path / RECORD).write_bytes(line * (MOST_ENTRIES + 50))

    record.rejected(ALICE, OTHER, "lockout.account-locked")

    found = record.rejections(ALICE)
    assert len(found) == MOST_ENTRIES
    assert found[-1].cause == "lockout.account-locked"
    assert (tmp_path / RECORD).stat().st_size < LARGEST_FILE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"\x00\xff\xfe" * 1000,
        b"[]\n{}\nnull\n1\n",
        b'{"at": "soon", "account": 1, "secret": [], "cause": null}\n',
        b'{"at": 1e999, "account": "", "secret": "", "cause": ""}\n',
        b'{"at": 1',
        b"[" * 100_000,
        b"x" * (LARGEST_FILE + 10),
    ],
)
def test_a_damaged_record_is_an_empty_one_that_heals(tmp_path: Path, content: bytes) -> None:
    """Damage is no error, and the next note is kept."""
    record = History(tmp_path)
    (tmp_path / RECORD).write_bytes(content)

    assert record.rejections(ALICE) == ()
    record.accepted(ALICE)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert [one.cause for one in record.rejections(ALICE)] == ["credentials.rejected"]


@settings(max_examples=100, deadline=None)
@given(entry=st.builds(Rejection, at=st.floats(), account=st.text(), secret=st.text(), cause=st.text()))
def test_no_entry_is_an_error_to_compare(tmp_path_factory: pytest.TempPathFactory, entry: Rejection) -> None:
    """An entry that somebody wrote by hand is of no secret."""
    assert not History(tmp_path_factory.getbasetemp()).is_of(entry, ALICE, WRONG)


def test_entries_before_and_behind_damage_count(tmp_path: Path) -> None:
    """A line that was cut off by a full disk costs itself only."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    line = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(line + line[:20] + b"\n" + line)

    assert len(record.rejections(ALICE)) == 2


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_damaged_key_is_made_anew(tmp_path: Path, key: bytes) -> None:
    """A key cut off by a full disk must not switch the protection off for good."""
    (tmp_path / KEY).write_bytes(key)
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert len(History(tmp_path).rejections(ALICE)) == 1
    assert len((tmp_path / KEY).read_bytes()) == 32


@pytest.mark.parametrize("in_the_way", ["the folder", "the key", "the record", "the lock"])
def test_a_folder_that_cannot_be_used_is_no_error(tmp_path: Path, in_the_way: str) -> None:
    """Where nothing can be read or written, nothing is known; the diagnosis goes on."""
    folder = tmp_path / "state"
    if in_the_way == "the folder":
        folder.write_text("a file stands here")
    else:
        name = {"the key": KEY, "the record": RECORD, "the lock": RECORD + ".lock"}[in_the_way]
        (folder / name / "a folder stands here").mkdir(parents=True)
    record = History(folder)

    record.rejected(ALICE, WRONG, "credentials.rejected")
    record.accepted(ALICE)

    assert record.rejections(ALICE) == ()
    assert record.recent(ALICE, 1000) == 0


def test_without_a_folder_nothing_is_read_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-history leaves no trace."""
    monkeypatch.chdir(tmp_path)
    record = History(None)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    record.accepted(ALICE)

    assert record.rejections(ALICE) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_held_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that hangs with the lock in hand does not hold up others; what cannot be noted is let go."""
    monkeypatch.setattr("diagnose.history.LOCK_SECONDS", 0.05)
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    with filelock.FileLock(str(tmp_path / RECORD) + ".lock"):
        record.rejected(ALICE, WRONG, "credentials.rejected")

    assert len(record.rejections(ALICE)) == 1


def note_some(folder: Path, account: str, count: int, start: Barrier) -> None:
    """Runs in a process of its own."""
    history.LOCK_SECONDS = 60.0  # patience for a machine that is busy
    start.wait(60)
    for _ in range(count):
        History(folder).rejected(account, WRONG, "credentials.rejected")


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """Runs side by side, the first ones of all, agree on one key and overwrite no note of each other."""
    spawn = multiprocessing.get_context("spawn")
    folder, start = tmp_path / "state", spawn.Barrier(4)
    runs = [spawn.Process(target=note_some, args=(folder, ALICE, 8, start)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(90)

    assert [run.exitcode for run in runs] == [0] * 4
    assert len(History(folder).rejections(ALICE)) == 4 * 8
    assert {file.name for file in folder.iterdir()} <= {KEY, RECORD, RECORD + ".lock"}


def test_a_key_made_meanwhile_by_another_process_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who loses the race for the first key uses the winner's; two keys would hide each other's notes."""
    other = b"k" * history.KEY_BYTES
    lock = History._locked

    def late(mine: History) -> contextlib.AbstractContextManager[object]:
        (tmp_path / KEY).write_bytes(other)
        return lock(mine)

    monkeypatch.setattr(History, "_locked", late)
    History(tmp_path).rejected(ALICE, WRONG, "credentials.rejected")

    assert (tmp_path / KEY).read_bytes() == other
    assert len(History(tmp_path).rejections(ALICE)) == 1


def test_the_record_is_json_a_line(tmp_path: Path) -> None:
    """The file's form is fixed: an older version of the tool reads what a newer one wrote."""
    History(tmp_path).rejected(ALICE, WRONG, "credentials.rejected")

    (line,) = (tmp_path / RECORD).read_bytes().splitlines()
    assert set(msgspec.json.decode(line)) == {"at", "account", "secret", "cause"}
