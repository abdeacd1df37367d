"""A network's sign-in page in between: does another server answer for a page with a known answer?"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Never

import msgspec

from checks.dns.domain import ALIVE, DomainFacts
from checks.dns.host import HostFacts
from checks.dns.names import related
from checks.network.evidence import dns_answers, in_trouble, reached
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.html import read_page
from checks.web.web import WebFacts
from diagnose.model import (
    Certainty,
    Check,
    Deadline,
    Facts,
    Failure,
    Finding,
    Inputs,
    Service,
    SkipCheck,
    Subject,
    Text,
    read,
    text,
)
from diagnose.network import SHARED_SECONDS, FetchedPage, Heard, KnownAnswer, in_background
from diagnose.replies import charset_in
from diagnose.running.context import Context

PAGE_SECONDS = 5.0
MOST_OWN_PAGES = 2
CERTAINTIES: tuple[Certainty, ...] = ("confirmed", "likely", "possible")
"""By the number of doubts."""
NETWORK_AUTHENTICATION_REQUIRED = 511
"""RFC 6585 §6: said by a network in between, never by a server."""


class PageReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for a page over plain HTTP."""

    url: str
    operator: str | None
    """Whose page it is; None: the person's own provider's."""
    status: int | None = None
    location: str | None = None
    title: str = ""
    as_known: bool = False
    """Status and page are those of an open network."""
    empty: bool = True
    failure: Failure | None = None


class PortalFacts(Facts, frozen=True, kw_only=True):
    """The replies, and what name the webmail host proves over TLS."""

    replies: tuple[PageReply, ...] = ()
    shown_names: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Webmail host to the names in the certificate that it sent in vain."""
    mail_works: bool | None = None
    """Whether a mail server proved who it is; None: none was to be tried."""


def probe_portal(
    _target: Subject,
    inputs: Inputs[DomainFacts | HostFacts | ReachFacts | ServerFacts | TlsFacts | WebFacts],
    context: Context,
) -> PortalFacts:
    """Ask, once something else failed and names can be resolved: the person's own webmail host first, then others'."""
    if not in_trouble(inputs):
        raise SkipCheck(text("nothing failed that a sign-in page of the network would explain"))
    if not any(answer.status in ALIVE for answer in dns_answers(inputs)):
        raise SkipCheck(text("no name can be resolved"))
    limit = context.deadline.share(0.6, PAGE_SECONDS)
    shown = _names_shown_in_vain(inputs)
    own = [(f"http://{host}/", None) for host in list(shown)[:MOST_OWN_PAGES]]
    others = [(one.url, one) for one in context.network.vantage.known_answers()] if context.third_party else []
    asked = [in_background(partial(_ask, url, known, limit, context), f"GET {url}") for url, known in [*own, *others]]
    return PortalFacts(replies=tuple(one.result() for one in asked), shown_names=shown, mail_works=_mail_works(inputs))


def _names_shown_in_vain(inputs: Inputs[TlsFacts]) -> dict[str, tuple[str, ...]]:
    return {
        target.host: facts.explanation.chain[0].names
        for target, facts in inputs.each(TlsFacts)
        if isinstance(target, Service) and "web" in target.ways and facts.explanation and facts.explanation.chain
    }


def _mail_works(inputs: Inputs[ReachFacts | TlsFacts]) -> bool | None:
    mail = {service for service, _ in reached(inputs) if "web" not in service.ways}
    proven = {target for target, facts in inputs.each(TlsFacts) if facts.verified}
    return bool(mail & proven) if mail else None


def _ask(url: str, known: KnownAnswer | None, limit: Deadline, context: Context) -> PageReply:
    """Of pages with a known answer one of many runs asks within `SHARED_SECONDS`: they belong to others."""

    def heard() -> Heard[PageReply]:
        reply = _read(context.network.fetch(url, limit, accept=lambda _: False), url, known)
        return Heard(reply, SHARED_SECONDS, for_others=reply.failure is None)

    if known is None:
        return heard().answer
    return context.network.once_for_all(("known answer", url), limit.share(0.5, PAGE_SECONDS), heard)


def _read(exchange: FetchedPage, url: str, known: KnownAnswer | None) -> PageReply:
    hop = exchange.last
    as_known = False
    if known is not None and hop.status == known.status and not exchange.packed:
        as_known = known.body.encode() in exchange.body if known.body else not exchange.body.strip()
    return PageReply(
        url=url,
        operator=known.operator if known else None,
        status=hop.status,
        location=hop.location,
        title=read_page(exchange.body, charset_in(exchange.content_type)).title,
        as_known=as_known,
        empty=not exchange.body.strip() and not exchange.packed,
        failure=hop.failure,
    )


def judge_portal(facts: PortalFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Foreign answers of two operators prove it, one points there; silence and refusals say nothing."""
    foreign = [reply for reply in facts.replies if reply.operator and is_foreign(reply)]
    if foreign:
        # some networks let the page of one operator through and stand in between all the same
        doubts = (len({reply.operator for reply in foreign}) < 2) + any(reply.as_known for reply in facts.replies)
        yield Finding(
            cause="network.captive-portal",
            certainty=CERTAINTIES[doubts],
            proof="foreign-known-answer",
            text=text(
                "{url}, a page of {operator} with a known answer, comes back as somebody else's: {seen}.",
                url=foreign[0].url,
                operator=foreign[0].operator,
                seen=_seen(foreign[0]),
            ),
            data={"foreign": [reply.url for reply in foreign], "leads_to": foreign[0].location},
        )
    if not facts.mail_works:  # a host with the wrong certificate beside mail servers that work is only set up wrongly
        yield from _judge_own(facts)


def _judge_own(facts: PortalFacts) -> Iterator[Finding]:
    for reply in facts.replies:
        if _is_led_away(reply, facts):
            host, leads_to = _host(reply.url), _host(reply.location or "")
            names = facts.shown_names[host]
            yield Finding(
                cause="network.captive-portal",
                certainty="possible" if facts.mail_works is None else "confirmed",
                proof="foreign-webmail",
                text=text(
                    "{host} shows the certificate of {names}, and its page leads to {leads_to}: somebody else answers "
                    "in its place.",
                    host=host,
                    names=names,
                    leads_to=leads_to,
                ),
            )


def _is_led_away(reply: PageReply, facts: PortalFacts) -> bool:
    """Whether the person's own page leads to somebody whose certificate its host shows."""
    host, leads_to = _host(reply.url), _host(reply.location or "")
    led_away = reply.operator is None and bool(leads_to) and not related(leads_to, host)
    return led_away and any(related(leads_to, name) for name in facts.shown_names.get(host, ()))


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or ""


def is_foreign(reply: PageReply) -> bool:
    """Whether a server that is not the page's operator's must have answered."""
    if reply.as_known or reply.status is None:
        return False
    if reply.status == NETWORK_AUTHENTICATION_REQUIRED:
        return True
    if reply.location is not None:
        return not related(_host(reply.location), _host(reply.url))
    return reply.status == 200 and not reply.empty


def _seen(reply: PageReply) -> str:
    if reply.location:
        return f"{reply.status} → {reply.location}"
    return f"{reply.status} {reply.title}".strip()


def _untold(facts: PortalFacts) -> Text | None:
    """Only a page that comes back as it is known shows that no sign-in page stands in between."""
    return None if any(reply.as_known for reply in facts.replies) else text("no page with a known answer came back")


def _shows(facts: PortalFacts, _inputs: Inputs[Never], _target: Subject) -> Mapping[str, str]:
    replies = (one for one in facts.replies if (one.operator and is_foreign(one)) or _is_led_away(one, facts))
    page = next(replies, None)
    return {} if page is None else {"stood_in": page.url}


CHECK = Check(
    id="network.portal",
    family="network",
    title="No sign-in page of this network stands in between",
    each=Subject,
    station="network",
    facts=PortalFacts,
    probe=probe_portal,
    judge=judge_portal,
    asks=("known_answers",),
    untold=_untold,
    shows=_shows,
    needs=read(DomainFacts) | read(HostFacts) | read(ReachFacts) | read(ServerFacts) | read(TlsFacts) | read(WebFacts),
)
