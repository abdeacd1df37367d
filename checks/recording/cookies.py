"""Cookies in a recording: refused by the browser, or set and not sent back (RFC 6265bis §5.7, §5.8.3)."""

from __future__ import annotations

import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from checks.dns.names import is_public_suffix
from checks.recording.login import site_of
from checks.web.set_cookie import Refusal, refusal
from diagnose.har.facts import CookieSet, Exchange

COOKIES_TOO_LONG = 4_000
"""Bytes of a Cookie header; servers begin to refuse at 4096 or 8192 bytes of header."""
_TOO_LARGE = {400, 413, 431, 494}
"""RFC 6585 §5 has 431; nginx says 400 or 494."""


Why = Refusal | Literal["other_site", "not_sent"]


class LostCookie(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie that a page of the login's site set and that never came back."""

    name: str
    by: Exchange
    why: Why
    alone: bool = False
    """Whether other cookies of the same host did come back."""


def lost_cookies(exchanges: tuple[Exchange, ...], sites: set[str]) -> Iterator[LostCookie]:
    """Those of *sites* that requests after them should have carried, each name once."""
    named: set[str] = set()
    for place, one in enumerate(exchanges):
        if site_of(one.url) not in sites or one.cache:
            continue
        later = exchanges[place + 1 :]
        for cookie in one.cookies_set:
            came_back = any(cookie.name in e.cookies_sent for e in later)
            if cookie.deletes or came_back or cookie.name in named:
                continue
            why: Why | None = refusal(cookie, one.url) or _foreign(cookie, one)
            if why is None and any(_due(cookie, one, e) for e in _until_replaced(cookie, later)):
                why = "not_sent"
            if why is not None:
                named.add(cookie.name)
                host = urllib.parse.urlsplit(one.url).hostname
                others = any(e.cookies_sent for e in later if urllib.parse.urlsplit(e.url).hostname == host)
                yield LostCookie(name=cookie.name, by=one, why=why, alone=others)


def too_long(one: Exchange) -> bool:
    """Whether the server turned the request away while the browser sent it very much in cookies."""
    return one.status in _TOO_LARGE and (one.cookie_bytes >= COOKIES_TOO_LONG or one.status in {431, 494})


def sent_twice(exchanges: tuple[Exchange, ...], site: str) -> tuple[str, Exchange] | None:
    """A cookie of which the browser sent two to the login's site: one of them is old, or a parent domain's."""
    for one in exchanges:
        if site_of(one.url) == site:
            name, count = next(iter(Counter(one.cookies_sent).most_common(1)), ("", 0))
            if count > 1:
                return name, one
    return None


def _foreign(cookie: CookieSet, one: Exchange) -> Literal["other_site"] | None:
    """Set for a frame or a call of another site's page, which takes SameSite=None (§5.7 step 22)."""
    crosses = one.kind in {"xhr", "iframe"} and bool(one.page) and site_of(one.page) != site_of(one.url)
    return "other_site" if crosses and _attributes(cookie).get("samesite") != "none" else None


def _until_replaced(cookie: CookieSet, later: tuple[Exchange, ...]) -> Iterator[Exchange]:
    for one in later:
        yield one
        if any(other.name == cookie.name for other in one.cookies_set):
            return


def _due(cookie: CookieSet, by: Exchange, later: Exchange) -> bool:
    """Whether a browser that keeps *cookie* sends it with the *later* request."""
    if later.cache or later.status == 0 or later.kind not in {"document", "xhr"}:
        return False
    attributes, setter, place = _attributes(cookie), urllib.parse.urlsplit(by.url), urllib.parse.urlsplit(later.url)
    host, domain = place.hostname or "", attributes.get("domain", "").lstrip(".")
    wide = bool(domain) and not is_public_suffix(domain)  # else it is for its host alone (§5.7 step 9)
    if host != setter.hostname and not (wide and (host == domain or host.endswith("." + domain))):
        return False
    if not _path_matches(attributes.get("path", "/"), place.path):
        return False
    if place.scheme != "https" and ("secure" in attributes or setter.scheme == "https"):
        return False  # Schemeful Same-Site
    lasts = int(attributes.get("max-age", "0")) or None
    if lasts is not None and by.at is not None and later.at is not None and later.at - by.at >= lasts:
        return False
    same_site = not later.page or site_of(later.page) == site_of(later.url)
    if later.kind == "xhr":
        return same_site and later.mode != "no-cors" and host == setter.hostname and bool(later.page)
    return same_site or (attributes.get("samesite") == "none")


def _path_matches(path: str, asked: str) -> bool:
    """RFC 6265 §5.1.4."""
    return asked == path or (asked.startswith(path) and (path.endswith("/") or asked[len(path) :].startswith("/")))


def _attributes(cookie: CookieSet) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in cookie.attributes)}
