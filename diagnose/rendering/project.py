"""What the distribution that is installed tells of its project."""

from __future__ import annotations

from diagnose.process.entry_points import urls
from diagnose.process.first_use import made_once

DISTRIBUTION = "mail-login-doctor"
LABEL = "documentation"
"""Of a project's URLs, the one that is meant (Python packaging's well-known labels)."""


@made_once
def documentation() -> str | None:
    """The URL that the project's documentation stands below, without a final slash; None where none is named."""
    for label, url in urls(DISTRIBUTION):
        if label.lower() == LABEL and url.startswith("https://"):
            return url.rstrip("/")
    return None
