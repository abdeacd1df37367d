"""What every record in a knowledge file has in common."""

from __future__ import annotations

import msgspec


class KnowledgePart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a knowledge file. A field that is not known by name is a mistake."""
