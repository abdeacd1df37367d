"""The chain of network steps and nothing else: resolve, connect, TLS, greeting, capability, login, EXAMINE.

Standard input holds a `benchmarks.mailbox.Mailbox` as JSON, standard output gets the seconds that the chain took.
Imports and the TLS context come before that: it is the run that has to keep up with a script at its best.
"""

from __future__ import annotations

import imaplib
import json
import socket
import ssl
import sys
import time

import dns.message
import dns.query
import dns.rdtypes.IN.A
import dns.rdtypes.IN.SRV

LOOPBACK = "127.0.0.1"


class _Imap(imaplib.IMAP4):
    """imaplib on a TLS connection to a host whose address is known."""

    def __init__(self, address: str, host: str, port: int, context: ssl.SSLContext) -> None:
        self._address = address
        self._context = context
        super().__init__(host, port)

    def _create_socket(self, _timeout: float | None) -> ssl.SSLSocket:
        connected = socket.create_connection((self._address, self.port))
        return self._context.wrap_socket(connected, server_hostname=self.host)


def ask(name: str, record_type: str, nameserver_port: int) -> dns.message.Message:
    """The nameserver's answer over UDP."""
    question = dns.message.make_query(name, record_type)
    return dns.query.udp(question, LOOPBACK, port=nameserver_port, timeout=10)


def walk(mailbox: dict[str, str | int], context: ssl.SSLContext) -> None:
    """Walk the chain."""
    host, port, nameserver = str(mailbox["imap_host"]), int(mailbox["imap_port"]), int(mailbox["nameserver_port"])
    if mailbox["discover"]:
        domain = str(mailbox["address"]).partition("@")[2]
        service = ask(f"_imaps._tcp.{domain}", "SRV", nameserver).answer[0][0]
        host, port = service.target.to_text(omit_final_dot=True), service.port
    address = ask(host, "A", nameserver).answer[0][0].address
    client = _Imap(address, host, port, context)
    client.login(str(mailbox["address"]), str(mailbox["password"]))
    kind, _ = client.select("INBOX", readonly=True)
    if kind != "OK":
        raise RuntimeError("the mailbox does not open")


def main() -> None:
    mailbox = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=mailbox["ca_file"])
    started = time.perf_counter()
    walk(mailbox, context)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
