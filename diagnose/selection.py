"""Which checks of those declared are to run."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.model import Check


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks were asked for: ids, beginnings of ids up to a dot, or families."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def matches(pattern: str, identity: str, check: Check[Any]) -> bool:
    """Whether *pattern* of --only or --skip names this instance."""
    return pattern == check.family or identity == pattern or identity.startswith(pattern + ".")
