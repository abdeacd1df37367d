"""Make every string of a document fit to be shown."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from diagnose.model import quote
from diagnose.process.first_use import convert

D = TypeVar("D", bound=msgspec.Struct)

LONGEST_SHOWN = 500
"""Characters of one string; what a server sent is whole in the JSON report only."""


def sanitized(document: D, longest: int = LONGEST_SHOWN) -> D:
    """*document* with every string put on one line and freed of control characters and direction overrides.

    Done once on the model, so that no place in a format can forget it. Facts hold the servers' own words,
    and a report that is read back from a file may hold anything anywhere.
    """
    plain = msgspec.to_builtins(document, builtin_types=(bytes,))
    return convert(_clean(plain, longest), type(document))


def _clean(value: Any, longest: int) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return quote(value, longest)
    if isinstance(value, list | tuple):
        return [_clean(item, longest) for item in value]
    if isinstance(value, dict):
        return {_clean(name, longest): _clean(item, longest) for name, item in value.items()}
    return value
