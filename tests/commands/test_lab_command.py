"""`diagnose lab --all`: a table whose columns are named, in the order of the file, whichever is over first.

With --format and --report also the reports of all runs, in formats that have a form for many.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here
import msgspec
import pytest

from diagnose.cli import lab
from diagnose.lab import trial
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS, Scenario
from diagnose.model.report import Report
from reports.json import SCHEMA

from .command_line import CommandLine

README = Path(__file__).parents[2] / "README.md"
SLOW, QUICK = SCENARIOS["healthy-slow"], SCENARIOS["null-mx"]


def choose(monkeypatch: pytest.MonkeyPatch, *chosen: Scenario) -> None:
    monkeypatch.setattr(lab, "SCENARIOS", MappingProxyType({one.id: one for one in chosen}))


def test_the_table(monkeypatch: pytest.MonkeyPatch, command: CommandLine) -> None:
    choose(monkeypatch, SLOW, QUICK)
    done = command("lab", "--all")
    header, slow, quick, summary = done.out.splitlines()

    assert done.code == 0
    assert header.split() == ["scenario", "seconds", "expected", "found"]
    assert [row.split()[0:2] + row.split()[3:] for row in (slow, quick)] == [
        ["✓", "healthy-slow", "healthy", "healthy"],
        ["✓", "null-mx", "dns.null-mx", "dns.null-mx"],
    ]
    assert slow.rindex("healthy") == quick.rindex("dns.null-mx") == header.index("found")
    assert float(slow.split()[2]) > 0.9, "three replies take that long"
    assert summary.startswith("2 agree, 0 disagree, 0 not possible here (")


def test_the_readme_shows_what_make_lab_shows(command: CommandLine) -> None:
    """All but the ports, which are others each time."""
    ports = re.compile(r"(?<=[ :.])\d{4,5}\b")
    (shown,) = re.findall(r"^```text\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)[:1]
    done = command("lab", "wrong-password")

    assert done.code == 1
    assert ports.sub("PORT", done.out).split() == ports.sub("PORT", shown).split()


def test_what_disagrees_is_marked_and_tells_what_was_found(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    choose(monkeypatch, msgspec.structs.replace(QUICK, expects=("dns.no-mx",)))
    done = command("lab", "--all")
    _, row, summary = done.out.splitlines()

    assert done.code == 1
    assert row.split()[:2] + row.split()[3:] == ["✗", "null-mx", "dns.no-mx", "dns.null-mx"]
    assert summary.startswith("0 agree, 1 disagree")


def statuses(words: str) -> list[tuple[str, list[str]]]:
    """Of each report in a document of many: its status and its causes."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    found = json.loads(words)
    for one in found:
        jsonschema.validate(one, schema)
    verdicts = [one["verdict"] for one in found]
    return [(verdict["status"], [cause["id"] for cause in verdict["causes"]]) for verdict in verdicts]


BOTH = [("healthy", []), ("problem", ["dns.null-mx"])]


def test_all_reports_go_to_standard_output_and_the_table_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    choose(monkeypatch, SLOW, QUICK)
    done = command("lab", "--all", "--format", "json")

    assert (done.code, statuses(done.out)) == (0, BOTH)
    assert [line.split()[:2] for line in done.err.splitlines()] == [
        ["scenario", "seconds"], ["✓", "healthy-slow"], ["✓", "null-mx"], ["2", "agree,"],
    ]  # fmt: skip


def test_all_reports_go_to_files_beside_the_table(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine, tmp_path: Path
) -> None:
    choose(monkeypatch, SLOW, QUICK)
    one, other = tmp_path / "one.json", tmp_path / "other.JSON"
    done = command("lab", "--all", "--report", str(one), "--report", str(other))

    assert (done.code, done.err) == (0, "")
    assert done.out.split()[:4] == ["scenario", "seconds", "expected", "found"]
    assert statuses(one.read_text("utf-8")) == statuses(other.read_text("utf-8")) == BOTH
    assert one.read_text("utf-8").count("\n") == 4, "an array, one report a line"


def test_the_reports_are_as_those_of_one_run_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    """In the language, for whom and as discreet as the options say; --quiet leaves the table out."""
    choose(monkeypatch, QUICK)
    done = command("lab", "--all", "--format", "json", "--lang", "zh-Hans", "--for", "admin", "--redact", "--quiet")
    (report,) = done.json

    assert (done.code, done.err) == (0, "")
    assert report["verdict"]["causes"][0]["title"] != "The domain takes no mail"
    assert any("\u4e00" <= sign <= "\u9fff" for sign in report["verdict"]["causes"][0]["title"])
    assert report["verdict"]["causes"][0]["remedies"][0]["fixer"] == "admin"
    assert "alice" not in report["subject"]["address"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (("--format", "text"), "text"),
        (("--format", "html"), "html"),
        (("--report", "all.html"), "html"),
        (("--format", "json", "--report", "all.txt"), "text"),
    ],
)
def test_a_format_for_one_report_is_refused_before_anything_is_run(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine, tmp_path: Path, asked: tuple[str, ...], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial, "carry_out", None)
    many = "json, junit, markdown, openmetrics"
    sentence = f"the format “{name}” holds one report; those of many runs can be written as {many}."

    assert command.refused("lab", "--all", *asked) == sentence
    assert not list(tmp_path.iterdir())


def test_a_monitoring_plugin_is_refused_in_the_way_of_plugins(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    """In a line on standard output, as unknown: whoever runs it reads nothing else."""
    monkeypatch.setattr(trial, "carry_out", None)
    done = command("lab", "--all", "--format", "nagios")

    assert done.code == 3
    assert done.out.startswith("MAIL UNKNOWN: the format “nagios” holds one report")


def test_strictness_is_refused_rather_than_left_out(monkeypatch: pytest.MonkeyPatch, command: CommandLine) -> None:
    """The scenarios say what is found without it."""
    monkeypatch.setattr(lab, "Estate", None)
    done = command("lab", "--all", "--strict")

    assert (done.code, done.out) == (2, "")
    assert "--strict cannot be used with --all" in done.err


def test_the_reports_of_what_was_over_are_written_after_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine, tmp_path: Path
) -> None:
    choose(monkeypatch, SLOW, QUICK)
    carried_out = lab._trials

    def stopped(given: dict[str, object]) -> Iterator[trial.Trial]:
        yield next(carried_out(given))
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "_trials", stopped)
    done = command("lab", "--all", "--format", "json", "--report", str(tmp_path / "all.json"))

    assert (done.code, statuses(done.out)) == (130, BOTH[:1])
    assert statuses((tmp_path / "all.json").read_text("utf-8")) == BOTH[:1]
    assert done.err.splitlines()[-1] == "diagnose: interrupted"


def test_a_scenario_that_is_not_possible_here_leaves_no_report(
    monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    choose(monkeypatch, SLOW, QUICK)
    carry_out = trial.carry_out

    def lacking(scenario: Scenario, diagnose: Callable[[Estate], Report]) -> trial.Trial:
        return trial.Trial(scenario=scenario, lacking="no IPv6") if scenario is SLOW else carry_out(scenario, diagnose)

    monkeypatch.setattr(trial, "carry_out", lacking)
    done = command("lab", "--all", "--format", "json")

    assert (done.code, statuses(done.out)) == (0, BOTH[1:])
    assert "no IPv6" in done.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("cert-expird", "no scenario is called “cert-expird”; did you mean cert-expired"),
        ("xyzzy", "no scenario is called “xyzzy”; diagnose lab --list names them all."),
    ],
)
def test_an_unknown_scenario_is_told_with_what_resembles_it_or_where_all_are_named(
    command: CommandLine, typed: str, told: str
) -> None:
    assert command.refused("lab", typed).startswith(told)
