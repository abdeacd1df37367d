"""From a mail domain to its services: all sources, and the best answer wins."""

from __future__ import annotations

from diagnose.discovery.facts import (
    Discovered,
    DiscoveryOptions,
    Login,
    LoginName,
    ProviderBy,
    SourceResult,
    SourceStatus,
)
from diagnose.discovery.strategy import discover

__all__ = [
    "Discovered",
    "DiscoveryOptions",
    "Login",
    "LoginName",
    "ProviderBy",
    "SourceResult",
    "SourceStatus",
    "discover",
]
