"""A whole mail estate on loopback: DNS, IMAP, POP3, submission and webmail, with the fault of a scenario."""

from __future__ import annotations

import contextlib
import random
import ssl
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from diagnose.account.history import History
from diagnose.account.secret import Secret
from diagnose.lab.account import Account
from diagnose.lab.authority import Authority
from diagnose.lab.computer import Computer
from diagnose.lab.dead_ends import (
    answers,
    breaks_off,
    dropping_port,
    hangs_up,
    passing,
    refusing_port,
    silent,
    turns_away,
)
from diagnose.lab.imap import ImapSession
from diagnose.lab.jmap import JmapSession
from diagnose.lab.listener import Conversation, Listener
from diagnose.lab.nameserver import DnsServer
from diagnose.lab.pop3 import Pop3Session
from diagnose.lab.registry import RegistrySession
from diagnose.lab.scenario import PASSWORD, HostLabel, Scenario, ServiceName, in_browsers
from diagnose.lab.session import ServerSettings, Session
from diagnose.lab.sieve import SieveSession
from diagnose.lab.submission import SubmissionServer
from diagnose.lab.webmail import WebmailSession
from diagnose.lab.zone import Zone, record_sets
from diagnose.network import KnownAnswer, Nameserver
from diagnose.network.proxies import Proxy, ProxySettings
from diagnose.process import children
from diagnose.process.short_lived import short_lived_folder

LOOPBACK = "127.0.0.1"
LOOPBACK6 = "::1"
SESSIONS: Mapping[str, type[Session]] = {
    session.protocol: session for session in (ImapSession, Pop3Session, SieveSession, JmapSession)
}
"""By what they speak; submission has a server of its own."""
MAIL_PORT = 25
"""SMTP relay (RFC 5321 §4.5.4.2)."""
_NO_SERVER = {"refused": refusing_port, "dropped": dropping_port}
_OPERATORS = ("One", "Two")
"""Of the pages with known answers: that two have nothing to do with each other proves what one alone does not."""


class _Server(Protocol):
    """A server that runs from entering its context to leaving it."""

    port: int

    @property
    def crashes(self) -> list[BaseException]: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...


class EstateError(Exception):
    """The estate cannot be brought up on this computer; the message says why."""


class Estate:
    """The estate of one scenario, up from entering the context to leaving it, which leaves nothing behind.

    The attributes are what the main job is to be run with; all but the counters are fixed on entering.
    """

    address: str
    """The mailbox address to diagnose."""
    password: str
    """What the person types as password."""
    username: str | None
    """The login name to give; None: the address."""
    access_token: str | None
    """To be given instead of the password when there is one."""
    resolver: str
    """``ADDRESS:PORT`` of the estate's nameserver."""
    computer: Computer
    """The person's computer."""
    ca_file: Path
    """PEM file of the estate's certificate authority."""
    history: Path | None
    """Folder of the record of rejected logins to be used; None: none."""
    webmail_url: str | None
    """Address of the login page; None when the estate has none."""
    ports: Mapping[ServiceName, int]
    """The port of each service."""

    def __init__(self, scenario: Scenario) -> None:
        """Prepare the estate of *scenario*; nothing runs before the context is entered."""
        self.scenario = scenario
        self.address = scenario.address
        self.password = PASSWORD if scenario.typed_password is None else scenario.typed_password
        self.username = scenario.username
        self.access_token = scenario.access_token

    def __enter__(self) -> Self:
        """Bring everything up. Raises EstateError where this computer lacks what the scenario needs."""
        with contextlib.ExitStack() as stack:
            try:
                self._bring_up(stack)
            except OSError as error:
                raise EstateError(f"{self.scenario.id}: {error}") from error
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    @property
    def logins_ok(self) -> Counter[str]:
        """Successful logins so far, by protocol."""
        return self._account.logins_ok

    @property
    def logins_failed(self) -> Counter[str]:
        """Failed logins so far, by protocol."""
        return self._account.logins_failed

    @property
    def logins_in_clear(self) -> Counter[str]:
        """Logins, good or bad, whose secret came over a connection without TLS, by protocol."""
        return self._account.logins_in_clear

    @property
    def crashes(self) -> list[BaseException]:
        """Mistakes of the estate's own servers; with any, a diagnosis of the estate proves nothing."""
        return [crash for server in self._servers for crash in server.crashes]

    def _bring_up(self, stack: contextlib.ExitStack) -> None:
        scenario = self.scenario
        self._servers: list[_Server] = []
        self._account = _account(scenario)
        authority = Authority(days_ahead=scenario.days_ahead)
        folder = stack.enter_context(short_lived_folder("diagnose-lab-"))
        children.folders.add(str(folder))  # a command that is told to end does not wait for what is under way
        stack.callback(children.folders.discard, str(folder))
        self.ca_file = folder / "ca.pem"
        authority.write_root(self.ca_file)
        self.history = self._remember(folder / "history") if scenario.rejected_before else None
        address = LOOPBACK6 if scenario.family == "ipv6" else LOOPBACK
        contexts: dict[HostLabel, ssl.SSLContext] = {}
        ports: dict[ServiceName, int] = {}
        for service in scenario.services:
            label = scenario.host_label(service)
            if label not in contexts:
                kind = scenario.certificates.get(label, "good")
                contexts[label] = authority.server_context(kind, scenario.host(service))
            ports[service] = self._serve(stack, service, contexts[label], address)
        self.ports = MappingProxyType(ports)
        own_address = self._take_mail(stack) if scenario.implicit_mx else None
        zone = Zone(scenario.domain, record_sets(scenario, ports, own_address), scenario.dns)
        nameserver = self._enter(stack, DnsServer(zone.respond, LOOPBACK))
        self.resolver = f"{LOOPBACK}:{nameserver.port}"
        self.computer = self._computer(stack, folder, Nameserver(LOOPBACK, nameserver.port), authority)
        pages = [f"https://{scenario.host(name)}:{port}/" for name, port in ports.items() if in_browsers(name)]
        self.webmail_url = pages[0] if pages else None

    def _take_mail(self, stack: contextlib.ExitStack) -> str:
        """A server at port 25 of a loopback address of this estate's own; its address. Raises OSError."""
        address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.25"  # noqa: S311 - estates stand side by side
        self._enter(stack, Listener(turns_away(f"220 {self.scenario.domain} ESMTP"), address, port=MAIL_PORT))
        return address

    def _remember(self, folder: Path) -> Path:
        """A record of other passwords that were rejected before."""
        account, typed = self.username or self.address, Secret(self.password)
        record = History(folder)
        left, words = self.scenario.rejected_before, count()
        while left:
            record.rejected(account, Secret(f"another password {next(words)}"), "credentials.rejected")
            if record.is_of(record.rejections(account)[-1], account, typed):  # by chance, once in a thousand
                record.accepted(account)
                left = self.scenario.rejected_before
            else:
                left -= 1
        return folder

    def _computer(
        self, stack: contextlib.ExitStack, folder: Path, resolver: Nameserver, authority: Authority
    ) -> Computer:
        """The person's computer, and what it is set up with beside the estate."""
        scenario = self.scenario
        hosts = folder / "hosts"
        hosts.write_text("".join(f"{line}\n" for line in scenario.hosts_file), encoding="utf-8")
        proxies: tuple[Proxy, ...] = ()
        if scenario.proxy is not None:
            proxy = self._enter(stack, Listener(answers(scenario.proxy), LOOPBACK))
            proxies = (Proxy(scheme="http", host=LOOPBACK, port=proxy.port, source="HTTPS_PROXY"),)
        pages: tuple[KnownAnswer, ...] = ()
        if scenario.known_answers is not None:
            page = partial(WebmailSession, web=scenario.known_answers, days_ahead=scenario.days_ahead, delay=0)
            url = f"http://{LOOPBACK}:{self._enter(stack, Listener(page, LOOPBACK)).port}/generate_204"
            pages = tuple(KnownAnswer(url=url, status=204, operator=name, source="the lab") for name in _OPERATORS)
        registry = None
        if scenario.registration is not None:
            told = partial(RegistrySession, domain=scenario.domain, status=scenario.registration)
            listener = self._enter(stack, Listener(told, LOOPBACK, tls=authority.server_context("good", LOOPBACK)))
            registry = f"https://{LOOPBACK}:{listener.port}/dns.json"
        return Computer(
            resolver=resolver if scenario.online else None,
            hosts=hosts,
            proxy_settings=ProxySettings(proxies=proxies),
            pages=pages,
            registry=registry,
        )

    def _enter(self, stack: contextlib.ExitStack, server: _Server) -> _Server:
        stack.enter_context(server)
        self._servers.append(server)
        return server

    def _serve(self, stack: contextlib.ExitStack, service: ServiceName, context: ssl.SSLContext, address: str) -> int:
        """Bring up *service*; returns its port."""
        port = self.scenario.port(service)
        if port.state in _NO_SERVER:
            return stack.enter_context(_NO_SERVER[port.state](address))
        settings = ServerSettings(
            host=self.scenario.host(service),
            tls=self.scenario.tls(service),
            context=context,
            account=self._account,
            mechanisms=self.scenario.mechanisms,
            examine=self.scenario.examine,
            needs_id=self.scenario.needs_id,
            delay=self.scenario.delay,
            sender=self.scenario.sender,
        )
        conversation = self._conversation(service, settings)
        if conversation is None:
            return self._enter(stack, SubmissionServer(settings, address)).port
        tls = context if settings.tls == "implicit" and port.state != "breaks-off" else None
        return self._enter(stack, Listener(conversation, address, tls=tls, takes=port.takes)).port

    def _conversation(self, service: ServiceName, settings: ServerSettings) -> Conversation | None:
        """What a connection to *service* gets; None when it gets an SMTP server."""
        fault, usual, times = self._fault(service), self._usual(service, settings), self.scenario.faults_pass_after
        if fault is None:
            return usual
        if times is None or usual is None:
            return fault
        if self.scenario.port(service).state != "breaks-off":
            return passing(fault, times, usual)
        return passing(fault, times, lambda plain, peer, by: usual(by.secure(plain, settings.context), peer, by))

    def _fault(self, service: ServiceName) -> Conversation | None:
        dead_ends: dict[str, Conversation] = {"silent": silent, "hangs-up": hangs_up, "breaks-off": breaks_off}
        protocol = self.scenario.protocol(service)
        if protocol in self.scenario.turned_away:
            return turns_away(self.scenario.turned_away[protocol])
        return dead_ends.get(self.scenario.port(service).state)

    def _usual(self, service: ServiceName, settings: ServerSettings) -> Conversation | None:
        if in_browsers(service):
            return partial(
                WebmailSession,
                web=self.scenario.web,
                days_ahead=self.scenario.days_ahead,
                delay=self.scenario.delay,
            )
        protocol = self.scenario.protocol(service)
        return partial(SESSIONS[protocol], settings=settings) if protocol in SESSIONS else None


def _account(scenario: Scenario) -> Account:
    """The account of *scenario*. Without a name of its own, its name is the address, in both forms of the domain."""
    local_part = scenario.address.rpartition("@")[0]
    names = [scenario.account_name] if scenario.account_name else [scenario.address, f"{local_part}@{scenario.domain}"]
    return Account(names, PASSWORD, scenario.login, beside=filter(None, [scenario.other_mailbox]))
