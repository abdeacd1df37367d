"""The record of rejected logins: it warns, it forgets, it survives whatever its files hold, and names nobody."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import multiprocessing
import os
import stat
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import filelock
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.account import history
from diagnose.account.history import (
    LARGEST_FILE,
    MOST_ENTRIES,
    PENDING,
    WINDOW_SECONDS,
    BusyError,
    History,
    RecordError,
    Rejection,
    history_under,
)
from diagnose.account.secret import Secret
from tests.core.conftest import Clock
from tests.support.record_key import Keys, by_chance

ALICE, BOB = "alice@corp.example", "bob@corp.example"
WRONG, OTHER = Secret("wr0ng-pässword"), Secret("another")
RECORD, KEY = "rejected-logins.jsonl", "key"


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
    """Whoever reads the folder learns neither who logged in nor with what, and cannot test guesses beyond 10 bits."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).lower()
    for word in ("alice", "corp", "example", "wr0ng", "pässword"):
        assert word.encode() not in held
    (one,) = record.rejections(ALICE)
    assert int(one.secret, 16) < 2**10


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


def test_a_key_is_made_by_chance() -> None:
    """Another for everybody, though tests have keys of their own."""
    assert len({by_chance() for _ in range(100)}) == 100
    assert {len(by_chance()) for _ in range(100)} == {history.KEY_BYTES}


def test_records_of_tests_have_the_same_keys_each_time(tmp_path: Path) -> None:
    """Each record another, in order: else passwords of a test would look alike in one run of a thousand."""
    expected = Keys()
    first, second = (History(tmp_path / name).tries(ALICE).key for name in ("first", "second"))

    assert (first, second) == (expected(), expected())
    assert first != second


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


@pytest.mark.parametrize("content", [b"", b"\n\n\n"])
def test_an_empty_record_is_none(tmp_path: Path, content: bytes) -> None:
    """Nothing is missing in it."""
    (tmp_path / RECORD).write_bytes(content)

    assert History(tmp_path).trouble() is None
    assert History(tmp_path).rejections(ALICE) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe" * 1000,
        b"[]\n{}\nnull\n1\n",
        b'{"at": "soon", "account": 1, "secret": [], "cause": null}\n',
        b'{"at": 1e999, "account": "", "secret": "", "cause": ""}\n',
        b'{"at": 1',
        b"[" * 100_000,
        b"x" * (LARGEST_FILE + 10),
    ],
)
def test_a_damaged_record_is_told_and_heals_with_the_next_try(tmp_path: Path, content: bytes) -> None:
    """Who knows what stood there: that is a fact of its own, until a try is made all the same."""
    record = History(tmp_path)
    (tmp_path / RECORD).write_bytes(content)

    trouble = record.trouble()
    assert trouble is not None
    assert trouble.trouble == "damaged"
    with pytest.raises(RecordError):
        record.rejections(ALICE)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert [one.cause for one in record.rejections(ALICE)] == ["credentials.rejected"]


@settings(max_examples=100, deadline=None)
@given(entry=st.builds(Rejection, at=st.floats(), account=st.text(), secret=st.text(), cause=st.text()))
def test_no_entry_is_an_error_to_compare(tmp_path_factory: pytest.TempPathFactory, entry: Rejection) -> None:
    """An entry that somebody wrote by hand is of no secret."""
    assert not History(tmp_path_factory.getbasetemp()).is_of(entry, ALICE, WRONG)


def test_entries_before_and_behind_damage_count(tmp_path: Path) -> None:
    """A line that was cut off by a full disk costs itself only, once a try was made all the same."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    line = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(line + line[:20] + b"\n" + line)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert len(record.rejections(ALICE)) == 3


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_damaged_key_is_made_anew(tmp_path: Path, key: bytes) -> None:
    """A key cut off by a full disk must not switch the protection off for good."""
    (tmp_path / KEY).write_bytes(key)
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert len(History(tmp_path).rejections(ALICE)) == 1
    assert len((tmp_path / KEY).read_bytes()) == 32


@pytest.mark.parametrize("in_the_way", ["the folder", "the key", "the record", "the lock"])
def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, in_the_way: str) -> None:
    """Where nothing can be read or written, nothing is known, which is not the same as no try."""
    folder = tmp_path / "state"
    if in_the_way == "the folder":
        folder.write_text("a file stands here")
    else:
        name = {"the key": KEY, "the record": RECORD, "the lock": RECORD + ".lock"}[in_the_way]
        (folder / name / "a folder stands here").mkdir(parents=True)
    record = History(folder)

    trouble = record.trouble()
    assert trouble is not None
    assert trouble.trouble in {"unreadable", "unwritable"}
    with pytest.raises(RecordError):
        record.rejected(ALICE, WRONG, "credentials.rejected")
    assert record.recent(ALICE, 1000) == 0


@pytest.mark.parametrize("name", [KEY, RECORD])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    """Nobody may ever write into it."""
    os.mkfifo(tmp_path / name)

    trouble = History(tmp_path).trouble()
    assert trouble is not None
    assert trouble.trouble in {"unreadable", "unwritable"}


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent: the reservation is what fails."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    trouble = record.trouble()
    assert trouble is not None
    assert (trouble.trouble, trouble.words) == ("unwritable", "No space left on device")
    with record.turn(ALICE, 1) as turn, pytest.raises(RecordError):
        turn.reserve(WRONG)


def test_a_lost_key_makes_the_record_unusable_once(tmp_path: Path) -> None:
    """The tries in it are nobody's any more; with the next try that is made all the same it is whole again."""
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    (tmp_path / KEY).unlink()

    for _ in range(2):
        trouble = History(tmp_path).trouble()
        assert trouble is not None
        assert trouble.trouble == "damaged"
    record.rejected(ALICE, OTHER, "credentials.rejected")
    assert History(tmp_path).trouble() is None
    assert len(History(tmp_path).rejections(ALICE)) == 1


def test_a_record_of_an_earlier_version_is_read_and_loses_what_it_kept_too_much_of(tmp_path: Path) -> None:
    """20 bits of the password's hash, and the name as it was typed, in lower case."""
    record = History(tmp_path)
    record.rejected(BOB, WRONG, "credentials.rejected")
    key = (tmp_path / KEY).read_bytes()

    def hashed(*parts: str) -> str:
        return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()

    typed = "älice@bücher.example"
    word = hashed("secret", typed, WRONG.reveal())[:5]
    old = Rejection(at=time.time(), account=hashed("account", typed), secret=word, cause="credentials.rejected")
    (tmp_path / RECORD).write_bytes(msgspec.json.encode(old) + b"\n")

    (one,) = record.rejections(typed)
    assert record.is_of(one, typed, WRONG)
    assert not record.is_of(one, typed, OTHER)
    record.rejected(BOB, OTHER, "credentials.rejected")
    entry, _ = record._read()[0]
    assert len(entry.secret) == 3
    assert record.is_of(entry, typed, WRONG)


SAME = ["alice@corp.example", "Alice@Corp.Example", "alice", "ALICE", "CORP\\alice", "ａｌｉｃｅ@corp.example",
        '"alice"@corp.example', "alice@corp.example.", " alice@corp.example", "alice+tag@corp.example",
        "alice%corp.example", "al\u200bice@corp.example", "alice@corp\u3002example", "alice@CORP.EXAMPLE"]  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_spellings_of_one_account_count_together(tmp_path: Path, name: str) -> None:
    """Servers take them for the same, and lock it as one."""
    History(tmp_path, "corp.example").rejected(name, WRONG, "credentials.rejected")

    for other in SAME:
        (one,) = History(tmp_path, "corp.example").rejections(other)
        assert History(tmp_path, "corp.example").is_of(one, other, WRONG)


def test_forms_of_an_internationalised_name_count_together(tmp_path: Path) -> None:
    """A-labels and U-labels, composed and decomposed letters."""
    History(tmp_path).rejected("jürgen@bücher.example", WRONG, "credentials.rejected")

    for other in ("ju\u0308rgen@bücher.example", "jürgen@xn--bcher-kva.example", "JÜRGEN@BÜCHER.example"):
        assert len(History(tmp_path).rejections(other)) == 1


def test_a_sharp_s_makes_another_domain_than_two(tmp_path: Path) -> None:
    """As IDNA 2008 has it, in both forms."""
    History(tmp_path).rejected("eva@straße.example", WRONG, "credentials.rejected")

    assert len(History(tmp_path).rejections("Eva@XN--Strae-OQA.example")) == 1
    assert History(tmp_path).rejections("eva@strasse.example") == ()


@pytest.mark.parametrize(
    "name", ["bob", "alice@other.example", "alice@mail.corp.example", "alicia", "+alice@corp.example", "alice@example"]
)
def test_other_accounts_do_not_count(tmp_path: Path, name: str) -> None:
    """However close."""
    record = History(tmp_path, "corp.example")
    record.rejected(ALICE, WRONG, "credentials.rejected")

    assert record.rejections(name) == ()


def test_a_try_is_on_record_before_it_is_answered(tmp_path: Path) -> None:
    """As one without an answer; then as what came of it."""
    record = History(tmp_path)
    for end, causes in (("rejected", [PENDING, "lockout.account-locked"]), ("withdraw", [PENDING]), ("accepted", [])):
        with record.turn(ALICE, 1) as turn:
            turn.reserve(WRONG)
            assert History(tmp_path).rejections(ALICE)[-1].cause == PENDING
            getattr(turn, end)(*(["lockout.account-locked"] if end == "rejected" else []))
        left = [one.cause for one in History(tmp_path).rejections(ALICE)]
        assert left == {"rejected": causes[1:], "withdraw": ["lockout.account-locked"], "accepted": []}[end]


def test_whose_turn_it_is_not_waits_and_is_told(tmp_path: Path) -> None:
    """Another account is not waited for; the same one in another spelling is."""
    with History(tmp_path, "corp.example").turn(ALICE, 1):
        with pytest.raises(BusyError), History(tmp_path, "corp.example").turn("Alice", 0.1):
            raise AssertionError("two at once")
        with History(tmp_path, "corp.example").turn(BOB, 0.1):
            pass
    with History(tmp_path, "corp.example").turn("alice", 0.1):
        pass


def test_without_a_folder_nothing_is_read_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-history leaves no trace."""
    monkeypatch.chdir(tmp_path)
    record = History(None)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    record.accepted(ALICE)

    assert record.rejections(ALICE) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_held_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that hangs with the lock in hand does not hold up others; that nothing could be noted is told."""
    monkeypatch.setattr("diagnose.account.history.LOCK_SECONDS", 0.05)
    record = History(tmp_path)
    record.rejected(ALICE, WRONG, "credentials.rejected")
    with filelock.FileLock(str(tmp_path / RECORD) + ".lock"):
        with pytest.raises(RecordError, match="held"):
            record.rejected(ALICE, WRONG, "credentials.rejected")
        assert getattr(record.trouble(), "trouble", None) == "held"

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


def test_another_computer_goes_on_with_the_same_record(tmp_path: Path) -> None:
    """What it learns comes back, and what a good login has settled is gone on both."""
    here = History(tmp_path / "here")
    here.rejected(ALICE, WRONG, "credentials.rejected")
    told = here.tries(ALICE)
    there = History(history_under(tmp_path / "there", told.key))
    there.exchange(told.entries)

    (known,) = there.rejections(ALICE)
    assert there.is_of(known, ALICE, WRONG)
    there.rejected(ALICE, OTHER, "lockout.account-locked")
    there.rejected(BOB, WRONG, "credentials.rejected")
    here.exchange(there.tries(ALICE).entries)
    assert [entry.cause for entry in here.rejections(ALICE)] == ["credentials.rejected", "lockout.account-locked"]
    assert here.rejections(BOB) == ()
    there.accepted(ALICE)
    here.exchange((), gone=here.tries(ALICE).entries)
    assert here.rejections(ALICE) == ()


def test_the_last_word_on_a_try_counts(tmp_path: Path) -> None:
    """A try is told of before it is sent, and again once there is an answer."""
    here = History(tmp_path)
    with here.turn(ALICE, 1) as turn:
        turn.reserve(WRONG)
        pending = here.tries(ALICE).entries
        turn.rejected("credentials.rejected")
    here.exchange(pending)
    settled = here.tries(ALICE).entries
    other = History(history_under(tmp_path / "other", here.tries(ALICE).key))
    other.exchange(pending)
    other.exchange(settled)

    assert [entry.cause for entry in other.rejections(ALICE)] == ["credentials.rejected"]


def test_records_of_others_go_when_nobody_has_used_them_for_a_day(tmp_path: Path) -> None:
    old = history_under(tmp_path, b"a" * history.KEY_BYTES)
    kept = history_under(tmp_path, b"b" * history.KEY_BYTES)
    before = time.time() - history.WINDOW_SECONDS - 60
    os.utime(old, (before, before))
    assert history_under(tmp_path, b"b" * history.KEY_BYTES) == kept
    new = history_under(tmp_path, b"c" * history.KEY_BYTES)

    assert {one.name for one in tmp_path.iterdir()} == {kept.name, new.name}
