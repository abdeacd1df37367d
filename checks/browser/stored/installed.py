"""Which browsers are installed, and in which version: read from files where they tell, asked for where they do not."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from checks.browser.stored.files import UnreadableError, files, is_folder, read
from diagnose.browsers import Browser, Paths, all_browsers
from diagnose.model.deadline import Deadline
from diagnose.process.children import answer_of
from diagnose.process.first_use import lazy_pattern, one_at_a_time

REGISTRY, PACKAGE = ("HKCU\\", "HKLM\\"), "dpkg:"
PACKAGES = Path("/var/lib/dpkg/status")
LARGEST_FILE = 64_000_000
ANSWER_SECONDS = 2.0
"""Patience with a program that is asked for its version."""
MOST_FOLDERS = 500

_ANSWERS: dict[str, str] = {}
"""A program answers the same as long as we run; a fleet asks it once."""

_VERSION = lazy_pattern(r"\d{1,5}(?:\.\d{1,6}){1,3}")
_PACKAGE_VERSION = lazy_pattern(rb"(?:.+\n)*?Version: (.+)")
"""Within the same entry: an empty line ends it."""
_REGISTRY_VALUES = ("version", "CurrentVersion", "DisplayVersion")


class InstalledBrowser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is on this computer."""

    browser: str
    """Its id."""
    version: str
    """As the browser tells it; "" where it could not be found out."""
    engine_version: int | None = None
    """What `Oldest.version` is compared with; None where its version does not tell."""
    too_old: bool = False
    """Whether webmail pages of today cannot be expected to work in it."""


def installed(deadline: Deadline) -> Iterator[InstalledBrowser]:
    """Every known browser that is found, once a version."""
    packages = functools.cache(_packages)  # a list of nearly a megabyte, in which each of them is looked for
    for known in all_browsers():
        versions: dict[str, None] = {}
        for place in here(known.installed):
            if deadline.passed():
                return
            if versions and _is_command(place):
                break  # commands stand last, and cost the most
            version = _version(place, packages, deadline)
            if version is not None and not (version == "" and versions):
                versions.setdefault(version)
        yield from (_judged(known, version) for version in versions)


def _judged(known: Browser, version: str) -> InstalledBrowser:
    number = re.match(r"\d+", version)
    engine = int(number[0]) if number and not known.own_versions else None
    too_old = known.oldest is not None and engine is not None and engine < known.oldest.version
    return InstalledBrowser(browser=known.id, version=version, engine_version=engine, too_old=too_old)


def here(paths: Paths) -> tuple[str, ...]:
    """Those of this operating system, variables filled in."""
    platform: str = sys.platform
    match platform:
        case "win32":
            found = tuple(map(os.path.expandvars, paths.windows))
        case "darwin":
            found = paths.macos
        case _:
            base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
            found = tuple(re.sub(r"^~/\.config(?=/)", lambda _: base, path) for path in paths.linux)
    # not by pathlib's, which raises where there is no home folder
    filled = (os.path.expanduser(path) for path in found if "%" not in path)  # noqa: PTH111
    return tuple(path for path in filled if not path.startswith("~"))


def _version(place: str, packages: Callable[[], bytes], deadline: Deadline) -> str | None:
    """The version of what is installed at *place*, as `Browser.installed` writes it; None where nothing is."""
    if place.startswith(REGISTRY):
        return _of_registry(place)
    if place.startswith(PACKAGE):
        return _of_package(place.removeprefix(PACKAGE), packages())
    path = Path(place)
    if path.is_absolute():
        return _of_files(path) if os.path.exists(path) else None  # noqa: PTH110 - unlike Path.exists it never raises
    command = shutil.which(place)
    return None if command is None else _of_command(os.path.realpath(command), deadline)


def _is_command(place: str) -> bool:
    return not place.startswith((*REGISTRY, PACKAGE)) and not Path(place).is_absolute()


def _packages() -> bytes:
    """Debian's list of packages, each of which begins behind a line end; b"" where none can be read."""
    with contextlib.suppress(UnreadableError):
        if data := read(PACKAGES, LARGEST_FILE):
            return b"\n" + data
    return b""


def _of_package(name: str, packages: bytes) -> str | None:
    """The version of Debian's package *name*."""
    entry = f"\nPackage: {name}\nStatus: install ok installed\n".encode()
    place = packages.find(entry)  # among a thousand; to search them all for a pattern takes a millisecond a name
    told = _PACKAGE_VERSION.match(packages, place + len(entry)) if place >= 0 else None
    version = _VERSION.search(told[1].decode("ascii", "replace")) if told else None
    return version[0] if version else None


def _of_files(path: Path) -> str:
    folder = path if is_folder(path) else path.parent
    with contextlib.suppress(UnreadableError):
        if data := read(folder / "application.ini", LARGEST_FILE):
            told = re.search(rb"^Version=([\w.]{1,40})", data.partition(b"[App]")[2], re.MULTILINE)
            return told[1].decode() if told else ""
    with contextlib.suppress(UnreadableError):
        if data := read(folder / "Contents" / "Info.plist", LARGEST_FILE):
            return _of_property_list(data)
    with contextlib.suppress(UnreadableError):
        if data := read(folder / "meta" / "snap.yaml", LARGEST_FILE):
            told = re.search(rb"^version: *['\"]?([\w.-]{1,40})", data, re.MULTILINE)
            return told[1].decode() if told else ""
    numbers = [inner.name for inner in files(folder, MOST_FOLDERS) if _VERSION.fullmatch(inner.name)]
    return max(numbers, key=lambda name: tuple(map(int, name.split("."))), default="")


def _of_property_list(data: bytes) -> str:
    with one_at_a_time:
        import plistlib

    try:
        return str(plistlib.loads(data).get("CFBundleShortVersionString", ""))
    except (plistlib.InvalidFileException, ValueError, AttributeError):
        return ""


def _of_registry(place: str) -> str | None:
    try:
        with one_at_a_time:
            import winreg
    except ImportError:  # not Windows
        return None
    root, _, key = place.partition("\\")
    hive = getattr(winreg, {"HKCU": "HKEY_CURRENT_USER", "HKLM": "HKEY_LOCAL_MACHINE"}[root])
    try:
        with getattr(winreg, "OpenKey")(hive, key) as opened:  # noqa: B009 - the module is empty to a checker elsewhere
            for name in _REGISTRY_VALUES:
                with contextlib.suppress(OSError):
                    told = _VERSION.search(str(getattr(winreg, "QueryValueEx")(opened, name)[0]))  # noqa: B009
                    return told[0] if told else ""
    except OSError:
        return None
    return ""


def _of_command(command: str, deadline: Deadline) -> str:
    """What is known of *command* without starting it, or what it answers; "" for one that gives no answer.

    A snap is not asked: it makes folders for the person before it answers.
    """
    beside = _of_files(Path(command)) if Path(command).parent.name not in {"bin", "sbin"} else ""
    if beside or Path(command).name == "snap":
        return beside
    if command not in _ANSWERS and (answer := _asked(command, deadline.within(ANSWER_SECONDS).left())):
        _ANSWERS[command] = answer
    return _ANSWERS.get(command, "")


def _asked(command: str, patience: float) -> str:
    told = _VERSION.search(answer_of((command, "--version"), patience).decode("utf-8", "replace"))
    return told[0] if told else ""
