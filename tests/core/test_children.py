"""Programs that are started get no secret along, and this process leaves none behind."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.process import children
from diagnose.process.children import answer_of, environment

SECRETS = {"PW": "hunter2x", "MAIL_PASSWORD": "hunter2x", "AWS_SECRET_ACCESS_KEY": "x", "PATHS": "y", "XPATH": "z",
           "https_proxy": "http://me:hunter2x@proxy.example:8080", "SSH_AUTH_SOCK": "/tmp/agent"}  # fmt: skip
NEEDED = {"PATH": os.environ["PATH"], "HOME": "/home/alice", "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": "/run/user/1",
          "DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus"}  # fmt: skip


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SECRETS | NEEDED).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("surroundings")
def test_a_program_gets_what_it_needs_and_nothing_else() -> None:
    """By a list of what passes, not of what does not."""
    passed = json.loads(answer_of((sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"), 30))

    assert NEEDED.items() <= passed.items()
    assert not SECRETS.keys() & passed.keys()
    assert environment(TMPDIR="/tmp/x")["TMPDIR"] == "/tmp/x"


COMMAND = [sys.executable, "-m", "diagnose", "alice@corp.invalid", "--timeout", "2", "--resolver", "127.0.0.1:9"]


@pytest.mark.parametrize(
    "args",
    [
        ("--password-env", "PATH_TO_SECRET"),
        ("--access-token-env", "XDG_TOKEN"),
        ("--no-login", "--activation-mailbox", "b@corp.invalid", "--activation-password-env", "LC_WORD"),
    ],
)
def test_the_variable_that_held_the_secret_is_gone_whatever_it_is_called(tmp_path: Path, args: tuple[str, ...]) -> None:
    """Even where its name is one that programs get along."""
    asked = tmp_path / "gsettings"
    seen = tmp_path / "seen"
    asked.write_text(f"#!/bin/sh\nenv > {seen}.$$ && mv {seen}.$$ {seen}\n")  # whole, though a run ends what it asked
    asked.chmod(0o755)
    surroundings = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CURRENT_DESKTOP": "GNOME",
        args[-1]: "hunter2x",
    }
    subprocess.run([*COMMAND, *args], env=surroundings, capture_output=True, stdin=subprocess.DEVNULL, check=False)

    told = seen.read_text()
    assert "XDG_CURRENT_DESKTOP=GNOME" in told
    assert "hunter2x" not in told


ASKING = """
import ctypes, resource, sys
from diagnose.process import core_dumps
core_dumps.switch_off()
from diagnose.process.children import answer_of
child = answer_of((sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[1])"), 30)
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == "linux" else 0
print(resource.getrlimit(resource.RLIMIT_CORE)[0], dumpable, child.decode().strip())
"""


def test_there_is_no_core_dump_and_programs_still_start() -> None:
    """The limit is this process's own; what it starts may raise it again."""
    hard = str(resource.getrlimit(resource.RLIMIT_CORE)[1])
    done = subprocess.run([sys.executable, "-c", ASKING], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["0", "0", hard]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("command", ["ca-file", "har"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str, command: str) -> None:
    """A pipe may wait for ever: one sentence, and wrong usage."""
    import socket

    path = tmp_path / "file.har"
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "device":
            path.symlink_to("/dev/zero")
        else:
            other.bind(str(path))
        args = ["har", str(path)] if command == "har" else [*COMMAND[3:], "--no-login", "--ca-file", str(path)]
        done = subprocess.run(
            [*COMMAND[:3], *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=50
        )

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "file.har" in done.stderr


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe\0", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_a_certificate_is_said(tmp_path: Path, content: bytes) -> None:
    """Whatever else it holds."""
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    done = subprocess.run(
        [*COMMAND, "--no-login", "--ca-file", str(path)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "no certificate in PEM form" in done.stderr


def test_a_folder_that_is_written_to_while_it_goes_is_gone_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a browser does that is being ended: three times it is there again."""
    folder, again = tmp_path / "profile", iter(range(3))

    def removed(place: str, **_: object) -> None:
        really(place)
        if next(again, None) is not None:
            folder.mkdir()

    really = shutil.rmtree
    folder.mkdir()
    monkeypatch.setattr(children, "folders", {str(folder)})
    monkeypatch.setattr(shutil, "rmtree", removed)
    monkeypatch.setattr(children, "WRITING_SECONDS", 60)
    children.remove_folders()

    assert not folder.exists()
    assert next(again, None) is None


def test_what_a_program_has_started_ends_with_it_where_their_folder_is_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser is started by its driver, in a group of its own, and would write on."""
    inner = "import time; print(flush=True); time.sleep(600)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], start_new_session=True)"
    given = environment(TMPDIR=str(tmp_path))
    monkeypatch.setattr(children, "folders", {str(tmp_path)})
    monkeypatch.setattr(children, "_closed", False)  # as it is again behind this test
    with (
        subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, env=given) as driver,
        subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, env=environment()) as other,
    ):
        assert driver.stdout is not None
        assert other.stdout is not None
        assert driver.stdout.readline() == other.stdout.readline() == b"\n"
        children.end_all()
        assert driver.stdout.read() == b""  # whoever held it has ended
        assert other.poll() is None  # such as the person's own browser, which was opened for them
        other.kill()
