"""The JSON report: the model as it is, for programs; its shape is ``report.schema.json``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec

from diagnose.model.renderer import Renderer, RenderStyle
from diagnose.model.report import Report

SCHEMA = Path(__file__).with_name("report.schema.json")
"""JSON Schema (draft 2020-12) that every JSON report validates against."""

_HARMFUL = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]")
"""What JSON allows unescaped and a terminal must not get: C1 controls, direction and other invisible controls;
and lone surrogates, which UTF-8 cannot hold."""


def render(report: Report, style: RenderStyle) -> str:
    """*report* in the contract's shape: every key always there, in the model's order, facts sorted by name."""
    plain = msgspec.to_builtins(report, order="deterministic")
    # RFC 8259 §6 knows no NaN and no infinity; a fact that holds one holds no number
    finite = json.loads(json.dumps(plain), parse_constant=lambda _: None)
    written = json.dumps(finite, ensure_ascii=False, indent=2)
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n"


RENDERER = Renderer(format="json", suffixes=(".json",), render=render)
