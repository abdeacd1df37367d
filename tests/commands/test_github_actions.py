"""A job of GitHub Actions gets annotations on standard error and a summary of the step; nobody else gets either."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from diagnose.cli.github_actions import MOST_OCTETS, tell_job, without_commands, workflow_commands
from diagnose.locale.language import translation
from diagnose.rendering.renderer import RenderStyle
from tests.reports.samples import SAMPLES, error_and_skips, healthy, hostile, port_blocked, wrong_password
from tests.reports.texts import with_every_text

from .command_line import CommandLine

COMMAND = re.compile(r"::(?P<level>error|warning|notice) title=(?P<title>[^:,\r\n]*)::(?P<message>[^\r\n]*)")
"""As the runner takes a line apart."""
QUIETLY = ("--resolver", "127.0.0.1:9", "--no-third-party")
"""Nothing is asked of anybody outside; nobody serves names there."""


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    return tmp_path / "summary.md"


def job(summary: Path) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}


def test_the_run_of_a_job(command: CommandLine, monkeypatch: pytest.MonkeyPatch, summary: Path) -> None:
    """Standard output holds the report alone."""
    for name, value in job(summary).items():
        monkeypatch.setenv(name, value)
    summary.write_text("# An earlier step\n")
    done = command("corp.example", *QUIETLY, "--only", "address", "--format", "json", "--timeout", "2")

    assert done.code == json.loads(done.out)["verdict"]["exit_code"]
    assert all(COMMAND.fullmatch(line) for line in done.err.splitlines())
    written = summary.read_text("utf-8")
    assert written.startswith("# An earlier step\n# ")
    assert "corp.example" in written


@pytest.mark.parametrize("value", ["", "false", None])
def test_elsewhere_nothing_is_told(capsys: pytest.CaptureFixture[str], summary: Path, value: str | None) -> None:
    environment = {"GITHUB_STEP_SUMMARY": str(summary)} | ({} if value is None else {"GITHUB_ACTIONS": value})
    tell_job(wrong_password(), RenderStyle(), environment)

    assert capsys.readouterr() == ("", "")
    assert not summary.exists()


def test_each_cause_is_an_annotation_of_its_weight() -> None:
    found = [match.groupdict() for line in workflow_commands([wrong_password()]) if (match := COMMAND.fullmatch(line))]

    assert [one["level"] for one in found] == ["error", "notice", "notice", "warning"]
    assert found[0]["title"] == "alice@corp.example%3A User name or password rejected"
    assert (
        "%0Aimap.corp.example:993 answers: NO [AUTHENTICATIONFAILED] Authentication failed.%0A" in found[0]["message"]
    )
    assert found[0]["message"].endswith("%0A[credentials.rejected]")


def test_what_hinders_or_could_not_be_checked_is_a_warning_and_health_is_silent() -> None:
    assert [line.split()[0] for line in workflow_commands([port_blocked()])] == ["::warning"]
    assert [line.split()[0] for line in workflow_commands([error_and_skips()])] == ["::warning"]
    assert list(workflow_commands([healthy()])) == []


def test_github_shows_ten_of_a_level() -> None:
    lines = list(workflow_commands([wrong_password()] * 30))
    assert sorted({line.split()[0] for line in lines}) == ["::error", "::notice", "::warning"]
    assert len(lines) == 30


ATTACKS = ["x\n::add-mask::y", "a\r\n::stop-commands::z", "100%0A::error::x", "a,file=b::c", "::error::", "\u202e::x"]


@pytest.mark.parametrize("said", ATTACKS)
def test_no_server_gives_the_runner_a_command(said: str, capsys: pytest.CaptureFixture[str], summary: Path) -> None:
    tell_job(with_every_text(wrong_password(), said), RenderStyle(), job(summary))
    told = capsys.readouterr().err.splitlines()

    assert told
    assert all(COMMAND.fullmatch(line) for line in told)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("::add-mask::imap", ": :add-mask::imap"),
        ("  • NO\n    ::stop-commands::x", "  • NO\n    : :stop-commands::x"),
        ("a ##[add-mask]b", "a ## [add-mask]b"),
        ("imaps://[2001:db8::10]:993 at ::1 a::b", "imaps://[2001:db8::10]:993 at ::1 a::b"),
    ],
)
def test_no_line_of_a_log_is_a_command(said: str, shown: str, summary: Path) -> None:
    """The runner looks for them behind blanks, too, and text is broken where a server likes."""
    assert without_commands(said, job(summary)) == shown
    assert without_commands(said, {}) == said


def test_the_text_report_in_a_log(command: CommandLine, monkeypatch: pytest.MonkeyPatch, summary: Path) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = command("corp.example", *QUIETLY, "--only", "address", "--timeout", "2", "--seen", "NO ::error::x")

    assert "corp.example" in done.out
    assert not re.search(r"(?m)^\s*::", done.out)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_report(name: str, capsys: pytest.CaptureFixture[str], summary: Path) -> None:
    tell_job(SAMPLES[name](), RenderStyle(), job(summary))

    assert all(COMMAND.fullmatch(line) for line in capsys.readouterr().err.splitlines())
    assert summary.read_text("utf-8").startswith("# ")


def test_the_summary_speaks_the_language_of_the_report(summary: Path) -> None:
    tell_job(wrong_password(), RenderStyle(translate=translation("zh-Hans")), job(summary))
    assert "发现问题" in summary.read_text("utf-8")


def test_a_full_summary_is_told_in_short_or_not_at_all(summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub would refuse it as a whole."""
    for room, held in ((2000, "credentials.rejected"), (10, "")):
        summary.write_text("x" * (MOST_OCTETS - room))
        tell_job(wrong_password(), RenderStyle(), job(summary))
        assert summary.stat().st_size <= MOST_OCTETS
        assert held in summary.read_text("utf-8")
        assert "Checks" not in summary.read_text("utf-8")
    assert "cannot be written" not in capsys.readouterr().err


def test_a_summary_that_cannot_be_written_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_job(healthy(), RenderStyle(), job(tmp_path / "none" / "summary.md"))

    told = capsys.readouterr().err
    assert told.startswith("diagnose: ")
    assert told.count("\n") == 1


def test_many_reports_are_one_summary(summary: Path) -> None:
    tell_job([healthy(), wrong_password(), hostile()], RenderStyle(), job(summary))
    assert summary.read_text("utf-8").startswith("# Reports")


def test_what_is_hidden_is_hidden_here(summary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from diagnose.redaction.redact import redact

    report = wrong_password()
    subject = msgspec.structs.replace(report.subject, address="alice.b@corp.example", username="alice.b")
    tell_job(redact(msgspec.structs.replace(report, subject=subject)), RenderStyle(), job(summary))

    assert "alice.b" not in capsys.readouterr().err + summary.read_text("utf-8")
