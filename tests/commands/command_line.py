"""A command as a person types it, within this process."""

from __future__ import annotations

import io
import json
import os
import re
from typing import Any, NamedTuple

import pytest

from diagnose.cli import run

HELP = re.compile(r" \(diagnose(?: [a-z-]+)? --help\)$")
"""Where a sentence on wrong usage says how it is done."""


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Types commands; standard input is what it is told, and no terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setitem(os.environ, "LANGUAGE", "en")  # put back after the test: the commands set it
        monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Done:
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        code = run(list(arguments))
        out, err = self._capsys.readouterr()
        return Done(code, out, err)

    def refused(self, *arguments: str, stdin: bytes = b"") -> str:
        """The one sentence that it is refused with."""
        code, out, err = self(*arguments, stdin=stdin)
        assert (code, out) == (2, "")
        assert err.startswith("diagnose: ")
        assert err.count("\n") == 1
        sentence = HELP.sub("", err.removeprefix("diagnose: ").rstrip("\n"))
        assert sentence.endswith((".", "?"))
        return sentence
