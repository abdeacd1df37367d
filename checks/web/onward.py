"""Where a page leads by itself, without any script: a refresh, or a frame that is all of it."""

from __future__ import annotations

import urllib.parse

from checks.web.html import PageFacts
from diagnose.model import quote
from diagnose.network import FetchedPage, is_web_address
from diagnose.process.first_use import lazy_pattern

LONGEST_WAIT = 5
"""Seconds. A page that waits longer is there to be read, or loads itself again."""
_REFRESH = lazy_pattern(
    r"""(?i)\s{0,9}(\d{1,4})(?:\.\d{0,9})?\s{0,9}[;,\s]\s{0,9}(?:url\s{0,9}=\s{0,9})?["']?([^"']{1,2000})"""
)
"""Seconds and address of a Refresh, in the header or in the page (HTML Living Standard §4.2.5.3)."""


def onward(exchange: FetchedPage, page: PageFacts) -> str | None:
    """Where *page* leads who has opened it, if it leads anywhere that was not seen on the way to it."""
    if page.password_field or page.forms or exchange.last.status is None or exchange.last.status >= 400:
        return None
    found = _refreshed(page.refresh) or _refreshed(exchange.header("refresh") or "") or page.frame
    if not found:
        return None
    try:
        target = urllib.parse.urljoin(exchange.last.url, quote(found, 2000).strip())
    except ValueError:
        return None
    return target if is_web_address(target) and target not in {hop.url for hop in exchange.hops} else None


def _refreshed(content: str) -> str:
    found = _REFRESH.match(content)
    return found[2].strip() if found and int(found[1]) <= LONGEST_WAIT else ""
