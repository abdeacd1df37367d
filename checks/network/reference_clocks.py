"""Other clocks: what time servers say it is, and when certificates elsewhere were made; a bare request asks for it."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from functools import partial
from typing import Never

import msgspec

from checks.dns.names import registered
from checks.server.first_words import first_words
from checks.tls.certificates import read_certificate
from checks.tls.unverified import unverified_stream
from diagnose.model import Deadline, Inputs, Service
from diagnose.network import Hop, NameNotFoundError, Stream, come_within, in_background, mx_records
from diagnose.process.first_use import lazy_pattern, one_at_a_time
from diagnose.running.context import Context

MOST_SKEW_SECONDS = 300
"""Kerberos and one-time codes draw the line there, too."""
DATE_SECONDS = 4.0
GRACE_SECONDS = 0.2
"""After the deadline, for calls that kept it to hand in their results."""
MOST_PAGES_ASKED = 2
MOST_EXCHANGES_ASKED = 2
SMTP_PORT = 25
GUESSES = ("{host}", "{domain}", "www.{domain}", "mail.{domain}", "webmail.{domain}")
"""Where a web server may be that tells the time, where none is known."""
_DATE = lazy_pattern(
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d +(?:[+-]\d{4}|GMT|UTC?)\b"
)
"""RFC 5322 §3.3; Sendmail and Exim greet with it."""


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a server beside this computer's."""

    host: str
    ahead_seconds: float
    """How far the server's clock is ahead of this computer's."""


class Validity(msgspec.Struct, frozen=True, kw_only=True):
    """The dates of a certificate that a server sent, with any issuer."""

    host: str
    not_before: float
    """Seconds since the epoch."""
    not_after: float
    """Seconds since the epoch."""


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to hold this computer's clock against."""

    ticks: tuple[Tick, ...] = ()
    validities: tuple[Validity, ...] = ()


def ahead(ticks: Iterable[Tick]) -> float | None:
    """How far the other clocks are ahead, by their median in seconds; None without any clock."""
    found = sorted(tick.ahead_seconds for tick in ticks)
    middle = len(found) // 2
    return (found[middle] + found[~middle]) / 2 if found else None  # statistics takes 3 ms to load, in each run


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
    """The clock of the mail server *host*, by the date in *greeting*, received at *at*; None without a date.

    *at*: seconds since the epoch.
    """
    told = _DATE.search(greeting)
    sent = _seconds(told[0]) if told else None
    return None if sent is None else Tick(host=host, ahead_seconds=round(sent - at, 1))


def _seconds(words: str) -> float | None:
    with one_at_a_time:
        import email.utils
    try:
        moment = email.utils.parsedate_to_datetime(words)
        if moment.tzinfo is None and words.endswith("-0000"):  # UTC, of a place that is not told (RFC 5322 §3.3)
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, TypeError, OverflowError):
        return None


def surely_past(validities: Iterable[Validity], at: float) -> float | None:
    """The latest moment that has surely passed, since a certificate was made then; *at* is what this computer's clock
    says.

    No authority makes a certificate ahead of its dates. A moment that lies ahead of *at* needs that of another owner's
    beside it.
    """
    validities = tuple(validities)
    begun = [one.not_before for one in validities if one.not_before <= at]
    if len(begun) == len(validities):  # as nearly always; to tell owners apart takes 2 ms
        return max(begun, default=None)
    latest: dict[str, float] = {}
    for one in validities:
        latest[registered(one.host)] = max(one.not_before, latest.get(registered(one.host), one.not_before))
    return max(begun + sorted(latest.values())[:-1], default=None)


def credible(ticks: Iterable[Tick], validities: Iterable[Validity], at: float) -> list[Tick]:
    """Those of *ticks* that no certificate contradicts: the clock that shows a time before it was made is wrong."""
    past = surely_past(validities, at)
    return [tick for tick in ticks if past is None or at + tick.ahead_seconds >= past - MOST_SKEW_SECONDS]


def ask_clocks(target: Service, inputs: Inputs[Never], context: Context) -> Testimony:
    """What servers say of the time. A run asks once; *target* is then the first service that showed an odd date.

    Pages with a known answer and the webmail page are asked. Where fewer than two owners tell the time, likely web
    hosts and the domain's MX are asked, too.
    """
    before = context.network.once("clocks", partial(_ask_all, target, inputs, context))
    try:
        return before.result(timeout=context.deadline.left())
    except TimeoutError:
        return Testimony()


def _ask_all(target: Service, inputs: Inputs[Never], context: Context) -> Testimony:
    known = [page.url for page in context.network.vantage.known_answers()] if context.third_party else []
    pages = [s for s in inputs.services if "web" in s.ways][:MOST_PAGES_ASKED]
    own = [f"{'http' if page.tls == 'none' else 'https'}://{page.host}:{page.port}/" for page in pages]
    first = _asked_at_once([partial(_ask_page, url) for url in known + own], context)
    if len({registered(tick.host) for tick in first.ticks}) > 1:
        return first
    hosts = dict.fromkeys(one.format(host=target.host, domain=inputs.subject.domain) for one in GUESSES)
    urls = [f"{scheme}://{host}/" for host in hosts for scheme in ("http", "https")]
    asks = [partial(_ask_page, url) for url in urls if url not in own]
    more = _asked_at_once([*asks, *_exchanges(inputs, context)], context)
    return Testimony(ticks=first.ticks + more.ticks, validities=first.validities + more.validities)


def _exchanges(inputs: Inputs[Never], context: Context) -> list[Ask]:
    """The domain's MX, whose greeting may tell the time; it is told no address."""
    if not context.consent.ask_recipient:
        return []
    found = context.network.resolver.query(inputs.subject.domain, "MX", context.deadline.share(0.2, DATE_SECONDS))
    hosts = [record.exchange for record in mx_records(found) if record.exchange]
    return [partial(_ask_exchange, host) for host in hosts[:MOST_EXCHANGES_ASKED]]


Ask = Callable[[Context, Deadline], Testimony]


def _asked_at_once(asks: list[Ask], context: Context) -> Testimony:
    """What each of *asks* brings, all at once; certificates cannot be checked while the clock is in doubt."""
    deadline = context.deadline.share(0.4, DATE_SECONDS)
    under_way = [in_background(partial(ask, context, deadline), "ask the time") for ask in asks]
    told = [one.result() for one in come_within(deadline.left() + GRACE_SECONDS, under_way)]
    ticks = {tick.host: tick for one in reversed(told) for tick in one.ticks}
    validities = {one.host: one for each in reversed(told) for one in each.validities}
    return Testimony(ticks=tuple(ticks.values())[::-1], validities=tuple(validities.values())[::-1])


def _ask_page(url: str, context: Context, deadline: Deadline) -> Testimony:
    """The Date of the page at *url*, and the dates of its server's certificate."""
    scheme = urllib.parse.urlsplit(url).scheme
    seen: list[Validity] = []

    def ready(host: str, port: int) -> Stream | None:
        try:
            stream = unverified_stream(context.network, host, port, deadline) if scheme == "https" else None
        except OSError:
            return None
        if stream is not None:
            seen.extend(_validity(host, stream))
        return stream

    hops = context.network.fetch(url, deadline, accept=lambda _: False, ready=ready).hops
    return Testimony(ticks=tuple(ticks_in(hops)), validities=tuple(seen))


def _validity(host: str, stream: Stream) -> Iterator[Validity]:
    der = stream.tls.getpeercert(binary_form=True) if stream.tls is not None else None
    known = read_certificate(der) if der else None
    if known is not None:
        yield Validity(host=host, not_before=known.not_before, not_after=known.not_after)


def _ask_exchange(host: str, context: Context, deadline: Deadline) -> Testimony:
    try:
        stream = context.network.connect(host, SMTP_PORT, deadline)
    except (OSError, NameNotFoundError):
        return Testimony()
    try:
        words = first_words(stream, "smtp").data.decode("ascii", "replace")
    finally:
        stream.abort()
    tick = tick_in_greeting(host, words, time.time())
    return Testimony(ticks=() if tick is None else (tick,))
