"""A webmail host on loopback with pages as a test wants them: HTTPS, an authority of its own, and a name server."""

from __future__ import annotations

import contextlib
import http.server
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from dnslib import DNSRecord

from diagnose.account.person import Consent, Person
from diagnose.discovery import DiscoveryOptions
from diagnose.lab.authority import Authority
from diagnose.lab.listener import Listener
from diagnose.lab.nameserver import DnsServer
from diagnose.lab.zone import Zone
from diagnose.model import Service, Subject
from diagnose.model.browsing import Browsing
from diagnose.model.report import Report, ReportCheck
from diagnose.network import Nameserver
from diagnose.planning.selection import Selection
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import NetworkOptions, Request

DOMAIN = "corp.example"
HOST = f"webmail.{DOMAIN}"
FORM = '<form method="post"><input name="user" autocomplete="username"><input type="password" name="pass"></form>'
NONE: Mapping[str, str] = {}
Answer = Callable[["Visitor"], None]


class Visitor(http.server.BaseHTTPRequestHandler):
    """One connection of a browser or of the tool."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, connection: socket.socket, address: tuple[str, int], listener: Listener, *, site: Site) -> None:
        self.site = site
        super().__init__(connection, address, listener)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.site.asked.append((self.headers["Host"].partition(":")[0], path))
        self.site.pages.get(path, missing)(self)

    def do_POST(self) -> None:
        self.site.posted += 1
        missing(self)

    def say(
        self, body: str, *, status: int = 200, kind: str = "text/html; charset=utf-8", headers: Mapping[str, str] = NONE
    ) -> None:
        """Answer with *body*."""
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def page(body: str, headers: Mapping[str, str] = NONE) -> Answer:
    """An HTML page."""
    return lambda visitor: visitor.say(f"<!DOCTYPE html><title>Webmail</title>{body}", headers=headers)


def script(text: str) -> Answer:
    """A JavaScript file."""
    return lambda visitor: visitor.say(text, kind="text/javascript")


def redirect(location: str) -> Answer:
    """A redirect, 302."""
    return lambda visitor: visitor.say("", status=302, headers={"Location": location})


def missing(visitor: Visitor) -> None:
    """There is no such page."""
    visitor.say("", status=404)


@contextlib.contextmanager
def name_server(*hosts: str, asked: set[str] | None = None) -> Iterator[Nameserver]:
    """A name server that has *hosts* on loopback and keeps in *asked* what it is asked for."""
    sets: dict[str, tuple[str, ...]] = {"@ SOA": ("ns postmaster 1 3600 600 86400 60",), "@ NS": ("ns",)}
    sets |= {f"{host}. A": ("127.0.0.1",) for host in hosts}
    zone = Zone(DOMAIN, sets, "answers")

    def respond(packet: bytes, limited: bool) -> bytes | None:
        if asked is not None:
            asked.add(str(DNSRecord.parse(packet).q.qname).rstrip("."))
        return zone.respond(packet, limited)

    with DnsServer(respond, "127.0.0.1") as serving:
        yield Nameserver("127.0.0.1", serving.port)


def request(
    url: str,
    resolver: Nameserver,
    ca_file: Path,
    *,
    only: tuple[str, ...] = ("web", "browser", "seen"),
    clean_run: bool = True,
    third_party: bool = True,
    seen: tuple[str, ...] = (),
    **more: Any,
) -> Request:
    """To diagnose the webmail page at *url*, without any mail server."""
    place = url.removeprefix("https://").partition("/")[0]
    host, _, port = place.partition(":")
    webmail = Service(protocol="webmail", host=host, port=int(port), tls="implicit", source="option", url=url)
    return Request(
        subject=Subject(domain=DOMAIN),
        discovery=DiscoveryOptions(services=(webmail,), third_party=third_party),
        network=NetworkOptions(nameserver=resolver, ca_file=ca_file),
        selection=Selection(only=only),
        person=Person(browsing=Browsing(clean_run=clean_run), seen=seen),
        consent=Consent(login=False),
        **more,
    )


class Site:
    """The host, from entering the context to leaving it."""

    def __init__(self, pages: Mapping[str, Answer], *others: str) -> None:
        """*others*: further hosts that are in the DNS, at the same server, which has no certificate for them."""
        self.pages = dict(pages)
        self.asked: list[tuple[str, str]] = []
        """Host and path of every request."""
        self.looked_up: set[str] = set()
        """The names that were asked for in the DNS."""
        self.posted = 0
        self._others = others

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            authority = Authority()
            self.ca_file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="site-")), "ca.pem")
            authority.write_root(self.ca_file)
            context = authority.server_context("good", HOST)
            self._listener = stack.enter_context(Listener(partial(Visitor, site=self), "127.0.0.1", tls=context))
            self.resolver = stack.enter_context(name_server(HOST, *self._others, asked=self.looked_up))
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()
        assert self._listener.crashes == []

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/"

    def diagnosed(self, **more: Any) -> Report:
        """The report of a run."""
        return diagnose(request(self.url, self.resolver, self.ca_file, **more)).report


def check(report: Report, name: str) -> ReportCheck:
    """The one check of *report* whose id begins with *name*."""
    (found,) = (one for one in report.checks if one.id == name or one.id.startswith(f"{name}."))
    return found
