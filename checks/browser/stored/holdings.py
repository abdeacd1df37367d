"""What is known about the browsers of this computer, and what their profiles hold for the webmail host."""

from __future__ import annotations

import msgspec

from checks.browser.stored.cookies import HeldCookies
from checks.browser.stored.installed import InstalledBrowser
from checks.browser.stored.profiles import Unread
from diagnose.model import Facts, Failure


class BrowsersFacts(Facts, frozen=True, kw_only=True):
    """The browsers that are installed."""

    browsers: tuple[InstalledBrowser, ...]


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
