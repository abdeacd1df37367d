"""Other clocks: what time servers say it is, unproven. Nothing but a bare request is sent to learn it."""

from __future__ import annotations

import email.utils
import re
import statistics
import threading
import urllib.parse
import weakref
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial

import msgspec

from checks.handshake import unverified_stream
from diagnose.model import Given, Service
from diagnose.model.workbench import Workbench
from diagnose.network import Hop, Network, Stream, in_background

MOST_SKEW_SECONDS = 300
"""Kerberos and one-time codes draw the line there, too."""
DATE_SECONDS = 4.0
MOST_PAGES_ASKED = 2
GUESSES = ("{host}", "{domain}", "www.{domain}", "mail.{domain}", "webmail.{domain}")
"""Where a web server may be that tells the time, where none is known."""
_DATE = re.compile(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d +(?:[+-]\d{4}|GMT|UTC?)\b"
)
"""RFC 5322 §3.3; Sendmail and Exim greet with it."""

_asked: weakref.WeakKeyDictionary[Network, Future[tuple[Tick, ...]]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a server beside this computer's."""

    host: str
    ahead_seconds: float
    """How far the server's clock is ahead of this computer's."""


def ahead(ticks: Iterable[Tick]) -> float | None:
    """How far the other clocks are ahead, by their median in seconds; None where there is none."""
    found = [tick.ahead_seconds for tick in ticks]
    return statistics.median(found) if found else None


def ticks_in(hops: Iterable[Hop]) -> list[Tick]:
    """The Date headers of pages, one a host."""
    ticks: dict[str, Tick] = {}
    for hop in hops:
        sent = _seconds(hop.date or "")
        host = urllib.parse.urlsplit(hop.url).hostname or ""
        if sent is not None and hop.at is not None:
            ticks.setdefault(host, Tick(host=host, ahead_seconds=round(sent - hop.at, 1)))
    return list(ticks.values())


def tick_in_greeting(host: str, greeting: str, at: float) -> Tick | None:
    """The date that a mail server of *host* greeted with at *at*, seconds since the epoch; None where there is none."""
    told = _DATE.search(greeting)
    sent = _seconds(told[0]) if told else None
    return None if sent is None else Tick(host=host, ahead_seconds=round(sent - at, 1))


def _seconds(words: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(words)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, TypeError, OverflowError):
        return None


def ask_clocks(target: Service, given: Given, bench: Workbench) -> tuple[Tick, ...]:
    """What servers say of the time; asked once a run, in which *target* was the first to show an odd date.

    Pages with a known answer and the webmail's are asked, and only where none of them tells it guessed hosts are.
    """
    with _lock:
        before = _asked.get(bench.network)
        if before is None:
            before = _asked[bench.network] = in_background(partial(_ask_all, target, given, bench), "ask clocks")
    try:
        return before.result(timeout=bench.deadline.left())
    except TimeoutError:
        return ()


def _ask_all(target: Service, given: Given, bench: Workbench) -> tuple[Tick, ...]:
    known = [page.url for page in bench.network.vantage.known_answers()] if bench.third_party else []
    pages = [s for s in given.services if s.protocol == "webmail"][:MOST_PAGES_ASKED]
    own = [f"{'http' if page.tls == 'none' else 'https'}://{page.host}:{page.port}/" for page in pages]
    if ticks := _ask(known + own, bench):
        return ticks
    hosts = dict.fromkeys(one.format(host=target.host, domain=given.subject.domain) for one in GUESSES)
    return _ask([f"{scheme}://{host}/" for host in hosts for scheme in ("http", "https")], bench)


def _ask(urls: list[str], bench: Workbench) -> tuple[Tick, ...]:
    """The Dates of *urls*, all asked at once; certificates cannot be checked while the clock is in doubt."""
    deadline = bench.deadline.share(0.4, DATE_SECONDS)

    def ready(scheme: str, host: str, port: int) -> Stream | None:
        try:
            return unverified_stream(bench.network, host, port, deadline) if scheme == "https" else None
        except OSError:
            return None

    def look(url: str) -> tuple[Hop, ...]:
        scheme = urllib.parse.urlsplit(url).scheme
        return bench.network.fetch(url, deadline, accept=lambda _: False, ready=partial(ready, scheme)).hops

    asked = [in_background(partial(look, url), f"ask the time of {url}") for url in urls]
    return tuple(ticks_in(hop for one in asked for hop in one.result()))
