"""The greeting: whose protocol it is, and whether it takes the client or turns it away."""

from __future__ import annotations

import re
from itertools import chain

from checks.sessions import sessions
from diagnose.model import ProtocolName, Service
from diagnose.process.first_use import lazy_pattern, made_once

HTTP = "http"
"""What a web server speaks, and a server of a protocol that is held in HTTP."""

_ANY = bytes(range(256))
_OTHERS: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = (
    (HTTP, b"Hh<", lazy_pattern(rb"HTTP/\d|<!doctype html|<html", re.IGNORECASE)),
    ("ssh", b"S", lazy_pattern(rb"SSH-\d")),
    ("tls", b"\x14\x15\x16\x17", lazy_pattern(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)),
    ("lmtp", b"2", lazy_pattern(rb"220[ -](?![^\r\n]*smtp)[^\r\n]*\blmtp", re.IGNORECASE)),
    ("ftp", b"2", lazy_pattern(rb"220[ -](?![^\r\n]*smtp)[^\r\n]*\bftp", re.IGNORECASE)),
    ("nntp", b"2", lazy_pattern(rb"20[01] ")),
    ("xmpp", b"<", lazy_pattern(rb"<\?xml|<stream:", re.IGNORECASE)),
    ("rdp", b"\x03", lazy_pattern(rb"\x03\x00\x00[\x07-\xff]", re.DOTALL)),
    ("vnc", b"R", lazy_pattern(rb"RFB \d")),
    ("mysql", _ANY, lazy_pattern(rb".{3}\x00\x0a\d", re.DOTALL)),
)
"""What is no protocol of ours, and may answer on a port of one. Those that begin as ours do are told apart here.

With what each may begin: a pattern is made when it is first asked, and takes longer than a look at that.
"""


def spoken_protocol(greeting: bytes) -> str | None:
    """The protocol that *greeting* belongs to; None where it is not a known one."""
    others = ((name, shape) for name, begins, shape in _OTHERS if greeting[:1] in begins)
    ours = ((name, session.greeting) for name, session in sessions().items() if session.greeting is not None)
    return next((name for name, shape in chain(others, ours) if shape.match(greeting)), None)


@made_once
def longest_beginning() -> int:
    """Bytes of a greeting by which it is known."""
    return max(len(one) for session in sessions().values() for one in session.beginnings)


def may_become(begun: bytes, protocol: ProtocolName) -> bool:
    """Whether more of *begun* may make a greeting of *protocol*."""
    words, session = begun[: longest_beginning()].upper(), sessions().get(protocol)
    return session is not None and any(one.startswith(words) or words.startswith(one) for one in session.beginnings)


def speaks(words: bytes, service: Service) -> bool:
    """Whether *words*, the first on a connection to *service*, are in its protocol."""
    in_http = service.protocol in sessions() and service.spoken.http
    return spoken_protocol(words) == (HTTP if in_http else service.protocol)


def turns_away(greeting: bytes | str) -> bool:
    """Whether *greeting* tells a client of a mail protocol to go."""
    line = greeting.encode() if isinstance(greeting, str) else greeting
    return any(session.refusal is not None and session.refusal.match(line) for session in sessions().values())


def takes_leave(words: str) -> bool:
    """Whether a server of a mail protocol ends the conversation with *words*."""
    line = words.encode()
    return any(session.farewell is not None and session.farewell.match(line) for session in sessions().values())


def for_good(greeting: str) -> bool:
    """Whether a *greeting* that turns away does so for good."""
    line = greeting.encode()
    return any(session.lasting is not None and session.lasting.match(line) for session in sessions().values())


def of_the_moment(words: str) -> bool:
    """Whether a server of a mail protocol that refuses with *words* may grant the same thing a moment later."""
    said = words.encode()
    return any(session.passing is not None and session.passing.match(said) for session in sessions().values())


def no_verdict(words: str, protocol: str | None) -> bool:
    """Whether *words*, with which a login ended, neither accept nor refuse it in *protocol*."""
    session = next((session for name, session in sessions().items() if name == protocol), None)
    return session is not None and session.no_verdict is not None and bool(session.no_verdict.match(words.encode()))
