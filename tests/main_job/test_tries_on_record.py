"""No run, however it ends and however many there are at once, sends a wrong password more often than it may.

Real processes against the lab's servers, one of which takes its time over each login.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from diagnose.lab.account import Account
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from tests.support import loaded
from tests.support.record_key import put_key

RIGHT = "healthy"
USUAL_LIMIT = 5
OTHER = "bob@corp.example"
STARTED = sys.executable, "-m", "diagnose"
"""For runs that a signal ends."""


class Place:
    """An estate whose IMAP server thinks about each login, and a command line for it."""

    def __init__(self, estate: Estate, folder: Path) -> None:
        self.program = loaded.command()
        self.estate = estate
        self.state = folder / "state"
        self.began = threading.Event()
        """A login is being thought about."""
        self.thinking = threading.Event()
        """Clear while the server keeps everybody waiting."""
        self.thinking.set()
        self.tries = 0
        self._lock = threading.Lock()

    def think(self) -> None:
        with self._lock:
            self.tries += 1
        self.began.set()
        self.thinking.wait(60)

    def start(self, *args: str, password: str | None = "not the right one", name: str | None = None) -> Any:
        command = [
            *self.program, *self.asked_for(name), "--format", "json", "--no-third-party",
            "--resolver", self.estate.resolver, "--ca-file", str(self.estate.ca_file), "--timeout", "120", *args,
        ]  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.state.parent), "XDG_STATE_HOME": str(self.state),
                       "LC_ALL": "C.UTF-8", "PW": password or self.estate.password,
                       "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"]}  # fmt: skip
        put_key(self.state)
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def asked_for(self, name: str | None) -> list[str]:
        """A login to the estate's mailbox, under its own *name* or another."""
        return [
            name or self.estate.address, "--imap", f"imaps://imap.corp.example:{self.estate.ports['imaps']}",
            "--password-env", "PW", "--only", "login", "--only", "lockout",
        ]  # fmt: skip

    def run(self, *args: str, **more: Any) -> tuple[int, dict[str, Any]]:
        return ended(self.start(*args, **more))

    @property
    def record(self) -> Path:
        return self.state / "mail-login-doctor" / "rejected-logins.jsonl"


class OtherMailbox(Place):
    """The same, where the login is one to the mailbox that an activation mail was sent to."""

    def asked_for(self, name: str | None) -> list[str]:
        """A look into it, and no other login."""
        return [
            self.estate.address, "--no-login", "--activation-mailbox", name or OTHER, "--activation-password-env", "PW",
            "--only", "activation.mail",
        ]  # fmt: skip


Made = TypeVar("Made", bound=Place)


def ended(process: Any) -> tuple[int, dict[str, Any]]:
    out = written_by(process)
    return process.returncode, json.loads(out) if out else {}


def written_by(process: Any) -> bytes:
    """What it has written by its end: a signal while its report waits in a full pipe ends that, too."""
    out, err = process.communicate(timeout=300)
    assert b"Traceback" not in err
    return bytes(out)


@contextlib.contextmanager
def kept_waiting(kind: type[Made], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    scenario = msgspec.structs.replace(SCENARIOS[RIGHT], rejected_before=0, other_mailbox=OTHER)
    with Estate(scenario) as estate:
        made = kind(estate, folder)
        log_in = Account.log_in

        def slowly(self: Account, *args: Any, **more: Any) -> bool:
            made.think()
            return log_in(self, *args, **more)

        monkeypatch.setattr(Account, "log_in", slowly)
        yield made
        made.thinking.set()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with kept_waiting(Place, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherMailbox]:
    with kept_waiting(OtherMailbox, tmp_path, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("signals", [[signal.SIGKILL] * 4, [signal.SIGTERM] * 3, [signal.SIGINT] * 3,
                                     [signal.SIGINT, signal.SIGKILL, signal.SIGTERM]], ids=str)  # fmt: skip
def test_a_run_ended_while_the_server_thinks_has_made_its_try(place: Place, signals: list[signal.Signals]) -> None:
    """However often it is started and ended: the password went out once, and what became of it is not known."""
    place.program = STARTED
    place.thinking.clear()
    first = place.start()
    assert place.began.wait(60)
    first.send_signal(signals[0])
    ended(first)
    for one in signals[1:]:
        again = place.start()
        time.sleep(1.0)
        again.send_signal(one)
        written_by(again)
    place.thinking.set()
    code, report = place.run()

    assert place.tries == 1
    assert code == 3
    said = json.dumps(report)
    assert "no answer to it is known" in said
    assert "--send-again" in said
    code, _ = place.run("--send-again", password=None)
    assert code == 0
    assert place.tries > 1


def test_six_runs_at_once_send_a_wrong_password_once(place: Place) -> None:
    """The first reserves the try; the others wait for its answer, and know better then."""
    runs = [place.start() for _ in range(6)]
    codes = {ended(run)[0] for run in runs}

    assert place.tries == 1
    assert codes <= {1, 3}


def test_six_runs_at_once_with_other_passwords_keep_the_limit(place: Place) -> None:
    """One short of it nobody goes on."""
    runs = [place.start(password=f"wrong {number}") for number in range(6)]
    for run in runs:
        ended(run)

    assert 1 <= place.tries <= USUAL_LIMIT - 1


def test_runs_at_once_with_the_right_password_all_get_in(place: Place) -> None:
    """Whoever waits for its turn is no worse off."""
    runs = [place.start(password=None) for _ in range(4)]
    codes = [ended(run)[0] for run in runs]

    assert codes == [0] * 4
    assert not place.record.read_bytes()


def test_runs_at_once_that_try_all_keep_the_limit(place: Place) -> None:
    """All services of all runs together."""
    ports = place.estate.ports
    more = ["--try-all", "--smtp", f"smtps://smtp.corp.example:{ports['submissions']}",
            "--pop3", f"pop3s://pop.corp.example:{ports['pop3s']}"]  # fmt: skip
    runs = [place.start(*more, password=f"wrong {number}") for number in range(3)]
    for run in runs:
        ended(run)

    assert sum(place.estate.logins_failed.values()) <= USUAL_LIMIT - 1


@pytest.mark.parametrize("name", ["Alice@Corp.Example", "ALICE@corp.example"])
def test_another_spelling_is_no_second_try(place: Place, name: str) -> None:
    """Of the address, or of the user name."""
    place.run()
    place.run(name=name)
    place.run("--username", "alice")
    place.run("--username", "CORP\\alice")

    assert place.tries == 1


@pytest.mark.parametrize("trouble", ["folder is a file", "key is a folder", "record is a pipe", "damaged", "no home"])
def test_without_a_usable_record_nothing_is_sent_unless_told_so(place: Place, trouble: str) -> None:
    """That it cannot be used is said, and how to go on without."""
    folder = place.record.parent
    if trouble == "no home":
        place.state.write_text("")
    elif trouble == "folder is a file":
        place.state.mkdir()
        folder.write_text("")
    else:
        folder.mkdir(parents=True)
        if trouble == "key is a folder":
            (folder / "key" / "x").mkdir(parents=True)
        elif trouble == "record is a pipe":
            os.mkfifo(place.record)
        else:
            place.record.write_bytes(b'{"at": 1')
    code, report = place.run()

    assert (code, place.tries) == (3, 0)
    said = json.dumps(report)
    assert "The record of earlier tries cannot be used" in said
    assert "--send-again" in said
    assert "--no-history" in said
    code, _ = place.run("--send-again", password=None)
    assert code == 0
    told_so = place.tries
    assert told_so > 0
    code, _ = place.run("--no-history", password=None)
    assert code == 0
    assert place.tries > told_so


# -- the login to the mailbox that an activation mail was sent to


def looked_at(report: dict[str, Any]) -> dict[str, Any]:
    """What became of the look into it."""
    (check,) = (one for one in report["checks"] if one["id"] == "activation.mail")
    return dict(check)


@pytest.mark.parametrize("signals", [[signal.SIGKILL] * 4, [signal.SIGTERM] * 3, [signal.SIGINT] * 3,
                                     [signal.SIGINT, signal.SIGKILL, signal.SIGTERM]], ids=str)  # fmt: skip
def test_a_look_into_the_other_mailbox_that_is_ended_has_made_its_try(
    other: OtherMailbox, signals: list[signal.Signals]
) -> None:
    """As with the mailbox itself: whoever starts it again sends nothing, until told to."""
    other.program = STARTED
    other.thinking.clear()
    first = other.start()
    assert other.began.wait(60)
    first.send_signal(signals[0])
    ended(first)
    for one in signals[1:]:
        again = other.start()
        time.sleep(1.0)
        again.send_signal(one)
        written_by(again)
    other.thinking.set()
    _, report = other.run()

    assert other.tries == 1
    assert "without a known answer" in looked_at(report)["skipped_because"]
    assert "--send-again" in looked_at(report)["skipped_because"]
    _, report = other.run("--send-again", password=None)
    assert other.tries == 2
    assert looked_at(report)["facts"]["opened"]


def test_looks_into_the_other_mailbox_at_once_send_a_wrong_password_once(other: OtherMailbox) -> None:
    """Six runs; and a seventh knows that it was rejected."""
    runs = [other.start() for _ in range(6)]
    for run in runs:
        ended(run)
    _, report = other.run()

    assert other.tries == 1
    assert "was rejected lately" in looked_at(report)["skipped_because"]


def test_looks_into_the_other_mailbox_with_other_passwords_keep_the_limit(other: OtherMailbox) -> None:
    """One short of it nobody goes on, be it by the other spelling of the address."""
    runs = [other.start(password=f"wrong {n}", name="BOB@Corp.Example" if n % 2 else None) for n in range(6)]
    for run in runs:
        ended(run)
    for n in range(3):
        other.run(password=f"wrong again {n}")

    assert 1 <= other.tries <= USUAL_LIMIT - 1


def test_looks_and_logins_of_one_account_count_together(other: OtherMailbox) -> None:
    """Somebody who asks for the same mailbox by the main job is told what was sent there."""
    other.run()
    login = Place(other.estate, other.state.parent)
    code, report = login.run("--username", OTHER)

    assert other.tries == 1
    assert code == 1
    assert "was rejected for this account" in json.dumps(report)


def test_looks_at_once_with_the_right_password_all_get_in(other: OtherMailbox) -> None:
    """A near-miss: whoever waits for its turn is no worse off, and nothing stays on record."""
    runs = [other.start(password=None) for _ in range(3)]
    looks = [looked_at(ended(run)[1]) for run in runs]

    assert [look["facts"].get("opened") for look in looks] == [True] * 3, looks
    assert not other.record.read_bytes()
