"""What the server of the webmail page is asked about a profile: no cookie, and nothing else of the profile, is sent."""

from __future__ import annotations

from collections.abc import Iterable

from checks.browser.stored import cookies
from checks.browser.stored.caches import Copy
from checks.browser.stored.cookies import StoredCookie
from checks.browser.stored.holdings import HeldPage, Trial
from checks.browser.stored.pages import assets
from diagnose.network import FetchedPage
from diagnose.replies import charset_in, decode
from diagnose.running.context import Context

ASK_SECONDS = 8.0
LARGEST_HEADER = 65536
"""Bytes."""
MOST_ASSETS = 6
"""Few requests a server."""


def try_header(url: str, going: Iterable[StoredCookie], context: Context) -> Trial:
    """Ask for the page with a Cookie header as long as that of *going*, all zeros, and then without one."""
    header = cookies.dummy(going)[:LARGEST_HEADER]
    loaded, clean = _ask(url, context, header).last, _ask(url, context).last
    return Trial(header_bytes=len(header), status=loaded.status, failure=loaded.failure, clean_status=clean.status)


def compare(copies: Iterable[Copy], now: float, context: Context) -> HeldPage | None:
    """The copy that a browser would show without asking, compared with the server's page; None where it has no copy."""
    copy = next((copy for copy in copies if copy.fresh(now)), None)
    if copy is None or copy.stored_at is None:
        return None
    today = _ask(copy.url, context)
    if copy.text is None or today.last.status != 200:
        return HeldPage(stored_at=copy.stored_at)
    before, after = assets(copy.text, copy.url), assets(decode(today.body, charset_in(today.content_type)), copy.url)
    missing = [url for path, url in before.items() if path not in after][:MOST_ASSETS]
    return HeldPage(stored_at=copy.stored_at, changed=bool(missing), gone=gone(missing, context))


def gone(urls: Iterable[str], context: Context) -> int:
    """How many of *urls* the server says it does not have."""
    return sum(_ask(url, context).last.status in {404, 410} for url in urls)


def _ask(url: str, context: Context, cookie: str = "") -> FetchedPage:
    """The answer to one request; a redirect is not followed."""
    until = context.deadline.share(0.3, ASK_SECONDS)
    return context.network.fetch(url, until, accept=lambda _: False, headers={"Cookie": cookie} if cookie else {})
