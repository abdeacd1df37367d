"""`diagnose fleet`: from a file to what its rows have in common."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from diagnose.cli.fleet_secrets import on_worker
from diagnose.fleet.results import rows_in
from diagnose.fleet.rows import RowError, SecretSource
from diagnose.model.report import Report, ReportSubject
from diagnose.running.diagnosis import Diagnosis
from diagnose.running.request import Request
from tests.commands.command_line import CommandLine
from tests.reports import samples

ROWS = (
    "address,password_env,office\nalice@corp.example,PW_A,Berlin\nbob@corp.example,,Berlin\n@@,,\ncorp.example,,Oslo\n"
)

FLEET = ("fleet", "rows.csv", "--pace", "1000")
"""Nobody is there to be spared."""
DASK = ("fleet", "rows.csv", "--engine", "dask", "--scheduler")


class Runs:
    """Stands in for the network: what was asked for, and what each run brings."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.report: Report = samples.wrong_password()
        self.healthy: Report = samples.healthy()
        self.ill: frozenset[str] = frozenset()
        """Domains with an expired certificate."""
        self._lock = threading.Lock()

    def __call__(self, request: Request, **_more: Any) -> Diagnosis:
        with self._lock:
            self.asked.append(request)
        subject = ReportSubject(
            address=request.subject.address, domain=request.subject.domain, username=None, provider=None
        )
        report = self.healthy if request.subject.address is None else self.report
        if request.subject.domain in self.ill:
            report = samples.expired_certificate()
        return Diagnosis(report=msgspec.structs.replace(report, subject=subject, record=None))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    found = Runs()
    monkeypatch.setattr("diagnose.fleet.tasks.diagnose", found)
    monkeypatch.setenv("PW_A", "correct horse")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS, "utf-8")
    return found


def test_rows_in_and_what_they_share_out(command: CommandLine, made: Runs) -> None:
    done = command(*FLEET, "--results", "out.jsonl")

    assert done.code == 1
    assert "2 of 4 with a problem, 1 healthy, 1 that could not be run" in " ".join(done.out.split())
    assert "All 2 of corp.example" not in done.out  # the domain itself is healthy
    assert done.err.startswith("diagnose: ") is False
    assert "Line 4: “@@”" in done.err
    assert sorted(row.line for row in rows_in(Path("out.jsonl"))) == [2, 3, 4, 5]


def test_a_secret_comes_from_where_the_row_says_and_goes_nowhere(command: CommandLine, made: Runs) -> None:
    done = command(*FLEET, "--results", "out.jsonl", "--at-once", "1")

    logins = {one.subject.name: one.person.password for one in made.asked}
    assert logins["bob@corp.example"] is None
    secret = logins["alice@corp.example"]
    assert secret is not None
    assert secret.reveal() == "correct horse"
    assert "correct horse" not in Path("out.jsonl").read_text("utf-8") + done.out + done.err
    assert "PW_A" not in Path("out.jsonl").read_text("utf-8")


@pytest.mark.parametrize("kind", ["environment", "keyring"])
def test_what_a_row_gives_as_a_name_is_repeated_nowhere(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch, kind: Literal["environment", "keyring"]
) -> None:
    """It may be the password itself."""
    monkeypatch.setattr("keyring.get_password", lambda _service, _account: None)
    column = {"environment": "password_env", "keyring": "password_keyring"}[kind]
    Path("slip.csv").write_text(f"address,{column}\nalice@corp.example,hunter2\n", "utf-8")
    done = command("fleet", "slip.csv", "--results", "out.jsonl", "--report", "x.html", "--report", "x.csv")

    written = "".join(Path(name).read_text("utf-8") for name in ("out.jsonl", "x.html", "x.csv"))
    assert f"name in “{column}”" in done.err
    assert "hunter2" not in written + done.out + done.err
    with pytest.raises(RowError, match=column) as error:
        on_worker(SecretSource(kind=kind, name="hunter2"))
    assert "hunter2" not in str(error.value)


def test_an_empty_secret_leaves_the_login_open(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for, and cannot be tested; a row that names no secret asks for none."""
    monkeypatch.setenv("PW_A", "")
    command(*FLEET, "-q")

    asked = {one.subject.name: (one.logs_in, one.person.password) for one in made.asked}
    assert asked["alice@corp.example"] == (True, None)
    assert asked["bob@corp.example"] == (False, None)


def test_resuming_runs_what_is_left(command: CommandLine, made: Runs) -> None:
    command(*FLEET, "--results", "out.jsonl")
    whole = Path("out.jsonl").read_bytes().splitlines(keepends=True)
    Path("out.jsonl").write_bytes(whole[0] + whole[1] + whole[2][:40])
    made.asked.clear()
    refused = command.refused("fleet", "rows.csv", "--results", "out.jsonl")

    assert "--resume" in refused
    assert made.asked == []
    command(*FLEET, "--results", "out.jsonl", "--resume")
    assert sorted(row.line for row in rows_in(Path("out.jsonl"))) == [2, 3, 4, 5]
    assert len(made.asked) <= 2


def test_rows_come_by_standard_input(command: CommandLine, made: Runs) -> None:
    done = command("fleet", "-", "--pace", "1000", "--results", "out.jsonl", stdin=ROWS.encode())

    assert "2 of 4 with a problem, 1 healthy, 1 that could not be run" in " ".join(done.out.split())
    assert [row.line for row in sorted(rows_in(Path("out.jsonl")), key=lambda row: row.line)] == [2, 3, 4, 5]


@pytest.mark.parametrize(("rows", "words"), [("", "it is empty"), ("hello\n", "neither a header")])
def test_standard_input_without_rows_is_one_sentence(command: CommandLine, made: Runs, rows: str, words: str) -> None:
    done = command("fleet", "-", stdin=rows.encode())

    assert done.code == 2
    assert "standard input cannot be read" in done.err
    assert words in done.err


@pytest.mark.parametrize(
    ("written", "more", "told"),
    [
        ("cp1252", (), "rows.csv is read as Windows-1252; --encoding names another encoding."),
        ("cp1252", ("-q",), ""),
        ("cp1252", ("--encoding", "windows-1252"), ""),
        ("utf-8", (), ""),
    ],
)
def test_an_encoding_that_was_guessed_is_told(
    command: CommandLine, made: Runs, written: str, more: tuple[str, ...], told: str
) -> None:
    Path("rows.csv").write_bytes("address,office\nalice@corp.example,Zürich\n".encode(written))
    done = command(*FLEET, "--results", "out.jsonl", *more)

    (row,) = rows_in(Path("out.jsonl"))
    assert row.office == "Zürich"
    assert done.err.strip() == told


def test_the_summary_for_programs(command: CommandLine, made: Runs) -> None:
    done = command(*FLEET, "--json", "-q")

    assert done.err == ""
    assert done.json["rows"] == 4
    assert [one["grouping"] for one in done.json["causes"]] == ["account"]
    assert {one["name"] for one in done.json["by_office"]} == {"Berlin", "Oslo"}


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--only", "dns"), "--only dns"),
        (("--skip", "login", "--skip", "web"), "--skip login"),
        (("--only", "tls.imap"), "--only tls.imap"),
    ],
)
def test_rows_are_looked_at_in_part(command: CommandLine, made: Runs, words: tuple[str, ...], option: str) -> None:
    """What is left out is not known, so nothing is called healthy; what was looked at is sound, so the code is 0."""
    Path("rows.csv").write_text("domain\na.example\nb.example\n", "utf-8")
    options = tuple(f"{name} {word}" for name, word in zip(words[::2], words[1::2], strict=True))
    made.healthy = msgspec.structs.replace(
        samples.healthy(),
        verdict=msgspec.structs.replace(samples.healthy().verdict, status="inconclusive", narrowed=options),
    )

    done = command(*FLEET, *words, "-q", "--results", "out.jsonl")

    assert done.code == 0
    assert {one.narrowed for one in made.asked} == {options}
    assert [one.selection.options for one in made.asked] == [options] * 2
    told = " ".join(done.out.split())
    assert "0 of 2 with a problem, 0 healthy, 2 without a problem in what was looked at" in told
    assert "looked at in part: " in told
    assert option in told
    assert "not clear yet" not in told.partition("By domain")[0]
    told = " ".join(command(*FLEET, *words, "-q", "--lang", "zh-Hans").out.split())
    assert "2 条在检查过的部分没有问题" in told


def test_a_row_looked_at_in_part_may_have_a_problem_or_be_unclear(command: CommandLine, made: Runs) -> None:
    """Near misses: neither is sound."""
    Path("rows.csv").write_text("domain\na.example\nb.example\nill.example\n", "utf-8")
    made.ill = frozenset({"ill.example"})
    unclear = msgspec.structs.replace(
        samples.healthy().verdict, status="inconclusive", exit_code=3, narrowed=("--only tls",)
    )
    made.healthy = msgspec.structs.replace(samples.healthy(), verdict=unclear)

    done = command(*FLEET, "--only", "tls", "-q")
    assert done.code == 1
    assert "1 of 3 with a problem, 0 healthy, 2 not clear yet" in " ".join(done.out.split())

    made.ill = frozenset()
    assert command(*FLEET, "--only", "tls", "-q").code == 3


def test_every_report_is_written(command: CommandLine, made: Runs) -> None:
    files = [Path(f"fleet{suffix}") for suffix in (".html", ".csv", ".xml", ".prom")]
    done = command(*FLEET, "-q", *(word for file in files for word in ("--report", str(file))))

    assert done.err == ""
    assert all(file.stat().st_size > 300 for file in files)


def test_redacted_results_name_no_row(command: CommandLine, made: Runs) -> None:
    command(*FLEET, "--results", "out.jsonl", "--redact", "-q")
    told = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]

    assert [one["row"]["columns"] for one in told] == [{}] * 4
    assert [one["bad"] for one in told if "bad" in one] == ["nothing can be diagnosed by this row"]


def test_a_redacted_run_names_no_bad_row_on_standard_error(command: CommandLine, made: Runs) -> None:
    """What a job's log keeps is output, too."""
    Path("bad.csv").write_text("address\nalice@@corp.example\n@corp.example\nbob corp.example\n", "utf-8")
    done = command("fleet", "bad.csv", "--results", "out.jsonl", "--redact")

    assert done.err.count("Line ") == 3
    assert "alice" not in done.err
    assert "corp.example" not in done.err


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "it is empty"),
        (b"name,phone\nAlice,1\n", "neither a header"),
        (b"address,password\nalice@corp.example,hunter2\n", "would hold secrets"),
        (bytes(range(256)), "not a text"),
    ],
)
def test_bad_input_is_one_sentence(command: CommandLine, made: Runs, content: bytes, part: str) -> None:
    Path("bad").write_bytes(content)

    assert part in command.refused("fleet", "bad", "--results", "out.jsonl")
    assert made.asked == []
    assert not Path("out.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("fleet", "."), "cannot be read"),
        (("fleet", "none.csv"), "cannot be read"),
        (("fleet", "rows.csv", "--resume"), "goes with --results"),
        (("fleet", "rows.csv", "--results", "x", "--resume", "--redact"), "cannot be used with"),
        (("fleet", "rows.csv", "--results", "no/folder"), "no folder"),
        (("fleet", "rows.csv", "--ca-file", "none.pem"), "none.pem"),
        (("fleet", "rows.csv", "--at-once", "33"), "33"),
        (("fleet", "rows.csv", "--pace", "0"), "0"),
        (("fleet", "rows.csv", "--only", "dsn"), "no check or family is called “dsn”; did you mean dns?"),
        (("fleet", "rows.csv", "--skip", "discovery"), "is called “discovery”"),
        (("fleet", "rows.csv", "--host-connections", "0"), "not a whole number from 1 to 1000"),
        (("fleet", "rows.csv", "--host-connections", "1.5"), "not a whole number from 1 to 1000"),
        (("fleet", "rows.csv", "--provider-connections", "nan"), "not a whole number from 17 to 1000"),
        (("fleet", "rows.csv", "--scheduler", "tls://127.0.0.1:9"), "--scheduler goes with --engine dask"),
        (("fleet", "rows.csv", "--vantage", "Berlin"), "--vantage goes with --engine dask"),
        (("fleet", "rows.csv", "--engine", "dask"), "needs --scheduler"),
        ((*DASK, "scheduler:8786"), "is not a URL such as tls://"),
        ((*DASK, "tls://scheduler.corp.example"), "is not a URL such as tls://"),
        ((*DASK, "http://scheduler.corp.example:8786"), "is not a URL such as tls://"),
        ((*DASK, "tcp://scheduler.corp.example:8786"), "is not guarded"),
        ((*DASK, "tcp://127.0.0.1.corp.example:8786"), "is not guarded"),
        ((*DASK, "tcp://127.0.0.1:9"), "cannot be reached: Connection refused"),
        (("fleet", "rows.csv", "--report", "x.md"), "ends in none of .csv"),
        (("fleet", "rows.csv", "--encoding", "klingon"), "is not an encoding"),
        (("fleet", "rows.csv", "--encoding", "base64"), "is not an encoding"),
        (("fleet", "rows.csv", "--report", "rows.csv"), "two things at once"),
        (("fleet", "rows.csv", "--results", "x.html", "--report", "./x.html"), "two things at once"),
    ],
)
def test_wrong_usage(command: CommandLine, made: Runs, words: tuple[str, ...], part: str) -> None:
    assert part in command.refused(*words)
    assert made.asked == []


def test_a_scheduler_that_never_answers_is_given_up(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask itself would wait for it without end."""
    monkeypatch.setattr("diagnose.fleet.dask_connection.ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = command.refused(*DASK, f"tcp://127.0.0.1:{silent.getsockname()[1]}", "--results", "out.jsonl")

    assert told.endswith("cannot be reached: no answer in time.")
    assert not Path("out.jsonl").exists()


def test_a_missing_extra_says_how_it_is_added(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("diagnose.fleet.dask_engine", "diagnose.fleet.dask_connection"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)

    assert re.search(
        r"needs the package “distributed”, which is missing; run .*dask.* first\.$",
        command.refused(*DASK, "tls://127.0.0.1:9"),
    )


def test_a_full_disk_is_a_partial_result_that_says_so(
    command: CommandLine, made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_results: object, _line: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("diagnose.fleet.results.Results.write", full)
    done = command(*FLEET, "--results", "out.jsonl", "-q")

    assert done.code == 2
    assert "cut short" in done.out
    assert done.err.count("\n") == 1
    assert "No space left on device" in done.err


def test_every_language(command: CommandLine, made: Runs) -> None:
    for lang in ("zh-Hans", "zh-Hant"):
        out = command(*FLEET, "--lang", lang, "-q").out
        assert "with a problem" not in out
        assert "healthy" not in out


def test_a_question_about_a_bad_row_ends_as_one(command: CommandLine, made: Runs) -> None:
    Path("rows.csv").write_text("domain\na dress, a domain\nb@@c.example\n", "utf-8")

    done = command(*FLEET)

    assert "did you mean b@c.example?\n" in done.err
    assert "?." not in done.err


def test_a_file_that_leads_nowhere_is_told_as_any_that_is_not_there(
    made: Runs, command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links that lead to each other; a relative name in a folder that has gone."""
    (tmp_path / "one.csv").symlink_to(tmp_path / "two.csv")
    (tmp_path / "two.csv").symlink_to(tmp_path / "one.csv")
    done = command("fleet", str(tmp_path / "one.csv"))
    assert (done.code, done.out) == (2, "")
    assert "one.csv cannot be read" in done.err

    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    done = command("fleet", "rows.csv")
    assert (done.code, done.out) == (2, "")
    assert "rows.csv cannot be read" in done.err
    assert made.asked == []
