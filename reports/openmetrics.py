"""The report as OpenMetrics text, for Prometheus and whatever else reads that.

The textfile collector of Prometheus' node exporter knows the older text format alone. All metrics are gauges. None
has a time of its own. Their help is the same in every language: the collector refuses files that differ in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from diagnose.model import Status
from diagnose.model.fleet import FleetRow, FleetSummary
from diagnose.model.measured import certificate_lives
from diagnose.model.report import Report, ReportService
from diagnose.rendering.renderer import Renderer, RenderStyle
from reports.sanitized import sanitized

Sample = tuple[Mapping[str, str], float]
STATUSES = ("healthy", "problem", "inconclusive")
ENDINGS: tuple[Status, ...] = ("pass", "warn", "fail", "skip", "error")


@dataclass(frozen=True)
class Family:
    """One metric of `METRICS`."""

    name: str
    help: str
    unit: str = ""
    """The name ends in it."""


TOOL = Family("diagnose_build_info", "The version of the tool that wrote this; the value is always 1.")
STARTED = Family("diagnose_run_start_timestamp_seconds", "When the run began, in seconds since the epoch.", "seconds")
DURATION = Family("diagnose_run_duration_seconds", "How long the whole run took.", "seconds")
EXIT_CODE = Family("diagnose_exit_code", "0 healthy, 1 a cause that blocks, 3 inconclusive.")
VERDICT = Family("diagnose_verdict", "1 for the verdict of the run, 0 for all others.")
CAUSE = Family("diagnose_cause", "1 for each cause in the verdict; reason is its id.")
CHECKS = Family("diagnose_checks", "How many checks ended so.")
CHECK = Family("diagnose_check_status", "1 for how a check ended.")
CHECK_DURATION = Family("diagnose_check_duration_seconds", "How long a check took.", "seconds")
CERTIFICATE_DAYS = Family("diagnose_certificate_remaining_days", "Days until a server's certificate expires.", "days")
CERTIFICATE_END = Family(
    "diagnose_certificate_expiry_timestamp_seconds",
    "When a server's certificate expires, in seconds since the epoch.",
    "seconds",
)
FLEET_ROWS = Family("diagnose_fleet_rows", "How many rows of a run over many ended so.")
FLEET_CAUSE = Family("diagnose_fleet_cause_rows", "How many rows each cause hits; reason is its id.")
FLEET_PROBLEMS = Family("diagnose_fleet_problem_rows", "Rows with a problem by provider, domain, office and vantage.")
FLEET_SLOWED = Family("diagnose_fleet_slowed", "1 for each provider and domain that turned connections away.")
FLEET_CHANGES = Family("diagnose_fleet_changes", "Causes of rows: new, gone or still there since the last run.")
FLEET_METRICS = (STARTED, EXIT_CODE, FLEET_ROWS, FLEET_CAUSE, FLEET_PROBLEMS, FLEET_SLOWED, FLEET_CHANGES)
METRICS = (
    TOOL,
    STARTED,
    DURATION,
    EXIT_CODE,
    VERDICT,
    CAUSE,
    CHECKS,
    CHECK,
    CHECK_DURATION,
    CERTIFICATE_DAYS,
    CERTIFICATE_END,
)


def render(report: Report, style: RenderStyle) -> str:
    """*report* as an exposition; the label ``subject`` names its mailbox or domain."""
    return render_many([report], style)


def render_many(reports: Sequence[Report], _style: RenderStyle) -> str:
    """*reports* as one exposition; runs of the same subject are told apart by the label ``run``."""
    samples: dict[str, dict[str, float]] = {family.name: {} for family in METRICS}
    subjects = Counter[str]()
    for report in map(sanitized, reports):
        subject = report.subject.address or report.subject.domain
        subjects[subject] += 1
        run = {} if subjects[subject] == 1 else {"run": str(subjects[subject])}
        for family, (labels, value) in _samples(report):
            own = labels if family is TOOL else {"subject": subject, **run, **labels}
            # a series may stand only once
            samples[family.name].setdefault(_labels(own), value)
    lines = [line for family in METRICS for line in _family(family, samples[family.name])]
    return "\n".join([*lines, "# EOF"]) + "\n"


def render_fleet(summary: FleetSummary, _rows: Callable[[], Iterator[FleetRow]], _style: RenderStyle) -> Iterator[str]:
    """The counts of a run over many as one exposition; none names a mailbox."""
    summary = sanitized(summary)
    ended = {
        "healthy": summary.healthy,
        "problem": summary.problems,
        "inconclusive": summary.inconclusive,
        "bad": summary.bad,
    }
    samples: dict[str, dict[str, float]] = {family.name: {} for family in FLEET_METRICS}
    if (moment := _epoch(summary.started_at)) is not None:
        samples[STARTED.name][""] = moment
    samples[EXIT_CODE.name][""] = summary.exit_code
    for status, number in ended.items():
        samples[FLEET_ROWS.name][_labels({"status": status})] = number
    for count in summary.by_cause:
        samples[FLEET_CAUSE.name][_labels({"reason": count.name})] = count.rows
    if (changes := summary.changes) is not None:
        for name, number in (("new", changes.new), ("gone", changes.gone), ("still", changes.still)):
            samples[FLEET_CHANGES.name][_labels({"change": name})] = number
    for house in summary.slowed:
        samples[FLEET_SLOWED.name][_labels({"value": house})] = 1
    for kind, counts in (
        ("provider", summary.by_provider),
        ("domain", summary.by_domain),
        ("office", summary.by_office),
        ("vantage", summary.by_vantage),
    ):
        for count in counts:
            samples[FLEET_PROBLEMS.name][_labels({"by": kind, "value": count.name})] = count.problems
    lines = [line for family in FLEET_METRICS for line in _family(family, samples[family.name])]
    yield "\n".join([*lines, "# EOF"]) + "\n"


def _samples(report: Report) -> Iterator[tuple[Family, Sample]]:
    verdict = report.verdict
    yield TOOL, ({"version": report.tool.version}, 1)
    if (moment := _epoch(report.started_at)) is not None:
        yield STARTED, ({}, moment)
    yield DURATION, ({}, report.duration_ms / 1000)
    yield EXIT_CODE, ({}, verdict.exit_code)
    for status in STATUSES:
        yield VERDICT, ({"verdict": status}, verdict.status == status)
    for cause in verdict.causes:
        known = {"known": "true"} if report.knows(cause.id) else {}
        yield CAUSE, ({"reason": cause.id, "certainty": cause.certainty, "impact": cause.impact, **known}, 1)
    ended = Counter(check.status for check in report.checks)
    for status in ENDINGS:
        yield CHECKS, ({"status": status}, ended[status])
    for check in report.checks:
        about = {"check": check.id, "family": check.family}
        yield CHECK, ({**about, "status": check.status}, 1)
        if check.duration_ms is not None and check.status != "skip":
            yield CHECK_DURATION, (about, check.duration_ms / 1000)
    for life in certificate_lives(report):
        where = {"check": life.check, **_place(life.service)}
        yield CERTIFICATE_DAYS, (where, life.days_left)
        yield CERTIFICATE_END, (where, life.ends_at)


def _place(service: ReportService | None) -> dict[str, str]:
    if service is None:
        return {}
    return {"protocol": service.protocol, "host": service.host, "port": str(service.port)}


def _family(family: Family, samples: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} gauge"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    for labels, value in samples.items():
        yield f"{family.name}{labels} {_number(value)}"


def _labels(labels: Mapping[str, str]) -> str:
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{written}}}" if written else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _epoch(moment: str) -> float | None:
    """An RFC 3339 time in seconds since the epoch; None for any other text."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return None


RENDERER = Renderer(
    format="openmetrics",
    suffixes=(".prom",),
    render=render,
    render_many=render_many,
    render_fleet=render_fleet,
    for_collectors=True,
)
