"""HAR: what a browser's recording of a login shows, and which request broke it."""

from __future__ import annotations

import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Never

import msgspec

from checks.dns.names import registered
from checks.network.reference_clocks import MOST_SKEW_SECONDS
from checks.recording.cookies import LostCookie, lost_cookies, sent_twice, too_long
from checks.recording.login import RecordedLogin, recorded_login, site_of, words_of
from checks.web.web import REFUSED, astray_finding, judge_words
from diagnose.har.facts import Exchange, HarFacts
from diagnose.model import NO_NEEDS, Certainty, Check, Finding, Inputs, SkipCheck, Subject, Text, text
from diagnose.replies import Suspect, read_reply
from diagnose.running.context import Context

VISITS_OF_A_CIRCLE = 3
"""Visits of one address in one chain of redirects; a sign-on over several sites comes by twice."""
RELOADS, RELOAD_SECONDS = 6, 30.0
ACCOUNT_FAMILIES = {"credentials", "lockout", "activation", "settings"}
_OF_THE_ACCOUNT = ("credentials.", "activation.", "lockout.account-")
"""What an answer with a 5xx status may be about all the same: SOAP 1.2 over HTTP and many programs refuse with one."""
_WITHOUT_SESSION = {401, 403, 419, 422, 440}
_GIVEN_UP = ("ERR_TOO_MANY_REDIRECTS", "NS_ERROR_REDIRECT_LOOP")
_LOADED = {"document", "xhr", "script", "iframe"}


def probe_har(_target: Subject, _inputs: Inputs[Never], context: Context) -> HarFacts:
    """Hand on what the recording shows, which was read before the run; no I/O."""
    if context.person.browsing.har is None:
        raise SkipCheck(text("there is no recording of a browser"))
    return context.person.browsing.har


def judge_har(facts: HarFacts, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Where did the last login end? A fault that did not keep it from ending well is not told."""
    login = recorded_login(facts.exchanges)
    if login is not None and login.outcome == "in":
        return
    site = registered(facts.host)
    ours = tuple(e for e in facts.exchanges if site_of(e.url) == site)
    answers = [*_judge_login(login, inputs)] if login else [*_judge_pages(ours, inputs)]
    told = any(f.certainty != "possible" and f.cause.partition(".")[0] in ACCOUNT_FAMILIES for f in answers)
    circles = list(_judge_circles(facts.exchanges, site))
    others = [
        *circles,
        *_judge_cookies(facts.exchanges, site, login, sure=not told and (bool(circles) or _forgotten(login))),
        *_judge_caches(ours, login),
        *_judge_blocked(facts.exchanges, site, login, inputs),
        *(_judge_forms(ours) if login is None else ()),
        *_judge_clock(facts),
    ]
    for finding in (*answers, *others):
        weak = told and finding not in answers
        yield msgspec.structs.replace(finding, certainty="possible") if weak else finding


def _forgotten(login: RecordedLogin | None) -> bool:
    """Whether the login ended as one ends whose cookies got lost."""
    return login is not None and (login.outcome == "asked_again" or login.end.status in _WITHOUT_SESSION)


def left_open(facts: HarFacts) -> Text | None:
    """A recording may hold no login, or one whose end explains nothing."""
    login = recorded_login(facts.exchanges)
    if login is None:
        return text("The recording holds no login.")
    return None if login.outcome == "in" else text("The recording does not show a login that works.")


# -- the login itself


def _judge_login(login: RecordedLogin, inputs: Inputs[Never]) -> Iterator[Finding]:
    end = login.end
    if end.bot_check:
        yield _of_gate(end)
        return
    if login.outcome == "failed":
        yield from _judge_unanswered(end, inputs)
        return
    if end.cache:  # not the server's answer
        return
    if end.astray:
        yield _of_astray(end)
    suspects = _suspects(end, login.said, inputs)
    for suspect in suspects:
        yield _of_answer(suspect, end, login.said)
    if not any(suspect.certainty != "possible" for suspect in suspects):
        # RFC 9110 §15.5.2: only a request that carries credentials can have them refused
        if end.status == 401 and end in login.way and end.scheme:
            yield _finding(
                "credentials.rejected", "likely", text("The login failed at {request}.", request=_shown(end))
            )
        elif end.status in _WITHOUT_SESSION and not suspects:
            sentence = text("The login failed at {request}.", request=_shown(end))
            for cause in ("credentials.rejected", "web.session-expired", "browser.stale-cookies"):
                yield _finding(cause, "possible", sentence)
        elif login.outcome == "asked_again":
            yield from _judge_asked_again(login)


def _judge_asked_again(login: RecordedLogin) -> Iterator[Finding]:
    attempt, end = login.attempt, login.end
    if attempt.url.startswith("http:") and end.url.startswith("https:") and site_of(attempt.url) == site_of(end.url):
        yield _finding(
            "web.redirect-loop",
            "likely",
            text(
                "The page sends the password without encryption, and is led back to where it came from: {request}.",
                request=_shown(attempt),
            ),
        )
        return
    sentence = text(
        "Instead of the mailbox a page came that asks for the password again: {request}.", request=_shown(end)
    )
    for cause in ("credentials.rejected", "browser.cookies-blocked", "browser.stale-cookies", "web.session-expired"):
        yield _finding(cause, "possible", sentence)


def _judge_pages(ours: tuple[Exchange, ...], inputs: Inputs[Never]) -> Iterator[Finding]:
    """The recording reached no login: judge the last page of the site."""
    pages = [e for e in ours if e.kind == "document" and not e.redirect]
    if not pages:
        return
    last = pages[-1]
    if last.bot_check:
        yield _of_gate(last)
    elif last.astray:
        yield _of_astray(last)
    elif last.status == 0:
        yield from _judge_unanswered(last, inputs)
    elif last.status < 400 and not last.password_form and not last.filled:
        for finding in judge_words("\n".join(last.said), _place(last.url), inputs, hint=False):
            # what it says of the browser may stand there for browsers in which its scripts do not run
            unsure = finding.cause.startswith("browser.")
            yield msgspec.structs.replace(finding, certainty="possible") if unsure else finding
    elif last.status >= 400:
        for suspect in _suspects(last, last.said, inputs):
            yield _of_answer(suspect, last, last.said)
        if last.status == 401:
            yield _finding(
                "credentials.rejected", "possible", text("The login failed at {request}.", request=_shown(last))
            )


def _of_gate(one: Exchange) -> Finding:
    """A browser that a person sits at came no further than the check."""
    sentence = text(
        "The answer to {request} is a check for robots ({mark}), and nothing came after it.",
        request=_shown(one),
        mark=one.bot_check,
    )
    return _finding("web.captcha-required", "likely", sentence)


def _of_astray(one: Exchange) -> Finding:
    sentence = text(
        "The answer to {request} leads to {target}, which is not a web address.", request=_shown(one), target=one.astray
    )
    return astray_finding(one.astray, sentence)


def _suspects(one: Exchange, said: tuple[str, ...], inputs: Inputs[Never]) -> tuple[Suspect, ...]:
    if too_long(one):
        return ()
    found = read_reply(words_of(one, said), protocol="http", provider=inputs.provider, stage="login").suspects
    words = read_reply("\n".join(said), provider=inputs.provider, stage="login").suspects
    refused = any(s.certainty != "possible" and s.cause.startswith(_OF_THE_ACCOUNT) for s in words)
    return words if not found or (refused and one.status >= 500) else found


def _of_answer(suspect: Suspect, one: Exchange, said: tuple[str, ...]) -> Finding:
    if said:
        sentence = text("The answer to {request} says: {words}", request=_shown(one), words=" · ".join(said)[:300])
    else:
        sentence = text("The login failed at {request}.", request=_shown(one))
    # that the page alone is down is more than a recording can tell: it holds no mail server
    down = suspect.cause == "web.login-page-down" and one.status >= 500
    return _finding(suspect.cause, "likely" if down else suspect.certainty, sentence, proof=suspect.proof)


def _judge_unanswered(one: Exchange, inputs: Inputs[Never]) -> Iterator[Finding]:
    """Why no answer came: kept back by the page's rules, or by the browser, or never given."""
    if _mixed(one) or one.blocked == "mixed-content":
        yield _finding(
            "browser.blocked-from-browser",
            "likely",
            text("A secure page may not load {request}, which is not encrypted.", request=_shown(one)),
        )
    elif _crosses(one) and not one.allowed_origin and "BLOCKED" not in one.error:
        yield _of_other_origin(one)
    else:
        yield from _judge_error(one, inputs)


def _judge_error(one: Exchange, inputs: Inputs[Never]) -> Iterator[Finding]:
    if one.blocked:
        sentence = text("The browser kept {request} back ({reason}).", request=_shown(one), reason=one.blocked)
        yield _finding("browser.blocked-from-browser", "likely", sentence)
    elif not one.error:
        sentence = text("No answer is recorded to {request}.", request=_shown(one))
        yield _finding("browser.blocked-from-browser", "possible", sentence)
    else:
        sentence = text("The browser gave up on {request}: {error}", request=_shown(one), error=one.error)
        for suspect in read_reply(one.error, protocol="http", provider=inputs.provider).suspects:
            yield _finding(suspect.cause, suspect.certainty, sentence, proof=suspect.proof)


# -- what stands around it


def _judge_circles(exchanges: tuple[Exchange, ...], site: str) -> Iterator[Finding]:
    for chain in _chains(exchanges):
        gave_up = any(name in e.error for e in chain for name in _GIVEN_UP)
        visits = Counter(e.url for e in chain)
        if gave_up or (chain[-1].redirect and max(visits.values()) >= VISITS_OF_A_CIRCLE):
            way = " → ".join(dict.fromkeys(_place(e.url) for e in chain))
            sentence = text(
                "From {request} on, the pages keep redirecting: {way}",
                request=_shown(chain[0]),
                way=way,
            )
            yield _finding("web.redirect-loop", "confirmed", sentence, proof="circle")
            return
    pages = [e for e in exchanges if e.kind == "document" and e.method == "GET" and site_of(e.url) == site and e.at]
    for start in range(len(pages) - RELOADS + 1):
        few = pages[start : start + RELOADS]
        if len({_place(e.url) for e in few}) <= 2 and (few[-1].at or 0) - (few[0].at or 0) <= RELOAD_SECONDS:
            yield _finding(
                "web.redirect-loop",
                "likely",
                text("The page is loaded over and over: {request}.", request=_shown(few[0])),
            )
            return


def _chains(exchanges: tuple[Exchange, ...]) -> Iterator[tuple[Exchange, ...]]:
    """Runs of requests in which each was led to the next."""
    chain: list[Exchange] = []
    for one in exchanges:
        if one.kind not in {"document", "iframe"}:
            continue
        if chain and chain[-1].redirect != one.url:
            yield tuple(chain)
            chain = []
        chain.append(one)
    if chain:
        yield tuple(chain)


def _judge_cookies(
    exchanges: tuple[Exchange, ...], site: str, login: RecordedLogin | None, *, sure: bool
) -> Iterator[Finding]:
    lost = list(lost_cookies(exchanges, {site, *(site_of(e.url) for e in (login.way if login else ()))}))
    for cookie in lost[:3]:
        certainty: Certainty = "likely" if sure and not cookie.alone else "possible"
        yield _finding("browser.cookies-blocked", certainty, _lost(cookie))
    oversized = next((e for e in exchanges if site_of(e.url) == site and too_long(e)), None)
    if oversized is not None:
        yield _finding(
            "browser.stale-cookies",
            "likely",
            text(
                "The server does not take {request} with {bytes} bytes of cookies.",
                request=_shown(oversized),
                bytes=oversized.cookie_bytes,
            ),
        )
    twice = sent_twice(exchanges, site)
    if twice is not None:
        yield _finding(
            "browser.stale-cookies",
            "possible",
            text("The cookie {name} was sent twice with {request}.", name=twice[0], request=_shown(twice[1])),
        )


def _lost(cookie: LostCookie) -> Text:
    if cookie.why == "not_sent":
        return text(
            "The browser did not send back the cookie {name}, which came with {request}.",
            name=cookie.name,
            request=_shown(cookie.by),
        )
    why = text("it comes from another site and does not say SameSite=None")
    return text(
        "Browsers refuse the cookie {name}, which came with {request}: {why}.",
        name=cookie.name,
        request=_shown(cookie.by),
        why=why if cookie.why == "other_site" else REFUSED[cookie.why],
    )


def _judge_caches(ours: tuple[Exchange, ...], login: RecordedLogin | None) -> Iterator[Finding]:
    """A page from the browser's own store, and what it asks for is turned away or gone."""
    stored = next((e for e in ours if e.kind == "document" and e.cache and (e.password_form or not e.redirect)), None)
    kept = [e for e in ours if e.cache == "service-worker" and (e.status >= 400 or e.status == 0) and e.kind in _LOADED]
    gone = any(e.kind in {"script", "stylesheet"} and e.status in {404, 410} for e in ours)
    outdated = login is not None and login.end.status in _WITHOUT_SESSION - {401}
    one = kept[0] if kept else stored if gone or outdated else None
    if one is not None:
        sentence = text("Not the server but the browser's own store answered {request}.", request=_shown(one))
        yield _finding("browser.stale-cache", "likely", sentence)


def _judge_blocked(
    exchanges: tuple[Exchange, ...], site: str, login: RecordedLogin | None, inputs: Inputs[Never]
) -> Iterator[Finding]:
    """What the browser kept away, beside the login itself."""
    for one in exchanges:
        judged = login is not None and one is login.end
        if (
            one.status != 0
            or one.kind not in _LOADED
            or judged
            or any(e.url == one.url and e.status for e in exchanges)
        ):
            continue
        ours = site_of(one.url) == site
        if (ours and (_mixed(one) or _crosses(one))) or one.blocked or "BLOCKED" in one.error:
            for finding in _judge_unanswered(one, inputs):
                yield finding if ours else msgspec.structs.replace(finding, certainty="possible")


def _judge_forms(ours: tuple[Exchange, ...]) -> Iterator[Finding]:
    """A form that the page's own policy keeps from being sent; browsers record nothing of it."""
    for page in ours:
        policy = page.form_policy
        refused = [a for a in page.actions if policy is not None and not _allows(policy, a, page.url)]
        if refused:
            yield _finding(
                "web.login-page-down",
                "likely",
                text(
                    "The page forbids its own form to be sent to {action}: {request}.",
                    action=_place(refused[0]),
                    request=_shown(page),
                ),
            )
            return


def _mixed(one: Exchange) -> bool:
    """Mixed content: asked for without encryption by a page that came with it."""
    return one.url.startswith("http:") and (one.page or one.origin).startswith("https:")


def _crosses(one: Exchange) -> bool:
    return one.kind == "xhr" and bool(one.origin) and one.origin != "null" and _origin(one.url) != one.origin


def _of_other_origin(one: Exchange) -> Finding:
    return _finding(
        "web.login-page-down",
        "likely" if one.mode == "cors" else "possible",
        text(
            "The answer to {request} does not allow pages of {origin} to read it (CORS).",
            request=_shown(one),
            origin=one.origin,
        ),
    )


def _allows(sources: tuple[str, ...], url: str, page: str) -> bool:
    """Whether a Content-Security-Policy's source list (CSP 3 §6.7.2.7) lets a form of *page* be sent to *url*."""
    target, own = urllib.parse.urlsplit(url), urllib.parse.urlsplit(page)
    for source in sources:
        if source == "*" or source == f"{target.scheme}:":
            return True
        if source == "'self'" and (target.hostname, target.port) == (own.hostname, own.port):
            return target.scheme in {own.scheme, "https"}
        scheme, mark, rest = source.rpartition("://")
        host = rest.partition(":")[0].partition("/")[0]
        fits = (target.hostname or "").endswith(host[1:]) if host.startswith("*.") else target.hostname == host
        if fits and (not mark or scheme == target.scheme):
            return True
    return False


def _judge_clock(facts: HarFacts) -> Iterator[Finding]:
    off = [clock for clock in facts.clocks if abs(clock.ahead_seconds) > MOST_SKEW_SECONDS]
    if not off or len(off) < len(facts.clocks):  # one clock that agrees with the browser's speaks for it
        return
    yield _finding(
        "network.clock-skew",
        "confirmed" if len({registered(clock.host) for clock in off}) > 1 else "likely",
        text(
            "In the recording, this computer's clock differs by {minutes} minutes from that of {hosts}.",
            minutes=round(abs(off[0].ahead_seconds) / 60),
            hosts=tuple(clock.host for clock in off[:3]),
        ),
        proof="date-of-servers",
    )


# -- words


def _shown(one: Exchange) -> Text:
    """Which request it is, so that it can be found in the browser's own list."""
    at = time.strftime("%H:%M:%S", time.gmtime(one.at)) if one.at is not None else "?"
    return text(
        "request {number} ({method} {url}, {at} UTC, {status})",
        number=one.number,
        method=one.method,
        url=_place(one.url),
        at=at,
        status=text("status {status}", status=one.status) if one.status else text("no answer"),
    )


def _finding(cause: str, certainty: Certainty, sentence: Text, *, proof: str = "") -> Finding:
    return Finding(cause=cause, certainty=certainty, text=sentence, proof=proof)


def _place(url: str) -> str:
    return url.partition("?")[0]


def _origin(url: str) -> str:
    place = urllib.parse.urlsplit(url)
    return f"{place.scheme}://{place.netloc}"


CHECK = Check(
    id="har",
    family="browser",
    title="The login in the recording works",
    each=Subject,
    facts=HarFacts,
    probe=probe_har,
    judge=judge_har,
    needs=NO_NEEDS,
    left_open=left_open,
    untold=left_open,
)
