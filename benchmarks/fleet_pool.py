"""A bare pool of threads that does the look-ups of a fleet, and nothing with what it finds.

Standard input holds a `Work` as JSON. Each domain gets the same questions of DNS, and as many IMAP sessions: connect,
verified TLS, greeting, CAPABILITY, LOGOUT.
"""

from __future__ import annotations

import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.query
import dns.rdatatype
import msgspec


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What to look up, and where."""

    domains: int
    questions: tuple[str, ...]
    """Of each domain: type and name, with N for its number."""
    sessions: int
    nameserver: str
    nameserver_port: int
    imap_port: int
    ca_file: str
    threads: int


def look_up(work: Work, number: int, context: ssl.SSLContext) -> None:
    """All that is asked of one domain."""
    for question in work.questions:
        kind, _, name = question.partition(" ")
        asked = dns.message.make_query(name.replace("N", str(number)), dns.rdatatype.RdataType(int(kind)))
        dns.query.udp(asked, work.nameserver, port=work.nameserver_port, timeout=10)
    for _ in range(work.sessions):
        plain = socket.create_connection((work.nameserver, work.imap_port))
        with context.wrap_socket(plain, server_hostname=f"m{number}.bench.example") as stream:
            for command in (b"", b"a CAPABILITY\r\n", b"b LOGOUT\r\n"):
                stream.sendall(command)
                stream.recv(4096)


def main() -> None:
    work = msgspec.json.decode(sys.stdin.buffer.read(), type=Work)
    context = ssl.create_default_context(cafile=work.ca_file)
    with ThreadPoolExecutor(work.threads) as pool:
        for done in [pool.submit(look_up, work, number, context) for number in range(work.domains)]:
            done.result()


if __name__ == "__main__":
    main()
