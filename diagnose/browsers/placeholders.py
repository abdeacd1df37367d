"""The names that a remedy text may use in braces for what is known about the person's browser."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BROWSER_PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "browser_name": "The browser's name in the reader's language.",
        "browser_version": "Its version, as its about page begins it.",
        "browser_menu_cookies": "Menu path to where pages are allowed to keep cookies.",
        "browser_menu_javascript": "Menu path to where JavaScript is allowed.",
        "browser_menu_cache": "Menu path to where cookies, cached files and other data of pages are deleted.",
        "browser_menu_proxy": "Menu path to the browser's proxy settings.",
        "browser_menu_extensions": "Menu path to the list of extensions.",
        "browser_menu_passwords": "Menu path to the list of stored passwords.",
        "browser_menu_update": "Menu path to where the browser looks for its own update.",
    }
)
"""Name -> meaning, as `diagnose.providers.PLACEHOLDERS`. A name, once released, keeps its meaning."""
