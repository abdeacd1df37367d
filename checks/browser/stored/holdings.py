"""What is known about the browsers of this computer, and what their profiles hold for the webmail host."""

from __future__ import annotations

from typing import Literal

import msgspec

from checks.browser.stored.files import Why
from checks.browser.stored.installed import InstalledBrowser
from diagnose.model import Facts, Failure

Part = Literal["profiles", "cookies", "settings", "hsts", "workers", "cache"]
"""Of a profile."""
READ_SECONDS = 8.0
"""For what all of them hold."""


class BrowsersFacts(Facts, frozen=True, kw_only=True):
    """The browsers that are installed."""

    browsers: tuple[InstalledBrowser, ...]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be read, and why."""

    part: Part
    why: Why


class HeldCookies(msgspec.Struct, frozen=True, kw_only=True):
    """What a profile holds for a page, counted."""

    count: int
    """For the host and its parent domains."""
    sent: int
    """Of those, how many go with a request for the page (RFC 6265 §5.4)."""
    header_bytes: int
    """Length of the value of that Cookie header."""
    estimated: bool = False
    """Whether `header_bytes` is reckoned from encrypted values; it is off by a few bytes a cookie."""
    expired: int = 0
    """Kept still, and sent no more."""
    expired_of_login: int = 0
    """Of those, how many have a name that the login page itself uses for a login."""
    of_session: int = 0
    """Without an expiry."""
    across_domains: int = 0
    """Names that are sent twice: for the host alone, and for a parent domain or the host with all below it."""
    of_login: int = 0
    """Of those, the names that the login page sets itself for a login, and not for both."""
    first_set_at: float | None = None
    last_used_at: float | None = None
    first_expiry_at: float | None = None
    """Of those that are still good."""


class HeldPage(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of the webmail page that a browser shows without asking the server."""

    stored_at: float
    """Seconds since the epoch."""
    changed: bool | None = None
    """Whether the page names other scripts and styles now; None: it could not be compared."""
    gone: int = 0
    """Scripts and styles that the copy needs and the server no longer has."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Two requests for the page: with as many bytes of cookies as a profile would send, all zeros, and without."""

    header_bytes: int
    status: int | None = None
    failure: Failure | None = None
    clean_status: int | None = None


class ProfileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one profile holds for the webmail host; None stands for: could not be read."""

    browser: str
    """The browser's id."""
    browser_version: str = ""
    """Where it is installed in one version only."""
    profile: str
    """The name of its folder, as the browser's own page about itself shows it; "" where no profile could be found."""
    cookies: HeldCookies | None = None
    cookies_blocked: bool | None = None
    """Whether its settings refuse the page its cookies."""
    javascript_blocked: bool | None = None
    zoom_percent: int | None = None
    """How large it shows pages of the host, where the person has changed that."""
    hsts: bool | None = None
    """Whether it turns http into https for the host (RFC 6797)."""
    service_worker: bool | None = None
    """Whether a service worker of the host is registered."""
    service_workers_gone: int = 0
    """How many of them have a script that the server no longer has."""
    cached: int | None = None
    """Entries of the host in the disk cache."""
    page: HeldPage | None = None
    unread: tuple[Unread, ...] = ()
    trial: Trial | None = None
    """None: its header is not large enough to ask the server, or a visit without cookies fails as well."""


class ProfilesFacts(Facts, frozen=True, kw_only=True):
    """What the profiles of this computer's browsers hold for the webmail host."""

    url: str
    """The page they were asked about."""
    profiles: tuple[ProfileFacts, ...] = ()
    clean_session_works: bool | None = None
    """Whether the page comes without any cookies; None: not tried."""
    scripts: bool = True
    """Whether the page has scripts."""
    session_complaint: bool = False
    """Whether the person saw a message about a session that is over, or about going round in circles."""


def works(status: int | None) -> bool:
    """Whether *status* is that of a page to log in on."""
    return status is not None and (status < 400 or status == 401)
