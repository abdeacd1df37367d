"""Facts as rows of name and value, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

MOST_ROWS = 200
"""Rows shown of one check's facts; all of them are in the JSON report."""


def fact_rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """*facts* flattened, at most `MOST_ROWS`: ``chain[0].subject`` names what lies deeper. Nothing empty is
    shown, and no picture.
    """
    return list(islice(_walk("", facts), MOST_ROWS))


def _walk(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for index, item in enumerate(value):
            yield from _walk(f"{name}[{index}]", item)
    elif isinstance(value, list | tuple):
        yield from _walk(name, ", ".join(str(item) for item in value))
    elif not isinstance(value, bytes) and value not in (None, ""):
        yield name, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
