"""The proxies that are set on this computer: do pages come through them that come without.

Only browsers and web sign-ins go through an HTTP proxy; mail programs speak IMAP, POP3 and SMTP past it.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Literal, Never

import msgspec

from checks.network.evidence import SILENT, any_computer_answered, reached
from checks.reach.reach import ReachFacts
from checks.web.web import WebFacts
from diagnose import __version__
from diagnose.model import (
    Certainty,
    Check,
    Deadline,
    Facts,
    Failure,
    Finding,
    Inputs,
    Service,
    SkipCheck,
    Subject,
    Text,
    failure,
    read,
    text,
)
from diagnose.model.domains import host_and_port
from diagnose.network import Stream, read_exactly
from diagnose.network.proxies import Proxy
from diagnose.process.first_use import one_at_a_time
from diagnose.running.context import Context

PROXY_SECONDS = 8.0
SOCKS_VERSION = 5
NO_METHOD = 255
"""A SOCKS proxy's word that it wants authentication that was not offered (RFC 1928 §3)."""
BY_ITSELF = ("negotiate", "ntlm", "kerberos")
"""Authentication that a signed-in computer carries out without a question to the person (RFC 4559)."""

Stage = Literal["proxy", "answer", "page"]
"""How far it went: to the proxy, to its answer, to the page's server behind it."""
Direct = Literal["works", "answers", "silent", "unknown"]
"""The same server without the proxy: the page comes; something comes, be it a refusal; nothing comes."""


class ProxyAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to get through a proxy to a server."""

    proxy: str
    """Without user name and password."""
    source: str
    plain_only: bool = False
    signs_in: bool = False
    """A user name or password is set with it; neither is ever read or sent here, so a 407 proves nothing."""
    host: str
    port: int
    stage: Stage
    """Where it ended."""
    status: int | None = None
    """The proxy's HTTP status, or SOCKS reply code (RFC 1928 §6)."""
    offered: tuple[str, ...] = ()
    """Authentication schemes of a 407."""
    failure: Failure | None = None
    """None, and no bad status: the server behind the proxy is there."""

    @property
    def worked(self) -> bool:
        """Whether the server was reached through the proxy."""
        return self.stage == "page" and self.failure is None


class ProxyFacts(Facts, frozen=True, kw_only=True):
    """The attempts, and how it is without a proxy."""

    passages: tuple[ProxyAttempt, ...]
    direct: Direct
    on_this_computer: bool = False
    """The server is on loopback, under a name that a proxy need not know."""
    unread: tuple[str, ...] = ()
    """Variables of the environment that are set, and name no proxy."""
    of_page: bool = False
    """The webmail's server was asked for; else any server of the mailbox, of which a proxy need not know more."""


def probe_proxies(target: Subject | Service, inputs: Inputs[ReachFacts | WebFacts], context: Context) -> ProxyFacts:
    """Ask every proxy for the webmail page, or where none is known for a mail server."""
    match target:
        case Service():
            return probe_page(target, inputs, context)
        case Subject():
            return probe_proxy(target, inputs, context)


def probe_page(target: Service, inputs: Inputs[ReachFacts | WebFacts], context: Context) -> ProxyFacts:
    """Go to the webmail's server through each proxy that is set for it."""
    reach, web = inputs.get(ReachFacts), inputs.get(WebFacts)
    direct: Direct = "unknown"
    at = None
    if reach is not None:
        at = reach.connected
        direct = "answers" if any_computer_answered(reach) else "silent"
    if web is not None:
        last = web.hops[-1]
        direct = "works" if last.status is not None and last.status < 500 else direct
    return ProxyFacts(
        passages=_attempts(target, at, context),
        direct=direct,
        on_this_computer=_is_loopback(at),
        unread=context.network.vantage.proxies().unread,
        of_page=True,
    )


def probe_proxy(_target: Subject, inputs: Inputs[ReachFacts], context: Context) -> ProxyFacts:
    """Where no webmail page is known, ask the proxies for one of the mail servers: whether they are there at all."""
    named = [service for service in inputs.services if service.named]
    if any("web" in service.ways for service in named):
        raise SkipCheck(text("see the webmail check"))
    if not named:
        raise SkipCheck(text("there is no server to ask a proxy for"))
    rows = reached(inputs)
    direct: Direct = "silent" if rows else "unknown"
    if any(any_computer_answered(facts) for _, facts in rows):
        direct = "works" if any(facts.connected for _, facts in rows) else "answers"
    at = next((facts.connected for _, facts in rows if facts.connected), None)
    unread = context.network.vantage.proxies().unread
    return ProxyFacts(passages=_attempts(named[0], at, context), direct=direct, unread=unread)


def _attempts(service: Service, at: str | None, context: Context) -> tuple[ProxyAttempt, ...]:
    settings = context.network.vantage.proxies()
    covering = [proxy for proxy in settings.proxies if proxy.covers(service.host)]
    # a server on this computer is not to be had through a proxy on another
    usable = [proxy for proxy in covering if not _is_loopback(at) or _is_loopback(proxy.host)]
    if not usable and not settings.unread:
        raise SkipCheck(text("no proxy is set for {host}", host=service.host))
    limit = context.deadline.share(0.6, PROXY_SECONDS)
    return tuple(_try_proxy(proxy, service, context, limit) for proxy in usable)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or (host is not None and ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _try_proxy(proxy: Proxy, service: Service, context: Context, limit: Deadline) -> ProxyAttempt:
    with one_at_a_time:
        from http.client import HTTPException

    host, port, page = service.host, service.port, "web" in service.ways and service.tls == "implicit"
    attempt = ProxyAttempt(
        proxy=proxy.url,
        source=proxy.source,
        plain_only=proxy.plain_only,
        signs_in=proxy.signs_in,
        host=host,
        port=port,
        stage="proxy",
    )
    try:
        stream = context.network.connect(proxy.host, proxy.port, limit)
    except OSError as error:
        return msgspec.structs.replace(attempt, failure=failure(error, "connect"))
    try:
        attempt = msgspec.structs.replace(attempt, stage="answer")
        if proxy.scheme == "https":
            stream.start_tls(context.network.trust(), proxy.host)
        if proxy.scheme == "socks4":
            return msgspec.structs.replace(attempt, stage="page")  # that something listens there is all that is asked
        status, offered = _ask_socks(stream, host, port) if proxy.scheme == "socks5" else _ask_http(stream, host, port)
        attempt = msgspec.structs.replace(attempt, status=status, offered=offered)
        if status != (0 if proxy.scheme == "socks5" else HTTPStatus.OK):
            return attempt
        attempt = msgspec.structs.replace(attempt, stage="page")
        if page and proxy.scheme != "https":  # TLS within TLS is more than our streams can do
            stream.start_tls(context.network.trust(), host)
    except (OSError, ssl.SSLError, HTTPException) as error:
        return msgspec.structs.replace(attempt, failure=failure(error, "http"))
    finally:
        stream.abort()
    return attempt


def _ask_http(stream: Stream, host: str, port: int) -> tuple[int, tuple[str, ...]]:
    """CONNECT (RFC 9110 §9.3.6): the proxy's status, and the authentication schemes that it offers."""
    place = host_and_port(host, port)
    stream.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: diagnose/{__version__}\r\n\r\n".encode())
    with one_at_a_time:
        from http.client import HTTPResponse

    response = HTTPResponse(stream, method="CONNECT")  # type: ignore[arg-type]  # all it needs is makefile
    response.begin()
    offered = response.headers.get_all("Proxy-Authenticate") or []
    return response.status, tuple(line.split()[0].rstrip(",").lower() for line in offered if line.split())


def _ask_socks(stream: Stream, host: str, port: int) -> tuple[int, tuple[str, ...]]:
    """CONNECT without authentication (RFC 1928): the reply code. Raises OSError."""
    stream.sendall(b"\x05\x01\x00")
    version, method = _exactly(stream, 2)
    if version != SOCKS_VERSION:
        raise ConnectionError("what answers there speaks no SOCKS 5")
    if method != 0:
        return NO_METHOD, ()
    name = host.encode("ascii", "ignore")[:255]
    stream.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
    _, code, _, kind = _exactly(stream, 4)
    length = {1: 4, 4: 16}.get(kind) or _exactly(stream, 1)[0]
    _exactly(stream, length + 2)
    return code, ()


def _exactly(stream: Stream, size: int) -> bytes:
    return read_exactly(stream, size, "a reply")


def judge_proxies(facts: ProxyFacts, inputs: Inputs[Never], target: Subject | Service) -> Iterator[Finding]:
    """Is a proxy in the way?"""
    for variable in facts.unread:
        yield Finding(
            cause="network.proxy-misconfigured",
            certainty="possible",
            partial=True,
            text=text(
                "The variable {name} is set, and names no proxy; some programs fail because of it, others ignore it.",
                name=variable,
            ),
        )
    match target:
        case Service():
            yield from judge_page(facts, inputs, target)
        case Subject():
            yield from judge_proxy(facts, inputs, target)


def judge_page(facts: ProxyFacts, _inputs: Inputs[Never], _target: Service) -> Iterator[Finding]:
    """Through the proxy no, without it yes? What fails both ways is the proxy's fault only where that is plain."""
    for attempt in facts.passages:
        counts = not attempt.worked and (_itself(attempt) or not facts.on_this_computer)
        certainty = _certainty(attempt, facts.direct) if counts else None
        if certainty is not None:
            yield _finding(attempt, facts.direct, certainty)


def judge_proxy(facts: ProxyFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """Is the proxy there, and does it take this computer? That it carries no mail protocol is no fault of it.

    While servers can be reached without it, mail programs do well; sign-in pages in a browser do not.
    """
    for attempt in facts.passages:
        certainty = _certainty(attempt, facts.direct) if _itself(attempt) else None
        if certainty is not None:
            finding = _finding(attempt, facts.direct, certainty)
            yield msgspec.structs.replace(finding, partial=facts.direct in {"works", "answers"})


def _itself(attempt: ProxyAttempt) -> bool:
    """Whether the proxy itself is the obstacle, for every server behind it."""
    return attempt.stage == "proxy" or _wants_sign_in(attempt)


def _wants_sign_in(attempt: ProxyAttempt) -> bool:
    return attempt.status in {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, NO_METHOD}


def _certainty(attempt: ProxyAttempt, direct: Direct) -> Certainty | None:
    """How sure it is that the proxy is at fault; None: nothing points to it."""
    by_itself = bool(attempt.offered) and all(scheme in BY_ITSELF for scheme in attempt.offered)
    if attempt.plain_only or (_wants_sign_in(attempt) and (attempt.signs_in or by_itself)):
        return "possible"
    itself = _itself(attempt)
    # no server behind a proxy gets to see a CONNECT, so every 5xx is the proxy's own; so is every SOCKS error
    gateway = attempt.status is not None and (
        attempt.status >= HTTPStatus.INTERNAL_SERVER_ERROR or 0 < attempt.status < 10
    )
    match direct:
        case "works":
            return "confirmed" if itself or gateway else "likely"
        case "silent":
            # the proxy may be the only way out; but what it cannot reach either may itself be down
            return "likely" if itself and not _never_there(attempt) else "possible"
        case _:
            return "possible" if itself else None


def _never_there(attempt: ProxyAttempt) -> bool:
    """Nothing but silence on the way to the proxy: then it is the network's silence as well as the proxy's."""
    return attempt.stage == "proxy" and attempt.failure is not None and attempt.failure.name in SILENT


def _finding(attempt: ProxyAttempt, direct: Direct, certainty: Certainty) -> Finding:
    without = {
        "works": text("without it the server can be reached"),
        "answers": text("without it the server answers, but not as it should"),
        "silent": text("without it nothing answers either"),
        "unknown": text("whether it works without the proxy is not known"),
    }[direct]
    place: dict[str, str | int] = {"proxy": attempt.proxy, "source": attempt.source, "host": attempt.host}
    if attempt.stage == "proxy" and attempt.failure is not None:
        sentence = text(
            "The proxy {proxy}, set by {source}, cannot be reached ({words}); {without}.",
            words=attempt.failure.words,
            without=without,
            **place,
        )
    elif _wants_sign_in(attempt):
        sentence = text(
            "The proxy {proxy}, set by {source}, wants a sign-in before it lets {host} through (status {status}); "
            "{without}.",
            status=attempt.status,
            without=without,
            **place,
        )
    elif attempt.failure is not None:
        sentence = text(
            "The proxy {proxy}, set by {source}, breaks off the connection to {host} ({words}); {without}.",
            words=attempt.failure.words,
            without=without,
            **place,
        )
    else:
        sentence = text(
            "The proxy {proxy}, set by {source}, does not let {host} through (status {status}); {without}.",
            status=attempt.status,
            without=without,
            **place,
        )
    return Finding(cause="network.proxy-misconfigured", certainty=certainty, proof="fails-through-proxy", text=sentence)


def _untold(facts: ProxyFacts) -> Text | None:
    if facts.of_page:
        # of SOCKS 4 no more is known than that something listens
        through = all(attempt.worked and not attempt.proxy.startswith("socks4") for attempt in facts.passages)
        return None if through else text("whether the proxy lets the page through was not found out")
    silent = any(attempt.stage == "answer" and attempt.status is None for attempt in facts.passages)
    return text("a proxy took the connection and gave no answer") if silent else None


def _title(target: Subject | Service) -> str:
    if isinstance(target, Service):
        return text("The proxies set on this computer let {host} through").msgid
    return text("The proxies set on this computer answer").msgid


def _shows(facts: ProxyFacts, _inputs: Inputs[Never], _target: object) -> Mapping[str, str]:
    failed = next((one for one in facts.passages if not one.worked), None)
    return {} if failed is None else {"proxy": failed.proxy, "behind": f"{failed.host}:{failed.port}"}


CHECK = Check(
    id="network.proxy",
    family="network",
    title=_title,
    each=Subject | Service,
    station="computer",
    facts=ProxyFacts,
    probe=probe_proxies,
    judge=judge_proxies,
    asks=("proxies",),
    untold=_untold,
    needs=read(ReachFacts) | read(WebFacts),
    applies=lambda target: isinstance(target, Subject) or ("web" in target.ways and target.named),
    shows=_shows,
)
