"""Where a browser of Chromium's kind is installed on this computer."""

from __future__ import annotations

import shutil
from pathlib import Path

from checks.browser.stored.installed import here
from diagnose.browsers import Browser, all_browsers


def find_executable() -> tuple[Browser, Path] | None:
    """The first known browser that is installed, and its executable; None where no known browser is."""
    for browser in all_browsers():
        for place in here(browser.executable):
            if found := shutil.which(place):  # a path with its folder is looked at as it is
                return browser, Path(found)
    return None
