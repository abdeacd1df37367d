"""Make every string of a document fit to be shown."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from diagnose.model import quote
from diagnose.model.report import Report

D = TypeVar("D", bound=msgspec.Struct)

LONGEST_SHOWN = 500
"""Characters of one string; what a server sent is whole in the JSON report only."""


def sanitized(document: D, longest: int = LONGEST_SHOWN) -> D:
    """*document* with every string put on one line and freed of control characters and direction overrides.

    Done once on the model, so that no place in a format can forget it. Facts hold the servers' own words,
    and a report that is read back from a file may hold anything anywhere. No format shows the record: it is left out.
    """
    shown = msgspec.structs.replace(document, record=None) if isinstance(document, Report) else document
    clean: D = _clean(shown, longest)
    return clean


def _clean(value: Any, longest: int) -> Any:  # noqa: ANN401 - any value of a document
    if isinstance(value, str):
        return quote(value, longest)
    if isinstance(value, tuple):
        return tuple([_clean(item, longest) for item in value])
    if isinstance(value, list):
        return [_clean(item, longest) for item in value]
    if isinstance(value, dict):
        return {_clean(name, longest): _clean(item, longest) for name, item in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return type(value)(**{name: _clean(getattr(value, name), longest) for name in fields})
    return value
