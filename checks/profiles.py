"""Browsers on this computer: is one too old, and does a profile hold what breaks the login on the webmail page?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from checks.browsers import cookies, profiles
from checks.browsers.asking import compare, gone, try_header
from checks.browsers.caches import host_of
from checks.browsers.facts import BrowsersFacts, ProfileFacts, ProfilesFacts, works
from checks.browsers.installed import installed
from checks.browsers.opinions import judge_profiles
from checks.web import WebFacts
from diagnose.browsers import browser
from diagnose.model import Check, Finding, Given, Service, SkipCheck, Subject, Text, text
from diagnose.model.workbench import Workbench
from diagnose.network import Hop
from diagnose.replies import read_reply

READ_SECONDS = 8.0
LARGE_HEADER = 4096
"""Bytes of a Cookie header from which on the server is asked; it knows its limit, and we do not."""
MOST_TRIALS = 3
SESSION_COMPLAINTS = {"web.session-expired", "web.redirect-loop", "browser.stale-cookies"}
"""What old cookies look like to the person who has them."""


def probe_installed(_target: Subject, _given: Given, bench: Workbench) -> BrowsersFacts:
    """Look where browsers are installed."""
    return BrowsersFacts(browsers=tuple(installed(bench.deadline.share(0.5, READ_SECONDS))))


def judge_installed(facts: BrowsersFacts, _given: Given, _target: Subject) -> Iterator[Finding]:
    """Too old for webmail pages? Which one the person uses is not known, and a mail program does not care."""
    current = any(not one.too_old for one in facts.browsers)
    for one in facts.browsers:
        oldest = browser(one.browser).oldest
        if one.too_old and oldest:
            yield Finding(
                cause="browser.outdated",
                certainty="possible" if current else "likely",
                partial=True,
                text=text(
                    "{name} {version} is installed; webmail pages need version {oldest} or later.",
                    name=browser(one.browser).names.en,
                    version=one.version,
                    oldest=oldest.version,
                ),
                data={"browser": one.browser, "browser_version": one.version},
            )


def probe_profiles(target: Service, given: Given, bench: Workbench) -> ProfilesFacts:
    """Read the profiles, ask the server whether it takes a header as large as theirs, look at old pages of theirs."""
    if not bench.browsing.profiles:
        raise SkipCheck(text("reading browser profiles was not asked for"))
    web = given.of("web", WebFacts) if given.has("web") else None
    hops = web.hops if web else ()
    url, now = _page(target, hops), time.time()
    clean = next((works(hop.status) for hop in reversed(hops) if hop.url == url), None)
    until = bench.deadline.share(0.5, READ_SECONDS)
    read = {one: profiles.read(one, target.host, url, now, until) for one in profiles.profiles()}
    sent = {one: cookies.sent(content.cookies or (), url, now) for one, content in read.items()}
    large = sorted(
        (one for one, going in sent.items() if clean and cookies.header_bytes(going) >= LARGE_HEADER),
        key=lambda one: -cookies.header_bytes(sent[one]),
    )
    trials = {one: try_header(url, sent[one], bench) for one in large[:MOST_TRIALS]}
    versions = _versions(given)
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
                service_workers_gone=gone(content.workers[1], bench) if clean and content.workers else 0,
                cached=content.cached,
                page=compare(content.copies, now, bench) if clean else None,
                unread=content.unread,
                trial=trials.get(one),
            )
            for one, content in read.items()
        ),
        clean_session_works=clean,
        scripts=web is None or web.page is None or web.page.scripts > 0,
        session_complaint=any(
            suspect.cause in SESSION_COMPLAINTS
            for message in bench.seen
            for suspect in read_reply(message, provider=given.provider).suspects
        ),
    )


def _page(target: Service, hops: Iterable[Hop]) -> str:
    """Where a visit of the webmail page ends, as long as that is on its host."""
    walked = [hop.url for hop in hops if host_of(hop.url) == target.host]
    return walked[-1] if walked else target.url or f"https://{target.host}:{target.port}/"


def _versions(given: Given) -> dict[str, str]:
    if not given.has("browser.installed"):
        return {}
    found: dict[str, list[str]] = {}
    for one in given.of("browser.installed", BrowsersFacts).browsers:
        found.setdefault(one.browser, []).append(one.version)
    return {name: versions[0] for name, versions in found.items() if len(versions) == 1}


def _unknown_age(facts: BrowsersFacts) -> Text | None:
    if not facts.browsers:
        return text("no browser was found")
    unknown = tuple(browser(one.browser).names.en for one in facts.browsers if one.engine_version is None)
    return text("the version of {names} does not tell", names=unknown) if unknown else None


def _unread(facts: ProfilesFacts) -> Text | None:
    if not facts.profiles:
        return text("no browser profile was found")
    return text("not all of the browser profiles could be read") if any(one.unread for one in facts.profiles) else None


CHECKS = (
    Check(
        id="browser.installed",
        family="browser",
        title="The browsers on this computer are new enough for webmail",
        each=Subject,
        facts=BrowsersFacts,
        probe=probe_installed,
        judge=judge_installed,
        untold=_unknown_age,
        after=("login",),  # what nobody waits for leaves the processor to the way to the mailbox
    ),
    Check(
        id="browser.profiles",
        family="browser",
        title="No browser profile holds what breaks the login at {host}",
        each=Service,
        facts=ProfilesFacts,
        probe=probe_profiles,
        judge=judge_profiles,
        untold=_unread,
        after=("web", "browser.installed"),
        applies=lambda target: target.protocol == "webmail",
    ),
)
