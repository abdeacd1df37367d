"""The templates that formats are written from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")


def environment(finalize: Callable[[object], object] | None = None) -> Environment:
    """What templates are read with. *finalize*: what becomes of each value, before it is escaped for HTML."""
    with one_at_a_time:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # True, and not select_autoescape(), which looks at suffixes and escapes nothing in a name it does not know
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
