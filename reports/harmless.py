"""A report whose every string is fit to be shown."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.model import quote
from diagnose.model.report import Report

LONGEST_SHOWN = 500
"""Characters of one string; what a server sent is whole in the JSON report only."""


def harmless(report: Report) -> Report:
    """*report* with every string put on one line and freed of control characters and direction overrides.

    Done once on the model, so that no place in a format can forget it. Facts hold the servers' own words,
    and a report that is read back from a file may hold anything anywhere.
    """
    return msgspec.convert(_clean(msgspec.to_builtins(report)), Report)


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return quote(value, LONGEST_SHOWN)
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value
