"""What the profiles of this computer's browsers hold for the webmail page, read and held against its server."""

from __future__ import annotations

import time
from collections.abc import Iterable

from checks.browser.stored import cookies, profiles
from checks.browser.stored.asking import compare, gone, try_header
from checks.browser.stored.caches import host_of
from checks.browser.stored.holdings import READ_SECONDS, BrowsersFacts, ProfileFacts, ProfilesFacts, works
from checks.web.web import WebFacts
from diagnose.model import Service
from diagnose.network import Hop
from diagnose.replies import read_reply
from diagnose.running.context import Context

LARGE_HEADER = 4096
"""Bytes of a Cookie header from which on the server is asked; it knows its limit, and we do not."""

MOST_TRIALS = 3

SESSION_COMPLAINTS = {"web.session-expired", "web.redirect-loop", "browser.stale-cookies"}
"""What old cookies look like to the person who has them."""


def read_profiles(
    target: Service, web: WebFacts | None, browsers: BrowsersFacts | None, provider: str | None, context: Context
) -> ProfilesFacts:
    """Read the profiles, send the server a header as large as theirs, and compare their old pages with today's."""
    hops = web.hops if web else ()
    url, now = _page(target, hops), time.time()
    clean = next((works(hop.status) for hop in reversed(hops) if hop.url == url), None)
    until = context.deadline.share(0.5, READ_SECONDS)
    read = {one: profiles.read(one, target.host, url, now, until) for one in profiles.profiles()}
    sent = {one: cookies.sent(content.cookies or (), url, now) for one, content in read.items()}
    large = sorted(
        (one for one, going in sent.items() if clean and cookies.header_bytes(going) >= LARGE_HEADER),
        key=lambda one: -cookies.header_bytes(sent[one]),
    )
    trials = {one: try_header(url, sent[one], context) for one in large[:MOST_TRIALS]}
    versions = _versions(browsers)
    return ProfilesFacts(
        url=url,
        profiles=tuple(
            ProfileFacts(
                browser=one.browser,
                browser_version=versions.get(one.browser, ""),
                profile=one.name,
                cookies=None if content.cookies is None else cookies.count(content.cookies, url, hops, now),
                cookies_blocked=content.cookies_blocked,
                javascript_blocked=content.javascript_blocked,
                zoom_percent=content.zoom_percent,
                hsts=content.hsts,
                service_worker=None if content.workers is None else content.workers[0],
                service_workers_gone=gone(content.workers[1], context) if clean and content.workers else 0,
                cached=content.cached,
                page=compare(content.copies, now, context) if clean else None,
                unread=content.unread,
                trial=trials.get(one),
            )
            for one, content in read.items()
        ),
        clean_session_works=clean,
        scripts=web is None or web.page is None or web.page.scripts > 0,
        session_complaint=any(
            suspect.cause in SESSION_COMPLAINTS
            for message in context.person.seen
            for suspect in read_reply(message, provider=provider).suspects
        ),
    )


def _page(target: Service, hops: Iterable[Hop]) -> str:
    """Where a visit of the webmail page ends, as long as that is on its host."""
    walked = [hop.url for hop in hops if host_of(hop.url) == target.host]
    return walked[-1] if walked else target.url or f"https://{target.host}:{target.port}/"


def _versions(installed: BrowsersFacts | None) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in installed.browsers if installed else ():
        found.setdefault(one.browser, []).append(one.version)
    return {name: versions[0] for name, versions in found.items() if len(versions) == 1}
