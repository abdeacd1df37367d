"""Thunderbird-style configuration files: on the domain's own hosts, then in the public database.

The format is that of draft-ietf-mailmaint-autoconfig and its predecessors (clientConfig 1.1).
Only verified HTTPS counts: a file fetched in clear could name an attacker's server.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from diagnose.discovery.configuration import fetch_configuration
from diagnose.discovery.document import MOST_SERVERS, DocumentError, parse, words
from diagnose.discovery.facts import Login, LoginName, SourceResult
from diagnose.discovery.naming import host_name, in_order, owner, port_number, service_at
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import PROTOCOLS, Protocol, TlsMode
from diagnose.model.targets import Service
from diagnose.network import Network, in_background, mx_records
from diagnose.network.owner import registered

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

DATABASE_HOST = "autoconfig.thunderbird.net"
DATABASE = f"https://{DATABASE_HOST}/v1.1/"
DATABASE_BY_MX = f"{DATABASE} by MX"
STAND_IN = "postmaster"
"""Sent in place of the real local part. The query exists for servers that answer each mailbox differently.
A web server's log would keep who has trouble logging in, before anything is verified. This mailbox exists
in every domain (RFC 5321 §4.5.1), so a server that looks the address up still answers."""
MOST_DATABASE_NAMES = 3

_PROTOCOLS: dict[str, Protocol] = {one.autoconfig: one for one in PROTOCOLS if one.autoconfig is not None}
_TLS: dict[str, TlsMode] = {"ssl": "implicit", "tls": "implicit", "starttls": "starttls", "plain": "none"}
_NAMES: dict[str, LoginName] = {
    "%emailaddress%": "full-address",
    "%emaillocalpart%@%emaildomain%": "full-address",
    "%emaillocalpart%": "local-part",
}


def own_urls(domain: str) -> tuple[str, ...]:
    """Where a domain publishes its own file, best place first."""
    query = urllib.parse.urlencode({"emailaddress": f"{STAND_IN}@{domain}"})
    return (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml?{query}",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def ask(url: str, domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Fetch and read the file at *url*."""
    page = fetch_configuration(url, network, deadline)
    if page.status == "found":
        return read(page.body, domain, url)
    return SourceResult(source="autoconfig", status=page.status, asked=url, text=page.text)


def ask_database(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Look the domain up in the public database, unless DNS knows no such name."""
    if network.resolver.query(domain, "MX", deadline).status == "name_not_found":
        return SourceResult(source="autoconfig", status="not_asked", asked=DATABASE + domain, text="no such domain")
    return ask(DATABASE + domain, domain, network, deadline)


def ask_database_by_mx(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Look up who takes the domain's mail: the parents of the first MX host, the longest name that is known."""
    hosts = [mx.exchange for mx in mx_records(network.resolver.query(domain, "MX", deadline)) if mx.exchange]
    asking = [
        in_background(lambda name=name: ask(DATABASE + name, domain, network, deadline), f"autoconfig of {name}")  # type: ignore[misc]  # mypy infers no lambda defaults
        for name in (parents(hosts[0], domain) if hosts else ())
    ]
    results = [one.result() for one in asking] or [
        SourceResult(source="autoconfig", status="not_asked", asked=DATABASE_BY_MX, text="no MX of another domain")
    ]
    return next((result for result in results if result.status == "found"), results[-1])


def parents(mx_host: str, domain: str) -> tuple[str, ...]:
    """Names under which a database may know the operator of *mx_host*: the shortest three, longest first.

    The shortest is the registered domain. What belongs to the domain itself says nothing new.
    """
    labels = mx_host.split(".")
    top = len(labels) - registered(mx_host).count(".")
    names = [".".join(labels[start:]) for start in range(1, top)][-MOST_DATABASE_NAMES:]
    return tuple(name for name in names if not f".{domain}".endswith(f".{name}"))


def read(body: str, domain: str, url: str) -> SourceResult:
    """What the file says. Servers without TLS are noted, never used."""
    try:
        config = parse(body, "clientConfig")
    except DocumentError as error:
        meant = "<clientConfig" in body  # many sites answer every address with their start page
        return SourceResult(source="autoconfig", status="failed" if meant else "nothing", asked=url, text=str(error))
    services: list[Service] = []
    logins: list[Login] = []
    unencrypted: list[str] = []
    for server in _servers(config):
        protocol = _PROTOCOLS[server.get("type", "").lower()]
        host = host_name(words(server, "hostname").replace("%EMAILDOMAIN%", domain))
        port = port_number(words(server, "port"))
        tls = _TLS.get(words(server, "socketType").lower())
        if host is None or port is None or tls is None:
            continue
        if tls == "none":
            unencrypted.append(f"{host}:{port}")
            continue
        services.append(Service(protocol=protocol.name, host=host, port=port, tls=tls, source="autoconfig"))
        logins.append(
            Login(
                protocol=protocol.name,
                host=host,
                port=port,
                username=login_name(words(server, "username"), domain),
                authentication=tuple((one.text or "").strip()[:40] for one in server.findall("{*}authentication")[:5]),
            )
        )
    mail = in_order(services)
    page = _login_page(config, domain)
    return SourceResult(
        source="autoconfig",
        status="found" if mail or page else "nothing",
        asked=url,
        services=(*mail, page) if page else mail,
        provider=owner(mail),
        logins=tuple(logins),
        unencrypted=tuple(unencrypted),
        text="" if mail else "names no server that could be used",
    )


def login_name(written: str, domain: str) -> LoginName | None:
    """Which form of user name *written* stands for; None for an empty text."""
    if not written:
        return None
    plain = written.lower()
    plain = {f"{STAND_IN}@{domain}": "%emailaddress%", STAND_IN: "%emaillocalpart%"}.get(plain, plain)
    plain = plain.replace(f"@{domain}", "@%emaildomain%")
    return _NAMES.get(plain, "other")


def _servers(config: ET.Element) -> list[ET.Element]:
    """Whatever the element is called: those beside incomingServer and outgoingServer differ from draft to draft."""
    return [e for e in config.iter() if e.get("type", "").lower() in _PROTOCOLS][:MOST_SERVERS]


def _login_page(config: ET.Element, domain: str) -> Service | None:
    found = config.find(".//{*}webMail/{*}loginPage")
    url = found.get("url", "") if found is not None else ""
    url = url.replace("%EMAILDOMAIN%", domain)
    return None if "%EMAIL" in url else service_at(url, "autoconfig")
