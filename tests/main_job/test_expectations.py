"""A domain held against what is expected of it, on real servers: met, drifted, or not to be found out."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from diagnose.comparison.replay import replayed
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.model.saved import saved_report
from diagnose.running.request import Presentation
from reports.json import SCHEMA
from tests.commands.command_line import CommandLine, Done
from tests.pace import patient

FORMATS = ("text", "html", "markdown", "json", "junit", "nagios", "openmetrics")


@pytest.fixture(scope="module")
def healthy() -> Iterator[Estate]:
    with Estate(SCENARIOS["healthy"]) as estate:
        yield estate


def checked(command: CommandLine, estate: Estate, *words: str, form: str = "json") -> Done:
    domain = estate.scenario.domain
    options = ["--resolver", estate.resolver, "--ca-file", str(estate.ca_file)]
    options += ["--webmail", estate.webmail_url] if estate.webmail_url else []
    options += ["--no-third-party", "--no-history", "--timeout", str(min(patient(30.0), 300.0)), "--format", form]
    return command(domain, *options, *(word for one in words for word in ("--expect", one)))


def met(estate: Estate) -> list[str]:
    ports = estate.ports
    return [
        "mx=mail.corp.example",
        f"imap=imap.corp.example:{ports['imaps']}",
        f"imap=imap://imap.corp.example:{ports['imap']}",
        f"pop3=pop.corp.example:{ports['pop3s']}",
        f"smtp=smtp.corp.example:{ports['submissions']}",
        f"webmail={estate.webmail_url}",
        "cert-days=21",
        "tls=1.2",
    ]


def cases(report: Any) -> dict[str, str]:
    return {one["id"]: one["status"] for one in report["checks"] if one["id"].startswith("expectation.")}


def test_what_is_as_expected_passes(command: CommandLine, healthy: Estate) -> None:
    done = checked(command, healthy, *met(healthy))

    jsonschema.validate(done.json, json.loads(SCHEMA.read_text("utf-8")))
    assert cases(done.json) == dict.fromkeys(
        ("expectation.certificates", "expectation.mx", "expectation.servers", "expectation.tls"), "pass"
    )
    assert done.json["path"][-1] == {"name": "expectation", "title": "Expectations", "state": "ok"}
    assert (done.code, done.json["verdict"]["status"]) == (0, "healthy")


def test_without_an_expectation_none_of_this_is_told(command: CommandLine, healthy: Estate) -> None:
    done = checked(command, healthy)

    assert cases(done.json) == {}
    assert done.json["path"][-1]["name"] == "mailbox"


@pytest.mark.parametrize(
    ("word", "check", "expected", "found"),
    [
        ("mx=mx.corp.example", "expectation.mx", ["mx.corp.example"], ["mail.corp.example"]),
        ("imap=other.corp.example:993", "expectation.servers", ["other.corp.example:993"], None),
        ("provider=google", "expectation.provider", ["google"], []),
        ("cert-days=3650", "expectation.certificates", ["3650"], None),
    ],
)
def test_a_drift_is_a_finding_of_its_own(
    command: CommandLine, healthy: Estate, word: str, check: str, expected: list[str], found: list[str] | None
) -> None:
    done = checked(command, healthy, word, "tls=1.2")

    assert (done.code, done.json["verdict"]["exit_code"], done.json["verdict"]["status"]) == (1, 1, "problem")
    assert cases(done.json) == {check: "fail", "expectation.tls": "pass"}
    (cause,) = done.json["verdict"]["causes"]
    assert (cause["id"], cause["certainty"], cause["impact"]) == ("settings.drift", "confirmed", "blocks")
    for seen in cause["evidence"]:
        assert seen["check"] == check
        assert seen["data"]["expectation"] == word.partition("=")[0]
        assert seen["data"]["expected"] == expected
        assert found is None or seen["data"]["found"] == found
        values = seen["data"].get("found") or [seen["data"].get("measured", "nothing")]
        assert all(value in seen["text"] for value in (*seen["data"]["expected"], *values))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_tells_expected_and_found(command: CommandLine, healthy: Estate, form: str) -> None:
    done = checked(command, healthy, "mx=mx.corp.example", "tls=1.2", form=form)

    assert done.code == (2 if form == "nagios" else 1)
    if form != "openmetrics":
        assert "mx.corp.example is expected" in " ".join(done.out.replace("\\n", " ").split())
    if form == "nagios":
        assert "[settings.drift]" in done.out.splitlines()[0]
    if form == "openmetrics":
        assert 'reason="settings.drift"' in done.out
        assert 'check="expectation.mx",family="expectation",status="fail"' in done.out
        assert 'check="expectation.tls",family="expectation",status="pass"' in done.out
    if form == "junit":
        named = {one.get("name", "").rpartition(" ")[2]: one for one in ET.fromstring(done.out).iter("testcase")}
        assert named["[expectation.mx]"].find("failure") is not None
        assert len(named["[expectation.tls]"]) == 0


@pytest.mark.parametrize(
    ("scenario", "word", "check"),
    [
        ("refused", "imap=imap.corp.example:{imaps}", "expectation.servers"),
        ("refused", "tls=1.2", "expectation.tls"),
        ("zone-broken", "mx=mail.corp.example", "expectation.mx"),
    ],
)
def test_what_cannot_be_checked_is_not_met(command: CommandLine, scenario: str, word: str, check: str) -> None:
    """The fault that stands in the way is the cause; the expectation is left open, and no drift."""
    with Estate(SCENARIOS[scenario]) as estate:
        done = checked(command, estate, word.format(**estate.ports))

    assert cases(done.json) == {check: "skip"}
    assert "settings.drift" not in [cause["id"] for cause in done.json["verdict"]["causes"]]
    assert done.code != 0
    key = word.partition("=")[0]
    assert any(f"Whether {key} is as expected" in one for one in done.json["verdict"]["unchecked"])


@pytest.mark.parametrize("words", [("--skip", "expectation"), ("--skip", "expectation.mx"), ("--only", "dns")])
def test_an_expectation_that_was_left_out_is_not_met(
    command: CommandLine, healthy: Estate, words: tuple[str, str]
) -> None:
    """Whoever asks for both cannot be told that all is as expected."""
    done = command("corp.example", "--expect", "mx=mail.corp.example", *words, "--resolver",
                   healthy.resolver, "--ca-file", str(healthy.ca_file), "--no-third-party", "--json",
                   "--timeout", str(min(patient(30.0), 300.0)))  # fmt: skip

    assert cases(done.json) == {"expectation.mx": "skip"}
    assert (done.code, done.json["verdict"]["status"]) == (3, "inconclusive")
    (check,) = (one for one in done.json["checks"] if one["id"] == "expectation.mx")
    assert any(check["title"] in one for one in done.json["verdict"]["unchecked"])


def test_a_run_that_ends_early_leaves_expectations_open(command: CommandLine) -> None:
    """Time is up before anything is known: that is no sign that all is as expected."""
    done = command("corp.example", "--expect", "mx=mx.corp.example", "--resolver", "192.0.2.1", "--no-third-party",
                   "--timeout", "1", "--json")  # fmt: skip

    assert done.code != 0
    assert cases(done.json)["expectation.mx"] == "skip"
    assert any("expect" in one for one in done.json["verdict"]["unchecked"])


def test_a_saved_report_keeps_its_expectations(command: CommandLine, healthy: Estate) -> None:
    done = checked(command, healthy, "mx=mx.corp.example", "tls=1.2")
    again = replayed(saved_report(done.out.encode()), Presentation())

    assert again.verdict.exit_code == 1
    assert [cause.id for cause in again.verdict.causes] == ["settings.drift"]
    assert (
        json.loads(done.out)["verdict"]["causes"][0]["evidence"][0]["text"] == again.verdict.causes[0].evidence[0].text
    )


def test_a_drift_fails_a_login_that_works_and_stands_behind_a_fault(command: CommandLine) -> None:
    for scenario, code, first in (("healthy", 1, "settings.drift"), ("wrong-password", 1, "credentials.rejected")):
        with Estate(SCENARIOS[scenario]) as estate:
            options = ["--resolver", estate.resolver, "--ca-file", str(estate.ca_file), "--no-third-party"]
            options += ["--no-history", "--password-stdin", "--json", "--timeout", str(min(patient(30.0), 300.0))]
            done = command(estate.address, *options, "--expect", "mx=x.example", stdin=estate.password.encode())
        assert done.code == code
        assert done.json["verdict"]["causes"][0]["id"] == first
        assert "settings.drift" in [cause["id"] for cause in done.json["verdict"]["causes"]]


@pytest.mark.parametrize("word", ["nonsense", "mx=", "tls=9", "imap=://", "=", ""])
def test_what_does_not_parse_is_one_sentence(command: CommandLine, word: str) -> None:
    sentence = command.refused("corp.example", "--expect", word)

    assert sentence.startswith("--expect: ")
