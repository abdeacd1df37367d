"""From a mail domain to its services: all sources, and the best answer wins."""

from __future__ import annotations

from diagnose.discovery.facts import (
    Discovered,
    Login,
    LoginName,
    ProviderBy,
    SourceResult,
    SourceStatus,
    Wishes,
)
from diagnose.discovery.strategy import discover

__all__ = ["Discovered", "Login", "LoginName", "ProviderBy", "SourceResult", "SourceStatus", "Wishes", "discover"]
