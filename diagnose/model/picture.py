"""A picture among the facts: the one thing in a report that is not text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import msgspec

from diagnose.process.first_use import convert

MediaType = Literal["image/jpeg", "image/png"]
LARGEST_PICTURE = 300_000
"""Bytes."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What was shown, as far as it could be seen at once. Formats of plain text leave it out; JSON has it in base64."""

    media_type: MediaType
    width: int
    """Pixels."""
    height: int
    data: bytes
    """At most LARGEST_PICTURE."""


def pictures(facts: Mapping[str, Any]) -> Iterator[Picture]:
    """The pictures in a check's *facts*, which are plain values; their form tells them, not their name."""
    for value in facts.values():
        known = isinstance(value, Mapping) and value.get("media_type") in get_args(MediaType)
        if known and isinstance(value.get("data"), bytes) and value["data"]:
            yield convert(value, Picture, builtin_types=(bytes,))
