"""Which checks of those declared are to run."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.model import Check, CheckResult


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks were asked for: ids, beginnings of ids up to a dot, or families."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """As on a command line."""
        return tuple(f"--{name} {word}" for name in ("only", "skip") for word in getattr(self, name))

    def chose(self, result: CheckResult) -> bool:
        """Whether `only` names the check of *result* itself, and not one that needs it."""
        return not result.left_out and any(names(word, result.id, result.family) for word in self.only)

    def leaves(self, check: Check[Any]) -> bool:
        """Whether an instance of *check* may be among those asked for."""
        words = [word.split(".") for word in self.only]
        known = check.id.split(".")
        wanted = any(w == [check.family] or w[: len(known)] == known[: len(w)] for w in words)
        return (not words or wanted) and not any(matches(word, check.id, check) for word in self.skip)


def matches(pattern: str, identity: str, check: Check[Any]) -> bool:
    """Whether *pattern* of --only or --skip names this instance."""
    return names(pattern, identity, check.family)


def names(pattern: str, identity: str, family: str) -> bool:
    """Whether *pattern* is an instance's *family*, its *identity* or the beginning of that."""
    return pattern == family or identity == pattern or identity.startswith(pattern + ".")
