"""From a mail domain to its services: all sources, and the best answer wins."""

from __future__ import annotations

from diagnose.discovery.ahead import DiscoveryAhead
from diagnose.discovery.facts import (
    Discovered,
    DiscoveryOptions,
    Login,
    LoginName,
    ProviderBy,
    SourceResult,
    SourceStatus,
)
from diagnose.discovery.strategy import FOUND_WITHIN, ask_ahead, discover, look_up_ahead, servers_known_ahead

__all__ = [
    "FOUND_WITHIN",
    "Discovered",
    "DiscoveryAhead",
    "DiscoveryOptions",
    "Login",
    "LoginName",
    "ProviderBy",
    "SourceResult",
    "SourceStatus",
    "ask_ahead",
    "discover",
    "look_up_ahead",
    "servers_known_ahead",
]
