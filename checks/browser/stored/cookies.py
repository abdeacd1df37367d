"""Cookies that a profile holds for a page: which of them a browser sends, and how long the header gets.

Names stay in here; what leaves is counted.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from checks.browser.stored.holdings import HeldCookies
from diagnose.network import Hop, is_address

MOST = 2000
"""Cookies of one host and its parents in one profile; browsers keep some 180 of a domain."""


@dataclass(frozen=True, kw_only=True)
class StoredCookie:
    """A cookie without its value."""

    name: str
    domain: str
    """As browsers keep it: with a dot in front where it holds for hosts below, too."""
    path: str
    size: int
    """Bytes of its value."""
    estimated: bool = False
    """Whether `size` is reckoned from an encrypted value."""
    secure: bool
    created: float
    """Seconds since the epoch, as all times here."""
    used: float
    expires: float | None
    """None: with the browser's session."""
    partitioned: bool = False
    """Kept for use inside of another site's page only."""

    @property
    def length(self) -> int:
        """Bytes that it takes in the Cookie header, the separator to the next one aside."""
        return len(self.name.encode()) + bool(self.name) + self.size


def domains_of(host: str) -> tuple[str, ...]:
    """The domains under which browsers keep cookies that *host* gets."""
    if is_address(host):
        return (host,)
    labels = host.lower().rstrip(".").split(".")
    parents = [".".join(labels[place:]) for place in range(len(labels))]
    return (parents[0], *("." + parent for parent in parents))


def sent(cookies: Iterable[StoredCookie], url: str, now: float) -> list[StoredCookie]:
    """Those that go with a request for *url*, in their order: longer paths first, then the older ones."""
    page = urllib.parse.urlsplit(url)
    host, path = (page.hostname or "").lower(), page.path or "/"
    known = domains_of(host)
    going = [
        cookie
        for cookie in cookies
        if cookie.domain.lower() in known
        and _below(path, cookie.path)
        and (page.scheme == "https" or not cookie.secure)
        and (cookie.expires is None or cookie.expires > now)
        and not cookie.partitioned
    ]
    return sorted(going, key=lambda cookie: (-len(cookie.path), cookie.created))


def header_bytes(going: Iterable[StoredCookie]) -> int:
    """Length of the Cookie header's value."""
    lengths = [cookie.length for cookie in going]
    return sum(lengths) + 2 * max(0, len(lengths) - 1)


def dummy(going: Iterable[StoredCookie]) -> str:
    """A Cookie header of the same shape, as many cookies as long, without anything of theirs in it."""
    pairs = (f"c{number}=".ljust(cookie.length, "0")[: max(1, cookie.length)] for number, cookie in enumerate(going))
    return "; ".join(pairs)


def count(cookies: Iterable[StoredCookie], url: str, hops: Iterable[Hop], now: float) -> HeldCookies:
    """*cookies* of a profile, as far as a request for *url* goes; *hops* are those of a visit without any."""
    held = list(cookies)
    going = sent(held, url, now)
    by_name: dict[str, set[str]] = {}
    for cookie in going:
        by_name.setdefault(cookie.name, set()).add(cookie.domain.lower())
    across = {name: domains for name, domains in by_name.items() if len(domains) > 1}
    expired = [c for c in held if c.expires is not None and c.expires <= now]
    fresh = [c.expires for c in held if c.expires is not None and c.expires > now]
    set_here = _set_by(hops)
    return HeldCookies(
        count=len(held),
        sent=len(going),
        header_bytes=header_bytes(going),
        estimated=any(c.estimated for c in going),
        expired=len(expired),
        expired_of_login=sum(c.name in set_here for c in expired),
        of_session=sum(c.expires is None for c in held),
        across_domains=len(across),
        of_login=sum(name in set_here and not domains <= set_here[name] for name, domains in across.items()),
        first_set_at=min((c.created for c in held), default=None),
        last_used_at=max((c.used for c in held), default=None),
        first_expiry_at=min(fresh, default=None),
    )


def _below(path: str, of_cookie: str) -> bool:
    """Path-match of RFC 6265 §5.1.4."""
    return path == of_cookie or (
        path.startswith(of_cookie) and (of_cookie.endswith("/") or path[len(of_cookie)] == "/")
    )


def _set_by(hops: Iterable[Hop]) -> dict[str, set[str]]:
    """Cookie name to the domains that the page sets it for, as browsers keep them.

    A cookie is left out that outlives the session (RFC 6265 §5.3) and is open to scripts (no HttpOnly, §5.2.6). It
    counts visits or keeps a language, and belongs to no login.
    """
    domains: dict[str, set[str]] = {}
    for hop in hops:
        host = (urllib.parse.urlsplit(hop.url).hostname or "").lower()
        for cookie in hop.cookies:
            named = [part.partition("=") for part in cookie.attributes]
            attributes = {key.strip().lower(): value.strip() for key, _, value in named}
            if "httponly" not in attributes and {"expires", "max-age"} & attributes.keys():
                continue
            wide = attributes.get("domain", "").lstrip(".").lower()
            domains.setdefault(cookie.name, set()).add("." + wide if wide and not is_address(host) else host)
    return domains
