"""Plain clients that find an estate's servers as a mail program does: SRV, address, verified TLS."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import socket
import ssl
from typing import Any, Literal

import dns.message
import dns.query
import dns.resolver
import requests
import urllib3

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import ServiceName

PATIENCE = 60.0


def nameserver(estate: Estate) -> tuple[str, int]:
    host, _, port = estate.resolver.rpartition(":")
    return host, int(port)


def ask(
    estate: Estate, name: str, kind: str, *, tcp: bool = False, flags: int = 0, edns: int = 0, payload: int = 1232
) -> dns.message.Message:
    """The nameserver's reply as it came."""
    query = dns.message.make_query(name, kind, use_edns=edns, payload=payload)
    query.flags |= flags
    host, port = nameserver(estate)
    over = dns.query.tcp if tcp else dns.query.udp
    return over(query, host, timeout=PATIENCE, port=port)


def resolver(estate: Estate) -> dns.resolver.Resolver:
    host, port = nameserver(estate)
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port, made.lifetime = [host], port, PATIENCE
    return made


def trust(estate: Estate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(estate.ca_file))


def find(estate: Estate, service: ServiceName) -> tuple[str, int]:
    """Host and port of *service* by its best SRV record."""
    records = resolver(estate).resolve(f"_{service}._tcp.{estate.scenario.domain}", "SRV")
    record = min(records, key=lambda one: one.priority)
    return record.target.to_text(omit_final_dot=True), record.port


def address(estate: Estate, host: str) -> str:
    kind: Literal["A", "AAAA"] = "AAAA" if estate.scenario.family == "ipv6" else "A"
    return str(resolver(estate).resolve(host, kind)[0])


def connect(estate: Estate, service: ServiceName, *, tls: bool | None = None) -> socket.socket:
    """A connection to *service*; TLS as its name says unless told otherwise. Raises OSError."""
    host, port = find(estate, service)
    plain = socket.create_connection((address(estate, host), port), PATIENCE)
    if not (service in {"imaps", "pop3s", "submissions"} if tls is None else tls):
        return plain
    try:
        return trust(estate).wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


class Imap(imaplib.IMAP4):
    def __init__(self, estate: Estate, service: ServiceName = "imaps") -> None:
        self._estate, self._service = estate, service
        super().__init__(find(estate, service)[0])
        if service == "imap":
            self.starttls(trust(estate))

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return connect(self._estate, self._service)


class Pop3(poplib.POP3):
    def __init__(self, estate: Estate, service: ServiceName = "pop3s") -> None:
        self._estate, self._service = estate, service
        super().__init__(find(estate, service)[0])
        if service == "pop3":
            self.stls(trust(estate))

    def _create_socket(self, timeout: float) -> socket.socket:
        return connect(self._estate, self._service)


class Smtp(smtplib.SMTP):
    def __init__(self, estate: Estate, service: ServiceName = "submissions") -> None:
        self._estate, self._service = estate, service
        super().__init__(find(estate, service)[0], local_hostname="localhost")
        if service == "submission":
            self.starttls(context=trust(estate))
        self.ehlo()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(self._estate, self._service)


class _AtLoopback(requests.adapters.HTTPAdapter):
    """Connects to 127.0.0.1 and still expects the name in the URL on the certificate."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, server_hostname=self._host, assert_hostname=self._host, **options)


def browse(estate: Estate, method: str = "GET") -> requests.Response:
    """The webmail page, no redirect followed."""
    assert estate.webmail_url is not None
    url = urllib3.util.parse_url(estate.webmail_url)
    assert url.host is not None
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _AtLoopback(url.host))
        return session.request(
            method,
            f"https://{address(estate, url.host)}:{url.port}/",
            headers={"Host": url.host},
            verify=str(estate.ca_file),
            allow_redirects=False,
            timeout=PATIENCE,
        )
