"""Microsoft's Autodiscover ([MS-OXDSCLI], [MS-OXDISCO]) as far as it goes without credentials.

Exchange itself tells a stranger nothing but that it is there; mail hosters that imitate it often
publish IMAP, POP3 and SMTP in the same form and ask for no password. No credentials are ever sent from here.
"""

from __future__ import annotations

import urllib.parse

import msgspec

from diagnose.discovery.autoconfig import STAND_IN, login_name
from diagnose.discovery.configuration import fetch_configuration
from diagnose.discovery.document import MOST_SERVERS, DocumentError, parse, words
from diagnose.discovery.facts import Login, SourceResult
from diagnose.discovery.naming import host_name, in_order, owner, port_number
from diagnose.discovery.provider import certain
from diagnose.model.deadline import Deadline
from diagnose.model.protocols import PROTOCOLS, Protocol, TlsMode
from diagnose.model.targets import Service
from diagnose.network import Network, srv_records
from diagnose.process.first_use import decode

_PROTOCOLS: dict[str, Protocol] = {one.autodiscover: one for one in PROTOCOLS if one.autodiscover is not None}
_STARTTLS_PORTS = frozenset(port.number for one in _PROTOCOLS.values() for port in one.ports if port.tls == "starttls")


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """Autodiscover V2: one URL."""

    url: str = ""


def own_hosts(domain: str) -> tuple[str, ...]:
    """Where a domain is expected to answer, best place first."""
    return (f"autodiscover.{domain}", domain)


def url_at(host: str) -> str:
    """The address of the service at *host* (with port, where it is not 443)."""
    return f"https://{host}/autodiscover/autodiscover.xml"


def srv_name(domain: str) -> str:
    """The SRV name of the service ([MS-OXDISCO] §3.1.5.3)."""
    return f"_autodiscover._tcp.{domain}"


def ask_srv(domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Ask at the place that the SRV record names."""
    asked = f"SRV {srv_name(domain)}"
    answer = network.resolver.query(srv_name(domain), "SRV", deadline)
    for record in srv_records(answer):
        host = host_name(record.target)
        if host is not None and host not in own_hosts(domain):
            return ask(host if record.port == 443 else f"{host}:{record.port}", domain, network, deadline)
    return SourceResult(
        source="autodiscover", status="nothing" if certain(answer) else "failed", asked=asked, text=answer.text
    )


def ask(host: str, domain: str, network: Network, deadline: Deadline) -> SourceResult:
    """Fetch and read what *host* gives without credentials."""
    url = url_at(host)
    page = fetch_configuration(url, network, deadline)
    if page.status == "found":
        return read(page.body, domain, url)
    text = page.text
    if page.code == 401:
        service = _service_url(host, domain, network, deadline)
        text = "asks for credentials, as Exchange does" + (f"; its service is at {service}" if service else "")
    return SourceResult(source="autodiscover", status=page.status, asked=url, text=text)


def _service_url(host: str, domain: str, network: Network, deadline: Deadline) -> str | None:
    """Autodiscover V2 names the URL of a service without credentials, though never IMAP, POP3 or SMTP."""
    query = urllib.parse.urlencode({"Email": f"{STAND_IN}@{domain}", "Protocol": "AutodiscoverV1"})
    page = fetch_configuration(f"https://{host}/autodiscover/autodiscover.json?{query}", network, deadline)
    try:
        return decode(page.body, _Answer).url or None
    except msgspec.DecodeError:
        return None


def read(body: str, domain: str, url: str) -> SourceResult:
    """What a response document says ([MS-OXDSCLI] §2.2.4). Servers without TLS are noted, never used."""
    try:
        response = parse(body, "Autodiscover")
    except DocumentError as error:
        meant = "<Autodiscover" in body
        return SourceResult(source="autodiscover", status="failed" if meant else "nothing", asked=url, text=str(error))
    services: list[Service] = []
    logins: list[Login] = []
    unencrypted: list[str] = []
    for entry in response.findall(".//{*}Protocol")[:MOST_SERVERS]:
        protocol = _PROTOCOLS.get(words(entry, "Type").lower())
        host = host_name(words(entry, "Server"))
        if protocol is None or host is None:
            continue
        port = port_number(words(entry, "Port") or protocol.ports[0].number)
        if port is None:
            continue
        tls = encryption(words(entry, "Encryption"), words(entry, "SSL"), port)
        if tls == "none":
            unencrypted.append(f"{host}:{port}")
            continue
        services.append(Service(protocol=protocol.name, host=host, port=port, tls=tls, source="autodiscover"))
        name = login_name(words(entry, "LoginName"), domain)
        logins.append(Login(protocol=protocol.name, host=host, port=port, username=name))
    message = " ".join(e.text or "" for e in response.findall(".//{*}Error/{*}Message")[:1])
    return SourceResult(
        source="autodiscover",
        status="found" if services else "nothing",
        asked=url,
        services=in_order(services),
        provider=owner(services),
        logins=tuple(logins),
        unencrypted=tuple(unencrypted),
        text="" if services else message or "names no server that could be used",
    )


def encryption(method: str, ssl: str, port: int) -> TlsMode:
    """The TLS mode by the Encryption element, which overrules SSL; SSL is on where absent.

    ``on`` says only that there is TLS; on a port registered for STARTTLS it is that.
    """
    match method.lower(), ssl.lower():
        case ("ssl", _):
            return "implicit"
        case ("tls", _):
            return "starttls"
        case ("none", _) | ("", "off"):
            return "none"
        case _:
            return "starttls" if port in _STARTTLS_PORTS else "implicit"
