"""A saved report is judged again by today's knowledge: from its record alone, and what changed is told with its why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here
import msgspec
import pytest

from diagnose.comparison.replay import UnfitRecordError, replayed
from diagnose.model.report import Report
from diagnose.model.saved import machine_readable, plain_report, saved_report
from diagnose.process.first_use import convert
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.request import Presentation
from reports.html import render as as_page
from reports.json import SCHEMA
from reports.text import render as as_text
from tests.commands.command_line import CommandLine

SAVED = Path(__file__).parent / "saved"
OLD = sorted(SAVED.glob("*.json"))
"""Reports that earlier versions wrote of the lab's wrong password, as they wrote them."""
WITH_RECORD = SAVED / "2026-11-29-first-record.json"


def read(file: Path = WITH_RECORD) -> Report:
    return saved_report(file.read_bytes())


def today() -> Report:
    """The saved report as this version would have written it."""
    return msgspec.structs.replace(replayed(read(), Presentation()), replay=None)


def saying(**changed: Any) -> Report:
    """A report of today, in whose verdict something was judged otherwise."""
    report = plain_report(today())
    report["verdict"] |= changed
    return convert(report, Report)


def told(report: Report) -> list[tuple[str, str | None, str]]:
    again = replayed(report, Presentation())
    assert again.replay is not None
    return [(one.changed, one.cause, one.text) for one in again.replay.changes]


@pytest.mark.parametrize("written", ["plain", "half a character: \ud800", "€ 😀"])
def test_a_report_as_values_of_json_is_what_json_makes_of_it(written: str) -> None:
    report = msgspec.structs.replace(today(), started_at=written)

    built = {**msgspec.to_builtins(report, order="deterministic"), "id": report.id}
    assert plain_report(report) == json.loads(json.dumps(built))


def test_json_knows_neither_nan_nor_infinity() -> None:
    report = msgspec.structs.replace(today(), record={"facts": [float("nan"), float("inf"), 1e300, 2**70]})

    assert plain_report(report)["record"] == {"facts": [None, None, 1e300, 2**70]}


def cause(**changed: Any) -> dict[str, Any]:
    """The wrong password as the saved report has it, with something changed."""
    plain: dict[str, Any] = plain_report(today())["verdict"]["causes"][0]
    return plain | changed


# -- what was written before


@pytest.mark.parametrize("file", OLD, ids=lambda file: file.stem)
@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_what_earlier_versions_wrote_stays_readable(file: Path, form: str, command: CommandLine) -> None:
    done = command("replay", str(file), "--format", form)
    assert (done.code, done.err) == (1, "")
    assert "credentials.rejected" in done.out
    if form == "json":
        jsonschema.validate(done.json, json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize("file", [one for one in OLD if one != WITH_RECORD], ids=lambda file: file.stem)
def test_without_a_record_a_report_stays_as_it_was_and_says_so(file: Path, command: CommandLine) -> None:
    done = command("replay", str(file))
    said = " ".join(done.out.split())
    assert "saved this report without the record of its run, so its verdict stands as it was" in said
    assert command("replay", str(file), "--format", "json").json["replay"]["judged_by"] is None


def test_with_one_it_is_judged_again_to_the_same_end(command: CommandLine) -> None:
    done = command("replay", str(WITH_RECORD), "--format", "json").json
    before = json.loads(WITH_RECORD.read_text("utf-8"))
    assert [one["id"] for one in done["verdict"]["causes"]] == [one["id"] for one in before["verdict"]["causes"]]
    assert done["replay"]["saved_by"] == before["tool"]["version"]
    assert as_before(done["record"], before["record"]) == before["record"]


ADDED = {
    "nameserver",
    "before_secret",
    "ca_file",
    "bot_check",
    "refresh",
    "frame",
    "cut_off",
    "takes_no_login",
    "hurried",
    "address",
    "not_accepted",
    "filtered_by",
    "forwarded_by",
    "dead_end",
    "hollow",
    "unlisted",
    "to_recipient",
    "waited_seconds",
    "server",
    "failure",
    "packed",
    "hung_up",
    "unread",
}
"""What later versions added to records, which is empty in one of before; “server” and “failure” to an answer of DNS."""


def as_before(plain: Any, before: Any) -> Any:
    """*plain* without what was added to what stands in its place in *before*."""
    if isinstance(plain, list) and isinstance(before, list):
        return [as_before(one, other) for one, other in zip(plain, before, strict=True)]
    if not isinstance(plain, dict) or not isinstance(before, dict):
        return plain
    added = plain.keys() - before.keys()
    assert added <= ADDED
    assert not any(plain[name] for name in added)
    return {name: as_before(one, before[name]) for name, one in plain.items() if name not in added}


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_what_it_writes_it_can_read(suffix: str, command: CommandLine, tmp_path: Path) -> None:
    block = machine_readable(read())
    words = {"html": f"<script type='application/json'>\n{block}\n</script>", "md": f"<!--\n{block}\n-->"}
    file = tmp_path / f"report.{suffix}"
    file.write_text(words.get(suffix) or WITH_RECORD.read_text("utf-8"), "utf-8")
    again = tmp_path / "again.json"
    assert command("replay", str(file), "--report", str(again)).code == 1
    third = command("replay", str(again), "--format", "json").json
    assert third["replay"]["changes"] == []


def test_standard_input_is_read_as_a_file_is(command: CommandLine) -> None:
    done = command("replay", "-", "--quiet", stdin=WITH_RECORD.read_bytes())
    assert done.code == 1


# -- what changed, and why


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        (
            {"status": "inconclusive", "exit_code": 3, "causes": []},
            [
                ("status", None, "The verdict was “not settled”, and is “problem found” now."),
                ("came", "credentials.rejected", "credentials.rejected is new among the causes (confirmed)."),
            ],
        ),
        (
            {"causes": [cause(certainty="likely")]},
            [("certainty", "credentials.rejected", "credentials.rejected was likely, and is confirmed now.")],
        ),
        (
            {"causes": [cause(impact="hinders")]},
            [
                (
                    "impact",
                    "credentials.rejected",
                    "credentials.rejected: it was “hinders, does not block”, and is “blocks the login” now.",
                )
            ],
        ),
        (
            {"causes": [cause(id="server.fault"), cause()]},
            [
                (
                    "order",
                    "credentials.rejected",
                    "The first cause was server.fault, and is credentials.rejected now.",
                ),
                ("went", "server.fault", "server.fault is no longer among the causes."),
            ],
        ),
        (
            {"causes": [cause(remedies=[])]},
            [("advice", "credentials.rejected", "What to do about credentials.rejected reads otherwise today.")],
        ),
        (
            {"causes": [cause(summary="Of old.")]},
            [("advice", "credentials.rejected", "What credentials.rejected means is described otherwise today.")],
        ),
    ],
)
def test_what_is_judged_otherwise_is_told(changed: dict[str, Any], expected: list[Any]) -> None:
    assert told(saying(**changed)) == expected


def finding(**changed: Any) -> dict[str, Any]:
    return {"cause": "credentials.rejected", "certainty": "confirmed", "text": "As it was.", "proof": None} | changed


def test_each_cause_is_told_with_what_the_checks_make_of_the_same_facts() -> None:
    report = plain_report(saying(causes=[]))
    (login,) = [one for one in report["checks"] if any(f["cause"] == "credentials.rejected" for f in one["findings"])]
    for then, why in (
        ([], f"The check {login['id']} finds it in what was seen: imap.corp.example answered the login"),
        ([finding(certainty="likely")], f"The check {login['id']} took it for likely, and takes it for confirmed now."),
        (login["findings"], "The checks find the same; what it takes to prove it, or what rules it out, is known"),
    ):
        login["findings"] = then
        again = replayed(convert(report, Report), Presentation()).replay
        assert again is not None
        (came,) = [one for one in again.changes if one.changed == "came"]
        assert came.because[0].startswith(why)


def test_a_cause_that_went_says_which_check_no_longer_finds_it() -> None:
    report = plain_report(saying(causes=[cause(), cause(id="server.fault", certainty="possible")]))
    report["checks"][0]["findings"] = [finding(cause="server.fault")]
    again = replayed(convert(report, Report), Presentation()).replay
    assert again is not None
    (went,) = again.changes
    assert went.because == (f"The check {report['checks'][0]['id']} no longer finds it in what was seen.",)


def test_other_words_of_another_language_are_no_change() -> None:
    again = replayed(today(), Presentation(lang="zh-Hans"))
    assert again.lang == "zh-Hans"
    assert again.replay is not None
    assert again.replay.changes == ()


# -- what today's version does not know


def with_record(change: Any) -> Report:
    plain = plain_report(today())
    change(plain["record"])
    return convert(plain, Report)


def test_facts_of_another_shape_are_passed_over() -> None:
    def older(record: dict[str, Any]) -> None:
        for one in record["checks"]:
            if one["check"] == "login":
                one["facts"] = {"answer": 7, "outcome": []}

    again = replayed(with_record(older), Presentation())
    skipped = {one.id: one.skipped_because for one in again.checks if one.id.startswith("login.")}
    assert "what it saw was saved in a form that this version no longer judges" in skipped.values()
    assert again.verdict.exit_code == 3


def test_checks_and_providers_that_are_gone_are_named() -> None:
    def older(record: dict[str, Any]) -> None:
        record["provider"] = "gone-mail"
        record["checks"].append(record["checks"][0] | {"id": "fax", "check": "fax", "provider": "gone-mail"})

    again = replayed(with_record(older), Presentation())
    assert again.replay is not None
    assert [one.text for one in again.replay.changes] == [
        "Checks of then that are not known today, and count for nothing: fax."
    ]
    assert again.subject.provider is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", 2), ("checks", [{"id": 7}]), ("started_at", "yesterday"), ("subject", None), ("services", "\ud800")],
)
def test_a_record_that_is_none_is_one_sentence(name: str, value: Any, command: CommandLine, tmp_path: Path) -> None:
    report = with_record(lambda record: record.update({name: value}))
    with pytest.raises(UnfitRecordError):
        replayed(report, Presentation())
    file = tmp_path / "report.json"
    file.write_text(json.dumps(plain_report(report)), "utf-8")
    assert f"{file}: its record of the run cannot be judged: " in command.refused("replay", str(file))


# -- how it is shown


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "judged again by 0.1.0: nothing has changed."),
        ("zh-Hans", "重新判断，没有变化。"),
        ("zh-Hant", "重新判斷，沒有變化。"),
    ],
)
def test_pages_and_texts_begin_with_it(lang: Any, said: str, command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(plain_report(today())), "utf-8")
    for form in ("text", "html"):
        assert said in " ".join(command("replay", str(file), "--lang", lang, "--format", form).out.split())


def test_changes_are_shown_with_their_reasons() -> None:
    report = replayed(saying(causes=[], status="healthy", exit_code=0), Presentation())
    assert report.replay is not None
    for page in (as_text(report, RenderStyle(width=400)), as_page(report, RenderStyle())):
        for change in report.replay.changes:
            assert change.text in page
            assert all(one in page for one in change.because)


def test_options_of_the_report_hold_for_it_too(command: CommandLine, tmp_path: Path) -> None:
    page, lines = tmp_path / "again.html", tmp_path / "again.txt"
    done = command(
        "replay", str(WITH_RECORD), "--for", "admin", "--redact", "--report", str(page), "--report", str(lines)
    )
    assert done.code == 1
    assert "alice" not in done.out + page.read_text("utf-8") + lines.read_text("utf-8")
    whole = command("replay", str(WITH_RECORD), "--for", "admin", "--format", "json").json
    assert whole["verdict"]["causes"][0]["remedies"][0]["fixer"] == "admin"


def test_what_only_hinders_counts_where_it_is_asked_to() -> None:
    assert replayed(today(), Presentation(), strict=True).record["asked"]["strict"] is True  # type: ignore[index]


@pytest.mark.parametrize("word", ["", "nowhere.json", "."])
def test_what_is_no_file_is_refused(word: str, command: CommandLine, tmp_path: Path) -> None:
    assert "cannot be read" in command.refused("replay", str(tmp_path / word))


# -- no network

WATCHED = """
import sys
def watch(event, arguments):
    if event == "socket.gethostname":
        return
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.posix_spawn", "os.exec"}:
        print(event, arguments, file=sys.stderr)
        sys.exit(99)
sys.addaudithook(watch)
from diagnose.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("more", [(), ("--redact",), ("--format", "html", "--verbose")])
def test_no_socket_is_opened_and_no_program_started(more: tuple[str, ...]) -> None:
    """Seen by the interpreter's own audit events (PEP 578)."""
    command = [sys.executable, "-c", WATCHED, "replay", str(WITH_RECORD), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "")
