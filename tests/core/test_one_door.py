"""What goes over the network goes through `diagnose.network`: no other module connects, looks up or asks for a route.

So a run keeps its limits, its resolver and its deadline, and the lab stands in for the computer it runs on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from tests.support.sources import all_modules

ROOM = "diagnose/network/"
SERVERS = "serves on loopback"
MAY_USE_SOCKETS = {
    "diagnose/model/failures.py": "names what sockets raise",
    "diagnose/redaction/own.py": "reads this computer's own name",
    "diagnose/selftest/server.py": SERVERS,
    "diagnose/lab/computer.py": "raises what the operating system's look-up would",
    "diagnose/lab/dead_ends.py": SERVERS,
    "diagnose/lab/listener.py": SERVERS,
    "diagnose/lab/nameserver.py": SERVERS,
    "diagnose/lab/registry.py": SERVERS,
    "diagnose/lab/session.py": SERVERS,
    "diagnose/lab/submission.py": SERVERS,
    "diagnose/lab/webmail.py": SERVERS,
}
"""Modules beside the room that import what can connect, and why; each does (see the last test)."""
CAN_CONNECT = {"socket", "socketserver", "select", "selectors", "requests", "urllib3", "urllib.request", "dns", "httpx"}
"""Modules, and what is in them."""
MAKERS = {
    *("Race", "Resolver", "Stream", "GuardedSocket", "HTTPConnection", "HTTPSConnection"),
    *("IMAP4_SSL", "POP3_SSL", "SMTP_SSL", "create_connection", "open_connection", "start_connection", "sock_connect"),
    *("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn", "urlopen"),
}
"""What is called to connect, to look up, or to have something that does."""


def ways_around(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What in a module goes past the door."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (n for n in names if any(n == top or n.startswith(top + ".") for top in CAN_CONNECT))
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in MAKERS:
                yield f"{called}()"


@cache
def outside() -> tuple[tuple[str, list[str]], ...]:
    """Each module outside the room, and what it does past the door."""
    return tuple((one.name, list(ways_around(one.nodes))) for one in all_modules() if not one.name.startswith(ROOM))


def test_there_is_one_door() -> None:
    """What else imports sockets serves on loopback, or only names what it finds; nobody else connects."""
    found = {file: ways for file, ways in outside() if ways and file not in MAY_USE_SOCKETS}
    assert found == {}


def test_not_even_those_connect() -> None:
    """A server listens and accepts."""
    connecting = {file: [way for way in ways if way.endswith("()")] for file, ways in outside()}
    assert {file: ways for file, ways in connecting.items() if ways} == {}


def test_each_exception_is_one() -> None:
    """A name that stays in the list after its reason has gone would let the next one in."""
    assert {file for file, ways in outside() if ways} == set(MAY_USE_SOCKETS)


@pytest.mark.parametrize(
    "written",
    [
        "import socket",
        "from socket import create_connection",
        "import dns.resolver",
        "def later():\n    from urllib.request import urlopen",
        "race = Race(('192.0.2.1',), 993, deadline)",
        "found = resolver.Resolver(server).query(name, 'A', deadline)",
        "reader, writer = await asyncio.open_connection(host, 993)",
        "with http.client.HTTPSConnection(host) as asked: ...",
    ],
)
def test_a_way_around_is_seen(written: str) -> None:
    """However it is written."""
    assert list(ways_around(ast.walk(ast.parse(written))))


@pytest.mark.parametrize(
    "written",
    [
        "from diagnose.network import Race, Stream",
        "def say(stream: Stream) -> Race: ...",
        "import urllib.parse",
        "import dnslib",
        "race = context.network.connect_all(('192.0.2.1',), 993, deadline)",
        "'import socket'",
    ],
)
def test_what_goes_through_the_door_is_none(written: str) -> None:
    """Types, and what only sounds like it."""
    assert not list(ways_around(ast.walk(ast.parse(written))))
