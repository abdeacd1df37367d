"""The shape of one browser's file: every field but id, names and engine is optional.

Helpdesk people read and correct these files, so values are what a screen shows: names of menus, paths of programs.
"""

from __future__ import annotations

from typing import Literal

from diagnose.knowledge.part import KnowledgePart
from diagnose.providers.schema import Reference, Words

Engine = Literal["chromium", "gecko", "webkit", "trident"]
ProfileKind = Literal["chromium", "firefox", "safari"]
"""Whose layout of files a profile has."""
Menu = Literal["cookies", "javascript", "cache", "proxy", "extensions", "passwords", "update"]


class Recognition(KnowledgePart, frozen=True, kw_only=True):
    """How a browser tells what it is."""

    user_agent: tuple[str, ...] = ()
    """Regular expressions for the User-Agent header (RFC 9110 §10.1.5); the group ``version`` is what people know as
    the version."""
    brands: tuple[str, ...] = ()
    """Names in Sec-CH-UA (User-Agent Client Hints); where that header is sent, one of them has to be in it."""
    pretends: tuple[str, ...] = ()
    """Ids of other browsers whose marks this one carries beside its own."""


class Oldest(KnowledgePart, frozen=True, kw_only=True):
    """The oldest version that webmail pages of today can be expected to work in."""

    version: int
    """First number of the engine's version: Chromium's for all browsers that are built on it."""
    why: str


class Menus(KnowledgePart, frozen=True, kw_only=True):
    """Where things are set; absent is not known."""

    since: int = 0
    """The version from which on the menus are called so."""
    cookies: Words | None = None
    javascript: Words | None = None
    cache: Words | None = None
    """Where cookies, cached files and other data of pages are deleted."""
    proxy: Words | None = None
    extensions: Words | None = None
    passwords: Words | None = None
    update: Words | None = None


class Paths(KnowledgePart, frozen=True, kw_only=True):
    """Paths by operating system; ``~`` and ``%VARIABLES%`` stand for what they do there."""

    linux: tuple[str, ...] = ()
    macos: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()


class Profiles(Paths, frozen=True, kw_only=True):
    """The folders that hold a browser's profiles, and how they are laid out."""

    kind: ProfileKind | None = None


class Browser(KnowledgePart, frozen=True, kw_only=True):
    """All that is known about one browser."""

    id: str
    names: Words
    engine: Engine
    recognition: Recognition = Recognition()
    oldest: Oldest | None = None
    menus: tuple[Menus, ...] = ()
    """The newest first."""
    installed: Paths = Paths()
    """Paths of a program or folder, registry keys (``HKCU\\…``, ``HKLM\\…``), Debian packages (``dpkg:…``), commands.
    A command is asked for its version where nothing else tells it."""
    own_versions: bool = False
    """Whether its versions are numbered by themselves, so that they do not tell the engine's."""
    executable: Paths = Paths()
    """What to start it by for a visit with a clean profile: commands, or paths. Of browsers built on Chromium only."""
    profiles: Profiles = Profiles()
    unsure: tuple[str, ...] = ()
    """Dotted field names whose value rests on memory or on a weak source."""
    sources: tuple[Reference, ...] = ()

    def menus_of(self, version: int | None) -> Menus:
        """The menus of *version*; of the newest one where it is not known."""
        fitting = (menus for menus in self.menus if version is None or menus.since <= version)
        return next(fitting, Menus())
