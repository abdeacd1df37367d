"""The file of results: whole lines, going on where a run broke off, and what a full disk leaves."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import msgspec
import pytest

from diagnose.fleet.results import Results, ResultsError, earlier_in, line_of, rows_in
from diagnose.fleet.tasks import Origin, Result
from diagnose.model.report import Report
from diagnose.model.saved import saved_report
from tests.reports import samples


def result(line: int, report: Report | None = None) -> Result:
    origin = Origin(line=line, id=f"{line:024x}", office="Berlin", columns={"address": "alice@corp.example"})
    return Result(origin=origin, report=report, bad=None if report else "no address")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def write(file: Path, *lines: int, resume: bool = False) -> set[int]:
    with Results(file, resume=resume) as results:
        before = set(results.done)
        for line in lines:
            results.write(line_of(result(line)))
    return before


def test_a_line_holds_the_report_and_its_row(file: Path) -> None:
    with Results(file, resume=False) as results:
        results.write(line_of(result(2, samples.wrong_password())))
        results.write(line_of(result(3)))
    first, second = map(json.loads, file.read_text("utf-8").splitlines())

    assert saved_report(json.dumps(first["report"]).encode()).verdict == samples.wrong_password().verdict
    assert first["row"] == {
        "line": 2, "id": f"{2:024x}", "office": "Berlin", "columns": {"address": "alice@corp.example"},
    }  # fmt: skip
    assert second["bad"] == "no address"
    told, bad = rows_in(file)
    assert (told.name, told.status, told.office) == ("alice@corp.example", "problem", "Berlin")
    assert told.cause is not None
    assert (bad.status, bad.bad, bad.name) == ("bad", "no address", "alice@corp.example")


def test_a_place_is_the_server_of_the_cause(file: Path) -> None:
    report = samples.wrong_password()
    check = report.verdict.causes[0].evidence[0].check
    record = {
        "services": [{"host": "smtp.corp.example"}, {"host": "imap.corp.example"}],
        "checks": [{"id": check, "place": 1}, {"id": "other", "place": 0}],
    }
    file.write_text(line_of(result(2, msgspec.structs.replace(report, record=record))), "utf-8")

    assert next(rows_in(file)).at == ("imap.corp.example",)


@pytest.mark.parametrize("report", [None, samples.wrong_password()])
def test_a_line_says_from_where_its_row_was_looked_at(file: Path, report: Report | None) -> None:
    """Redacted, too: it is no secret of a person's."""
    made = result(2, report)
    made = msgspec.structs.replace(made, origin=msgspec.structs.replace(made.origin, vantage="Lima"))
    for redact in (False, True):
        file.write_text(line_of(made, redact=redact), "utf-8")
        assert [row.vantage for row in rows_in(file)] == ["Lima"]


def test_redacted_results_say_nothing_of_their_rows() -> None:
    told = json.loads(line_of(result(2), redact=True))

    assert told["row"] == {"line": 2, "office": "Berlin", "columns": {}}


@pytest.mark.parametrize("left", ["", '{"row": {"li', '{"row": {"line": 9, "id": "9"}, "bad": "x"}'])
def test_it_goes_on_where_it_broke_off(file: Path, left: str) -> None:
    """What has no line end was under way when the program was killed: it is taken away, and run again."""
    write(file, 1, 2)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(left)

    assert write(file, 3, resume=True) == {1, 2}
    assert [row.line for row in rows_in(file)] == [1, 2, 3]


def test_results_are_never_overwritten(file: Path) -> None:
    write(file, 1)
    content = file.read_bytes()

    with pytest.raises(ResultsError, match="resume"):
        Results(file, resume=False)
    assert file.read_bytes() == content


@pytest.mark.parametrize("resume", [True, False])
def test_two_runs_never_write_to_one_file(file: Path, resume: bool) -> None:
    with Results(file, resume=False) as results:
        with pytest.raises(ResultsError, match="another run"):
            Results(file, resume=resume)
        results.write(line_of(result(1)))
        with pytest.raises(ResultsError, match="another run"):
            Results(file, resume=True)

    assert write(file, 2, resume=True) == {1}


@pytest.mark.parametrize("newer", ["2", "99", str(1 << 40)])
def test_results_of_a_newer_version_are_left_alone(file: Path, newer: str) -> None:
    """Another version may have given their words another meaning; so there is no going on, and no comparing."""
    content = line_of(result(2, samples.wrong_password())).replace('"schema_version":1', f'"schema_version":{newer}')
    file.write_text(content, "utf-8")

    for read in (lambda: Results(file, resume=True), lambda: earlier_in(file)):
        with pytest.raises(ResultsError, match="newer"):
            read()
    assert file.read_text("utf-8") == content


@pytest.mark.parametrize("content", ["hello\n", "{}\n", "[1]\n", '{"row": {"line": 1}, "bad": "x"}\n'])
def test_other_files_are_left_alone(file: Path, content: str) -> None:
    """Those without the rows' numbers, too, as redacted results are."""
    file.write_text(content, "utf-8")

    with pytest.raises(ResultsError):
        Results(file, resume=True)
    assert file.read_text("utf-8") == content


def test_no_pipe_and_no_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "there")

    for name in ("pipe", "link"):
        with pytest.raises((ResultsError, OSError)):
            Results(tmp_path / name, resume=False)
    assert not (tmp_path / "there").exists()


def test_a_full_disk_leaves_whole_lines(file: Path) -> None:
    with Results(file, resume=False) as results:
        results.write(line_of(result(1)))
        stream = results._stream

        class Full:
            """Takes ten octets, and then no more."""

            taken = 0

            def write(self, view: memoryview) -> int:
                if self.taken:
                    raise OSError(errno.ENOSPC, "No space left on device")
                self.taken = 10
                return stream.write(view[:10]) or 0

            def __getattr__(self, name: str) -> object:
                return getattr(stream, name)

        results._stream = Full()  # type: ignore[assignment]
        with pytest.raises(OSError, match="No space"):
            results.write(line_of(result(2)))
    assert [row.line for row in rows_in(file)] == [1]
    assert write(file, 2, resume=True) == {1}
