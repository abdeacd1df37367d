"""What a server saw of a login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Login:
    """One login that a client asked for."""

    user: str
    """Empty where the server does not look, because it never offered such a login, or does not tell."""
    protocol: str
    """``imap``, ``pop3`` or ``smtp``."""
    outcome: Literal["accepted", "rejected", "unavailable"]
    """Unavailable: the server could not tell whether the password is right."""
