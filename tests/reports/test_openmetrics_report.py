"""OpenMetrics text, read by Prometheus' own client, and in the older format that the textfile collector knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as older_format

from diagnose.locale.language import LANGUAGES, translation
from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from reports.openmetrics import METRICS, RENDERER, render, render_many
from tests.reports.monitored import DAY, SEEN_AT, monitored
from tests.reports.samples import SAMPLES, healthy, hostile, wrong_password
from tests.reports.texts import with_every_text

Sample = tuple[str, dict[str, str], float]


def samples(families: Iterable[Any]) -> list[Sample]:
    return [(one.name, one.labels, one.value) for family in families for one in family.samples]


def read(document: str) -> list[Sample]:
    """All samples; both parsers read the same."""
    found = samples(openmetrics(document))
    assert samples(older_format(document)) == found
    assert document.endswith("# EOF\n")
    assert len({(name, tuple(sorted(labels.items()))) for name, labels, _ in found}) == len(found)
    return found


def values(document: str, name: str, *labels: str) -> dict[Any, float]:
    return {tuple(has[label] for label in labels): value for one, has, value in read(document) if one == name}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_report_can_be_read(name: str) -> None:
    report = SAMPLES[name]()
    document = render(report, RenderStyle())
    verdict = values(document, "diagnose_verdict", "verdict")

    assert verdict[report.verdict.status,] == sum(verdict.values()) == 1
    assert {family.name for family in openmetrics(document)} == {family.name for family in METRICS}
    assert all(family.type == "gauge" and family.documentation for family in openmetrics(document))
    assert sum(values(document, "diagnose_checks", "status").values()) == len(report.checks)


def test_each_cause_is_a_gauge_with_its_reason() -> None:
    causes = values(
        render(wrong_password(), RenderStyle()), "diagnose_cause", "reason", "certainty", "impact", "subject"
    )

    assert causes["credentials.rejected", "confirmed", "blocks", "alice@corp.example"] == 1
    assert len(causes) == 4
    assert values(render(healthy(), RenderStyle()), "diagnose_cause", "reason") == {}


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("days", [60.0, 0.25, 0.0, -3.5])
def test_days_that_a_certificate_has_left(days: float, accepted: bool) -> None:
    """Also of one with which no handshake holds: an alert for few days must not go silent when it has expired."""
    document = render(monitored(days=days, accepted=accepted), RenderStyle())
    labels = ("check", "protocol", "host", "port")
    where = ("tls.imap.993", "imap", "imap.corp.example", "993")

    assert values(document, "diagnose_certificate_remaining_days", *labels) == {where: days}
    assert values(document, "diagnose_certificate_expiry_timestamp_seconds", *labels) == {where: SEEN_AT + days * DAY}


@pytest.mark.parametrize(("days", "told"), [(6.99999, 6.999), (14.0, 14.0), (-0.00001, -0.001)])
def test_a_certificate_has_never_a_day_more_than_there_is(days: float, told: float) -> None:
    """The report's text counts whole days that are left; one that has just expired has less than none."""
    document = render(monitored(days=days), RenderStyle())

    assert values(document, "diagnose_certificate_remaining_days", "check") == {("tls.imap.993",): told}


def test_durations_and_times_are_in_seconds() -> None:
    document = render(healthy(), RenderStyle())

    assert values(document, "diagnose_run_duration_seconds", "subject") == {("alice@corp.example",): 1.834}
    assert values(document, "diagnose_run_start_timestamp_seconds", "subject") == {("alice@corp.example",): 1772439330}
    assert values(document, "diagnose_check_duration_seconds", "check")["web.page.443",] == 0.702
    assert {family.unit for family in openmetrics(document)} == {"", "seconds", "days"}


def test_many_reports_are_one_exposition() -> None:
    """Runs of one subject are told apart."""
    reports = [healthy(), wrong_password(), SAMPLES["no_mail_domain"](), hostile()]
    document = render_many(reports, RenderStyle())

    assert document.count("# EOF") == 1
    assert len(values(document, "diagnose_exit_code", "subject")) == 3
    second = [has for name, has, _ in read(document) if name == "diagnose_exit_code" and "run" in has]
    assert second == [{"subject": "alice@corp.example", "run": "2"}]
    assert {name for name, _, _ in read(render_many([], RenderStyle()))} == set()


def test_the_help_is_the_same_in_every_language() -> None:
    """The textfile collector refuses files that differ in it."""
    documents = {render(wrong_password(), RenderStyle(translate=translation(lang))) for lang in LANGUAGES}
    assert len(documents) == 1


@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(st.sampled_from(['"', "\\", "\n", "}", "{", ",", "# EOF", "="]) | st.text(max_size=5)).map("".join)
)
def test_any_words_in_any_place(said: str) -> None:
    report: Report = with_every_text(monitored(), said)
    read(render(report, RenderStyle()))


@pytest.mark.parametrize("said", ['"} 1\n# EOF\n', "\\", "\\n", 'a"b', "x" * 1_000_000, "\u202e\x00"])
def test_hostile_words_as_a_label(said: str) -> None:
    report = msgspec.structs.replace(healthy().subject, address=said)
    document = render(msgspec.structs.replace(healthy(), subject=report), RenderStyle())
    (subject,) = values(document, "diagnose_exit_code", "subject")

    assert len(document) < 200_000
    assert "\n" not in subject[0]


def test_renderer() -> None:
    assert (RENDERER.format, RENDERER.suffixes, RENDERER.for_collectors) == ("openmetrics", (".prom",), True)
    assert (RENDERER.render, RENDERER.render_many, RENDERER.exit_code) == (render, render_many, None)
