"""The domain's registration: does its registry keep it out of DNS, as a public look-up (RDAP) says?"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal, Never

import msgspec

from checks.dns.domain import ALIVE, DomainFacts
from diagnose.model import Check, Deadline, Facts, Finding, Inputs, SkipCheck, Subject, Text, need, text
from diagnose.network import SHARED_SECONDS, FetchedPage, Heard, is_address
from diagnose.network.owner import is_public_suffix, registered
from diagnose.network.vantage import registries
from diagnose.process.first_use import decode
from diagnose.running.context import Context

REGISTRY_SECONDS = 6.0
"""For the list of registries and the registry together."""
LIST_SECONDS = 3600.0
"""How long the list of registries, which changes every few weeks, stands for other runs."""
NOT_FOUND = 404
"""The registry knows no such domain (RFC 7480 §5.3)."""
MOST_STATUSES = 20
NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a server's words raise that are no JSON, or are nested deeper than anybody reads."""
RDAP = {"Accept": "application/rdap+json"}
"""RFC 7480 §4.2."""

MEANINGS: Mapping[str, Text] = {
    "pendingrestore": text("That means: it has been bought back, and is restored within days."),
    "redemptionperiod": text("That means: it was not renewed, and can be bought back for some weeks."),
    "pendingdelete": text("That means: it was not renewed, and will be deleted within days."),
    "serverhold": text("That means: the registry itself has taken it out of DNS."),
    "clienthold": text("That means: its registrar has taken it out of DNS."),
}
"""By the statuses, spelt alike; the first that a domain has says most. What can be bought back is about to be deleted,
too (RFC 3915 §3.1)."""

Outcome = Literal["registered", "unregistered", "unlisted", "unanswered"]
"""``unlisted``: no registry that can be asked answers for the top-level domain."""


class RegistrationFacts(Facts, frozen=True, kw_only=True):
    """What the registry says of the registered domain."""

    domain: str
    outcome: Outcome
    registry: str | None = None
    """The server that answered."""
    page: str | None = None
    """Where."""
    registered_as: tuple[str, ...] = ()
    """The statuses, as RFC 9083 §10.2.2 and RFC 8056 name them."""
    expires: str | None = None
    """The day until which it is registered, RFC 3339."""


class _Bootstrap(msgspec.Struct, frozen=True):
    """RFC 9224 §3."""

    services: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    """RFC 9083 §4.5."""

    event_action: str = ""
    event_date: str = ""


class _Domain(msgspec.Struct, frozen=True, rename="camel"):
    """RFC 9083 §5.3, as far as it is read."""

    object_class_name: str
    ldh_name: str = ""
    status: tuple[str, ...] = ()
    events: tuple[_Event, ...] = ()


def probe_registration(target: Subject, inputs: Inputs[DomainFacts], context: Context) -> RegistrationFacts:
    """Ask the registry, once DNS does not know the domain or nobody takes its mail."""
    if not _looks_held(inputs[DomainFacts]):
        raise SkipCheck(text("DNS knows the domain"))
    start = context.network.vantage.registries() if context.third_party else None
    if start is None:
        raise SkipCheck(text("no third party is to be asked"))
    domain = registered(target.domain)
    if is_address(domain) or is_public_suffix(domain):
        raise SkipCheck(text("it is not a domain that somebody registers"))
    limit = context.deadline.share(0.4, REGISTRY_SECONDS)
    return context.network.once_for_all(("registration", domain), limit, partial(_ask, domain, start, limit, context))


def _looks_held(facts: DomainFacts) -> bool:
    """Whether the domain is missing, fails alone, or has neither an MX nor an address that takes mail."""
    if facts.mx.status == "server_failure":
        return facts.control is not None and facts.control.status in ALIVE
    if facts.mx.status == "no_data":
        return not any(attempt.failure is None for attempt in facts.implicit_mx)
    return facts.mx.status == "name_not_found"


def _ask(domain: str, start: str, limit: Deadline, context: Context) -> Heard[RegistrationFacts]:
    facts = _looked_up(domain, start, limit, context)
    return Heard(facts, SHARED_SECONDS, for_others=facts.outcome != "unanswered")


def _looked_up(domain: str, start: str, limit: Deadline, context: Context) -> RegistrationFacts:
    def get(url: str) -> FetchedPage:
        return context.network.fetch(url, limit, accept=_is_secure, keep_cookies=False, headers=RDAP)

    unanswered = RegistrationFacts(domain=domain, outcome="unanswered")

    def get_list() -> Heard[bytes]:
        page = get(start)
        whole = _is_whole(page)
        return Heard(page.body if whole else b"", LIST_SECONDS, for_others=whole)

    listed = context.network.once_for_all(("registries", start), limit, get_list)
    base = server_for(domain, listed) if listed else None
    if base is None:
        return unanswered
    if not base:
        return RegistrationFacts(domain=domain, outcome="unlisted")
    told = get(f"{base.rstrip('/')}/domain/{domain}")
    host = urllib.parse.urlsplit(told.last.url).hostname
    if told.last.status == NOT_FOUND:
        return RegistrationFacts(domain=domain, outcome="unregistered", registry=host, page=told.last.url)
    return (_read(domain, told.last.url, told.body) if _is_whole(told) else None) or unanswered


def _is_secure(url: str) -> bool:
    """Whoever is on the way could say anything else."""
    return url.lower().startswith("https://")


def _is_whole(page: FetchedPage) -> bool:
    return page.last.status == 200 and not (page.truncated or page.unfinished or page.packed)


def server_for(domain: str, listed: bytes) -> str | None:
    """The base URL of the server that answers for *domain*, by the list *listed* (RFC 9224 §4).

    "" where the list has none with TLS; None where it is no such list.
    """
    try:
        services = decode(listed, _Bootstrap).services
    except NO_JSON:
        return None
    urls = {name.lower(): urls for names, urls in services for name in names}
    labels = domain.split(".")
    suffixes = (".".join(labels[place:]) for place in range(1, len(labels)))
    found: tuple[str, ...] = next((urls[one] for one in suffixes if one in urls), ())
    return next((url for url in found if _is_secure(url)), "")


def _read(domain: str, page: str, body: bytes) -> RegistrationFacts | None:
    """What the answer *body* of *page* says; None where it is not about *domain*."""
    try:
        told = decode(body, _Domain)
    except NO_JSON:
        return None
    if told.object_class_name != "domain" or told.ldh_name.rstrip(".").lower() not in {"", domain}:
        return None
    ends = (event.event_date[:10] for event in told.events if event.event_action == "expiration")
    return RegistrationFacts(
        domain=domain,
        outcome="registered",
        registry=urllib.parse.urlsplit(page).hostname,
        page=page,
        registered_as=told.status[:MOST_STATUSES],
        expires=next(ends, None),
    )


def _spelt_alike(status: str) -> str:
    """*status* without what tells ``client hold`` (RDAP) from ``clientHold`` (EPP)."""
    return status.replace(" ", "").lower()


def judge_registration(facts: RegistrationFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Is it on hold?"""
    holds = {_spelt_alike(one) for one in registries().holds}
    held = [status for status in facts.registered_as if _spelt_alike(status) in holds]
    if held and facts.expires:
        sentence = text(
            "The registry ({registry}) lists {domain}, registered until {day}, as: {status}.",
            registry=facts.registry,
            domain=facts.domain,
            day=facts.expires,
            status=tuple(held),
        )
    elif held:
        sentence = text(
            "The registry ({registry}) lists {domain} as: {status}.",
            registry=facts.registry,
            domain=facts.domain,
            status=tuple(held),
        )
    else:
        return
    alike = {_spelt_alike(one) for one in held}
    if meaning := next((words for name, words in MEANINGS.items() if name in alike), None):
        sentence = text("{sentence} {next}", sentence=sentence, next=meaning)
    yield Finding(
        cause="dns.domain-held",
        certainty="confirmed",
        proof="registry-status",
        text=sentence,
        data={"status": held, "expires": facts.expires},
    )


def _untold(facts: RegistrationFacts) -> Text | None:
    if facts.outcome == "unlisted":
        return text("no registry that can be asked answers for this top-level domain")
    if facts.outcome == "unanswered":
        return text("the registry gave no usable answer")
    return None


def _shows(facts: RegistrationFacts, _inputs: Inputs[Never], _target: Subject) -> Mapping[str, str]:
    return {} if facts.page is None else {"registration": facts.page}


CHECK = Check(
    id="dns.registration",
    family="dns",
    title="The registry does not hold {domain} back",
    each=Subject,
    station="dns",
    facts=RegistrationFacts,
    probe=probe_registration,
    judge=judge_registration,
    shows=_shows,
    untold=_untold,
    asks=("registries",),
    rules_out=("dns.domain-held",),
    needs=need(DomainFacts),
)
