"""Which server names are one owner's."""

from __future__ import annotations

from diagnose.network import is_address
from diagnose.network.owner import registered

__all__ = ["registered", "related"]


def related(one: str, other: str) -> bool:
    """Whether two hosts may well be one owner's: one registered domain, or one name under several top-level domains."""
    first, second = registered(one), registered(other)
    if first == second:
        return True
    return first.partition(".")[0] == second.partition(".")[0] and not (is_address(first) or is_address(second))
