"""The protocols that a mailbox is reached by: one record each, which everything else reads.

A new protocol is a record here, a session in ``checks/sessions`` unless it is a page for people, and data.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from diagnose.model.text import Text, text

ProtocolName = Literal["imap", "pop3", "smtp", "webmail", "jmap", "sieve"]
TlsMode = Literal["implicit", "starttls", "none"]
"""``implicit``: TLS from the first byte (RFC 8314 §3); ``none``: only a webmail address written as http."""
Way = Literal["reading", "sending", "web"]
"""The three ways into a mailbox: a mail program that reads, one that sends, the webmail page."""
ReplyForm = Literal["imap", "pop3", "smtp", "http", "oauth", "jmap"]
"""What `diagnose.replies` takes a server's reply apart as, and reads its codes by."""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port that the protocol is registered for, and the names that URLs and DNS have for it."""

    number: int
    tls: TlsMode
    scheme: str
    srv: str | None = None
    """The service label of its SRV record (RFC 6186); None: it has none."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step to STARTTLS: what the client says, and what the server has to answer."""

    say: bytes | None = None
    """None: the server speaks first."""
    good: bytes
    """What the last line of the answer begins with, in any case."""
    bad: bytes
    """What a refusal begins with."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a protocol beside how its sessions are held."""

    name: ProtocolName
    """As in JSON, in provider files, and in the option that names its server."""
    label: Text
    """What reports call it."""
    help: str
    """Of its option, a message id."""
    ways: frozenset[Way]
    """The ways into a mailbox that it opens; empty: it is beside the mailbox, and its faults shut nothing."""
    ports: tuple[Port, ...]
    """Preferred ones first."""
    guesses: tuple[str, ...] = ()
    """What its hosts are usually called below the mail domain; empty: it is used only where it is named."""
    http: bool = False
    """It is spoken in HTTP, where the client speaks first; else the server begins with a greeting."""
    path: str | None = None
    """Of a protocol in HTTP, the resource that is asked for unless a URL names another."""
    login: bool = True
    """Whether credentials are tried with a login of the protocol's own."""
    replies: ReplyForm | None
    """How its servers' replies are taken apart; None: they are words."""
    starttls: tuple[Line, ...] = ()
    """From the greeting up to the TLS handshake."""
    autoconfig: str | None = None
    """The server type in configuration files of Thunderbird's form."""
    autodiscover: str | None = None
    """The protocol type in responses of Autodiscover ([MS-OXDSCLI] §2.2.4)."""

    def port(self, tls: TlsMode) -> Port | None:
        """The registered port in this TLS mode."""
        return next((port for port in self.ports if port.tls == tls), None)


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        name="imap",
        label=text("IMAP"),
        help=text("imaps://HOST[:993] or imap://HOST[:143] (STARTTLS).").msgid,
        ways=frozenset({"reading"}),
        ports=(
            Port(number=993, tls="implicit", scheme="imaps", srv="_imaps"),
            Port(number=143, tls="starttls", scheme="imap", srv="_imap"),
        ),
        guesses=("imap", "mail"),
        replies="imap",
        starttls=(Line(good=b"* OK", bad=b"-"), Line(say=b"a STARTTLS", good=b"a OK", bad=b"a ")),
        autoconfig="imap",
        autodiscover="imap",
    ),
    Protocol(
        name="pop3",
        label=text("POP3"),
        help=text("pop3s://HOST[:995] or pop3://HOST[:110].").msgid,
        ways=frozenset({"reading"}),
        ports=(
            Port(number=995, tls="implicit", scheme="pop3s", srv="_pop3s"),
            Port(number=110, tls="starttls", scheme="pop3", srv="_pop3"),
        ),
        guesses=("pop", "pop3", "mail"),
        replies="pop3",
        starttls=(Line(good=b"+OK", bad=b"-"), Line(say=b"STLS", good=b"+OK", bad=b"-")),
        autoconfig="pop3",
        autodiscover="pop3",
    ),
    Protocol(
        name="smtp",
        label=text("SMTP"),
        help=text("smtps://HOST[:465] or smtp://HOST[:587].").msgid,
        ways=frozenset({"sending"}),
        ports=(
            Port(number=465, tls="implicit", scheme="smtps", srv="_submissions"),
            Port(number=587, tls="starttls", scheme="smtp", srv="_submission"),
        ),
        guesses=("smtp", "mail"),
        replies="smtp",
        starttls=(
            Line(good=b"220 ", bad=b"5"),
            Line(say=b"EHLO localhost", good=b"250 ", bad=b"5"),
            Line(say=b"STARTTLS", good=b"220 ", bad=b"5"),
        ),
        autoconfig="smtp",
        autodiscover="smtp",
    ),
    Protocol(
        name="webmail",
        label=text("Webmail"),
        help=text("The webmail page.").msgid,
        ways=frozenset({"web"}),
        ports=(
            Port(number=443, tls="implicit", scheme="https"),
            Port(number=80, tls="none", scheme="http"),
        ),
        guesses=("webmail", "mail"),
        http=True,
        path="/",
        login=False,
        replies="http",
    ),
    Protocol(
        name="jmap",
        label=text("JMAP"),
        help=text("https://HOST[:443][/PATH] of a JMAP server.").msgid,
        ways=frozenset({"reading", "sending"}),
        ports=(Port(number=443, tls="implicit", scheme="https", srv="_jmap"),),
        http=True,
        path="/.well-known/jmap",
        replies="jmap",
    ),
    Protocol(
        name="sieve",
        label=text("ManageSieve"),
        help=text("sieve://HOST[:4190] (STARTTLS) or sieves://HOST[:4190], a server of mail filters.").msgid,
        ways=frozenset(),
        ports=(
            Port(number=4190, tls="starttls", scheme="sieve", srv="_sieve"),
            Port(number=4190, tls="implicit", scheme="sieves"),
        ),
        login=False,
        replies=None,
        starttls=(Line(good=b"OK", bad=b"BYE"), Line(say=b"STARTTLS", good=b"OK", bad=b"NO")),
        autoconfig="managesieve",
    ),
)
"""In the order in which services are told of and logged in to."""

BY_NAME: Mapping[ProtocolName, Protocol] = MappingProxyType({protocol.name: protocol for protocol in PROTOCOLS})
ORDER: Mapping[ProtocolName, int] = MappingProxyType({name: place for place, name in enumerate(BY_NAME)})
PAGE: Protocol = next(protocol for protocol in PROTOCOLS if "web" in protocol.ways)
"""The page that people open in a browser."""
