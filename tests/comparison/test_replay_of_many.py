"""Several saved reports in one file are judged again together; what is no report among them is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.command_line import CommandLine
from tests.comparison.test_replay import WITH_RECORD

ONE = WITH_RECORD.read_text("utf-8")
LINE = json.dumps(json.loads(ONE))


@pytest.mark.parametrize("content", [f"[{ONE}, {ONE}]", f"{LINE}\n{LINE}\n", f"{LINE}\r\n\r\n{LINE}"])
def test_an_array_and_lines_are_judged_as_one_report_is(content: str, command: CommandLine, tmp_path: Path) -> None:
    file, again = tmp_path / "all.json", tmp_path / "again.json"
    file.write_text(content, "utf-8")
    done = command("replay", str(file), "--redact=strict", "--format", "json", "--report", str(again))
    assert done.code == 1
    assert [one["verdict"]["causes"][0]["id"] for one in done.json] == ["credentials.rejected"] * 2
    assert "corp.example" not in done.out + again.read_text("utf-8")
    assert [one["replay"]["changes"] for one in command("replay", str(again), "--format", "json").json] == [[], []]


def test_one_report_in_an_array_is_that_report(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(f"[{ONE}]", "utf-8")
    assert "credentials.rejected" in command("replay", str(file)).out


def test_a_format_for_one_report_names_those_for_many(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(f"[{ONE}, {ONE}]", "utf-8")
    assert "those of many runs can be written as" in command.refused("replay", str(file))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "it holds the reports of 0 runs"),
        (f"[{ONE}, 7]", "it is JSON, but no report of diagnose"),
        (f"[{ONE}, ", "it ends in the middle of the report"),
        (f"{LINE}\n{{}}\n", "it is JSON, but no report of diagnose"),
    ],
)
def test_what_is_no_report_among_them_is_one_sentence(
    content: str, sentence: str, command: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "all.json"
    file.write_text(content, "utf-8")
    assert sentence in command.refused("replay", str(file), "--format", "json")
