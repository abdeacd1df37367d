"""One line a report, for Acme's monitoring."""

from __future__ import annotations

from collections.abc import Sequence

from diagnose.api import Renderer, RenderStyle, Report

CODES = {"healthy": 0, "problem": 40, "inconclusive": 41}


def render(report: Report, _style: RenderStyle) -> str:
    causes = ",".join(cause.id for cause in report.verdict.causes) or "-"
    return f"{report.subject.domain} {report.verdict.status} {causes}\n"


def render_many(reports: Sequence[Report], style: RenderStyle) -> str:
    return "".join(render(report, style) for report in reports)


RENDERER = Renderer(
    format="acme",
    suffixes=(".acme", ".acm"),
    render=render,
    render_many=render_many,
    exit_code=lambda report: CODES[report.verdict.status],
)
