"""The pairs of causes that one run finds together, read from the file beside this module."""

from __future__ import annotations

from pathlib import Path

import msgspec

from diagnose.knowledge.loader import load


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A root cause and what only follows from it, in one scenario."""

    root: str
    follows: str
    scenario: str


PAIRS = load(Path(__file__).with_name("together.yaml"), tuple[Pair, ...])
