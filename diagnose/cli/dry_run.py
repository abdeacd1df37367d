"""`--dry-run`: whom a run would contact and why, told without contacting anybody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from gettext import gettext as _
from typing import Any

import click
import msgspec

from diagnose.cli.pages import show_json, show_page
from diagnose.discovery import Discovered, provider
from diagnose.discovery.sources import LookUps, sources_for
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import Deadline, Service, Text, text
from diagnose.model.check import Outsider
from diagnose.model.domains import host_and_port
from diagnose.network import Network, Vantage, is_address
from diagnose.planning.plan import taking_part
from diagnose.rendering.page import Entry, Page, Paragraph, Row, Rows
from diagnose.running.chosen import checks_for
from diagnose.running.request import Request

FORMS = ("text", "json")
WHY = {
    "provider": text("DNS: which provider takes the mail"),
    "srv": text("DNS: which servers the domain names"),
    "autoconfig": text("the settings for mail programs, where DNS names no provider"),
    "autodiscover": text("the same for Outlook, where nothing else has answered"),
    "guess": text("usual names of servers, where nothing else has answered"),
}
"""Why each source of discovery is asked."""


class _Public(msgspec.Struct, frozen=True, kw_only=True):
    """A computer of the public's, by name or address."""

    host: str = ""
    address: str = ""
    port: int = 443


IN_NEED: Mapping[Outsider, tuple[str, Text]] = {
    "reference_hosts": ("reference-hosts.yaml", text("where nothing else answers: whether the line works at all")),
    "public_hosts": ("public-hosts.yaml", text("where a certificate is not trusted: who else shows such ones")),
}
"""Files of such computers, and when they are asked."""


class Contacted(msgspec.Struct, frozen=True, kw_only=True):
    """One that a run may contact."""

    whom: str
    why: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, as ``--format json`` shows them."""

    contacts: tuple[Contacted, ...]


def show(request: Request, given: dict[str, Any], *, logs_in: bool, other: str | None = None) -> int:
    """Tell whom *request* may contact; the exit code. Raises click.UsageError, UnknownProviderError, CaFileError."""
    if given["form"] not in FORMS:
        raise click.UsageError(_("--dry-run is shown as text or json."))
    listing = Listing(
        contacts=tuple(
            Contacted(whom=whom, why=why.render(_)) for whom, why in contacts(request, logs_in=logs_in, other=other)
        )
    )
    if given["form"] == "json":
        show_json(listing, given)
    else:
        headline = Entry(mark="•", title=_("Nobody has been contacted; a run contacts these at most"))
        rows = Rows(rows=tuple(Row(name=one.whom, words=one.why) for one in listing.contacts))
        left_out = _("--only, --skip, --no-login, --no-rcpt and --no-third-party make it fewer.")
        show_page(Page(blocks=(headline, rows, Paragraph(words=left_out, quiet=True))), given)
    return 0


def contacts(request: Request, *, logs_in: bool, other: str | None = None) -> Iterator[tuple[str, Text]]:
    """Whom a run of *request* may contact, and why. Raises CaFileError. *logs_in*: whether it has a password to send.

    *other*: the domain of the mailbox that the activation mail may be in.
    """
    subject, options = request.subject, request.discovery
    checks = checks_for(request)
    if not any(check.facts is Discovered for check in checks):
        return
    left_in = [check for check in checks if check.id in taking_part(checks, request.selection)]
    asked = {outsider for check in left_in for outsider in check.asks}
    of_servers = any(check.is_for(Service) for check in left_in)
    wanted = request.network
    with contextlib.closing(Network(wanted.nameserver, wanted.ca_file, wanted.vantage)) as network:
        for server in network.resolver.nameservers():
            yield host_and_port(server.address, server.port), text("every question to DNS")
        if options.third_party:
            yield from _of_the_public(asked, request.network.vantage)
        if "proxies" in asked:
            for proxy in request.network.vantage.proxies().proxies:
                yield proxy.url, text("the proxy that this computer is set to")
        for service in options.services if of_servers else ():
            yield _shown(service), text("named on the command line")
        yield from _discovered(request, network, of_servers=of_servers)
    if of_servers:
        yield _("servers that these name"), text("ports, certificate, greeting and login page")
    if subject.address is not None and request.consent.ask_recipient and "recipient_server" in asked:
        yield f"MX {subject.domain}", text("whether the mailbox exists; no mail is sent")
    if other is not None and "other_mailbox" in asked:
        yield f"MX {other}", text("the servers of the mailbox that --activation-mailbox names, and its login")
    if logs_in and any(check.opens == "login" for check in left_in):
        yield _("one of these servers"), text("one login, over verified TLS only")


def _of_the_public(asked: set[Outsider], vantage: Vantage) -> Iterator[tuple[str, Text]]:
    if "known_answers" in asked:
        for page in vantage.known_answers():
            yield page.url, text("whether a sign-in page or a wrong clock is in the way")
    if "registries" in asked and (listing := vantage.registries()) is not None:
        yield listing, text("where DNS does not know the domain: which registry to ask")
        yield _("the registry of the domain"), text("where DNS does not know the domain: whether it is on hold")
    for outsider, (name, why) in IN_NEED.items():
        if outsider in asked:
            for one in load(KNOWLEDGE / "network" / name, tuple[_Public, ...]):
                yield host_and_port(one.host or one.address, one.port), why


def _discovered(request: Request, network: Network, *, of_servers: bool) -> Iterator[tuple[str, Text]]:
    domain, options = request.subject.domain, request.discovery
    if options.services_only or domain.startswith("[") or is_address(domain):
        return
    sources = sources_for(domain, network, LookUps(network, Deadline(1.0)))
    if of_servers and (known := provider.known(domain, options)) is not None:
        for service in provider.of(known[0], domain, domain).services:
            yield _shown(service), text("known for this provider")
    for source in sources.ranked:
        if options.third_party or source not in sources.database:
            yield source.asked, WHY[source.name]


def _shown(service: Service) -> str:
    return service.url or host_and_port(service.host, service.port)
