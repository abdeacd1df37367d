"""A title is a claim: a check passes only where its facts bear the title out, and rules out only what it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from checks.activation.mail import AwaitedFacts, AwaitedMail
from checks.activation.recipient import RecipientFacts
from checks.address.spelling import SpellingFacts
from checks.address.syntax import SyntaxFacts
from checks.browser.automation import Field, Visit
from checks.browser.difference import DifferenceFacts
from checks.browser.self_test import BrowserFacts
from checks.browser.stored.holdings import BrowsersFacts, ProfileFacts, ProfilesFacts, Unread
from checks.browser.stored.installed import InstalledBrowser
from checks.credentials.password import PasswordFacts
from checks.credentials.seen import SeenFacts
from checks.dns.domain import DomainFacts, MxTarget
from checks.dns.host import HostFacts
from checks.dns.provider import ProviderFacts
from checks.dns.registration import RegistrationFacts
from checks.dns.resolver import ResolverFacts
from checks.dns.system import SystemFacts
from checks.expectation.certificates import CertificatesExpectation
from checks.expectation.compared import Compared, Measured
from checks.expectation.mx import MxExpectation
from checks.expectation.provider import ProviderExpectation
from checks.expectation.servers import ComparedServers, FoundServer, ServersExpectation
from checks.expectation.tls import TlsExpectation
from checks.lockout.lockout import LockoutFacts
from checks.login.login import LoginFacts
from checks.login.mailbox import MailboxFacts
from checks.login.mechanisms import MechanismsFacts
from checks.login.sender import SenderFacts
from checks.network.clock import ClockFacts
from checks.network.connection import ConnectionFacts, Route
from checks.network.hosts import HostsFileFacts
from checks.network.interception import InterceptionFacts, ShownIssuer
from checks.network.line import LineFacts
from checks.network.portal import PageReply, PortalFacts
from checks.network.proxy import ProxyAttempt, ProxyFacts
from checks.network.reference_clocks import Tick
from checks.network.resolver import AnswerFacts
from checks.reach.paths import PathsFacts
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.html import PageFacts
from checks.web.web import WebFacts
from diagnose.discovery import Discovered
from diagnose.har.facts import Exchange, HarFacts
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import (
    Check,
    CheckResult,
    Facts,
    Failure,
    Host,
    Inputs,
    Service,
    Skip,
    Status,
    Target,
    text,
)
from diagnose.model.browsing import BrowserAnswer
from diagnose.network import Attempt, DnsAnswer, Hop, HostAddresses, MxRecord, SystemLookup
from diagnose.planning.declaration import DISCOVERY
from diagnose.running.chosen import every_check
from tests.support.build import CHECKS, SUBJECT
from tests.support.record import judge

HOST = Host(name="mail.corp.example", source="option")
GUESSED_HOST = Host(name="mail.corp.example", source="guess")
LATE = Failure(name="timed_out", operation="connect", text="no answer in time")
ENDED = Failure(name="connection_closed", operation="connect", text="closed")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def service(protocol: Any, port: int, source: Any = "option") -> Service:
    return Service(protocol=protocol, host="mail.corp.example", port=port, tls="implicit", source=source)


IMAP, SMTP, WEB = service("imap", 993), service("smtp", 465), service("webmail", 443)
GUESSED = service("imap", 993, "guess")
FILTERS = service("sieve", 4190)
STARTTLS = Service(protocol="imap", host="mail.corp.example", port=143, tls="starttls", source="option")


def dns(status: Any = "timed_out", *records: str, kind: Any = "A") -> DnsAnswer:
    return DnsAnswer(name="corp.example", record_type=kind, status=status, records=records, milliseconds=9999)


UNANSWERED, EMPTY, GONE = dns(), dns("no_data"), dns("name_not_found")
ADDRESS, MX = dns("answered", "192.0.2.1"), dns("answered", "10 mx.corp.example.", kind="MX")


def domain(mx: DnsAnswer, *targets: MxTarget, four: DnsAnswer = EMPTY, six: DnsAnswer = EMPTY, **more: Any) -> Facts:
    records = tuple(MxRecord(preference=10, exchange=target.name) for target in targets)
    usual: dict[str, Any] = {"mx": mx, "ipv4": four, "ipv6": six, "records": records, "targets": targets}
    return DomainFacts(**usual | more)


def mx(four: DnsAnswer, six: DnsAnswer = EMPTY) -> MxTarget:
    return MxTarget(name="mx.corp.example", ipv4=four, ipv6=six)


def host(four: DnsAnswer | None, six: DnsAnswer | None, *addresses: str) -> HostFacts:
    return HostFacts(found=HostAddresses(host=HOST.name, addresses=addresses, ipv4=four, ipv6=six))


def attempt(failure: Failure | None = None, address: str = "192.0.2.1") -> Attempt:
    family: Any = "ipv6" if ":" in address else "ipv4"
    return Attempt(address=address, family=family, failure=failure, milliseconds=3000)


def page(status: int | None = None, failure: Failure | None = None, **more: Any) -> WebFacts:
    hop = Hop(url="https://mail.corp.example/", status=status, failure=failure, milliseconds=9999)
    usual: dict[str, Any] = {"hops": (hop,), "loop": False}
    return WebFacts(**usual | more)


def proxy_attempt(stage: Any, failure: Failure | None = None, status: int | None = None, **more: Any) -> ProxyAttempt:
    place: dict[str, Any] = {"proxy": "http://proxy:3128", "source": "env", "host": HOST.name, "port": 443}
    return ProxyAttempt(**place | {"stage": stage, "failure": failure, "status": status} | more)


def reply(**more: Any) -> PageReply:
    usual: dict[str, Any] = {"url": "http://known.example/", "operator": "K"}
    return PageReply(**usual | more)


def held(**more: Any) -> ProfileFacts:
    return ProfileFacts(browser="firefox", profile="p", **more)


def shown(issuer: str, *, trusted: bool) -> InterceptionFacts:
    return InterceptionFacts(shown=(ShownIssuer(host=HOST.name, issuer=issuer, trusted=trusted),))


def visit(**more: Any) -> Visit:
    return Visit(browser="Chromium", version="140", url="https://mail.corp.example/", **more)


def answer(**more: Any) -> BrowserFacts:
    return BrowserFacts(answer=BrowserAnswer(**more))


def lockout(recent: int) -> LockoutFacts:
    return LockoutFacts(recent=recent, limit=5, limit_is_documented=False, send_again=False)


def recorded(*exchanges: Exchange) -> HarFacts:
    return HarFacts(host=HOST.name, exchanges=exchanges, **_rest_of(HarFacts, {"host", "exchanges"}))


def _rest_of(kind: type[Any], known: set[str]) -> dict[str, Any]:
    """Something empty for each further field that has no default."""
    fields = (f for f in msgspec.structs.fields(kind) if f.name not in known and f.required)
    return {field.name: "" if field.type is str else 0 for field in fields}


NOBODY = ConnectionFacts(
    answered=False, routes=(Route(destination="192.0.2.53", source="192.0.2.9"),), resolver_silent=True
)

OF_SERVER = Measured(place="a:993", value="21")
OF_SERVERS = ComparedServers(
    name="imap", expected=("a:993",), servers=(FoundServer(place="a:993", named=True, connected=True, verified=True),)
)
SILENT_SERVER = FoundServer(place="a:993", named=True)

SILENT: Mapping[str, tuple[tuple[Facts, Target], ...]] = {
    DISCOVERY: ((Discovered(), SUBJECT),),
    "login.mechanisms": ((MechanismsFacts(offered=()), FILTERS),),
    "activation.recipient": (
        (RecipientFacts(host="mx.corp.example", failure=LATE), SUBJECT),
        (RecipientFacts(host="mx.corp.example"), SUBJECT),
    ),
    "address.spelling": ((SpellingFacts(has_mail=False, exists=None), SUBJECT),),
    "activation.mail": (
        (AwaitedFacts(address="bob@other.example", takes_mail=None, failure=LATE), SUBJECT),
        (AwaitedFacts(address="bob@other.example", takes_mail=True), SUBJECT),
    ),
    "browser.self-test": ((BrowserFacts(answer=None), SUBJECT), (answer(scripts=None), SUBJECT)),
    "browser.difference": ((DifferenceFacts(clean_works=True, messages=("?",)), WEB),),
    "browser.clean": (
        (visit(error="net::ERR_TIMED_OUT"), WEB),
        (visit(seconds=20.0), WEB),
        (visit(status=200), WEB),
    ),
    "dns.domain": (
        (domain(UNANSWERED, four=UNANSWERED, six=UNANSWERED, control=UNANSWERED), SUBJECT),
        (domain(UNANSWERED, four=ADDRESS, control=EMPTY), SUBJECT),
        (domain(EMPTY, four=UNANSWERED, six=UNANSWERED), SUBJECT),
        (domain(EMPTY, four=UNANSWERED, six=EMPTY), SUBJECT),
        (domain(EMPTY, four=ADDRESS, implicit_mx=(attempt(LATE),)), SUBJECT),
        (domain(EMPTY, four=ADDRESS), SUBJECT),
        (domain(MX, mx(UNANSWERED, UNANSWERED)), SUBJECT),
        (domain(MX, mx(UNANSWERED), mx(EMPTY, UNANSWERED)), SUBJECT),
        (domain(dns("refused"), four=dns("refused"), six=dns("refused"), control=dns("refused")), SUBJECT),
    ),
    "dns.host": (
        (host(UNANSWERED, UNANSWERED), HOST),
        (host(EMPTY, UNANSWERED), HOST),
        (host(UNANSWERED, GONE), GUESSED_HOST),
        (host(GONE, GONE), GUESSED_HOST),
        (host(dns("refused"), dns("no_resolver")), HOST),
    ),
    "har": ((recorded(), SUBJECT),),
    "network.interception": ((shown("CN=Somebody", trusted=False), SUBJECT),),
    "network.line": (
        (
            LineFacts(host=HOST.name, port=993, address="192.0.2.1", milliseconds=(None,) * 6, all_reached=False),
            SUBJECT,
        ),
        (LineFacts(host=HOST.name, port=993, address="192.0.2.1", milliseconds=(5,), all_reached=False), SUBJECT),
    ),
    "login": (
        (LoginFacts(outcome="unanswered", failure=LATE), IMAP),
        (LoginFacts(outcome="no_mechanism"), IMAP),
    ),
    "dns.registration": (
        (RegistrationFacts(domain="corp.example", outcome="unanswered"), SUBJECT),
        (RegistrationFacts(domain="corp.example", outcome="unlisted"), SUBJECT),
    ),
    "dns.resolver": (
        (ResolverFacts(servers=("192.0.2.53",), control=UNANSWERED, useful=0, useless=3), SUBJECT),
        (ResolverFacts(servers=(), control=dns("no_resolver"), useful=0, useless=3), SUBJECT),
    ),
    "dns.system": (
        (SystemFacts(system=SystemLookup(error="timed_out"), chosen=()), HOST),
        (SystemFacts(system=SystemLookup(error="timed_out"), chosen=("192.0.2.1",)), HOST),
    ),
    "login.mailbox": ((MailboxFacts(ok=False, failure=LATE), IMAP),),
    "network.clock": ((ClockFacts(), SUBJECT), (ClockFacts(rejected_for_time=1), SUBJECT)),
    "network.hosts": (
        (HostsFileFacts(file="/etc/hosts", read=False), HOST),
        (HostsFileFacts(file="/etc/hosts", listed=("192.0.2.7",)), HOST),
    ),
    "network.connection": ((NOBODY, SUBJECT), (msgspec.structs.replace(NOBODY, landmarks=(attempt(LATE),)), SUBJECT)),
    "network.portal": (
        (PortalFacts(replies=(reply(failure=LATE), reply(failure=LATE))), SUBJECT),
        (PortalFacts(), SUBJECT),
        (PortalFacts(replies=(reply(status=503),)), SUBJECT),
    ),
    "browser.installed": (
        (BrowsersFacts(browsers=()), SUBJECT),
        (BrowsersFacts(browsers=(InstalledBrowser(browser="firefox", version=""),)), SUBJECT),
    ),
    "browser.profiles": (
        (ProfilesFacts(url="https://mail.corp.example/"), WEB),
        (
            ProfilesFacts(
                url="https://mail.corp.example/",
                profiles=(held(), held(unread=(Unread(part="cookies", why="no_time"),))),
            ),
            WEB,
        ),
    ),
    "dns.provider": (
        (ProviderFacts(by_mx=None, by_host={}), SUBJECT),
        (ProviderFacts(by_mx="gmx", by_host={}), SUBJECT),
        (ProviderFacts(by_mx=None, by_host={"imap.gmx.net": "gmx"}), SUBJECT),
    ),
    "network.proxy": (
        (ProxyFacts(passages=(proxy_attempt("answer", LATE),), direct="works", of_page=True), WEB),
        (ProxyFacts(passages=(proxy_attempt("page", LATE, 200),), direct="silent", of_page=True), WEB),
        (ProxyFacts(passages=(proxy_attempt("answer", LATE),), direct="unknown", of_page=True), WEB),
        (ProxyFacts(passages=(proxy_attempt("proxy", LATE),), direct="silent"), SUBJECT),
        (ProxyFacts(passages=(proxy_attempt("answer", LATE),), direct="unknown"), SUBJECT),
    ),
    "reach": (
        (ReachFacts(addresses=("192.0.2.1",), connected=None, attempts=(attempt(LATE),)), IMAP),
        (ReachFacts(addresses=("192.0.2.1",), connected=None, attempts=(attempt(LATE),), hurried=True), IMAP),
        (ReachFacts(addresses=("192.0.2.1",), connected=None, attempts=(attempt(LATE),)), GUESSED),
        (ReachFacts(addresses=(), connected=None, attempts=()), GUESSED),
    ),
    "reach.paths": (
        (PathsFacts(attempts=(), ipv6_route=False), IMAP),
        (PathsFacts(attempts=(attempt(), attempt(LATE, "192.0.2.2")), ipv6_route=False), IMAP),
        (PathsFacts(attempts=(attempt(), attempt(LATE, "2001:db8::1")), ipv6_route=False), IMAP),
        (PathsFacts(attempts=(attempt(),), ipv6_route=True, unasked=("AAAA",)), IMAP),
    ),
    "network.resolver": ((AnswerFacts(contradictions=(), uncompared=("mail.corp.example",)), SUBJECT),),
    "login.sender": (
        (SenderFacts(failure=LATE), SMTP),
        (SenderFacts(reply="550 5.7.1 something else"), SMTP),
    ),
    "server": (
        (ServerFacts(failure=LATE, waited_seconds=9.0), IMAP),
        (ServerFacts(failure=LATE, waited_seconds=0.2), IMAP),
        (ServerFacts(failure=LATE, waited_seconds=0.2), GUESSED),
        (ServerFacts(greeting="* OK hi", spoken="imap", failure=LATE), STARTTLS),
    ),
    "tls": (
        (TlsFacts(verified=False, at=0.0, failure=LATE), IMAP),
        (TlsFacts(verified=False, at=0.0, failure=LATE), GUESSED),
        (TlsFacts(verified=False, at=0.0, failure=LATE), STARTTLS),
    ),
    "web": (
        (page(failure=LATE), WEB),
        (page(200, unfinished=True, page=PageFacts()), WEB),
        (page(504, page=PageFacts()), WEB),
        (page(302), WEB),
        (page(200, packed="br"), WEB),
    ),
    "expectation.certificates": (
        (CertificatesExpectation(expected=("21",)), SUBJECT),
        (CertificatesExpectation(expected=("21",), servers=(OF_SERVER, Measured(place="b:993"))), SUBJECT),
    ),
    "expectation.mx": ((MxExpectation(mx=Compared(name="mx", expected=("a.example",), certain=False)), SUBJECT),),
    "expectation.provider": (
        (ProviderExpectation(provider=Compared(name="provider", expected=("gmx",), certain=False)), SUBJECT),
    ),
    "expectation.servers": (
        (ServersExpectation(protocols=(ComparedServers(name="imap", expected=("a:993",), certain=False),)), SUBJECT),
        (ServersExpectation(protocols=(msgspec.structs.replace(OF_SERVERS, servers=(SILENT_SERVER,)),)), SUBJECT),
    ),
    "expectation.tls": (
        (TlsExpectation(expected=("1.2",)), SUBJECT),
        (TlsExpectation(expected=("1.2",), servers=(Measured(place="a:993"),)), SUBJECT),
    ),
}
"""What each check's facts look like where every question of it, or the one that matters, got no answer."""

ASKS_NOBODY = {"address.syntax", "lockout", "password", "seen"}
"""Checks of what lies at hand: there is nothing to time out."""


def checks_named(name: str, target: Target) -> list[Check[Any]]:
    return [c for c in every_check() if c.id == name and isinstance(target, c.each) and c.applies(target)]


def ended(name: str, facts: Facts, target: Target) -> CheckResult:
    """What the runner makes of *facts* of the one check that is *name*d and meant for *target*."""
    (check,) = checks_named(name, target)
    found = tuple(check.judge(facts, Inputs(subject=SUBJECT, provider=None, services=()), target))
    severe = any(f.certainty != "possible" and not f.partial and catalogue()[f.cause].impact == "blocks" for f in found)
    untold = check.untold(facts)
    status: Status = "fail" if severe else "warn" if found else "skip" if untold else "pass"
    return CheckResult(
        id=name,
        check=name,
        family=check.family,
        title=text("T"),
        target=target,
        status=status,
        skipped_because=Skip(reason=untold) if untold else None,
        facts=facts,
        findings=found,
        usable=check.usable(facts),
        unsettled=tuple(check.unsettled(facts)),
    )


def ruled_out(*results: CheckResult) -> set[str]:
    return set(judge(results, (), catalogue(), CHECKS, login_asked=False, services_asked=False).ruled_out)


ROWS = [
    pytest.param(name, *row, id=f"{name}-{place}") for name, rows in SILENT.items() for place, row in enumerate(rows)
]


@pytest.mark.parametrize(("name", "facts", "target"), ROWS)
def test_silence_neither_passes_nor_rules_out(name: str, facts: Facts, target: Target) -> None:
    """Whatever was not answered in time proves nothing."""
    result = ended(name, facts, target)

    assert result.status != "pass"
    assert not ruled_out(result)
    assert result.status != "skip" or (result.skipped_because and result.skipped_because.render())


def test_every_check_is_here() -> None:
    """A check that is new has to say what silence looks like to it, for every kind of target."""
    assert {check.id for check in every_check()} == {*SILENT, *ASKS_NOBODY}
    for check in every_check():
        if check.id in SILENT:
            assert any(isinstance(target, check.each) and check.applies(target) for _, target in SILENT[check.id])


LOGIN_PAGE = PageFacts(title="Webmail", password_field=True, forms=1)
DRAWN = PageFacts(title="Webmail", forms=1)

BORNE_OUT: tuple[tuple[str, Facts, Target], ...] = (
    (DISCOVERY, Discovered(services=(IMAP,)), SUBJECT),
    ("login.mechanisms", MechanismsFacts(offered=("PLAIN",)), FILTERS),
    ("activation.recipient", RecipientFacts(host="mx", answer="accepted", reply="250 ok"), SUBJECT),
    ("address.syntax", SyntaxFacts(flaw=None), SUBJECT),
    ("address.spelling", SpellingFacts(has_mail=True, exists=True), SUBJECT),
    ("browser.self-test", answer(scripts=True, user_agent=FIREFOX, cookies=True), SUBJECT),
    ("browser.difference", DifferenceFacts(clean_works=False, messages=("?",)), WEB),
    ("browser.clean", visit(status=200, fields=(Field(type="password"),), settled=True), WEB),
    ("browser.clean", visit(status=401), WEB),
    ("dns.domain", domain(MX, mx(ADDRESS)), SUBJECT),
    ("dns.domain", domain(MX, mx(ADDRESS, UNANSWERED)), SUBJECT),
    ("dns.domain", domain(MX, mx(ADDRESS), mx(UNANSWERED, UNANSWERED)), SUBJECT),
    ("dns.domain", domain(EMPTY, four=ADDRESS, implicit_mx=(attempt(LATE), attempt())), SUBJECT),
    ("dns.host", host(ADDRESS, UNANSWERED, "192.0.2.1"), HOST),
    ("dns.host", host(None, None, "127.0.0.1"), HOST),
    ("network.interception", shown("CN=Let's Encrypt R11", trusted=True), SUBJECT),
    (
        "network.line",
        LineFacts(host=HOST.name, port=993, address="192.0.2.1", milliseconds=(5, 6, 5, 7, 5, 6), all_reached=True),
        SUBJECT,
    ),
    ("lockout", lockout(0), SUBJECT),
    ("login", LoginFacts(outcome="accepted", mechanism="PLAIN", reply="OK"), IMAP),
    (
        "dns.registration",
        RegistrationFacts(domain="corp.example", outcome="registered", registered_as=("active",)),
        SUBJECT,
    ),
    ("dns.registration", RegistrationFacts(domain="corp.example", outcome="unregistered"), SUBJECT),
    ("dns.resolver", ResolverFacts(servers=("192.0.2.53",), control=EMPTY, useful=0, useless=3), SUBJECT),
    ("dns.system", SystemFacts(system=SystemLookup(addresses=("192.0.2.1",)), chosen=()), HOST),
    ("login.mailbox", MailboxFacts(ok=True, reply="OK"), IMAP),
    ("network.clock", ClockFacts(ticks=(Tick(host="a.example", ahead_seconds=2.0),), clock_offset_s=-2.0), SUBJECT),
    ("network.hosts", HostsFileFacts(file="/etc/hosts"), HOST),
    ("network.hosts", HostsFileFacts(file="/etc/hosts", listed=("192.0.2.1",), by_dns=("192.0.2.1",)), HOST),
    ("network.connection", ConnectionFacts(answered=True), SUBJECT),
    ("network.connection", msgspec.structs.replace(NOBODY, landmarks=(attempt(LATE), attempt())), SUBJECT),
    ("password", PasswordFacts(oddities=()), SUBJECT),
    ("network.portal", PortalFacts(replies=(reply(status=204, as_known=True), reply(failure=LATE))), SUBJECT),
    (
        "browser.installed",
        BrowsersFacts(browsers=(InstalledBrowser(browser="firefox", version="140.0", engine_version=140),)),
        SUBJECT,
    ),
    ("browser.profiles", ProfilesFacts(url="https://mail.corp.example/", profiles=(held(),)), WEB),
    ("dns.provider", ProviderFacts(by_mx="gmx", by_host={"imap.gmx.net": "gmx"}), SUBJECT),
    ("network.proxy", ProxyFacts(passages=(proxy_attempt("page", None, 200),), direct="works", of_page=True), WEB),
    ("network.proxy", ProxyFacts(passages=(proxy_attempt("answer", None, 403),), direct="works"), SUBJECT),
    ("reach", ReachFacts(addresses=("192.0.2.1",), connected="192.0.2.1", attempts=(attempt(),)), GUESSED),
    ("reach.paths", PathsFacts(attempts=(attempt(), attempt(None, "2001:db8::1")), ipv6_route=True), IMAP),
    ("network.resolver", AnswerFacts(contradictions=()), SUBJECT),
    ("seen", SeenFacts(messages=("Maintenance completed, all services are up",)), SUBJECT),
    ("login.sender", SenderFacts(ok=True, reply="250 ok"), SMTP),
    ("server", ServerFacts(greeting="* OK hi", spoken="imap", open=True, milliseconds=20), IMAP),
    ("tls", TlsFacts(verified=True, at=0.0, not_after=9e9), IMAP),
    ("web", page(200, page=LOGIN_PAGE), WEB),
    ("web", page(200, page=LOGIN_PAGE, unfinished=True), WEB),
    ("web", page(401, page=PageFacts()), WEB),
    ("web", page(200, page=DRAWN), WEB),
    ("expectation.certificates", CertificatesExpectation(expected=("21",), servers=(OF_SERVER,)), SUBJECT),
    ("expectation.mx", MxExpectation(mx=Compared(name="mx", expected=("a.x",), found=("a.x",))), SUBJECT),
    ("expectation.provider", ProviderExpectation(provider=Compared(name="p", expected=("x",), found=("x",))), SUBJECT),
    ("expectation.servers", ServersExpectation(protocols=(OF_SERVERS,)), SUBJECT),
    ("expectation.tls", TlsExpectation(expected=("1.2",), servers=(Measured(place="a:993", value="1.3"),)), SUBJECT),
)
"""Facts that are what the title says; the near misses of `SILENT`, where something else was not answered."""


@pytest.mark.parametrize(("name", "facts", "target"), BORNE_OUT)
def test_what_bears_the_title_out_passes(name: str, facts: Facts, target: Target) -> None:
    """A healthy check is not called unknown for what it does not claim."""
    assert ended(name, facts, target).status == "pass"


VISIT = Exchange(number=1, method="GET", url="https://mail.corp.example/", kind="document")

NOT_BORNE_OUT: tuple[tuple[str, Facts, Target, Status], ...] = (
    ("activation.recipient", RecipientFacts(host="mx", answer="accepted", accepts_all=True), SUBJECT, "skip"),
    ("activation.recipient", RecipientFacts(host="mx", answer="refused", reply="550 5.7.1 no"), SUBJECT, "skip"),
    ("address.spelling", SpellingFacts(has_mail=False, exists=False), SUBJECT, "skip"),
    ("address.spelling", SpellingFacts(has_mail=False, exists=False, close=("gmail.com",)), SUBJECT, "fail"),
    ("address.syntax", SyntaxFacts(flaw=text("No.")), SUBJECT, "fail"),
    ("dns.domain", domain(GONE), SUBJECT, "fail"),
    ("network.interception", shown("CN=Zscaler Root CA", trusted=True), SUBJECT, "warn"),
    ("lockout", lockout(4), SUBJECT, "warn"),
    ("login.mailbox", MailboxFacts(ok=False, reply="NO no such mailbox"), IMAP, "fail"),
    (
        "network.proxy",
        ProxyFacts(passages=(proxy_attempt("page", proxy="socks4://p"),), direct="works", of_page=True),
        WEB,
        "skip",
    ),
    ("reach", ReachFacts(addresses=("192.0.2.1",), connected=None, attempts=(attempt(ENDED),)), GUESSED, "skip"),
    ("reach.paths", PathsFacts(attempts=(attempt(), attempt(ENDED, "192.0.2.9")), ipv6_route=True), IMAP, "skip"),
    (
        "har",
        recorded(Exchange(number=1, method="GET", url="https://mail.corp.example/", kind="document")),
        SUBJECT,
        "warn",
    ),
    ("web", page(403, page=PageFacts()), WEB, "warn"),
    (
        "activation.mail",
        AwaitedFacts(
            address="bob@other.example",
            takes_mail=True,
            opened=True,
            mails=(AwaitedMail(folder="junk", sender="a@b.example", subject="Activate", at=None),),
        ),
        SUBJECT,
        "fail",
    ),
)


@pytest.mark.parametrize(("name", "facts", "target", "status"), NOT_BORNE_OUT)
def test_what_does_not_bear_the_title_out_does_not_pass(
    name: str, facts: Facts, target: Target, status: Status
) -> None:
    """Told otherwise it fails or warns; told nothing it is left aside, with the reason."""
    assert ended(name, facts, target).status == status


COOKIELESS = answer(scripts=True, user_agent=FIREFOX)


@pytest.mark.parametrize(
    ("result", "cause", "settled"),
    [
        (ended("browser.self-test", COOKIELESS, SUBJECT), "browser.cookies-blocked", False),
        (ended("dns.domain", domain(MX, mx(ADDRESS)), SUBJECT), "dns.mx-unresolvable", True),
        (
            ended("dns.domain", domain(MX, mx(ADDRESS), mx(UNANSWERED, UNANSWERED)), SUBJECT),
            "dns.mx-unresolvable",
            False,
        ),
        (ended("dns.domain", domain(MX, mx(ADDRESS), mx(UNANSWERED, UNANSWERED)), SUBJECT), "dns.no-mx", True),
        (ended("login.mailbox", MailboxFacts(ok=True), IMAP), "activation.over-quota", False),
        (ended("login.mailbox", MailboxFacts(ok=True, quota_used=1, quota=100), IMAP), "activation.over-quota", True),
        (ended("tls", TlsFacts(verified=True, at=0.0), IMAP), "tls.cert-expiring", False),
        (ended("tls", TlsFacts(verified=True, at=0.0), IMAP), "tls.cert-expired", True),
        (ended("web", page(200, page=DRAWN), WEB), "web.login-page-changed", False),
        (ended("web", page(200, page=LOGIN_PAGE), WEB), "web.login-page-changed", True),
        (
            ended("browser.self-test", answer(scripts=True, user_agent=FIREFOX), SUBJECT),
            "browser.cookies-blocked",
            False,
        ),
        (ended("browser.self-test", answer(scripts=True, cookies=True), SUBJECT), "browser.outdated", False),
        (ended("browser.self-test", answer(scripts=True, cookies=True), SUBJECT), "browser.javascript-off", True),
    ],
)
def test_a_check_that_passed_rules_out_only_what_it_looked_at(result: CheckResult, cause: str, settled: bool) -> None:
    """Part of a check may have got no answer, though its title is true."""
    assert result.status == "pass"
    assert (cause in ruled_out(result)) is settled
