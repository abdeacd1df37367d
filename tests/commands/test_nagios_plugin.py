"""As a plugin of a monitoring system: there is a line and a code of its own, whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.cli import carrying_out
from diagnose.cli.formats import unreported

from .command_line import CommandLine

UNKNOWN = 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "nagios", "--no-such-option", "corp.example"),
        ("not an address@", "--format=nagios"),
        ("corp.example", "--format", "nagios", "--ca-file", "none.pem"),
        ("corp.example", "--format", "nagios", "--report", "x.unknown"),
    ],
)
def test_wrong_usage_is_unknown(command: CommandLine, arguments: tuple[str, ...]) -> None:
    """Not critical, as 2 would say: nobody looked at the service."""
    done = command(*arguments)

    assert done.code == UNKNOWN
    assert done.out.startswith("MAIL UNKNOWN: ")
    assert done.out.count("\n") == 1
    assert done.err.startswith("diagnose: ")


def test_a_fault_of_ours_is_unknown(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying_out, "diagnosed", lambda *_: 1 / 0)
    done = command("corp.example", "--format", "nagios", "--only", "address")

    assert (done.code, done.out.startswith("MAIL UNKNOWN: ")) == (UNKNOWN, True)


def test_a_file_that_cannot_be_written_is_unknown_below_the_report(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is one line with a state, as there is one service."""
    folder = tmp_path / "gone"
    folder.mkdir()
    diagnosed = carrying_out.diagnosed

    def slow(*given: object) -> object:
        folder.rmdir()
        return diagnosed(*given)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(carrying_out, "diagnosed", slow)
    nobody = "--resolver", "127.0.0.1:9"
    done = command(
        "corp.example", "--format", "nagios", "--only", "address", *nobody, "--report", str(folder / "r.json")
    )

    assert done.code == UNKNOWN
    assert done.out.count("MAIL ") == 1
    assert "cannot be written" in done.err


@pytest.mark.parametrize("form", ["json", "junit", "acme"])
def test_other_formats_leave_the_codes_as_they_are(command: CommandLine, form: str) -> None:
    assert command.refused("not an address@", "--format", form)


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["--format", "nagios"], True),
        (["--format=nagios"], True),
        (["--format", "nagios", "--format", "json"], False),
        (["--format"], False),
        (["nagios"], False),
        ([], False),
    ],
)
def test_which_format_was_asked_for(arguments: list[str], own: bool) -> None:
    assert (unreported(arguments, "sentence") is not None) == own
