"""What to open in which browser, and whom it may reach there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class StartError(Exception):
    """The browser did not start; the message holds its own words."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to open, and how."""

    browser: str
    executable: Path
    url: str
    pins: tuple[str, ...] = ()
    """SPKI hashes of certificates to be accepted, in base64."""
    local: bool = False
    """Whether addresses of loopback and private networks may be reached."""
    admits: Callable[[str], bool] = lambda _: True
    """Which hosts the page may load from."""
