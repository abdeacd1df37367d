"""`diagnose browser`: the self-test in the person's own browser."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from gettext import gettext as _
from typing import Any

import click
import msgspec

from diagnose import providers
from diagnose.account.secret import Secret
from diagnose.cli import signals
from diagnose.cli.formats import rendered
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.main_job import (
    LOGIN_OPTIONS,
    diagnosed,
    options,
    request_for,
    show,
    subject_named,
    ways,
    write_reports,
)
from diagnose.cli.parameters import Number
from diagnose.cli.server_parameters import ServiceUrl
from diagnose.discovery import DiscoveryOptions, discover
from diagnose.locale.language import translation
from diagnose.model import Deadline, Service, Subject, TextError, text
from diagnose.model.browsing import BrowserAnswer
from diagnose.model.protocols import PAGE
from diagnose.network import Network
from diagnose.planning.selection import Selection
from diagnose.process.standard_streams import tell
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.request import Request
from diagnose.selftest.conversation import Conversation
from diagnose.selftest.server import serving

WAIT_SECONDS = 300.0
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0
DISCOVERY_SECONDS = 8.0
"""For the webmail page that the browser is to reach for; the diagnosis itself has its own deadline."""
THIS_COMPUTER = "localhost"
"""The subject of a run that is about the browser alone."""
OF_THE_BROWSER = ("browser.self-test",)
OF_A_PAGE = ("web", "browser", "network.clock")
"""Checks and families, with what they need."""


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose browser", text("the browser alone").msgid),
        Example("diagnose browser alice@corp.example", text("and the whole diagnosis").msgid),
        Example("diagnose browser https://webmail.corp.example/", text("and this webmail page").msgid),
    ),
)
@click.argument("subject", required=False, metavar="[ADDRESS|URL]")
@click.option("--no-open", is_flag=True, help="Do not open the page; print its address on standard error.")
@click.option(
    "--wait",
    type=Number(SHORTEST_WAIT, LONGEST_WAIT),
    default=WAIT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long the page waits for the person; --timeout begins after that.",
)
@click.option(
    "--password-in-page", is_flag=True, help="The page asks for the password and passes it on to this program."
)
@ways
@options
def COMMAND(**given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Test the browser itself: a page of this computer's opens in it, and shows the report in the end.

    With an ADDRESS its login is diagnosed too, with a URL that webmail page. Without a password option no login is
    tried. Nothing leaves this computer but what the diagnosis needs, and nothing is changed.
    """
    try:
        request = _request(given)
        network = Network(request.network.nameserver, request.network.ca_file)
    except TextError as error:
        raise click.UsageError(error.sentence.render(_)) from None
    translate = translation(given["lang"])
    talk = Conversation(
        translate,
        pages_expected=not request.discovery.services_only or bool(request.discovery.services),
        password_wanted=given["password_in_page"],
    )
    threading.Thread(target=lambda: _find_pages(request, network, talk), daemon=True).start()
    name = given["subject"] or ""
    with contextlib.closing(network), serving(talk, name=name, lang=given["lang"], translate=translate) as address:
        _open(address, told=given["no_open"])
        talk.wait(given["wait"])
        request = _told(request, talk.answer, talk.password)
        with signals.held_back() as interruption:
            done = diagnosed(request, given, interruption, talk, network)
            unwritten = write_reports(done.report, given)
        talk.report = rendered(
            "html", done.report, RenderStyle(translate=translate, audience=given["audience"], verbose=given["verbose"])
        )
        if talk.answer is None:
            seconds = round(given["wait"])
            tell(_("The page was not opened within {seconds} seconds.").format(seconds=seconds))
        code = show(done, given, unwritten)
        talk.wait_for_collection()
        return code


def _request(given: dict[str, Any]) -> Request:
    """What is to be diagnosed once the browser has answered. Raises TextError, click.UsageError."""
    named, logins = given["subject"], [name for name in LOGIN_OPTIONS if given[name]]
    if named and "://" not in named:
        if given["password_in_page"] and logins:
            names = _(", ").join("--" + name.replace("_", "-") for name in (*logins, "password_in_page"))
            raise click.UsageError(_("only one of {names} can be used at a time.").format(names=names))
        request = request_for(subject_named(named, given["username"]), given, ask=False)
        if given["password_in_page"] and request.subject.address is None:
            raise click.UsageError(_("a login test needs a mailbox address."))
        return request
    if given["password_in_page"] or set(logins) - {"no_login"}:
        raise click.UsageError(_("a login test needs a mailbox address."))
    return _without_address(ServiceUrl(PAGE).convert(named, None, None) if named else None, given)


def _without_address(page: Service | None, given: dict[str, Any]) -> Request:
    """The browser and, if there is one, a webmail page."""
    request = request_for(Subject(domain=page.host if page else THIS_COMPUTER), given, ask=False)
    known = request.discovery.provider or (providers.by_host(page.host) if page else None)
    checks = OF_A_PAGE if page else OF_THE_BROWSER
    return msgspec.structs.replace(
        request,
        discovery=DiscoveryOptions(services=(page,) if page else (), provider=known, services_only=True),
        find_services=page is not None,
        selection=request.selection if request.selection.only else Selection(only=checks, skip=request.selection.skip),
    )


def _find_pages(request: Request, network: Network, talk: Conversation) -> None:
    """The webmail pages that the browser is to reach for, by the same discovery as the diagnosis."""
    found = [service.url for service in request.discovery.services if "web" in service.ways and service.url]
    if not found and not request.discovery.services_only:
        services = discover(
            request.subject, request.discovery, network, Deadline(DISCOVERY_SECONDS), lambda _found: None
        ).services
        found = [service.url for service in services if "web" in service.ways and service.url]
    talk.pages = tuple(found)


def _open(address: str, *, told: bool) -> None:
    if told or not webbrowser.open(address):
        tell(_("Open this address in your browser: {address}").format(address=address))
    else:
        tell(_("A page has been opened in your browser. Please go on there."))


def _told(request: Request, answer: BrowserAnswer | None, password: Secret | None) -> Request:
    """*request* with what the page told; without its answer there is nothing to diagnose."""
    browsing = msgspec.structs.replace(request.person.browsing, self_test=True, answer=answer)
    person = msgspec.structs.replace(request.person, browsing=browsing, password=password or request.person.password)
    login = answer is not None and (request.consent.login or password is not None)
    request = msgspec.structs.replace(
        request, person=person, consent=msgspec.structs.replace(request.consent, login=login)
    )
    if answer is None:
        return msgspec.structs.replace(request, find_services=False, selection=Selection(only=OF_THE_BROWSER))
    return request
