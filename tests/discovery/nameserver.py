"""A DNS server on loopback with scripted zones and a chosen latency."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import dnslib

from diagnose.network import Nameserver

SERVER_FAILURE = "SERVFAIL"
SILENT = "no answer at all"
LONGEST_WAIT = 20.0
"""Seconds after which questions that should come together are answered one by one."""


class ScriptedNameserver:
    """Answers from `records`: (name, type) -> rdata as in a master file, or one of the failures above.

    A name without any record, and without names below it, does not exist.
    """

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str] | str], latency: float = 0.0) -> None:
        self.records = records
        self.latency = latency
        self.asked: list[tuple[str, str]] = []
        self.together: frozenset[tuple[str, str]] = frozenset()
        """Questions that are answered only once all of them have been asked."""
        self._arrived = threading.Condition()
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                datagram, connection = self.request
                if owner.latency:
                    time.sleep(owner.latency)  # what is measured; no test waits for it to decide anything
                reply = owner._answer(dnslib.DNSRecord.parse(datagram))
                if reply is not None:
                    connection.sendto(reply.pack(), self.client_address)

        class Server(socketserver.ThreadingUDPServer):
            daemon_threads = True
            max_packet_size = 4096

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = Nameserver("127.0.0.1", self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, question: dnslib.DNSRecord) -> Any:
        name = str(question.q.qname).rstrip(".").lower()
        kind = dnslib.QTYPE[question.q.qtype]
        with self._arrived:
            self.asked.append((name, kind))
            self._arrived.notify_all()
            if (name, kind) in self.together:
                self._arrived.wait_for(lambda: self.together <= set(self.asked), timeout=LONGEST_WAIT)
        return self._reply(question, name, kind)

    def _reply(self, question: dnslib.DNSRecord, name: str, kind: str) -> Any:
        reply = question.reply()
        found = self.records.get((name, kind), ())
        alias = self.records.get((name, "CNAME"), ())
        if found == SILENT or (name, "*") in self.records:
            return None
        if found == SERVER_FAILURE:
            reply.header.rcode = dnslib.RCODE.SERVFAIL
        elif alias and not isinstance(alias, str):
            self._follow(name, alias[0], kind, reply)
        elif found and not isinstance(found, str):
            _add(reply, name, kind, found)
        elif not any(known == name or known.endswith("." + name) for known, _ in self.records):
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return reply

    def _follow(self, name: str, target: str, kind: str, reply: Any) -> None:
        for _ in range(20):
            _add(reply, name, "CNAME", [target])
            name = target.rstrip(".")
            alias = self.records.get((name, "CNAME"), ())
            if not alias:
                _add(reply, name, kind, self.records.get((name, kind), ()))
                return
            target = alias[0]


def _add(reply: Any, name: str, kind: str, rdata: Sequence[str]) -> None:
    for one in rdata:
        reply.add_answer(*dnslib.RR.fromZone(f"{name}. 60 IN {kind} {one}"))
