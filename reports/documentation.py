"""Where the project's documentation of a cause can be read."""

from __future__ import annotations

from typing import get_args

from diagnose.knowledge.catalogue import catalogue_with
from diagnose.model.report import Contact
from diagnose.providers import Language
from diagnose.rendering.project import documentation

TRANSLATED = get_args(Language)[1:]
"""Languages whose pages lie in a folder of their own."""


def page_of(cause: str, lang: str, contact: Contact | None = None) -> str | None:
    """The URL of the page about *cause*, an id, in the language *lang*.

    The copy that *contact* names goes before the one that the package names. None where neither does, and for causes
    of other packages.
    """
    own = (contact.documentation or "").rstrip("/") if contact else ""
    # a saved report may hold anything
    base = own if own.lower().startswith(("https://", "http://")) else documentation()
    if base is None or cause not in catalogue_with(()):
        return None
    folder = f"causes/{lang}" if lang in TRANSLATED else "causes"
    return f"{base}/{folder}/{cause}.md"


def command_for(cause: str) -> str | None:
    """The command that shows the same as the page about *cause*; None for causes of other packages."""
    return f"diagnose causes {cause}" if cause in catalogue_with(()) else None
