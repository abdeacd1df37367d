"""The JSON report: the model as it is, for programs; its shape is ``report.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from diagnose.model.report import Report
from diagnose.model.text import json_text
from diagnose.rendering.renderer import Renderer, RenderStyle

SCHEMA = Path(__file__).with_name("report.schema.json")
"""JSON Schema (draft 2020-12) that every JSON report validates against."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* in the contract's shape: every key always there, in the model's order, facts sorted by name."""
    plain = msgspec.to_builtins(report, order="deterministic")
    # RFC 8259 §6 knows no NaN and no infinity; a fact that holds one holds no number
    finite = json.loads(json.dumps(plain), parse_constant=lambda _: None)
    return json_text(finite) + "\n"


RENDERER = Renderer(format="json", suffixes=(".json",), render=render)
