"""What a run may learn of the person's browsers, beside what it learns of servers."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Browsing(msgspec.Struct, frozen=True, kw_only=True):
    """Which sources on this computer may be read; none of them unless the person says so."""

    profiles: bool = False
    """Whether browser profiles may be read for what they hold of the webmail host."""
    clean_run: bool = False
    """Whether the webmail page is to be opened in a clean profile of an installed browser."""
    har: Path | None = None
    """A HAR export of a failed login."""
