"""Configuration files from the templates beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, target: Path, **values: Any) -> Path:
    """Write *template* with *values* to *target*; its path."""
    target.write_text(_TEMPLATES.get_template(template).render(**values), encoding="utf-8")
    return target
