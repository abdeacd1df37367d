"""`diagnose browser`: the self-test in the person's own browser."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import Iterable
from gettext import gettext as _
from typing import Any

import click
import msgspec

from diagnose import providers
from diagnose.account.pasted import understood
from diagnose.account.secret import Secret
from diagnose.account.subject import SubjectError
from diagnose.cli import signals
from diagnose.cli.carrying_out import diagnosed, raise_together, show, write_reports
from diagnose.cli.formats import exit_code, rendered
from diagnose.cli.help import Example, Sectioned
from diagnose.cli.main_job import options, ways
from diagnose.cli.parameters import Number
from diagnose.cli.request import LOGIN_OPTIONS, request_for, subject_named
from diagnose.cli.server_parameters import ServiceUrl
from diagnose.cli.settings import as_error
from diagnose.discovery import DiscoveryOptions, discover
from diagnose.locale.language import translation
from diagnose.model import Deadline, Service, Subject, TextError, text
from diagnose.model.browsing import BrowserAnswer
from diagnose.model.protocols import PAGE
from diagnose.model.report import Report
from diagnose.network import Network
from diagnose.planning.selection import Selection
from diagnose.process.standard_streams import tell
from diagnose.rendering.renderer import Download, RenderStyle
from diagnose.running.diagnosis import Diagnosis
from diagnose.running.request import Request
from diagnose.selftest.conversation import Conversation, Matter, MisreadError
from diagnose.selftest.server import serving

WAIT_SECONDS = 300.0
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0
DISCOVERY_SECONDS = 8.0
"""For the webmail page that the browser is to reach for; the diagnosis itself has its own deadline."""
NOBODY = Subject(domain="")
"""The subject of a run that is about the browser alone."""
OF_THE_BROWSER = ("browser.self-test",)
OF_A_PAGE = ("web", "browser", "network.clock")
"""Checks and families, with what they need."""


@click.command(
    cls=Sectioned,
    examples=(
        Example("diagnose browser", text("the page asks for the address").msgid),
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
@click.option("--page-only", is_flag=True, help="Show the report in the page alone, not on standard output.")
@ways
@options
def COMMAND(**given: Any) -> int:  # noqa: N802, ANN401 - see main_job
    """Test the browser itself: a page of this computer's opens in it, and shows the report in the end.

    With an ADDRESS its login is diagnosed too, with a URL that webmail page; without either the page asks for it.
    Without a password option no login is tried. Nothing leaves this computer but what the diagnosis needs, and nothing
    is changed.
    """
    try:
        asked_for = AskedFor(given)
        network = Network(asked_for.request.network.nameserver, asked_for.request.network.ca_file)
    except TextError as error:
        raise as_error(error) from None
    translate = translation(given["lang"])
    talk = Conversation(translate, asked_for.matter, take_up=asked_for.take_up)
    asked_for.looks_for_pages(network, talk)
    with contextlib.closing(network), serving(talk, lang=given["lang"], translate=translate) as address:
        _open(address, told=given["no_open"])
        talk.wait(given["wait"])
        request = _told(asked_for.request, talk.answer, talk.password)
        with signals.held_back() as interruption:
            done = diagnosed(request, given, interruption, talk, network)
            unwritten = write_reports(done.report, given)
        talk.report = _page(done.report, given)
        if talk.answer is None:
            seconds = round(given["wait"])
            tell(
                _("Nothing was entered in the page within {seconds} seconds.").format(seconds=seconds)
                if talk.opened and talk.unasked
                else _("The page was not opened within {seconds} seconds.").format(seconds=seconds)
            )
        code = (_code if given["page_only"] else show)(done, given, unwritten, interrupted=interruption.asked_for)
        talk.wait_for_collection()
        return code


class AskedFor:
    """What is to be diagnosed: by the command line, else by what is typed into the page.

    Raises TextError, click.UsageError for what the command line has wrong.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        named, logins = given["subject"], [name for name in LOGIN_OPTIONS if given[name]]
        with_login = set(logins) - {"no_login"}
        page = ServiceUrl(PAGE).convert(named, None, None) if named and "://" in named else None
        if given["password_in_page"] and logins:
            names = _(", ").join("--" + name.replace("_", "-") for name in (*logins, "password_in_page"))
            raise click.UsageError(_("only one of {names} can be used at a time.").format(names=names))
        if (with_login and (not named or page)) or (given["password_in_page"] and page):
            raise click.UsageError(_("a login test needs a mailbox address."))
        subject = subject_named(named, given["username"]) if named and not page else NOBODY
        self._options = request_for(subject, given, ask=False)
        """What the options ask for, whatever it is about: they are read once, for what they name is read then."""
        if named and given["password_in_page"] and subject.address is None:
            raise click.UsageError(_("a login test needs a mailbox address."))
        self.request = self._options if subject.name else _without_address(page, self._options)
        """To be carried out once the browser has answered."""
        self.matter = self._matter(named) if named else None
        """None: the page asks for it."""

    def looks_for_pages(self, network: Network, talk: Conversation) -> None:
        """Begin to look for the webmail pages of what *talk* is about, now or as soon as that is known."""
        self._network, self._talk = network, talk
        if self.matter is not None:
            self._begin_to_look()

    def take_up(self, typed: str | None) -> Matter:
        """What *typed* into the page means, as the command line would take it; None: the browser alone.

        Raises MisreadError.
        """
        if typed is None:
            self.request = _without_address(None, self._options)
            name = ""
        elif not typed.strip():
            raise MisreadError(_("Type your mail address first, or check this browser alone."))
        elif "://" in typed and not typed.strip().lower().startswith("mailto:"):
            page = _page_named(typed.strip())
            self.request = _without_address(page, self._options)
            name = str(page.url)
        else:
            subject = self._subject(typed)
            self.request = msgspec.structs.replace(self._options, subject=subject)
            name = subject.name
        matter = self._matter(name)
        self._begin_to_look()
        return matter

    def _subject(self, typed: str) -> Subject:
        try:
            subject, _read = understood(typed, self._given["username"])
        except SubjectError as error:
            raise MisreadError(error.sentence.render(_), error.corrected) from None
        if self._given["password_in_page"] and subject.address is None:
            raise MisreadError(_("A login test needs a mailbox address."))
        return subject

    def _matter(self, name: str) -> Matter:
        discovery = self.request.discovery
        return Matter(
            name=name,
            pages_expected=not discovery.services_only or bool(discovery.services),
            password_wanted=self._given["password_in_page"] and self.request.subject.address is not None,
        )

    def _begin_to_look(self) -> None:
        request = self.request

        def look() -> None:
            found = _pages(request, self._network)
            if self.request is request:  # else the person has meanwhile named another address
                self._talk.pages = found

        threading.Thread(target=look, daemon=True).start()


def _page_named(typed: str) -> Service:
    """The webmail page that *typed* names. Raises MisreadError."""
    try:
        page: Service = ServiceUrl(PAGE).convert(typed, None, None)
    except click.UsageError as error:
        raise MisreadError(error.message) from None
    return page


def _without_address(page: Service | None, options: Request) -> Request:
    """What *options* ask for about the browser and, if there is one, a webmail page."""
    known = options.discovery.provider or (providers.by_host(page.host) if page else None)
    checks = OF_A_PAGE if page else OF_THE_BROWSER
    return msgspec.structs.replace(
        options,
        subject=Subject(domain=page.host) if page else NOBODY,
        discovery=DiscoveryOptions(services=(page,) if page else (), provider=known, services_only=True),
        find_services=page is not None,
        selection=options.selection if options.selection.only else Selection(only=checks, skip=options.selection.skip),
    )


def _pages(request: Request, network: Network) -> tuple[str, ...]:
    """The webmail pages that the browser is to reach for, by the same discovery as the diagnosis."""
    pages = _pages_of(request.discovery.services)
    if pages or request.discovery.services_only:
        return pages
    deadline = Deadline(DISCOVERY_SECONDS)
    return _pages_of(discover(request.subject, request.discovery, network, deadline, lambda _found: None).services)


def _pages_of(services: Iterable[Service]) -> tuple[str, ...]:
    return tuple(service.url for service in services if "web" in service.ways and service.url)


def _code(done: Diagnosis, given: dict[str, Any], unwritten: list[click.ClickException], *, interrupted: bool) -> int:
    """The exit code, as `show` has it, of a report that goes nowhere else. Raises what could not be written."""
    raise_together(unwritten)
    return exit_code(given["form"], done.report, interrupted=interrupted)


def _page(report: Report, given: dict[str, Any]) -> str:
    """*report* as the page that shows it, which also hands it out as files."""
    translate = translation(given["lang"])
    style = RenderStyle(translate=translate, audience=given["audience"], complete=True, verbose=given["verbose"])
    files = (
        Download(
            label=_("Save this report (HTML)"),
            name=f"diagnose-{report.id}.html",
            media_type="text/html",
            content=rendered("html", report, style),
        ),
        Download(
            label=_("Save the data (JSON)"),
            name=f"diagnose-{report.id}.json",
            media_type="application/json",
            content=rendered("json", report, style),
        ),
    )
    return rendered("html", report, msgspec.structs.replace(style, downloads=files))


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
