"""The servers that mail programs are sent to, against those that are expected, protocol by protocol."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from functools import partial
from typing import Never

import msgspec

from checks.expectation.compared import STATION, Compared, differing, left_open
from checks.reach.reach import CHECK as REACH
from checks.reach.reach import ReachFacts
from checks.server.server import CHECK as SERVER
from checks.server.server import ServerFacts
from checks.tls.handshake import TlsFacts
from checks.tls.tls import CHECK as TLS
from checks.web.web import CHECK as WEB
from checks.web.web import WebFacts
from diagnose.account.subject import host_name
from diagnose.discovery import Discovered
from diagnose.model import Check, Expectable, Facts, Finding, Inputs, Service, Subject, Text, TextError, read, text
from diagnose.model.domains import host_and_port
from diagnose.model.protocols import PROTOCOLS, Protocol
from diagnose.network import is_address
from diagnose.process.first_use import lazy_pattern
from diagnose.running.context import Context

SETTLED = {"found", "nothing", "not_asked"}
"""Of a source that discovery asks: nothing else could have come from it."""
LONGEST = 300
"""Characters of a server and a port; names have 253 at most (RFC 1035 §2.3.4)."""
_HOST_AND_PORT = lazy_pattern(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?")


class FoundServer(msgspec.Struct, frozen=True, kw_only=True):
    """One server that mail programs are sent to, and how far a conversation with it came."""

    place: str
    """``host:port``."""
    named: bool
    """Options, DNS or a provider name it; False: it is a guess."""
    connected: bool = False
    """It took a connection."""
    verified: bool | None = None
    """It has proven who it is; None: it is spoken to without TLS."""
    greeted: bool | None = None
    """It spoke its protocol; None: it is asked for a page instead."""
    opened: bool | None = None
    """Its page came; None: it is asked for none."""


class ComparedServers(Compared, frozen=True, kw_only=True):
    """The servers that are expected of one protocol, and those that mail programs find."""

    servers: tuple[FoundServer, ...] = ()
    unseen: tuple[str, ...] = ()
    """Together with `found`: of records of earlier versions, which kept no steps."""


class ServersExpectation(Facts, frozen=True, kw_only=True):
    """The servers that are expected, and those that mail programs find, of each protocol."""

    protocols: tuple[ComparedServers, ...]


def probe_servers(
    _target: Subject, inputs: Inputs[Discovered | ReachFacts | ServerFacts | TlsFacts | WebFacts], context: Context
) -> ServersExpectation:
    """Put side by side what is expected and what was found, and how far each conversation came; no I/O."""
    found = inputs.get(Discovered)
    return ServersExpectation(
        protocols=tuple(
            ComparedServers(
                name=protocol.name,
                expected=context.expected[protocol.name],
                servers=tuple(_seen(one, inputs) for one in inputs.services if one.protocol == protocol.name),
                certain=found is not None and all(one.status in SETTLED for one in found.sources),
            )
            for protocol in PROTOCOLS
            if protocol.name in context.expected
        )
    )


def _seen(service: Service, inputs: Inputs[ReachFacts | ServerFacts | TlsFacts | WebFacts]) -> FoundServer:
    connected = any(REACH.usable(facts) for target, facts in inputs.each(ReachFacts) if target == service)
    verified = any(TLS.usable(facts) for target, facts in inputs.each(TlsFacts) if target == service)
    greeted = any(SERVER.usable(facts) for target, facts in inputs.each(ServerFacts) if target == service)
    opened = any(WEB.usable(facts) for target, facts in inputs.each(WebFacts) if target == service)
    return FoundServer(
        place=host_and_port(service.host, service.port),
        named=service.named,
        connected=connected,
        verified=verified if TLS.applies(service) else None,
        greeted=greeted if SERVER.applies(service) else None,
        opened=opened if WEB.applies(service) else None,
    )


def _at_work(one: ComparedServers) -> set[str]:
    """Where a server was reached, is who it says, and speaks its protocol."""
    return {
        server.place
        for server in one.servers
        if server.connected and False not in {server.verified, server.greeted, server.opened}
    }


def _silent(one: ComparedServers) -> tuple[str, ...]:
    """What is there by name, and could not be seen at work."""
    at_work = _at_work(one)
    return one.unseen or tuple(dict.fromkeys(each.place for each in one.servers if each.place not in at_work))


def _found(one: ComparedServers) -> tuple[str, ...]:
    """What mail programs are sent to; a guess counts where it is at work."""
    at_work = _at_work(one)
    named = dict.fromkeys(each.place for each in one.servers if each.named or each.place in at_work)
    return one.found or tuple(named)


def judge_servers(facts: ServersExpectation, inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Are mail programs sent to the servers expected?"""
    for one in facts.protocols:
        found = _found(one)
        missing = set(one.expected) - {*found, *_silent(one)}
        if missing and (found or one.certain):
            yield differing(msgspec.structs.replace(one, found=found), inputs.subject.domain)


def _untold(facts: ServersExpectation) -> Text | None:
    silent = tuple(name for one in facts.protocols for name in _silent(one) if name in one.expected)
    if silent:
        return text("not to be seen on {servers}", servers=silent)
    if any(not _found(one) and not one.certain for one in facts.protocols):
        return text("what mail programs find could not be found out")
    return None


def _names(facts: ServersExpectation) -> str:
    return ", ".join(one.name for one in facts.protocols)


def _read(protocol: Protocol, typed: str) -> str:
    """``host:port`` of *typed*, a URL or a host with or without a port. Raises TextError."""
    wrong = TextError(text("“{typed}” is not a server: a host, or a host and a port", typed=typed))
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
    needs=read(Discovered) | read(ReachFacts) | read(TlsFacts) | read(ServerFacts) | read(WebFacts),
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
