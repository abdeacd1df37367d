"""The servers that mail programs are sent to, against those that are expected, protocol by protocol."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from functools import partial

from checks.expectation.compared import STATION, Compared, answers, differing, left_open
from checks.reach.reach import ReachFacts
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.web.web import WebFacts
from diagnose.account.subject import host_name
from diagnose.discovery import Discovered
from diagnose.model import Check, Expectable, Facts, Finding, Inputs, Subject, Text, TextError, text
from diagnose.model.domains import host_and_port
from diagnose.model.protocols import PROTOCOLS, Protocol
from diagnose.network import is_address
from diagnose.running.context import Context

SETTLED = {"found", "nothing", "not_asked"}
"""Of a source that discovery asks: nothing else could have come from it."""
LONGEST = 300
"""Characters of a server and a port; names have 253 at most (RFC 1035 §2.3.4)."""
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?")


class ServersExpectation(Facts, frozen=True, kw_only=True):
    """The servers that are expected, and those that mail programs find, of each protocol."""

    protocols: tuple[Compared, ...]


def probe_servers(_target: Subject, inputs: Inputs, context: Context) -> ServersExpectation:
    """Put side by side what is expected and what was found, and note what does not answer; no I/O."""
    found = inputs.get(Discovered)
    certain = found is not None and all(one.status in SETTLED for one in found.sources)
    compared = []
    for protocol in PROTOCOLS:
        if protocol.name not in context.expected:
            continue
        services = [one for one in inputs.services if one.protocol == protocol.name]
        at_work = {host_and_port(one.host, one.port): answers(one, inputs) for one in services}
        guessed = {host_and_port(one.host, one.port) for one in services if not one.named}
        compared.append(
            Compared(
                name=protocol.name,
                expected=context.expected[protocol.name],
                found=tuple(name for name, works in at_work.items() if works or name not in guessed),
                unseen=tuple(name for name, works in at_work.items() if not works),
                certain=certain,
            )
        )
    return ServersExpectation(protocols=tuple(compared))


def judge_servers(facts: ServersExpectation, inputs: Inputs, _target: Subject) -> Iterator[Finding]:
    """Are mail programs sent to the servers expected?"""
    for one in facts.protocols:
        missing = set(one.expected) - {*one.found, *one.unseen}
        if missing and (one.found or one.certain):
            yield differing(one, inputs.subject.domain)


def _untold(facts: ServersExpectation) -> Text | None:
    silent = tuple(name for one in facts.protocols for name in one.unseen if name in one.expected)
    if silent:
        return text("not to be seen on {servers}", servers=silent)
    if any(not one.found and not one.certain for one in facts.protocols):
        return text("what mail programs find could not be found out")
    return None


def _names(facts: ServersExpectation) -> str:
    return ", ".join(one.name for one in facts.protocols)


def _read(protocol: Protocol, typed: str) -> str:
    """``host:port`` of *typed*, a URL or a host with or without a port. Raises TextError."""
    wrong = TextError(text("“{typed}” is no server: a host, or a host and a port", typed=typed))
    word = typed.strip()
    if "@" in word:  # which may stand behind a password, so nothing is repeated
        raise TextError(text("a server is named without any user name or password"))
    if len(word) > LONGEST:
        raise wrong
    usual = protocol.ports[0].number
    if "://" in word:
        try:
            url = urllib.parse.urlsplit(word)
            host, port = url.hostname or "", url.port
        except ValueError:
            raise wrong from None
        schemes = {one.scheme: one.number for one in protocol.ports}
        if url.scheme not in schemes:
            raise wrong
        port = port if port is not None else schemes[url.scheme]
    else:
        parts = _HOST_AND_PORT.fullmatch(word)
        if parts is None:
            raise wrong
        host, port = parts[1].strip("[]"), int(parts[2] or usual)
    if not 0 < port < 65536:
        raise wrong
    return host_and_port(host if is_address(host) else host_name(host), port)


CHECK = Check(
    id="expectation.servers",
    family="expectation",
    title="Mail programs find the servers of {domain} that are expected",
    each=Subject,
    station=STATION,
    facts=ServersExpectation,
    probe=probe_servers,
    judge=judge_servers,
    reads=(Discovered, ReachFacts, TlsFacts, ServerFacts, WebFacts),
    expects=tuple(
        Expectable(
            name=protocol.name,
            example=f"{(protocol.guesses or (protocol.name,))[0]}.corp.example:{protocol.ports[0].number}",
            read=partial(_read, protocol),
        )
        for protocol in PROTOCOLS
    ),
    untold=_untold,
    left_open=lambda facts: left_open(_names(facts), _untold(facts)),
    rules_out=(),
)
