"""One name is one domain wherever it is read: by IDNA 2008, in which ß is a letter of its own, and never by IDNA 2003.

Python's own codec, which sockets and TLS use, and dnspython's would read straße.example as strasse.example, another
owner's domain.
"""

from __future__ import annotations

import ast
import encodings.idna
import json
import socket
import ssl
from pathlib import Path

import dns.name
import pytest
import trustme

from checks.address.spelling import close_domains
from checks.tls.certificates import name_matches
from checks.web.set_cookie import refusal
from diagnose import providers
from diagnose.account.spelling import account_name
from diagnose.account.subject import parse_subject
from diagnose.cli.server_parameters import ServiceUrl
from diagnose.discovery import autoconfig, autodiscover, naming
from diagnose.har.reader import read_har
from diagnose.har.secrets import Secrets
from diagnose.har.urls import clean_url
from diagnose.model import Deadline
from diagnose.model.domains import a_labels, ascii_name, ascii_url, u_labels
from diagnose.model.protocols import BY_NAME, PAGE
from diagnose.network import Cookie, Network, Stream
from diagnose.network.owner import registered
from diagnose.network.proxies import parse_proxy
from diagnose.network.resolver import Resolver
from diagnose.network.vantage import Vantage
from tests.core.loopback import tcp
from tests.discovery.nameserver import ScriptedNameserver
from tests.pace import patient
from tests.support.site import Site
from tests.support.sources import all_modules

NAMES = [
    ("straße.example", "xn--strae-oqa.example"),
    ("Straße.Example", "xn--strae-oqa.example"),
    ("βόλος.example", "xn--nxasmm1c.example"),  # final sigma
    ("例子.公司.cn", "xn--fsqu00a.xn--55qx5d.cn"),
    ("例子。公司。cn", "xn--fsqu00a.xn--55qx5d.cn"),
    ("mañana.example", "xn--maana-pta.example"),
]


@pytest.fixture(autouse=True)
def _no_idna_2003(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would read a name by it is found out."""

    def found_out(label: str) -> bytes:
        raise AssertionError(f"read by IDNA 2003: {label}")

    monkeypatch.setattr(encodings.idna, "ToASCII", found_out)
    monkeypatch.setattr(encodings.idna, "nameprep", found_out)


@pytest.mark.parametrize(("written", "labels"), NAMES)
def test_one_name_is_one_domain_in_every_room(written: str, labels: str, tmp_path: Path) -> None:
    """What a person types, what options, discovery and redirects name, what a browser recorded, whose it is."""
    xml = (
        f"<clientConfig><incomingServer type='imap'><hostname>{written}</hostname><port>993</port>"
        f"<socketType>SSL</socketType></incomingServer><webMail><loginPage url='https://{written}/x'/></webMail>"
        "</clientConfig>"
    )
    pox = (
        f"<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>{written}</Server></Protocol></Account>"
        "</Response></Autodiscover>"
    )
    page = naming.service_at(f"https://{written}:8443/a?b#c", "provider")
    option = ServiceUrl(PAGE).convert(f"https://{written}/{written}", None, None)
    file = tmp_path / "x.har"
    request = {"method": "GET", "url": f"https://{written}/login", "headers": []}
    entry = {
        "startedDateTime": "2026-11-22T10:00:00Z",
        "request": request,
        "response": {"status": 200},
        "_resourceType": "document",
    }
    file.write_text(json.dumps({"log": {"entries": [entry]}}))

    assert parse_subject(f"alice@{written}").domain == labels
    assert parse_subject(written).domain == labels
    assert account_name(f"alice@{written}") == f"alice@{labels}"
    assert ServiceUrl(BY_NAME["imap"]).convert(f"imaps://{written}", None, None).host == labels
    assert (option.host, option.url) == (labels, f"https://{labels}/{written}")
    assert page is not None
    assert (page.host, page.url) == (labels, f"https://{labels}:8443/a?b#c")
    assert {s.host for s in autoconfig.read(xml, "corp.example", "").services} == {labels}
    assert [s.host for s in autodiscover.read(pox, "corp.example", "").services] == [labels]
    assert clean_url(f"https://{written}/login", Secrets()) == f"https://{labels}/login"
    assert read_har(file, Deadline(patient(5))).facts.exchanges[0].url == f"https://{labels}/login"
    assert registered(f"mail.{written}") == registered(labels)
    proxy = parse_proxy(f"http://{written}:3128", "http_proxy", (f".{written}",))
    assert proxy is not None
    assert proxy.host == labels
    assert not proxy.covers(f"mail.{labels}")
    assert not proxy.covers(f"mail.{written}")
    assert name_matches(a_labels(written), (labels,))
    assert name_matches(f"mail.{a_labels(written)}", (f"*.{labels}",))
    assert refusal(Cookie(name="a", attributes=(f"Domain={written}",)), f"https://mail.{labels}/") is None
    assert close_domains(a_labels(written), [labels[:-1]]) == (labels[:-1],)
    assert a_labels(u_labels(labels)) == labels


@pytest.mark.parametrize(("written", "labels"), NAMES)
def test_a_name_is_looked_up_as_itself(written: str, labels: str) -> None:
    """By DNS, and by this computer's own look-up."""
    asked: list[str] = []

    class Computer(Vantage, frozen=True, kw_only=True):
        def look_up(self, host: str) -> tuple[str, ...]:
            asked.append(host)
            return ("192.0.2.2",)

    server = ScriptedNameserver({(labels, "A"): ["192.0.2.1"]})
    try:
        network = Network(vantage=Computer())
        found = network.system_lookup(written, Deadline(patient(5)))
        answer = Resolver(server.address).query(written, "A", Deadline(patient(5)))
    finally:
        server.close()

    assert (asked, found.addresses) == ([labels], ("192.0.2.2",))
    assert (answer.name, answer.records) == (labels, ("192.0.2.1",))


@pytest.mark.parametrize("location", ["http://straße.example:{port}/", "//straße.example:{port}/"])
def test_a_redirect_leads_to_the_name_it_names(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent as UTF-8, as servers send it that do not know better."""
    connected: list[str] = []

    def talk(conversation: socket.socket) -> None:
        conversation.recv(65536)
        port = conversation.getsockname()[1]
        head = (
            f"HTTP/1.1 302 Found\r\nLocation: {location.format(port=port)}"
            if len(connected) == 1
            else "HTTP/1.1 200 OK"
        )
        conversation.sendall(f"{head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    network = Network()
    loopback = network.connect

    def connect(host: str, port: int, deadline: Deadline) -> Stream:
        connected.append(host)
        return loopback("127.0.0.1", port, deadline)

    monkeypatch.setattr(network, "connect", connect)
    with tcp(talk) as port:
        exchange = network.fetch(f"http://mañana.example:{port}/", Deadline(patient(5)))

    assert connected == ["xn--maana-pta.example", "xn--strae-oqa.example"]
    assert exchange.last.url == f"http://xn--strae-oqa.example:{port}/"


@pytest.mark.parametrize(("named", "holds"), [("xn--strae-oqa.example", True), ("strasse.example", False)])
def test_a_certificate_is_for_the_name_it_names(named: str, *, holds: bool) -> None:
    """The handshake asks for the server's own name."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(named).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    with Site("127.0.0.1", ssl_context=server) as site:
        stream = Network().connect("127.0.0.1", site.port, Deadline(patient(5)))
        try:
            if holds:
                stream.start_tls(client, "straße.example")
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    stream.start_tls(client, "straße.example")
        finally:
            stream.abort()

    assert asked == ["xn--strae-oqa.example"]


@pytest.mark.parametrize(
    "url",
    [
        "https://mail.corp.example/straße",
        "https://[2001:db8::1]:8443/",
        "https://[::1",
        "no url",
        "https://" + "ß" * 64 + ".example/",
        "https://ß ß.example/",
        "mailto:alice@straße.example",
        "",
    ],
)
def test_what_is_no_such_name_stays_as_it_is(url: str) -> None:
    assert ascii_url(url) == url


def test_user_and_port_of_a_url_stay() -> None:
    assert ascii_url("http://a:b@straße.example:81/ß") == "http://a:b@xn--strae-oqa.example:81/ß"


@pytest.mark.parametrize("word", ["", "-ß", "ß" * 64, "a b ß", "*.ß", "xn--ß"])
def test_what_is_no_name_stays_as_it_is(word: str) -> None:
    assert ascii_name(word) == word


def test_a_provider_is_known_by_either_form(monkeypatch: pytest.MonkeyPatch) -> None:
    known = providers.recognition._index()
    monkeypatch.setattr(
        providers.recognition, "_index", lambda: type(known)(**{
            **{name: getattr(known, name) for name in known.__struct_fields__},
            "domains": {**known.domains, "xn--strae-oqa.example": "google"},
        })
    )  # fmt: skip

    assert providers.by_domain("straße.example") == "google"
    assert providers.by_domain("strasse.example") is None


def test_no_code_of_ours_reads_names_by_another_rule() -> None:
    """Not by the codec, nor by dnspython's default; and by the library in one place alone."""
    assert str(dns.name.from_text("x.example").to_unicode()) == "x.example."
    wrong = []
    for source in all_modules():
        for node in source.nodes if "idna" in source.text else ():
            words = [a.value for a in node.args if isinstance(a, ast.Constant)] if isinstance(node, ast.Call) else []
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if "idna" in words or "idna" in named:
                wrong.append(source.name)
    assert set(wrong) == {"diagnose/model/domains.py"}
