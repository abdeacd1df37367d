"""A password on standard input: all of it or none."""

from __future__ import annotations

from .command_line import CommandLine


def test_a_line_too_long_for_a_password_is_refused_whole(command: CommandLine) -> None:
    refused = command.refused("alice@corp.example", "--password-stdin", stdin=b"a" * 65537)
    assert refused == "the first line of standard input is too long to be a password."
