"""What is read from standard input: a password, all of it or none; a text, at a terminal with a word on how it ends."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pace import patient

from .command_line import CommandLine

PATIENCE = 60.0
WORD = "hunter2-s3cret"
END = b"\x04"


def at_terminal(home: Path, *arguments: str, awaits: bytes, typed: bytes) -> tuple[int, str, str]:
    """Exit code, standard output, and what the terminal showed of a command at which *typed* is typed."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"XDG_STATE_HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "diagnose", *arguments, "--lang", "en"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        seen = b""
        while awaits not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, typed)
        out, _nothing = process.communicate(timeout=patient(PATIENCE))
        try:
            while got := os.read(ours, 65536):
                seen += got
        except OSError:  # Linux's way to say that it ended
            pass
    os.close(ours)
    return process.returncode, out.decode(), seen.decode()


def test_a_line_too_long_for_a_password_is_refused_whole(command: CommandLine) -> None:
    refused = command.refused("alice@corp.example", "--password-stdin", stdin=b"a" * 65537)
    assert refused == "the first line of standard input is too long to be a password."


def test_at_a_terminal_a_text_is_awaited_with_a_word_on_how_it_ends(tmp_path: Path) -> None:
    code, out, seen = at_terminal(tmp_path, "explain", "-", awaits=b"Ctrl-D", typed=b"LOGIN failed\n" + END)

    assert code == 0
    assert "credentials.rejected" in out
    assert "Type or paste it here" in seen


def test_a_password_that_is_typed_as_standard_input_is_not_shown(tmp_path: Path) -> None:
    line = ("alice@corp.example", "--password-stdin", "--only", "address", "--resolver", "127.0.0.1:9")
    code, out, seen = at_terminal(tmp_path, *line, awaits=b"Password of", typed=f"{WORD}\n".encode())

    assert code in {0, 3}
    assert WORD not in out + seen


@pytest.mark.parametrize("arguments", [("explain", "-"), ("fleet", "-")])
def test_nothing_is_said_of_a_pipe(arguments: tuple[str, ...], command: CommandLine) -> None:
    assert "Ctrl" not in command(*arguments, stdin=b"LOGIN failed\n").err


@pytest.mark.parametrize(
    ("more", "told"), [((), True), (("--no-login",), False), (("--quiet",), False), (("--password-env", "WORD"), False)]
)
def test_where_nobody_can_be_asked_the_ways_to_hand_a_password_over_are_named(
    more: tuple[str, ...], told: bool, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", WORD)
    line = ("alice@corp.example", "--only", "address", "--no-history", "--resolver", "127.0.0.1:9")
    assert ("--password-env VAR, --password-stdin, --keyring" in command(*line, *more).err) is told


def test_a_domain_wants_no_password(command: CommandLine) -> None:
    assert "password" not in command("corp.example", "--only", "address", "--resolver", "127.0.0.1:9").err
