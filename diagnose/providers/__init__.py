"""What is known about mail providers: recognition, servers, and the facts that remedies quote."""

from __future__ import annotations

from diagnose.providers.placeholders import PLACEHOLDERS

__all__ = ["PLACEHOLDERS"]
