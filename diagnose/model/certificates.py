"""What is agreed on about certificates, for whoever judges them and whoever watches them."""

from __future__ import annotations

EXPIRING_DAYS = 14
"""Days before its end from which a certificate is about to expire, which hinders."""
