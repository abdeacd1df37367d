"""The JSON report, the model as it is, for programs. ``report.schema.json`` is its shape, and that of each of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diagnose.model.report import Report
from diagnose.model.saved import plain_report
from diagnose.model.text import json_text
from diagnose.rendering.renderer import Renderer, RenderStyle

SCHEMA = Path(__file__).with_name("report.schema.json")
"""JSON Schema (draft 2020-12) that every JSON report validates against."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* in the contract's shape: every key always there, in the model's order, facts sorted by name."""
    return json_text(plain_report(report)) + "\n"


def render_many(reports: Sequence[Report], style: RenderStyle) -> str:
    """*reports* as one array in their order, a report a line."""
    lines = ",\n".join(json_text(plain_report(report), indent=None) for report in reports)
    return f"[\n{lines}\n]\n"


RENDERER = Renderer(format="json", suffixes=(".json",), render=render, render_many=render_many, escapes="json")
