"""Where the project's documentation of a cause can be read."""

from __future__ import annotations

from importlib import metadata

from diagnose.process.first_use import made_once

DISTRIBUTION = "mail-login-doctor"
LABEL = "documentation"
"""Of a project's URLs, the one that is meant (Python packaging's well-known labels)."""


def page_of(cause: str) -> str | None:
    """The URL of the page about *cause*, an id; None where the package that is installed names no documentation."""
    base = _base()
    return f"{base}/causes/{cause}.md" if base else None


@made_once
def _base() -> str | None:
    try:
        named = metadata.metadata(DISTRIBUTION).get_all("Project-URL") or ()
    except metadata.PackageNotFoundError:
        return None
    for one in named:
        label, _, url = one.partition(", ")
        if label.strip().lower() == LABEL and url.startswith("https://"):
            return str(url.rstrip("/"))
    return None
