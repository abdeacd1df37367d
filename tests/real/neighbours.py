"""What may stand between a computer and the estate: a network's sign-in page, a lying resolver, a proxy, a bad line.

Their sockets and programs are in the estate's server namespace, at addresses of their own.
"""

from __future__ import annotations

import contextlib
import http.server
import shutil
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_interface
from pathlib import Path

import dns.message
import dns.rdatatype
import dns.rrset
import trustme

from .estate import Estate
from .estate.daemon import Daemon
from .estate.namespaces import LINK, Namespace

PORTAL_NAME = "login.guest-wifi.net"


@contextlib.contextmanager
def address_beside(estate: Estate, last: int) -> Iterator[str]:
    """Meanwhile the server namespace has one more IPv4 address, which ends in *last*."""
    address = ip_interface(f"{estate.plan.client[0].network[last]}/{estate.plan.client[0].network.prefixlen}")
    estate.server.run("ip", "address", "add", str(address), "dev", LINK)
    try:
        yield str(address.ip)
    finally:
        estate.server.run("ip", "address", "del", str(address), "dev", LINK)


class _SendsAway(http.server.BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://{PORTAL_NAME}/welcome")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _NamesItself(socketserver.BaseRequestHandler):
    """Answers every question for an address with the portal's, and every other one with nothing."""

    def handle(self) -> None:
        data, transport = self.request
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question, recursion_available=True)
        asked = question.question[0]
        if asked.rdtype == dns.rdatatype.A:
            host, _ = transport.getsockname()
            answer.answer.append(dns.rrset.from_text(asked.name, 30, "IN", "A", host))
        transport.sendto(answer.to_wire(), self.client_address)


@contextlib.contextmanager
def guest_network(estate: Estate, tmp_path: Path) -> Iterator[str]:
    """A resolver that sends every name to a portal, whose web server sends everybody to its own page."""
    authority = trustme.CA(organization_name="Guest Wi-Fi")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(PORTAL_NAME).configure_cert(context)
    with address_beside(estate, 200) as address, contextlib.ExitStack() as stack:
        for server, kind, port in (
            (socketserver.ThreadingUDPServer((address, 53), _NamesItself, bind_and_activate=False), "udp", 53),
            (http.server.ThreadingHTTPServer((address, 80), _SendsAway, bind_and_activate=False), "tcp", 80),
            (http.server.ThreadingHTTPServer((address, 443), _SendsAway, bind_and_activate=False), "tls", 443),
        ):
            server.socket.close()
            bound = estate.server.inside(lambda k=kind, p=port: _bound(address, p, k))  # type: ignore[misc]  # mypy infers no lambda defaults
            server.socket = context.wrap_socket(bound, server_side=True) if kind == "tls" else bound
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        # a guest network lets nothing but its own page through
        mail = "tcp dport { 25, 110, 143, 465, 587, 993, 995 }"
        stack.enter_context(firewall_rules(estate, f"iifname {LINK} ip daddr {address} {mail} drop"))
        yield address


def _bound(address: str, port: int, kind: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((address, port))
    if kind != "udp":
        bound.listen()
    return bound


@contextlib.contextmanager
def firewall_rules(estate: Estate, *rules: str) -> Iterator[None]:
    """Meanwhile the server namespace's firewall has *rules* too."""
    table = "inet neighbours"
    lines = [f"table {table} {{", "chain incoming {", "type filter hook input priority 10; policy accept;", *rules]
    estate.server.run("nft", "-f", "-", given="\n".join([*lines, "}", "}", ""]))
    try:
        yield
    finally:
        estate.server.run("nft", "delete", "table", *table.split())


@contextlib.contextmanager
def lying_resolver(estate: Estate, tmp_path: Path, *lies: str) -> Iterator[str]:
    """Unbound that holds *lies* (records) as data of its own, and asks the estate's resolver for all else."""
    with address_beside(estate, 201) as address, _unbound(estate, estate.server, address, tmp_path, *lies):
        yield address


@contextlib.contextmanager
def forwarder(estate: Estate, tmp_path: Path) -> Iterator[str]:
    """Unbound on the client's own loopback, where systems have such a thing, that asks the estate's resolver."""
    address = "127.0.0.53"
    with _unbound(estate, estate.client, address, tmp_path), system_resolver(estate, address):
        yield address


@contextlib.contextmanager
def _unbound(estate: Estate, namespace: Namespace, address: str, tmp_path: Path, *lies: str) -> Iterator[None]:
    lines = [
        "server:",
        f"  interface: {address}",
        f"  directory: {tmp_path}",
        '  chroot: ""\n  username: ""\n  pidfile: ""\n  do-daemonize: no\n  use-syslog: no\n  logfile: ""',
        '  access-control: 0.0.0.0/0 allow\n  module-config: "iterator"\n  do-not-query-localhost: no',
        *(f'  local-data: "{lie}"' for lie in lies),
        f"forward-zone:\n  name: .\n  forward-addr: {estate.resolver}",
        "remote-control:\n  control-enable: no",
    ]
    config = tmp_path / "unbound.conf"
    config.write_text("\n".join(lines) + "\n")
    daemon = Daemon(namespace, ["unbound", "-d", "-p", "-c", config], tmp_path / "unbound.log")
    try:
        daemon.wait_until(lambda: estate.client.connects(address, 53))
        yield
    finally:
        daemon.stop()


@contextlib.contextmanager
def system_resolver(estate: Estate, address: str) -> Iterator[None]:
    """Meanwhile the client's own look-ups go to *address*."""
    estate.client.write_etc("resolv.conf", f"nameserver {address}\n")
    try:
        yield
    finally:
        estate.client.write_etc("resolv.conf", f"nameserver {estate.resolver}\n")


@contextlib.contextmanager
def default_route(estate: Estate) -> Iterator[None]:
    """Meanwhile the client sends what is for elsewhere to the server namespace, which passes nothing on."""
    route = ("default", "via", estate.resolver)
    estate.client.run("ip", "route", "add", *route)
    try:
        yield
    finally:
        estate.client.run("ip", "route", "del", *route)


SQUID = shutil.which("squid")


@contextlib.contextmanager
def squid(estate: Estate, tmp_path: Path, *rules: str) -> Iterator[str]:
    """Squid with *rules* for http_access; yields its URL."""
    with address_beside(estate, 202) as address:
        folder = tmp_path / "squid"
        folder.mkdir()
        shutil.chown(folder, "proxy")
        config = folder / "squid.conf"
        config.write_text(
            "\n".join(
                [
                    f"http_port {address}:3128",
                    f"dns_nameservers {estate.resolver}",
                    f"pid_filename {folder}/squid.pid",
                    f"access_log none\ncache_log {folder}/cache.log\ncoredump_dir {folder}\nnetdb_filename none",
                    "cache deny all\nshutdown_lifetime 0 seconds\nconnect_timeout 3 seconds",
                    "workers 1\npinger_enable off\nvisible_hostname proxy.corp.example",
                    *rules,
                    "",
                ]
            )
        )
        for parent in (folder, tmp_path):  # closed to the user that Squid runs as, otherwise
            parent.chmod(0o755)
        daemon = Daemon(estate.server, [SQUID or "squid", "-N", "-f", config], folder / "log")
        try:
            daemon.wait_until(lambda: estate.client.connects(address, 3128))
            yield f"http://{address}:3128"
        finally:
            daemon.stop()
