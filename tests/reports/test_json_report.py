from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import Service, Skip, Subject, Text
from diagnose.model import report as model
from diagnose.model.report import Report
from diagnose.planning.selection import Selection
from diagnose.record.run import Asked, CheckRun, Run
from diagnose.rendering.renderer import RenderStyle
from reports.json import SCHEMA, render, render_many
from tests.reports.samples import SAMPLES, healthy, hostile, wrong_password
from tests.reports.texts import with_every_text

SCHEMA_WORDS = json.loads(SCHEMA.read_text(encoding="utf-8"))


def written(report: Report) -> Any:
    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(render(report, RenderStyle()), parse_constant=no_constant)


def closed(schema: Any) -> Any:
    """*schema* with objects that take no further keys: stricter than what readers are promised."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(item) for key, item in schema.items()}
    return shut | {"additionalProperties": False} if "required" in schema else shut


def validate(report: Any, schema: Any) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(report)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA_WORDS)


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_validate_and_hold_nothing_that_the_schema_does_not_name(name: str) -> None:
    validate(written(SAMPLES[name]()), SCHEMA_WORDS)
    validate(written(SAMPLES[name]()), closed(SCHEMA_WORDS))


OBJECTS = {
    "Report": SCHEMA_WORDS,
    "Tool": SCHEMA_WORDS["properties"]["tool"],
    "ReportSubject": SCHEMA_WORDS["properties"]["subject"],
    "ReportVerdict": SCHEMA_WORDS["properties"]["verdict"],
    "Environment": SCHEMA_WORDS["properties"]["environment"],
    "Contact": SCHEMA_WORDS["properties"]["contact"]["oneOf"][1],
    "Replay": SCHEMA_WORDS["properties"]["replay"]["oneOf"][1],
    "JudgementChange": SCHEMA_WORDS["properties"]["replay"]["oneOf"][1]["properties"]["changes"]["items"],
    "Baseline": SCHEMA_WORDS["properties"]["baseline"]["oneOf"][1],
    "KnownCause": SCHEMA_WORDS["properties"]["baseline"]["oneOf"][1]["properties"]["known"]["items"],
    "ReportCause": SCHEMA_WORDS["$defs"]["cause"],
    "Evidence": SCHEMA_WORDS["$defs"]["cause"]["properties"]["evidence"]["items"],
    "ReportRemedy": SCHEMA_WORDS["$defs"]["cause"]["properties"]["remedies"]["items"],
    "ReportCommand": SCHEMA_WORDS["$defs"]["cause"]["properties"]["commands"]["items"],
    "ReportLink": SCHEMA_WORDS["$defs"]["cause"]["properties"]["remedies"]["items"]["properties"]["links"]["items"],
    "RuledOut": SCHEMA_WORDS["$defs"]["ruled_out"],
    "Station": SCHEMA_WORDS["$defs"]["station"],
    "ReportService": SCHEMA_WORDS["$defs"]["service"],
    "ReportCheck": SCHEMA_WORDS["$defs"]["check"],
    "ReportFinding": SCHEMA_WORDS["$defs"]["check"]["properties"]["findings"]["items"],
}
ADDED = {
    "Report": ["record", "replay", "contact", "baseline", "redacted"],
    "Contact": ["documentation"],
    "ReportVerdict": ["narrowed", "prevention", "untested"],
    "ReportCause": ["commands", "prevention"],
    "ReportRemedy": ["further"],
    "ReportFinding": ["proof"],
    "Run": ["nameserver", "ca_file", "own"],
    "CheckRun": ["cut_off", "taken_over_ms"],
}
"""Keys that reports of earlier releases do not have; those stay valid."""
DERIVED = {"Report": ["id"]}
"""Keys that the model derives from the rest, and that are there for readers."""


RECORD = SCHEMA_WORDS["$defs"]["record"]["properties"]
OF_RECORDS = {
    Run: SCHEMA_WORDS["$defs"]["record"],
    Subject: RECORD["subject"],
    Asked: RECORD["asked"],
    Selection: RECORD["asked"]["properties"]["selection"],
    Service: RECORD["services"]["items"],
    CheckRun: RECORD["checks"]["items"],
    Skip: RECORD["checks"]["items"]["properties"]["skip"]["oneOf"][0],
    Text: SCHEMA_WORDS["$defs"]["sentence"],
}


@pytest.mark.parametrize("struct", OF_RECORDS)
def test_schema_and_record_name_the_same_keys(struct: type[msgspec.Struct]) -> None:
    schema = OF_RECORDS[struct]
    assert list(schema["properties"]) == list(struct.__struct_fields__)
    assert schema["required"] == [key for key in struct.__struct_fields__ if key not in ADDED.get(struct.__name__, [])]


def test_every_part_of_the_model_is_compared_with_the_schema() -> None:
    structs = {
        name
        for name, value in vars(model).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == model.__name__
    }
    assert structs == set(OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_schema_and_model_name_the_same_keys_and_words(name: str) -> None:
    struct, schema = getattr(model, name), OBJECTS[name]
    assert list(schema["properties"]) == [*struct.__struct_fields__, *DERIVED.get(name, [])]
    assert schema["required"] == [key for key in struct.__struct_fields__ if key not in ADDED.get(name, [])]
    for field, kind in get_type_hints(struct).items():
        choices = get_args(kind)
        if choices and all(isinstance(choice, str | int) for choice in choices) and field != "schema_version":
            described = schema["properties"][field]
            if "$ref" in described:
                described = SCHEMA_WORDS["$defs"][described["$ref"].rpartition("/")[2]]
            assert described["enum"] == list(choices), (name, field)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "status"), "fine"),
        (("verdict", "exit_code"), 2),
        (("checks", 0, "status"), "ok"),
        (("checks", 0, "duration_ms"), -1),
        (("services", 0, "port"), 0),
        (("services", 0, "tls"), "ssl"),
        (("verdict", "causes", 0, "certainty"), "sure"),
        (("verdict", "causes", 0, "id"), "no family"),
        (("verdict", "causes", 0, "remedies", 0, "fixer"), "somebody"),
        (("started_at",), "2026-03-02T08:15:30+01:00"),
        (("schema_version",), 2),
    ],
)
def test_the_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    report = written(wrong_password())
    *above, last = path
    place = report
    for step in above:
        place = place[step]
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(report, SCHEMA_WORDS)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"hostile"}))
def test_a_report_reads_back_as_it_was(name: str) -> None:
    report = SAMPLES[name]()
    assert msgspec.json.decode(render(report, RenderStyle()), type=Report) == report


def test_a_report_without_the_keys_that_came_later_is_valid() -> None:
    report = written(wrong_password())
    del report["record"]
    del report["verdict"]["narrowed"]
    for check in report["checks"]:
        for finding in check["findings"]:
            del finding["proof"]

    validate(report, SCHEMA_WORDS)


def test_server_words_arrive_whole_but_never_bare() -> None:
    shown = render(hostile(), RenderStyle())
    assert not {c for c in shown if c in "\x1b\x9b\x07\x00\u202e\u2066\ud800\r"}
    report = hostile()
    assert json.loads(shown)["verdict"]["headline"] == report.verdict.headline
    assert json.loads(shown)["checks"][0]["facts"]["greeting"] == report.checks[0].facts["greeting"]
    assert json.loads(shown)["checks"][0]["facts"]["number"] is None


@settings(max_examples=60, deadline=None)
@given(said=st.text(st.characters(exclude_categories=()), max_size=100))
def test_any_words_in_any_place(said: str) -> None:
    report = with_every_text(wrong_password(), said)
    shown = render(report, RenderStyle())
    shown.encode()
    validate(json.loads(shown), SCHEMA_WORDS)
    assert json.loads(shown)["verdict"]["headline"] == said


def test_keys_stand_in_the_contracts_order_and_text_is_readable() -> None:
    shown = render(SAMPLES["chinese"](), RenderStyle())
    assert "需要使用授权码" in shown
    assert list(json.loads(shown)) == [*Report.__struct_fields__, *DERIVED["Report"]]
    assert render(healthy(), RenderStyle()) == render(healthy(), RenderStyle())


def test_many_reports_are_an_array_of_what_each_is_alone() -> None:
    """One a line; of no report an array, too."""
    several = [healthy(), wrong_password(), hostile()]
    document = render_many(several, RenderStyle())

    assert json.loads(document) == [written(one) for one in several]
    assert [json.loads(line.rstrip(",")) for line in document.splitlines()[1:-1]] == json.loads(document)
    assert json.loads(render_many([], RenderStyle())) == []
