"""Which server names are one owner's."""

from __future__ import annotations

from diagnose.network.owner import is_public_suffix, registered, related

__all__ = ["is_public_suffix", "registered", "related"]
