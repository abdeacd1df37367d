"""Where the browsers of this computer keep their profiles, and what one of these holds for a host."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from checks.browser.stored import chromium, chromium_cache, firefox, firefox_cache, workers
from checks.browser.stored.caches import Copy, Held
from checks.browser.stored.cookies import StoredCookie
from checks.browser.stored.files import UnreadableError, Why, is_folder
from checks.browser.stored.holdings import Part, Unread
from checks.browser.stored.installed import here
from checks.browser.stored.workers import Workers
from diagnose.browsers import all_browsers
from diagnose.model.deadline import Deadline

MOST_PROFILES = 30
"""Of all browsers together."""

CACHE_SECONDS = 2.5
"""For the entries of one; 20,000 take about one on a disk that is not asleep."""

CACHES = (
    ("/.config/", "/.cache/"),
    ("/config/", "/cache/"),
    ("/.mozilla/", "/.cache/mozilla/"),
    ("/.mozilla/", "/cache/mozilla/"),
    ("/Library/Application Support/", "/Library/Caches/"),
    ("\\AppData\\Roaming\\", "\\AppData\\Local\\"),
)
"""Part of a profile's path, and what replaces it in its cache's path: the customs of the systems and of Flatpak."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile of a browser."""

    browser: str
    """The browser's id."""
    kind: Literal["chromium", "firefox"]
    folder: Path
    lost: Why | None = None
    """Why the profiles in `folder` could not be found; it is then no profile itself."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return "" if self.lost else self.folder.name


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a profile holds for one page and its host. None stands for: could not be read."""

    cookies: list[StoredCookie] | None = None
    cookies_blocked: bool | None = None
    javascript_blocked: bool | None = None
    zoom_percent: int | None = None
    """How large pages of the host are shown, where the person has changed that."""
    hsts: bool | None = None
    """Whether it turns http into https for the host (RFC 6797)."""
    workers: Workers | None = None
    cached: int | None = None
    """Entries of the host in the disk cache."""
    copies: tuple[Copy, ...] = ()
    """Of the page."""
    unread: tuple[Unread, ...] = ()


def profiles() -> Iterator[Profile]:
    """The profiles of all known browsers, those used last first within each."""
    return islice(_profiles(), MOST_PROFILES)


def _profiles() -> Iterator[Profile]:
    seen = set()
    for known in all_browsers():
        kind = known.profiles.kind
        if kind is None or kind == "safari":
            continue
        for root in map(Path, here(known.profiles)):
            try:
                folders = list(chromium.names(root) if kind == "chromium" else firefox.names(root))
            except UnreadableError as error:
                yield Profile(browser=known.id, kind=kind, folder=root, lost=error.why)
                continue
            for folder in folders:
                real = os.path.realpath(folder)
                if real not in seen and is_folder(folder):
                    seen.add(real)
                    yield Profile(browser=known.id, kind=kind, folder=folder)


def read(profile: Profile, host: str, url: str, now: float, deadline: Deadline) -> Content:
    """What *profile* holds for *host* and its page at *url*; never raises for what it finds."""
    if profile.lost:
        return Content(unread=(Unread(part="profiles", why=profile.lost),))
    unread: list[Unread] = []
    folder = profile.folder

    def tried(part: Part, reading: Callable[[], T]) -> T | None:
        try:
            if deadline.passed():
                raise UnreadableError("no_time")  # noqa: TRY301 - one way out for everything that keeps from reading
            return reading()
        except UnreadableError as error:
            unread.append(Unread(part=part, why=error.why))
            return None

    def for_cache() -> Deadline:
        return deadline.share(0.3, CACHE_SECONDS)  # other profiles are to be read yet

    held: Held | None
    if profile.kind == "chromium":
        cookies = tried("cookies", lambda: chromium.cookies(folder, host, deadline))
        settings = tried("settings", lambda: chromium.settings(folder))
        cookies_blocked, javascript_blocked = (
            None if settings is None else chromium.blocked(settings, content, url)
            for content in ("cookies", "javascript")
        )
        zoom = chromium.zoom_percent(settings or {}, host)
        hsts = tried("hsts", lambda: chromium.hsts(folder, host, now))
        registered = tried("workers", lambda: workers.of_chromium(folder, url, deadline))
        held = tried("cache", lambda: chromium_cache.held(_cache(folder, "Cache"), host, url, for_cache()))
    else:
        cookies = tried("cookies", lambda: firefox.cookies(folder, host, deadline))
        cookies_blocked = tried("settings", lambda: firefox.cookies_blocked(folder, url, deadline))
        javascript_blocked = tried("settings", lambda: firefox.javascript_off(folder))
        zoom = tried("settings", lambda: firefox.zoom_percent(folder, host, deadline))
        hsts = tried("hsts", lambda: firefox.hsts(folder, host, now))
        registered = tried("workers", lambda: workers.of_firefox(folder, url))
        held = tried("cache", lambda: firefox_cache.held(_cache(folder, "cache2"), host, url, for_cache()))
    if held is not None and held.stopped:
        unread.append(Unread(part="cache", why=held.stopped))
    return Content(
        cookies=cookies,
        cookies_blocked=cookies_blocked,
        javascript_blocked=javascript_blocked,
        zoom_percent=zoom,
        hsts=hsts,
        workers=registered,
        cached=held.entries if held else None,
        copies=held.copies if held else (),
        unread=tuple(dict.fromkeys(unread)),
    )


def _cache(profile: Path, name: str) -> Path:
    """The folder of its cache: apart from the profile where the system has a place for caches, or in it."""
    inside = profile / name
    for place, other in CACHES:
        before, mark, behind = str(profile).partition(place)
        if mark and is_folder(apart := Path(before + other + behind, name)):
            return apart
    return inside
