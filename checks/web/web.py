"""Web: does the webmail page answer, where do its redirects lead, is it a page to log in on."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Never

import msgspec

from checks.dns.names import registered
from checks.reach.reach import ReachFacts, take_stream
from checks.reach.retry import may_pass, pause, time_is_left
from checks.server.client_limits import telling_deadline, telling_silence
from checks.server.maintenance import announces, announcing
from checks.tls.handshake import TlsFacts
from checks.tls.tls import handshake_elsewhere, judge_handshake, with_record
from checks.web.html import PageFacts, read_page
from checks.web.onward import onward
from checks.web.set_cookie import Refusal, refusal
from diagnose import providers
from diagnose.har.bot_check import bot_check
from diagnose.model import Certainty, Check, Facts, Finding, Inputs, Service, Sharing, Text, need, text
from diagnose.model.protocols import PAGE
from diagnose.network import SHARED_SECONDS, FetchedPage, Heard, Hop, Stream, astray
from diagnose.replies import charset_in, decode, read_reply
from diagnose.running.context import Context

PAGE_SECONDS = 15.0
MOST_REFRESHES = 3
"""Of pages that lead on by themselves, one behind the other."""
CACHED_SECONDS = 60
"""A login page that may be kept longer than that can be an old one."""

ASKS = 401
"""The status with which a page has the browser ask for name and password."""

BEHIND_THE_PAGE = ("reach.refused", "reach.timeout", "reach.unreachable", "dns.host-missing")
"""What a page says in place of a form, although it was reached itself: what it stands on cannot be."""
IN_PLACE = ("settings.address-policy", "settings.device-policy", "activation.service-expired", "dns.domain-held")
"""What a page that nobody has signed in on can say of all who come, in place of a form."""
OF_SITE = {"activation.account-disabled": "activation.service-expired"}
"""What is said of an account there is meant of the one that the site belongs to."""
OF_SOMEBODY = ("lockout.account-locked", "lockout.risk", "lockout.suspicious-login")
"""What such a page can only say of others, or for a case that may come: who asks for it has given no name."""
OF_TLS = ("certificate_not_accepted", "tls_version_or_cipher", "tls_alert", "tls_not_spoken")
"""Failures of a handshake that a second look can explain."""

REFUSED: dict[Refusal, Text] = {
    "secure_over_http": text("it is marked Secure and comes without TLS"),
    "samesite_none_without_secure": text("it says SameSite=None without Secure"),
    "foreign_domain": text("it names a domain that the page does not belong to"),
    "public_suffix": text("it is for a domain below which anybody may register a name"),
    "host_prefix": text("its name begins with __Host- and its attributes do not fit that"),
    "secure_prefix": text("its name begins with __Secure- and it is not marked Secure"),
}


class WebFacts(Facts, frozen=True, kw_only=True):
    """A visit to the webmail page, with a cookie jar that was empty before."""

    hops: tuple[Hop, ...]
    loop: bool
    loop_without_cookies: bool | None = None
    """Whether the same circle goes round when no cookie is sent back; None: not tried."""
    page: PageFacts | None = None
    packed: str = ""
    """The content coding, not asked for, that kept the page from being read; browsers may know it."""
    unfinished: bool = False
    """The time ran out before the page's end."""
    elsewhere: TlsFacts | None = None
    """Why the TLS handshake with a host that a redirect leads to does not hold."""
    bot_check: str | None = None
    """What tells that a gate before the server checks who asks, and has not shown the page behind it."""
    first_try: Hop | None = None
    """The end of a first visit that failed in a way which may pass; the rest tells of the second visit."""

    @property
    def asks_for_password(self) -> bool:
        """Whether a password can be given: to a form, or to the browser's own dialog (401, RFC 9110 §11)."""
        asked = any(hop.status == ASKS for hop in self.hops[-1:])
        return asked or (self.page is not None and self.page.password_field)


def probe_web(target: Service, inputs: Inputs[Never], context: Context) -> WebFacts:
    """What a browser with an empty profile gets. Of many runs one asks within `SHARED_SECONDS`, as long as it works."""

    def heard() -> Heard[WebFacts]:
        facts = _visited(target, inputs, context)
        end = facts.hops[-1]
        whole = end.failure is None and end.status is not None and end.status < 500 and facts.page is not None
        return Heard(facts, SHARED_SECONDS, for_others=whole and not facts.unfinished and facts.first_try is None)

    question = ("web page", target.address, target.named)
    return context.network.once_for_all(question, context.deadline.share(0.4, PAGE_SECONDS), heard)


def _visited(target: Service, inputs: Inputs[Never], context: Context) -> WebFacts:
    """GET the page; a circle is walked again without cookies.

    A page that fails in a way which may pass is asked for a second time.
    """

    def ready(host: str, port: int) -> Stream | None:
        return take_stream(target, context) if (host, port) == (target.host, target.port) else None

    url = target.address
    patience = telling_deadline(target.protocol, context.deadline, 0.7, PAGE_SECONDS)
    exchange = context.network.fetch(url, patience, ready=ready)
    first = None
    if target.named and _may_pass(exchange.last) and time_is_left(context):
        first = exchange.last
        pause(context)
        exchange = context.network.fetch(url, context.deadline.share(0.7, PAGE_SECONDS))
    bare = None
    if exchange.loop and any(hop.cookies for hop in exchange.hops):
        bare = context.network.fetch(url, context.deadline.share(0.7, PAGE_SECONDS), keep_cookies=False).loop
    page = _read(exchange)
    for _ in range(MOST_REFRESHES):
        ahead = onward(exchange, page) if page is not None else None
        if ahead is None:
            break
        further = context.network.fetch(ahead, context.deadline.share(0.7, PAGE_SECONDS))
        exchange = msgspec.structs.replace(further, hops=(*exchange.hops, *further.hops))
        page = _read(exchange)
    gate = None
    unread = bool(exchange.packed) if page is None else not page.password_field
    if unread and exchange.last.status != ASKS:
        gate = bot_check(exchange.header, decode(exchange.body, charset_in(exchange.content_type)))
    return WebFacts(
        hops=exchange.hops,
        loop=exchange.loop,
        loop_without_cookies=bare,
        page=page,
        packed=exchange.packed,
        bot_check=gate,
        unfinished=exchange.unfinished,
        elsewhere=_handshake_at_end(exchange, target, inputs, context),
        first_try=first,
    )


def _read(exchange: FetchedPage) -> PageFacts | None:
    if exchange.last.status is None or exchange.loop or exchange.packed:
        return None
    return read_page(exchange.body, charset_in(exchange.content_type))


def _handshake_at_end(
    exchange: FetchedPage, target: Service, inputs: Inputs[Never], context: Context
) -> TlsFacts | None:
    """The handshake of the host that a redirect ends at, with the reason why it fails; None where it holds."""
    failed, end = exchange.last.failure, _service_at(exchange.last.url, target)
    if failed is None or failed.name not in OF_TLS or (end.host, end.port) == (target.host, target.port):
        return None
    try:
        facts = handshake_elsewhere(end, inputs, context)
    except OSError:
        return None
    return None if facts.verified else facts


def _with_record(facts: WebFacts, target: Service, inputs: Inputs[Never], context: Context) -> WebFacts:
    if facts.elsewhere is None:
        return facts
    end = _service_at(facts.hops[-1].url, target)
    return msgspec.structs.replace(facts, elsewhere=with_record(facts.elsewhere, end, inputs, context))


def _service_at(url: str, target: Service) -> Service:
    """The service that serves *url*, known from where *target* is."""
    parts = urllib.parse.urlsplit(url)
    return Service(
        protocol=PAGE.name,
        host=parts.hostname or "",
        port=parts.port or 443,
        tls="implicit",
        source=target.source,
    )


def _may_pass(end: Hop) -> bool:
    if end.failure is not None:
        return may_pass(end.failure) and end.failure.name != "timed_out"
    return end.status is not None and end.status >= 500


def judge_web(facts: WebFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """A page to log in on?"""
    findings = [
        *_judge_elsewhere(facts, inputs, target),
        *_judge_answer(facts),
        *_judge_first_try(facts),
        *_judge_page(facts, inputs, target),
        *_judge_cookies(facts),
        *_judge_cache(facts),
    ]
    if target.named:
        yield from (sending_elsewhere(f, inputs, target) for f in findings)
    else:  # a page without a form at a guessed name was never one to log in on
        yield from (
            msgspec.structs.replace(f, certainty="possible") for f in findings if f.cause != "web.login-page-changed"
        )


def sending_elsewhere(finding: Finding, inputs: Inputs[Never], target: Service) -> Finding:
    """*finding*; where it says that *target* is no login page, nobody is sent there to log in."""
    if finding.cause != "web.login-page-changed":
        return finding
    page = _providers_page(inputs)
    elsewhere = page if urllib.parse.urlsplit(page).hostname != target.host else ""
    return msgspec.structs.replace(finding, data={**finding.data, "webmail_page": elsewhere})


def _judge_answer(facts: WebFacts) -> Iterator[Finding]:
    last = facts.hops[-1]
    if facts.bot_check:
        yield gate_finding(place(last.url), facts.bot_check)
    elif facts.loop:
        way = " → ".join(dict.fromkeys(place(hop.url) for hop in facts.hops))
        sentence = text("The webmail page redirects in circles: {way}.", way=way)
        if facts.loop_without_cookies is False:
            sentence = text(
                "With the cookies that it sets itself, the webmail page redirects in circles: {way}.", way=way
            )
        yield Finding(cause="web.redirect-loop", certainty="confirmed", proof="circle", text=sentence)
    elif _kept_waiting(last):
        yield Finding(
            cause="server.slow",
            certainty="possible" if _hurried(facts) else "likely",
            text=text(
                "The server took the connection, and did not send the webmail page {url} within {seconds} s.",
                url=place(last.url),
                seconds=last.milliseconds // 1000,
            ),
            data={"webmail_page": ""},  # nobody is sent there meanwhile
        )
    elif last.failure is not None:
        certificate = last.failure.name == "certificate_not_accepted"
        yield Finding(
            cause="web.login-page-down",
            certainty="possible" if _hurried(facts) else "likely" if certificate else "confirmed",
            proof="page-fails",
            text=text("The webmail page {url} does not load: {words}.", url=place(last.url), words=last.failure.words),
        )
    elif led := astray(last.location):
        sentence = text(
            "The webmail page {url} leads to {target}, which is not a web address.", url=place(last.url), target=led
        )
        yield astray_finding(led, sentence)
    elif facts.unfinished and not (facts.page and facts.page.password_field):
        yield Finding(
            cause="web.login-page-down",
            certainty="possible",
            text=text("The webmail page {url} did not come to an end in time.", url=place(last.url)),
        )
    elif last.status is not None and last.status >= 500:
        title = facts.page.title if facts.page else ""
        finding = Finding(
            cause="web.login-page-down",
            certainty="confirmed",
            proof="page-fails",
            text=text(
                "The webmail page {url} answers with the error {status} ({title}).",
                url=place(last.url),
                status=last.status,
                title=title,
            )
            if title
            else text(
                "The webmail page {url} answers with the error {status}.", url=place(last.url), status=last.status
            ),
        )
        words = f"{title} {facts.page.text[:300]}" if facts.page else title
        yield announcing(finding, urllib.parse.urlsplit(last.url).hostname or "", words.strip(), last.retry_after)
    elif last.status in {404, 410}:
        yield Finding(
            cause="web.login-page-changed",
            # some programs answer everything like that, and show their form all the same
            certainty="possible" if facts.page is not None and facts.page.password_field else "confirmed",
            proof="gone",
            text=text("There is no page at {url} (status {status}).", url=place(last.url), status=last.status),
        )


def _judge_elsewhere(facts: WebFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    if facts.elsewhere is not None:
        yield from judge_handshake(facts.elsewhere, _service_at(facts.hops[-1].url, target))


def _shown(facts: WebFacts) -> bool:
    """Whether the page is known; the part of one that came before the time ran out proves only what it holds."""
    return not facts.unfinished or (facts.page is not None and facts.page.password_field)


def _kept_waiting(end: Hop) -> bool:
    """Whether a server took the connection, and the page, or the handshake before it, did not come in time."""
    return end.failure is not None and end.failure.name == "timed_out" and end.failure.operation != "connect"


def _hurried(facts: WebFacts) -> bool:
    """Whether the run had no time to wait for the page as long as a person would."""
    last = facts.hops[-1]
    if last.failure is None or last.failure.name != "timed_out":
        return False
    waited = last.milliseconds if _kept_waiting(last) else sum(hop.milliseconds for hop in facts.hops)
    return waited < 1000 * telling_silence(PAGE.name)


def _usable(facts: WebFacts) -> bool:
    return _shown(facts) and not _hurried(facts)


def _judge_first_try(facts: WebFacts) -> Iterator[Finding]:
    first, last = facts.first_try, facts.hops[-1]
    if first is None or last.failure is not None or (last.status or 0) >= 500:
        return
    yield Finding(
        cause="web.login-page-down",
        certainty="possible",
        partial=True,
        text=text(
            "At the first try the webmail page {url} failed ({words}). A second try worked.",
            url=place(first.url),
            words=first.failure.words if first.failure else str(first.status),
        ),
    )


def _judge_page(facts: WebFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    page, last = facts.page, facts.hops[-1]
    if facts.bot_check or facts.loop or astray(last.location) or not _shown(facts):
        return
    if last.status is None or last.status >= 500 or last.status in {404, 410}:
        return
    url = place(last.url)
    if page is None:
        if last.status >= 400 and last.status != ASKS:
            yield _refusing(url, last.status)
        return
    if page.parked and last.status < 400:
        yield Finding(
            cause="web.login-page-changed",
            certainty="confirmed",
            proof="foreign-page",
            text=text("The page at {url} is not a login page; it says “{words}”.", url=url, words=page.parked),
        )
        for one in judge_words(f"{page.title}. {page.text}", url, inputs, hint=False):
            if one.cause in IN_PLACE:
                yield msgspec.structs.replace(one, certainty="possible")
        return
    hint = facts.asks_for_password and (last.status < 400 or last.status == ASKS)
    told = list(judge_words(page.announced, url, inputs, hint=hint))
    told = told or list(judge_words(page.text, url, inputs, hint=hint, retry_after=last.retry_after))
    if not facts.asks_for_password and last.status < 300 and _closed(page):
        yield announcing(
            Finding(
                cause="web.login-page-down",
                certainty="likely",
                text=text("The webmail page {url} shows no login form, and announces maintenance.", url=url),
            ),
            urllib.parse.urlsplit(last.url).hostname or "",
            f"{page.title} {page.text[:300]}".strip(),
            last.retry_after,
        )
        told = [msgspec.structs.replace(f, certainty="possible") for f in told if f.cause != "web.login-page-down"]
        yield from told
        return
    for one in told:  # its scripts have not run: what it says of them and of cookies may be what they take away
        unrun = page.drawn_by_script and one.cause.startswith("browser.")
        yield msgspec.structs.replace(one, certainty="possible") if unrun else one
    if facts.asks_for_password:
        return
    if last.status >= 400:
        if not told:
            yield _refusing(url, last.status)
    elif not told and page.dead_end and last.status < 300:
        yield Finding(
            cause="web.login-page-changed",
            certainty="likely",
            text=text(
                "The page at {url} holds no login form, and nothing that leads to one. It says: {words}",
                url=url,
                words=f"{page.title} {page.text[:300]}".strip(),
            )
            if page.title or page.text
            else text("The webmail page {url} is empty.", url=url),
        )
    elif not told and not page.forms:
        strange = foreign(last.url, inputs, target)
        yield Finding(
            cause="web.login-page-changed",
            certainty="likely" if strange and not page.drawn_by_script else "possible",
            text=text("No login form was found on the page at {url} ({title}).", url=url, title=page.title)
            if page.title
            else text("No login form was found on the page at {url}.", url=url),
        )


def _refusing(url: str, status: int) -> Finding:
    return Finding(
        cause="web.login-page-down",
        certainty="possible",
        text=text("The webmail page {url} answers with status {status}.", url=url, status=status),
    )


def _closed(page: PageFacts) -> bool:
    """Whether *page*, which has no login form, is there to announce maintenance."""
    titled = announces(page.title) and not (page.forms or page.drawn_by_script)
    return titled or (page.dead_end and announces(page.text))


def judge_words(
    words: str, url: str, inputs: Inputs[Never], *, hint: bool, retry_after: str | None = None
) -> Iterator[Finding]:
    """What the page says itself: next to a working login form it is a *hint*, instead of one it is the message."""
    told: set[str] = set()
    behind = "server.fault", *(() if hint else BEHIND_THE_PAGE)
    for suspect in read_reply(words, protocol="http", provider=inputs.provider, stage="login").suspects:
        cause = suspect.cause
        if suspect.certainty == "possible" and (hint or cause in BEHIND_THE_PAGE):
            continue
        if not hint and suspect.certainty != "possible":
            cause = OF_SITE.get(cause, cause)
        told_here = cause.startswith(("web.", "browser.", "lockout.", "server."))
        if cause in behind or told_here or (cause in IN_PLACE and not hint):
            certainty: Certainty = "possible" if hint else suspect.certainty
            if cause in IN_PLACE and certainty == "confirmed":
                certainty = "likely"
            elif cause in OF_SOMEBODY:
                certainty = "possible"
            if cause in behind:  # the page speaks for itself, and not for the mail servers behind it
                cause, certainty = "web.login-page-down", "possible" if certainty == "possible" else "likely"
            if cause in told:
                continue
            told.add(cause)
            finding = Finding(
                cause=cause,
                certainty=certainty,
                proof=suspect.proof,
                text=text("The page at {url} says: {words}", url=url, words=words[:300]),
            )
            yield announcing(finding, urllib.parse.urlsplit(url).hostname or "", words[:300], retry_after)


def foreign(url: str, inputs: Inputs[Never], target: Service) -> bool:
    """Whether the page at the end lies with an owner whom neither the address nor the provider names."""
    end = urllib.parse.urlsplit(url).hostname or ""
    hosts = [target.host, inputs.subject.domain, urllib.parse.urlsplit(_providers_page(inputs)).hostname]
    named = {host for host in hosts if host}
    return end not in named and registered(end) not in map(registered, named)


def _providers_page(inputs: Inputs[Never]) -> str:
    """Where the provider's users sign in; empty where that is not known."""
    known = providers.provider(inputs.provider) if inputs.provider else None
    return (providers.webmail_for(known, inputs.subject.domain) if known else None) or ""


def _judge_cookies(facts: WebFacts) -> Iterator[Finding]:
    inputs = [(cookie, refusal(cookie, hop.url)) for hop in facts.hops for cookie in hop.cookies]
    refused = [(cookie, why) for cookie, why in inputs if why]
    for cookie, why in refused[:3]:
        yield Finding(
            cause="browser.cookies-blocked",
            certainty="likely" if len(refused) == len(inputs) else "possible",
            text=text(
                "Browsers refuse the cookie {name} of the login page: {why}.", name=cookie.name, why=REFUSED[why]
            ),
        )


def _judge_cache(facts: WebFacts) -> Iterator[Finding]:
    """A login page that may be kept is one that a browser may show long after it has changed."""
    last = facts.hops[-1]
    rules = (last.cache_control or "").lower()
    age = re.search(r"max-age=(\d{1,9})", rules)
    kept = age is not None and int(age[1]) > CACHED_SECONDS and not re.search(r"no-store|no-cache|private", rules)
    if kept and facts.page is not None and facts.page.password_field:
        yield Finding(
            cause="browser.stale-cache",
            certainty="possible",
            text=text(
                "Browsers may keep the login page at {url} ({rules}), and show an old one.",
                url=place(last.url),
                rules=last.cache_control,
            ),
        )


def gate_finding(url: str, mark: str) -> Finding:
    """A gate checks who asks for *url*, as *mark* tells; whether it lets people pass is not known."""
    return Finding(
        cause="web.captcha-required",
        certainty="possible",
        text=text(
            "A check for robots stands before the page at {url} ({mark}), so the page itself was not seen.",
            url=url,
            mark=mark,
        ),
    )


def astray_finding(led: str, sentence: Text) -> Finding:
    """What a redirect to *led*, which is no web address, means: no page to log in on, or none that can be had."""
    gone = "://" not in led
    return Finding(cause="web.login-page-changed" if gone else "web.login-page-down", certainty="likely", text=sentence)


def place(url: str) -> str:
    """*url* without what a query may tell of a person."""
    return re.sub(r"[?#].*", "", url)


def _untold(facts: WebFacts) -> Text | None:
    """A page has come when it is there as a whole, or at least its form; so has one that asks by HTTP (401)."""
    last = facts.hops[-1] if facts.hops else None
    came = last is not None and last.status is not None and (last.status < 300 or last.status == 401)
    if came and facts.packed:
        return text("it came packed in a way that nobody asked for ({coding}), and was not read", coding=facts.packed)
    return None if came and not facts.loop and not facts.bot_check and _shown(facts) else text("no page came")


def _shows(facts: WebFacts, inputs: Inputs[Never], target: Service) -> Mapping[str, str]:
    """The page to sign in on, where it takes a password; where redirects lead to somebody else, a person named it."""
    start, last = target.address, facts.hops[-1] if facts.hops else None
    if last is None or last.failure is not None or facts.loop or not start.startswith("https://"):
        return {}
    shown = last.status is not None and (last.status < 300 or last.status == ASKS)
    drawn = target.named and facts.page is not None and facts.page.drawn_by_script
    takes = facts.asks_for_password or (drawn and not facts.bot_check)
    elsewhere = not last.url.startswith("https://") or (not target.named and foreign(last.url, inputs, target))
    if not (shown and takes) or elsewhere:
        return {}
    title = {"greeting": facts.page.title} if facts.page and facts.page.title else {}
    return {"webmail_page": _as_typed(start), **title}


def _as_typed(url: str) -> str:
    """*url* as people type it: without the port that https has anyhow, and what a query may tell of a person."""
    return re.sub(r"^(https://[^/]*?):443(?=/|$)", r"\1", place(url))


def _unsettled(facts: WebFacts) -> tuple[str, ...]:
    return () if facts.asks_for_password else ("web.login-page-changed",)


CHECK = Check(
    id="web",
    family="web",
    title="The webmail page of {host} can be opened",
    each=Service,
    station="server",
    opens="transport",
    facts=WebFacts,
    probe=probe_web,
    judge=judge_web,
    untold=_untold,
    unsettled=_unsettled,
    shows=_shows,
    rules_out=(
        "web.login-page-down",
        "web.redirect-loop",
        "web.login-page-changed",
    ),
    needs=need(ReachFacts) | need(TlsFacts),
    sharing=Sharing(own=_with_record),
    applies=lambda target: "web" in target.ways,
    usable=_usable,
)
