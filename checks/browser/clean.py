"""The webmail page in a clean browser: can a form to log in be seen once its scripts have run."""

from __future__ import annotations

import dataclasses
import urllib.parse
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Never

import msgspec

from checks.browser.automation import FailedRequest, Field, Visit
from checks.dns.names import registered
from checks.reach.reach import ReachFacts
from checks.tls.handshake import TlsFacts
from checks.web.html import parked_words
from checks.web.web import WebFacts, foreign, gate_finding, judge_words, sending_elsewhere
from diagnose import providers
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Certainty, Check, Finding, Inputs, Service, SkipCheck, Text, Turns, need, quote, read, text
from diagnose.network.resolver import is_local
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.running.context import Context

if TYPE_CHECKING:
    from checks.browser.automation.job import Order

VISIT_SECONDS = 20.0
PIN_SECONDS = 4.0
UNKNOWN_AUTHORITY = "net::ERR_CERT_AUTHORITY_INVALID"
TOO_MANY_REDIRECTS = "net::ERR_TOO_MANY_REDIRECTS"
NO_ANSWER = ("net::ERR_SOCKS_", "net::ERR_CONNECTION_", "net::ERR_TIMED_OUT", "net::ERR_EMPTY_RESPONSE")
DRAWS = {"script", "document"}
"""Kinds of parts without which a form may never be drawn."""


# -- probe


def probe_clean(target: Service, inputs: Inputs[ReachFacts | WebFacts], context: Context) -> Visit:
    """Open the page as a first visit would, in the first known browser that is installed."""
    if not context.person.browsing.clean_run:
        raise SkipCheck(text("not asked for with --clean-browser"))
    if find_spec("playwright") is None:
        with one_at_a_time:
            from diagnose.process.installation import adding
        raise SkipCheck(text("Playwright is missing; run {command} first", command=adding("chromium")))
    with one_at_a_time:
        from checks.browser.automation.executable import find_executable
        from checks.browser.automation.job import Order, StartError

    found = find_executable()
    if found is None:
        raise SkipCheck(text("neither Chrome nor Edge nor Chromium is installed"))
    web = inputs.get(WebFacts)
    if web is not None and web.hops[-1].failure is not None:
        raise SkipCheck(text("the page does not load"))
    browser, executable = found
    sites = _sites(target, inputs)
    order = Order(
        browser=browser.names.en,
        executable=executable,
        url=target.url or f"https://{target.host}:{target.port}/",
        local=is_local(inputs[ReachFacts].connected or ""),
        admits=lambda host: context.third_party or registered(host) in sites,
    )
    try:
        return _visited(order, _led_to(target, inputs), context)
    except TimeoutError:
        raise SkipCheck(text("too little time was left")) from None
    except StartError as error:
        words = quote(str(error), 300)
        raise SkipCheck(text("{browser} did not start: {words}", browser=browser.names.en, words=words)) from error


def _visited(order: Order, places: set[tuple[str, int]], context: Context) -> Visit:
    """The visit. *places*: servers whose certificates the run has its own authorities for, if it has any."""
    with one_at_a_time:
        from checks.browser.automation.launch import visit
        from checks.browser.automation.pins import public_key_pins

    deadline = context.deadline.share(0.8, VISIT_SECONDS)
    if context.network.ca_file is None:
        return visit(order, context.network, deadline)
    pins = public_key_pins(context.network, places, deadline.within(PIN_SECONDS))
    first = visit(dataclasses.replace(order, pins=tuple(pins)), context.network, deadline)
    more = {_server(one.url) for one in first.failed_requests if one.error == UNKNOWN_AUTHORITY} - places
    found = public_key_pins(context.network, more, deadline.within(PIN_SECONDS)) - pins
    if not found:
        return first
    # the page was led to hosts that only the run's own authorities vouch for
    return visit(dataclasses.replace(order, pins=tuple(pins | found)), context.network, deadline)


def _led_to(target: Service, inputs: Inputs[WebFacts]) -> set[tuple[str, int]]:
    """The page's server, and those that redirects led the web check to, as far as they speak TLS."""
    web = inputs.get(WebFacts)
    hops = web.hops if web else ()
    urls = [hop.url for hop in hops] or [target.url or ""]
    return {_server(url) for url in urls if url.startswith("https:")}


def _sites(target: Service, inputs: Inputs[WebFacts]) -> set[str]:
    """Whose hosts the page may load from under --no-third-party: its own, and those it was led to."""
    hosts = [target.host, inputs.subject.domain, *(host for host, _ in _led_to(target, inputs))]
    if inputs.provider:
        known = providers.webmail_for(providers.provider(inputs.provider), inputs.subject.domain)
        hosts += [urllib.parse.urlsplit(known).hostname or ""] if known else []
    return {registered(host) for host in hosts if host}


def _server(url: str) -> tuple[str, int]:
    place = urllib.parse.urlsplit(url)
    return place.hostname or "", place.port or 443


# -- judge


def shows_login(facts: Visit) -> bool:
    """Whether a person would see where to log in: a field for password or user name, or the browser's own question."""
    if facts.status == 401:
        return True
    return any(one.type == "password" or _asks_for_name(one, facts) for one in facts.fields)


class _Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    place: Literal["name", "page"] = msgspec.field(name="in")
    words: tuple[str, ...]
    source: str


@made_once
def _words(place: Literal["name", "page"]) -> tuple[str, ...]:
    rows = load(KNOWLEDGE / "login-fields.yaml", tuple[_Words, ...])
    return tuple(word.casefold() for row in rows if row.place == place for word in row.words)


def _asks_for_name(one: Field, facts: Visit) -> bool:
    if one.type not in {"text", "email", "tel", "number", ""}:
        return False
    if "username" in one.autocomplete.lower().split() or _holds(f"{one.name} {one.label}", "name"):
        return True
    return one.type == "email" and _holds(f"{facts.title} {facts.text}", "page")


def _holds(shown: str, place: Literal["name", "page"]) -> bool:
    folded = shown.casefold()
    return any(word in folded for word in _words(place))


def judge_clean(facts: Visit, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """What keeps a person with a clean browser from logging in?"""
    if shows_login(facts):
        return
    if facts.bot_check:
        yield gate_finding(facts.url, facts.bot_check)
        return
    findings = list(_judge_opening(facts)) or list(_judge_page(facts, inputs, target))
    for one in findings:
        told = sending_elsewhere(one, inputs, target)
        yield told if target.named else msgspec.structs.replace(told, certainty="possible")


def _judge_opening(facts: Visit) -> Iterator[Finding]:
    """Did the page come at all?"""
    if facts.goes_round or facts.error == TOO_MANY_REDIRECTS:
        yield Finding(
            cause="web.redirect-loop",
            certainty="confirmed" if facts.error else "likely",
            proof="circle",
            text=text("A clean {browser} keeps being redirected by {url}.", browser=facts.browser, url=facts.url),
        )
    elif facts.error is not None:
        why = facts.failure.words if facts.failure else facts.error
        yield Finding(
            cause="web.login-page-down",
            certainty="likely" if facts.error.startswith(NO_ANSWER) else "possible",
            text=text("A clean {browser} cannot open {url}: {words}.", browser=facts.browser, url=facts.url, words=why),
        )
    elif facts.status is not None and facts.status >= 400:
        gone = facts.status in {404, 410}
        yield Finding(
            cause="web.login-page-changed" if gone else "web.login-page-down",
            certainty="likely" if gone or facts.status >= 500 else "possible",
            text=text(
                "A clean {browser} gets status {status} from {url}.",
                browser=facts.browser,
                status=facts.status,
                url=facts.url,
            ),
        )


def _judge_page(facts: Visit, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """It came; why is there no form?"""
    told = list(judge_words(facts.text, facts.url, inputs, hint=False))
    yield from told
    if told:
        return
    parked = parked_words(f"{facts.title} {facts.text}")
    broken = _broken(facts)
    if parked:
        yield Finding(
            cause="web.login-page-changed",
            certainty="confirmed",
            proof="foreign-page",
            text=text("The page at {url} is not a login page; it says “{words}”.", url=facts.url, words=parked),
        )
    elif broken is not None:
        part, certainty = broken
        yield Finding(
            cause="web.login-page-down",
            certainty=certainty,
            text=text(
                "A clean {browser} shows no login form at {url}, where a part of it is missing: {part} ({words}).",
                browser=facts.browser,
                url=facts.url,
                part=part.url,
                words=_words_of(part),
            ),
        )
    elif facts.script_errors:
        yield Finding(
            cause="web.login-page-down",
            certainty="likely" if facts.blank and facts.settled else "possible",
            text=text(
                "A clean {browser} shows no login form at {url}, where a script breaks off: {words}",
                browser=facts.browser,
                url=facts.url,
                words=facts.script_errors[0],
            ),
        )
    elif not facts.settled:
        yield Finding(
            cause="web.login-page-down",
            certainty="possible",
            text=text(
                "A clean {browser} shows no login form at {url} within {seconds} s, and the page is not done yet.",
                browser=facts.browser,
                url=facts.url,
                seconds=facts.seconds,
            ),
        )
    else:
        yield Finding(
            cause="web.login-page-changed",
            certainty="likely" if foreign(facts.url, inputs, target) and not facts.kept_out else "possible",
            text=text(
                "A clean {browser} shows no login form at {url} ({title}).",
                browser=facts.browser,
                url=facts.url,
                title=facts.title,
            )
            if facts.title
            else text("A clean {browser} shows no login form at {url}.", browser=facts.browser, url=facts.url),
        )


def _broken(facts: Visit) -> tuple[FailedRequest, Certainty] | None:
    """The part whose absence explains it best: one that the page's own site does not hand out, before any other's."""
    own = registered(urllib.parse.urlsplit(facts.url).hostname or "")
    parts = [one for one in facts.failed_requests if one.kind in DRAWS]
    hosts = {one.url: urllib.parse.urlsplit(one.url).hostname or "" for one in parts}
    for one in parts:
        down = (one.status or 0) >= 500 or (one.error or "").startswith(NO_ANSWER)
        if registered(hosts[one.url]) == own and down and not facts.too_large:
            return one, "likely"
    return next(((one, "possible") for one in parts if hosts[one.url] not in facts.kept_out), None)


def _words_of(part: FailedRequest) -> Text | str:
    if part.failure is not None:
        return part.failure.words
    return part.error or text("status {status}", status=part.status)


def _untold(facts: Visit) -> Text | None:
    return None if shows_login(facts) else text("no login form was seen")


CHECK = Check(
    id="browser.clean",
    family="browser",
    title="A clean browser shows the login form of {host}",
    each=Service,
    facts=Visit,
    probe=probe_clean,
    judge=judge_clean,
    untold=_untold,
    rules_out=("web.login-page-down", "web.login-page-changed", "web.redirect-loop"),
    overrules=(WebFacts,),
    needs=need(ReachFacts) | need(TlsFacts) | read(WebFacts),
    applies=lambda target: "web" in target.ways,
    turns=Turns(),
)
