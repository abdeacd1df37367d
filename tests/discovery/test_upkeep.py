"""What DNS, SRV and autoconfig say today against a provider's file."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
import trustme

from diagnose.discovery.facts import SourceResult
from diagnose.discovery.upkeep import Answers, AskedDomain, AskedHost, ask, differences
from diagnose.model import Deadline, Service
from diagnose.network import DnsAnswer, Nameserver
from diagnose.network.resolver import DnsStatus
from diagnose.providers.schema import Provider, Server, Words
from tests.machine import need
from tests.pace import patient

from .loopback import LoopbackNetwork

IMAP = Server(protocol="imap", host="imap.corp.example", port=993, tls="implicit")
SMTP = Server(protocol="smtp", host="smtp.corp.example", port=587, tls="starttls")
OLD = Server(protocol="imap", host="old.corp.example", port=993, tls="implicit", edition="older name")
KNOWN = Provider(
    id="corp", names=Words(en="Corp"), domains=("corp.example",), mx=("mx.corp.example",), servers=(IMAP, SMTP, OLD)
)


def mx(*hosts: str, status: DnsStatus = "answered") -> DnsAnswer:
    records = tuple(f"{10 * number} {host}." for number, host in enumerate(hosts))
    return DnsAnswer(name="corp.example", record_type="MX", status=status, records=records)


def kinds(known: Provider, answer: DnsAnswer) -> list[str]:
    answers = Answers(domains=(AskedDomain(domain="corp.example", mx=answer),))
    return [one.kind for one in differences(known, answers)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (mx("mx.corp.example"), []),
        (mx("a.mx.corp.example"), []),
        (mx("filter.example", "mx.corp.example"), []),
        (mx("mx.corp.example.evil.example"), ["unknown-mx"]),
        (mx("xmx.corp.example"), ["unknown-mx"]),
        (mx("elsewhere.example"), ["unknown-mx"]),
        (mx("aspmx.l.google.com"), ["other-mx"]),
        (mx("mxbiz1.qq.com", "mx.corp.example"), ["other-mx"]),
        (mx("corp-example.mail.protection.outlook.com"), ["other-mx"]),
        (mx(""), ["no-mx"]),
        (mx(status="no_data"), ["no-mx"]),
        (mx(status="name_not_found"), ["no-domain"]),
        (mx(status="timed_out"), ["not-found-out"]),
        (mx(status="server_failure"), ["not-found-out"]),
    ],
)
def test_who_takes_the_mail(answer: DnsAnswer, expected: list[str]) -> None:
    assert kinds(KNOWN, answer) == expected


def test_a_file_without_mx_is_held_against_nothing() -> None:
    bare = Provider(id="corp", names=Words(en="Corp"), domains=("corp.example",))

    assert kinds(bare, mx("elsewhere.example")) == []
    assert kinds(bare, mx("aspmx.l.google.com")) == ["other-mx"]


def named(*services: tuple[str, str, int, str]) -> SourceResult:
    return SourceResult(
        source="srv",
        status="found",
        asked="SRV",
        services=tuple(
            Service(protocol=protocol, host=host, port=port, tls=tls, source="srv")  # type: ignore[arg-type]  # plain words
            for protocol, host, port, tls in services
        ),
    )


@pytest.mark.parametrize(
    ("service", "differs"),
    [
        (("imap", "imap.corp.example", 993, "implicit"), False),
        (("imap", "old.corp.example", 993, "implicit"), False),
        (("smtp", "smtp.corp.example", 587, "starttls"), False),
        (("imap", "imap.corp.example", 143, "starttls"), True),
        (("imap", "imap2.corp.example", 993, "implicit"), True),
        (("smtp", "smtp.corp.example", 465, "implicit"), True),
        (("pop3", "imap.corp.example", 995, "implicit"), True),
    ],
)
def test_servers_that_a_source_names(service: tuple[str, str, int, str], differs: bool) -> None:
    asked = AskedDomain(domain="corp.example", mx=mx("mx.corp.example"), sources=(named(service),))
    found = list(differences(KNOWN, Answers(domains=(asked,))))

    assert [one.kind for one in found] == ["other-servers"] * differs
    assert all(one.today == (f"{service[0]} {service[1]}:{service[2]} {service[3]}",) for one in found)


def test_a_source_that_names_nothing_says_nothing_and_one_that_failed_is_told() -> None:
    quiet = SourceResult(source="srv", status="nothing", asked="SRV")
    failed = SourceResult(source="srv", status="failed", asked="SRV", text="timed out")
    unfetched = SourceResult(source="autoconfig", status="failed", asked="https://autoconfig.corp.example/")
    asked = AskedDomain(domain="corp.example", mx=mx("mx.corp.example"), sources=(quiet, failed, unfetched))

    assert [one.kind for one in differences(KNOWN, Answers(domains=(asked,)))] == ["not-found-out"]


def test_hosts() -> None:
    hosts = (
        AskedHost(host="imap.corp.example", found=True),
        AskedHost(host="smtp.corp.example", found=False),
        AskedHost(host="old.corp.example", found=None),
    )

    assert [(one.kind, one.name) for one in differences(KNOWN, Answers(hosts=hosts))] == [
        ("no-host", "smtp.corp.example"),
        ("not-found-out", "old.corp.example"),
    ]


ZONE = """\
$ORIGIN corp.example.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
@ MX 10 mx
@ A 127.0.0.1
ns A 127.0.0.1
mx A 127.0.0.1
imap A 127.0.0.1
smtp A 127.0.0.1
autoconfig A 127.0.0.1
_imaps._tcp SRV 0 1 993 imap
_submission._tcp SRV 0 1 587 submit
"""
KNOT = """\
server:
  rundir: {folder}
  listen: 127.0.0.1@{port}
  tcp-workers: 1
  udp-workers: 1
  background-workers: 1
database:
  storage: {folder}/db
zone:
  - domain: corp.example
    storage: {folder}
    file: corp.zone
    zonefile-sync: -1
    journal-content: none
"""
NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/web.pem;
    ssl_certificate_key {folder}/web.pem;
    default_type text/xml;
    location = /mail/config-v1.1.xml {{ alias {folder}/config.xml; }}
    location / {{ return 404; }}
  }}
}}
"""
CONFIG = """\
<clientConfig version="1.1"><emailProvider id="corp.example"><domain>corp.example</domain>
<incomingServer type="imap"><hostname>imap.corp.example</hostname><port>993</port><socketType>SSL</socketType>
</incomingServer>
<incomingServer type="pop3"><hostname>pop.corp.example</hostname><port>995</port><socketType>SSL</socketType>
</incomingServer></emailProvider></clientConfig>
"""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        dns.query.udp(dns.message.make_query("corp.example", "SOA"), "127.0.0.1", port=port, timeout=0.5)
    except (OSError, dns.exception.DNSException):
        return False
    return True


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


@contextlib.contextmanager
def running(*argv: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    program = subprocess.Popen(list(map(str, argv)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield program
    finally:
        program.terminate()
        program.wait()


def test_with_a_real_name_server_and_a_real_web_server(tmp_path: Path, ca: trustme.CA, ca_file: Path) -> None:
    """DNS names another submission server, the configuration file one more server, and one host has gone."""
    need(knotd="knot", nginx="nginx-light")
    name_port, web_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    (tmp_path / "corp.zone").write_text(ZONE)
    (tmp_path / "config.xml").write_text(CONFIG)
    certificate = ca.issue_cert("autoconfig.corp.example", "corp.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "web.pem")
    for name, text, port in (("knot.conf", KNOT, name_port), ("nginx.conf", NGINX, web_port)):
        (tmp_path / name).write_text(text.format(folder=tmp_path, port=port))
    knot = ("knotd", "-c", tmp_path / "knot.conf")
    nginx = ("nginx", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "nginx.log")

    with running(*knot) as name_server, running(*nginx) as web_server:
        end = time.monotonic() + patient(60)
        while not (answers(name_port) and listens(web_port)):
            assert (name_server.poll(), web_server.poll()) == (None, None)
            assert time.monotonic() < end
            time.sleep(0.02)
        ports = {("autoconfig.corp.example", 443): web_port}
        with contextlib.closing(LoopbackNetwork(Nameserver("127.0.0.1", name_port), ca_file, ports)) as network:
            found = list(differences(KNOWN, ask(KNOWN, network, Deadline(patient(60)))))

    assert [(one.kind, one.name, one.today) for one in found] == [
        ("other-servers", "corp.example", ("smtp submit.corp.example:587 starttls",)),
        ("other-servers", "corp.example", ("pop3 pop.corp.example:995 implicit",)),
        ("no-host", "old.corp.example", ()),
    ]
    assert [one.here for one in found[:2]] == [("smtp smtp.corp.example:587 starttls",), ()]
