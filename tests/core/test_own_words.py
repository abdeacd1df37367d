"""A record keeps the words of its computer that stand in it, so that its report can be redacted anywhere."""

from __future__ import annotations

import getpass
import json
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from checks.server.server import ServerFacts
from diagnose.model.report import Report
from diagnose.network import Vantage
from diagnose.record.coding import as_json, from_json
from diagnose.record.run import CheckRun, OwnWords, Run
from diagnose.redaction.own import occurring, own_words
from diagnose.redaction.redact import redact
from diagnose.running.chosen import every_check
from diagnose.running.reporting import report_of
from diagnose.running.request import Presentation
from tests.commands.command_line import CommandLine
from tests.reports.samples import wrong_password
from tests.support.build import SUBJECT, service
from tests.support.record import record

ELSEWHERE = OwnWords(
    computers=("bobs-laptop", "pc"),
    addresses=("10.4.5.6", "2a02:db8::9"),
    folders=("C:\\Users\\bob.m",),
    users=("bobm",),
)
LEFT = {check.id: check.facts for check in every_check()}


def greeted(words: str) -> Run:
    """A record in which a server said *words*."""
    facts = ServerFacts(greeting=words, milliseconds=1, open=True, failure=None)
    return record(CheckRun(id="server.imap.993", check="server", place=0, facts=facts), services=(service(),))


def of_another_computer(words: str) -> Report:
    run = greeted(words)
    run = msgspec.structs.replace(run, own=occurring(ELSEWHERE, run))
    return report_of(run, every_check(), Presentation())


def shown(report: Report) -> str:
    return json.dumps(json.loads(msgspec.json.encode(report)), ensure_ascii=False)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("hello BOBS-LAPTOP.corp.example", {"computers": ("bobs-laptop",)}),
        ("hello pc [10.4.5.6]", {"computers": ("pc",), "addresses": ("10.4.5.6",)}),
        ("no such file C:\\Users\\bob.m\\x", {"folders": ("C:\\Users\\bob.m",)}),
        ("from bobm@x", {"users": ("bobm",)}),
        ("upcoming 10.4.5.60 bobmeier", {}),
        ("", {}),
    ],
)
def test_only_what_stands_in_the_record_is_kept(said: str, kept: dict[str, Any]) -> None:
    """A report that nobody redacts holds no name more than before."""
    assert msgspec.to_builtins(occurring(ELSEWHERE, greeted(said))) == kept


def test_a_record_without_any_is_written_as_it_was() -> None:
    assert "own" not in as_json(greeted("hello"))


def test_they_are_read_back() -> None:
    run = msgspec.structs.replace(greeted("hello pc"), own=OwnWords(computers=("pc",)))
    assert from_json(json.loads(json.dumps(as_json(run))), LEFT) == run


SAID = "hello pc (bobs-laptop.corp.example) [10.4.5.6], bobm@pc, C:\\Users\\bob.m\\x, 2a02:db8::9"


def test_a_report_of_another_computer_is_redacted_by_its_own_record(command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(msgspec.json.encode(of_another_computer(SAID)))
    for form in ("text", "html", "markdown", "json", "junit", "openmetrics"):
        out = command("replay", str(file), "--redact", "--verbose", "--format", form).out
        assert [word for word in ("bob", "pc ", "10.4.5.6", "2a02:db8::9") if word in out.lower()] == []


def test_what_is_redacted_names_the_computer_nowhere() -> None:
    clean = redact(of_another_computer(SAID))
    assert clean.record is not None
    assert "own" not in clean.record
    assert "bob" not in shown(clean).lower()


def test_the_computer_that_redacts_is_not_that_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are hidden: it may have been this one, when reports kept nothing yet."""
    monkeypatch.setattr(socket, "gethostname", lambda: "carols-desk")
    text = shown(redact(of_another_computer("hello bobs-laptop and carols-desk")))
    assert "bobs-laptop" not in text
    assert "carols-desk" not in text


@pytest.mark.parametrize("name", ["root", "Administrator", "user", ""])
def test_accounts_that_everybody_has_tell_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", name.lower)
    assert own_words(Vantage()).users == ()


def test_an_account_without_a_name_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may run under a number that no list of accounts knows."""

    def nobody() -> str:
        raise OSError("no username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert own_words(Vantage()).users == ()


def test_a_report_without_a_record_is_redacted_as_before() -> None:
    assert redact(wrong_password()).record is None
    assert SUBJECT.domain in shown(redact(wrong_password()))
