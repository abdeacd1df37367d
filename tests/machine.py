"""What this machine lacks for tests: one door to leave a test out, and a list of what will be left out.

``python -m tests.machine`` says it before the tests run; ``tests/conftest.py`` says at their end what was left out.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from diagnose.network import Vantage

MISSING = "missing here: "
"""How the reason of a skip begins that another machine would not have."""

_NOTHING_THERE = ("ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT")
NOTHING_THERE = rf"Errno ({'|'.join(str(getattr(errno, name)) for name in _NOTHING_THERE)})\b"
"""A regular expression for the OSError of a connect to ::1 where nobody listens, with or without IPv6."""


def lacking(what: str, *, excused: bool = False) -> NoReturn:
    """Leave out the running test, because *what* is not here.

    Under ``CI=true`` that is a failure, unless *excused*: nobody could install it.
    """
    (pytest.fail if os.environ.get("CI") == "true" and not excused else pytest.skip)(MISSING + what)


def need(**packages: str) -> None:
    """Leave out the running test unless each program or file is here; *packages* names the Debian package of each."""
    absent = absent_of(packages)
    if absent is not None:
        lacking(absent)


def absent_of(packages: dict[str, str]) -> str | None:
    """Those programs or files of *packages* that are not here, with their Debian packages; None if all are."""
    absent = [
        f"{name} ({package})"
        for name, package in packages.items()
        if shutil.which(name) is None and not Path(name).exists()
    ]
    return ", ".join(absent) if absent else None


def one_of(*names: str) -> str:
    """The path of the first program of *names* that is here. Leaves out the running test where none is."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or lacking(" or ".join(names))


def need_ipv6() -> None:
    """Leave out the running test unless IPv6 is here."""
    missing = no_ipv6()
    if missing is not None:
        lacking(missing, excused=True)


def no_ipv6() -> str | None:
    """IPv6, in words, where it is not here."""
    return None if Vantage().has_route("::1") else "IPv6 on loopback"


def left_out() -> Iterator[tuple[str, str]]:
    """What this machine leaves untested, each with what it lacks for that."""
    from tests.browser.clean.roundcube import NEEDED
    from tests.real.estate import missing_annex, missing_requirement

    parts: dict[str, Callable[[], str | None]] = {
        "real mail servers, name servers and firewalls (tests/real)": missing_requirement,
        "Courier and Exim (tests/real/test_other_programs.py)": missing_annex,
        "a real proxy (tests/real/test_network.py)": lambda: absent_of({"squid": "squid"}),
        "Chromium (tests/browser, tests/har)": lambda: absent_of({"chromium": "chromium", "nginx": "nginx-light"}),
        "Firefox (tests/browser)": lambda: absent_of({"firefox-esr": "firefox-esr", "nginx": "nginx-light"}),
        "Roundcube (tests/browser/clean)": lambda: absent_of(NEEDED),
        "the manual page (tests/commands)": lambda: absent_of(
            {"man": "man-db", "groff": "groff-base", "mandoc": "mandoc"}
        ),
        "completion by zsh and fish (tests/commands)": lambda: absent_of({"zsh": "zsh", "fish": "fish"}),
        "IPv6 (tests/core, tests/lab)": no_ipv6,
    }
    for part, missing in parts.items():
        lacks = missing()
        if lacks is not None:
            yield part, lacks


if __name__ == "__main__":
    for part, lacks in left_out():
        print(f"Left out: {part}. {MISSING}{lacks}.")  # noqa: T201 - a command's output
