"""The templates that formats are written from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.process.first_use import one_at_a_time

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
COMPILED = TEMPLATES / "compiled"
"""Templates as Python, which a package brings from its build; a folder for the version of Jinja that made them."""
PAGES = (".html.j2",)
"""Those that are compiled; which is done without *finalize*."""


def environment(finalize: Callable[[object], object] | None = None) -> Environment:
    """What templates are read with. *finalize*: what becomes of each value, before it is escaped for HTML."""
    with one_at_a_time:
        from jinja2 import ChoiceLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined, __version__

    as_written, compiled = FileSystemLoader(TEMPLATES), COMPILED / __version__
    usable = finalize is None and compiled.is_dir()
    # True, and not select_autoescape(), which looks at suffixes and escapes nothing in a name it does not know
    return Environment(
        loader=ChoiceLoader([ModuleLoader(compiled), as_written]) if usable else as_written,
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def for_package(folder: Path) -> None:
    """Write into *folder* what a package brings of templates, as `COMPILED`."""
    with one_at_a_time:
        from jinja2 import __version__

    reading = environment()
    reading.compile_templates(
        folder / __version__, zip=None, filter_func=lambda name: name.endswith(PAGES), ignore_errors=False
    )
