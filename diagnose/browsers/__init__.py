"""What is known about web browsers: how each is recognised, where its menus, its program and its profiles are."""

from __future__ import annotations

from diagnose.browsers.files import UnknownBrowserError, all_browsers, browser, browser_ids
from diagnose.browsers.placeholder_values import browser_facts
from diagnose.browsers.placeholders import BROWSER_PLACEHOLDERS
from diagnose.browsers.recognition import Recognised, recognise
from diagnose.browsers.schema import Browser, Menus, Paths, Profiles

__all__ = [
    "BROWSER_PLACEHOLDERS",
    "Browser",
    "Menus",
    "Paths",
    "Profiles",
    "Recognised",
    "UnknownBrowserError",
    "all_browsers",
    "browser",
    "browser_facts",
    "browser_ids",
    "recognise",
]
