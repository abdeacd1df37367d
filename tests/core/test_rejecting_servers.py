"""The record of servers that rejected a login: it forgets, it is bounded, names nobody, and never stands in the way."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import filelock
import pytest

from diagnose.account.rejecting_servers import LARGEST_FILE, MOST_SERVERS, REMEMBERED_SECONDS, RejectingServers
from tests.core.conftest import Clock

HOST, PORT = "mail.corp.example", 993
FILE = "rejecting-servers.json"
LONG = REMEMBERED_SECONDS


def test_a_later_run_knows_when_that_port_rejected_a_login(tmp_path: Path, clock: Clock) -> None:
    """Of that host and port alone, in any spelling of the host."""
    RejectingServers(tmp_path).rejected(HOST, PORT)
    noted, clock.now = clock.now, clock.now + 600

    later = RejectingServers(tmp_path)
    assert later.rejected_at("Mail.Corp.Example.", PORT, 1800) == noted
    assert later.rejected_at(HOST, 995, 1800) is None
    assert later.rejected_at("imap.corp.example", PORT, 1800) is None


def test_what_is_older_than_asked_for_is_not_told(tmp_path: Path, clock: Clock) -> None:
    """A server that is silent hours later is down, and bans nobody."""
    record = RejectingServers(tmp_path)
    record.rejected(HOST, PORT)
    clock.now += 1801
    assert record.rejected_at(HOST, PORT, 1800) is None
    assert record.rejected_at(HOST, PORT, 2000) is not None
    clock.now += REMEMBERED_SECONDS
    assert record.rejected_at(HOST, PORT, 1e9) is None


def test_a_record_of_the_future_is_none(tmp_path: Path, clock: Clock) -> None:
    """A clock that was set back says nothing."""
    record = RejectingServers(tmp_path)
    record.rejected(HOST, PORT)
    clock.now -= 86400
    assert record.rejected_at(HOST, PORT, LONG) is None


def test_a_server_that_lets_in_is_forgotten(tmp_path: Path) -> None:
    """And no other."""
    record = RejectingServers(tmp_path)
    record.rejected(HOST, PORT)
    record.rejected(HOST, 995)
    record.accepted(HOST, PORT)
    assert record.rejected_at(HOST, PORT, LONG) is None
    assert record.rejected_at(HOST, 995, LONG) is not None


def test_the_record_names_no_server_and_is_the_owners_alone(tmp_path: Path) -> None:
    """Nor can a server be guessed without the key."""
    folder = tmp_path / "state"
    RejectingServers(folder).rejected(HOST, PORT)
    written = (folder / FILE).read_text()
    assert "corp" not in written
    assert "993" not in written.partition('"servers"')[2].partition(":")[0]
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) in ([FILE], [FILE, FILE + ".lock"])


def test_the_record_is_bounded(tmp_path: Path, clock: Clock) -> None:
    """The oldest go first, and the file can always be read again."""
    record = RejectingServers(tmp_path)
    for number in range(MOST_SERVERS + 5):
        clock.now += 1
        record.rejected(f"host{number}.example", PORT)
    assert (tmp_path / FILE).stat().st_size < LARGEST_FILE
    assert record.rejected_at("host4.example", PORT, LONG) is None
    assert record.rejected_at("host5.example", PORT, LONG) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b'{"key":""}',
        b'{"key":"a","servers":{"x":1e999}}',
        b'{"servers":{}}',
        b"[" * 40_000,
        b'{"key":"a","other":' + b"[" * 40_000,
        b'{"key":"a"} ' + b"x" * LARGEST_FILE,
    ],
)
def test_a_record_that_makes_no_sense_is_an_empty_one(content: bytes, tmp_path: Path) -> None:
    """And is written anew."""
    (tmp_path / FILE).write_bytes(content)
    record = RejectingServers(tmp_path)
    assert record.rejected_at(HOST, PORT, LONG) is None
    record.rejected(HOST, PORT)
    assert record.rejected_at(HOST, PORT, LONG) is not None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nor is a folder in the file's place an error."""
    os.mkfifo(tmp_path / FILE)
    assert RejectingServers(tmp_path).rejected_at(HOST, PORT, LONG) is None
    folder = tmp_path / "other"
    (folder / FILE).mkdir(parents=True)
    record = RejectingServers(folder)
    record.rejected(HOST, PORT)
    assert record.rejected_at(HOST, PORT, LONG) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    """There is no record then."""
    (tmp_path / "file").write_text("")
    record = RejectingServers(tmp_path / "file" / "state")
    record.rejected(HOST, PORT)
    record.accepted(HOST, PORT)
    assert record.rejected_at(HOST, PORT, LONG) is None


def test_somebody_elses_lock_is_not_waited_for_long(tmp_path: Path) -> None:
    """The run goes on without a note."""
    with filelock.FileLock(tmp_path / (FILE + ".lock")):
        noting = threading.Thread(target=RejectingServers(tmp_path).rejected, args=(HOST, PORT))
        noting.start()
        noting.join(60)
        assert not noting.is_alive()
    assert RejectingServers(tmp_path).rejected_at(HOST, PORT, LONG) is None


def test_without_a_folder_there_is_no_record() -> None:
    """As `--no-history` wants it."""
    record = RejectingServers(None)
    record.rejected(HOST, PORT)
    record.accepted(HOST, PORT)
    assert record.rejected_at(HOST, PORT, LONG) is None
