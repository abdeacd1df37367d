"""`diagnose lab --serve`: reached as it says once it says so, until a signal, and nothing is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.lab.served import as_command_lines, beyond, served, variables
from tests.pace import patient
from tests.support import loaded

from .command_line import CommandLine

PROGRAM = (sys.executable, "-m", "diagnose")


def seconds() -> float:
    return patient(30.0)


@contextlib.contextmanager
def serving(*words: str, folder: Path, wait: bool = True) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """An estate that is up, and the file that it said so in."""
    ready = folder / "lab.json"
    environment = {**os.environ, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        [*PROGRAM, "lab", "--serve", *words, "-o", str(ready)],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        until = time.monotonic() + seconds()
        while wait and not (ready.exists() and str(process.pid) in ready.read_text("utf-8")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, "not up in time"
            time.sleep(0.02)
        yield process, ready
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def in_shell(words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    timeout = f"{min(seconds(), 300.0):.0f}"
    return subprocess.run(
        ["sh", "-c", f'diagnose() {{ {shlex.join(loaded.command())} "$@"; }}\n{words}'], capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "DIAGNOSE_TIMEOUT": timeout, **environment},
        text=True, timeout=seconds() * 4,
    )  # fmt: skip


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder whose name a shell takes apart unless it is quoted."""
    folder = tmp_path / 'it\'s a "lab" $HOME'
    folder.mkdir()
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_up_until_a_signal_and_leaves_nothing(odd: Path, number: int) -> None:
    """Nor does it leave the file of one that was killed, which would say that it is up before it is."""
    stale = odd / "lab.json"
    stale.write_text("{}", "utf-8")
    with serving(folder=odd) as (process, ready):
        told = json.loads(ready.read_text("utf-8"))
        assert told["pid"] == process.pid
        assert (told["scenario"], told["domain"], told["address"]) == ("healthy", "corp.example", "alice@corp.example")
        port = next(one["port"] for one in told["services"] if one["name"] == "imaps")
        socket.create_connection(("127.0.0.1", port), timeout=seconds()).close()
        process.send_signal(number)
        out, err = process.communicate(timeout=seconds())

    assert (process.returncode, out, err) == (0, "", "")
    assert list(odd.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=seconds())


def test_a_signal_while_it_comes_up_leaves_nothing_either(tmp_path: Path) -> None:
    for delay in (0.3, 0.6, 0.9):
        with serving(folder=tmp_path, wait=False) as (process, _):
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=seconds())
        assert process.returncode in {0, -signal.SIGTERM, 130}
        assert list(tmp_path.iterdir()) == []


def test_what_it_prints_are_command_lines_that_work(odd: Path) -> None:
    """The domain's and the account's, as they stand, in a folder with blanks and quotes."""
    process = subprocess.Popen(
        [*PROGRAM, "lab", "--serve", "cert-expired"], env={**os.environ, "TMPDIR": str(odd), "LC_ALL": "C.UTF-8"},
        text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().rstrip("\n") for _ in range(5)]
        assert [line.startswith("# ") for line in lines] == [True, True, False, True, False]
        assert f"kill {process.pid}" in lines[0]
        for line in (lines[2], lines[4]):
            done = in_shell(f"{line} --json")
            assert done.returncode == 1, done.stderr
            assert json.loads(done.stdout)["verdict"]["causes"][0]["id"] == "tls.cert-expired"
    finally:
        process.terminate()
        process.communicate(timeout=seconds())


def test_its_variables_set_every_run(odd: Path) -> None:
    with serving("--serve-format", "env", folder=odd) as (_, ready):
        words = f"set -a; . '{str(ready).replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'; set +a\n"
        words += 'diagnose "$LAB_DOMAIN" --expect imap="$LAB_IMAPS" -q && '
        words += 'diagnose "$LAB_ADDRESS" --password-env LAB_PASSWORD -q'
        done = in_shell(words)

    assert (done.returncode, done.stderr) == (0, "")
    assert "The login of alice@corp.example works" in done.stdout


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda one: one.id)
def test_every_scenario_can_be_told(scenario: object) -> None:
    """Without bringing each of them up: what is told hangs on the record, and on ports."""
    estate = Estate(SCENARIOS[getattr(scenario, "id")])  # noqa: B009 - ids come from the parametrisation
    estate.resolver, estate.ca_file, estate.webmail_url, estate.ports = "127.0.0.1:53", Path("/ca.pem"), None, {}
    told = served(estate)
    named: Mapping[str, str] = variables(told)

    domain, account = as_command_lines(told)
    assert domain.startswith("diagnose ")
    assert "password" not in domain.lower()
    assert all(name in account for name in told.secrets)
    assert "" not in named.values()
    assert not beyond(estate) or scenario != SCENARIOS["healthy"]


def test_what_only_the_computer_in_front_shows_is_said(tmp_path: Path) -> None:
    with serving("hosts-override", folder=tmp_path) as (process, _):
        process.terminate()
        _, err = process.communicate(timeout=seconds())

    assert "diagnose lab hosts-override" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--serve", "--all"], "--serve cannot be used with"),
        (["--serve", "--list"], "--serve cannot be used with"),
        (["--serve-format", "env"], "--serve-format goes with --serve"),
        (["--serve", "-o", "/nowhere/lab.json"], "there is no folder"),
    ],
)
def test_wrong_usage_is_one_sentence(command: CommandLine, words: list[str], told: str) -> None:
    assert told in command.refused("lab", *words)
