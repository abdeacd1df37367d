"""The templates that formats are written from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.process.first_use import one_at_a_time
from diagnose.rendering.renderer import PALETTE

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

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


def style_and_script(css: str, script: str) -> dict[str, Markup | str]:
    """What a page holds of the files *css*, behind the palette, and *script*.

    With each its digest for the page's content security policy (CSP Level 3, §2.3.1).
    """
    with one_at_a_time:
        from markupsafe import Markup  # with jinja2

    style = "".join(file.read_text(encoding="utf-8") for file in (PALETTE, TEMPLATES / css))
    helper = (TEMPLATES / script).read_text(encoding="utf-8")
    return {
        "css": Markup(style),  # noqa: S704 - files of this package
        "css_digest": _digest(style),
        "script": Markup(helper),  # noqa: S704 - likewise
        "script_digest": _digest(helper),
    }


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def for_package(folder: Path) -> None:
    """Write into *folder* what a package brings of templates, as `COMPILED`."""
    with one_at_a_time:
        from jinja2 import __version__

    reading = environment()
    reading.compile_templates(
        folder / __version__, zip=None, filter_func=lambda name: name.endswith(PAGES), ignore_errors=False
    )
