"""The JSON report, the model as it is, for programs. ``report.schema.json`` is its shape, and that of each of many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from diagnose.model.report import Report
from diagnose.model.text import json_text
from diagnose.rendering.renderer import Renderer, RenderStyle

SCHEMA = Path(__file__).with_name("report.schema.json")
"""JSON Schema (draft 2020-12) that every JSON report validates against."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* in the contract's shape: every key always there, in the model's order, facts sorted by name."""
    return json_text(_plain(report)) + "\n"


def render_many(reports: Sequence[Report], style: RenderStyle) -> str:
    """*reports* as one array in their order, a report a line."""
    lines = ",\n".join(json_text(_plain(report), indent=None) for report in reports)
    return f"[\n{lines}\n]\n"


def _plain(report: Report) -> Any:  # noqa: ANN401 - any JSON value
    plain = msgspec.to_builtins(report, order="deterministic")
    # RFC 8259 §6 knows no NaN and no infinity; a fact that holds one holds no number
    return json.loads(json.dumps(plain), parse_constant=lambda _: None)


RENDERER = Renderer(format="json", suffixes=(".json",), render=render, render_many=render_many)
