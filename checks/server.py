"""Server: who answers on the port, in what state, how fast, and with which capabilities."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from statistics import median_high

import msgspec

from checks.handshake import unverified_handshake
from checks.patience import judge_wait, limits_of
from checks.reach import ReachFacts, take_stream
from checks.sessions import MailSession, open_session
from diagnose import providers
from diagnose.model import Check, Deadline, Facts, Failure, Finding, Given, Service, SkipCheck, failure, quote, text
from diagnose.model.workbench import Workbench
from diagnose.network import Race, in_background, read_line
from diagnose.replies import read_reply

GREETING_SHARE = 0.65
"""Of the time left, for the greeting: half a minute of a run is enough for postscreen's 15 s, and for a second try."""
SILENT_SECONDS = 3.0
"""Without a word by then, the port is tried with TLS beside it: a server that waits for a ClientHello says nothing."""
QUICK_CONNECT_SECONDS = 1.0
"""A slower connect speaks for a slow line, not for a slow server."""

_SPOKEN: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("imap", re.compile(rb"\* (OK|PREAUTH|BYE|NO|BAD)\b", re.IGNORECASE)),
    ("pop3", re.compile(rb"(\+OK|-ERR)\b", re.IGNORECASE)),
    ("http", re.compile(rb"HTTP/\d|<!doctype html|<html", re.IGNORECASE)),
    ("ssh", re.compile(rb"SSH-\d")),
    ("tls", re.compile(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)),
    ("ftp", re.compile(rb"220[ -][^\r\n]*\bftp", re.IGNORECASE)),
    ("smtp", re.compile(rb"(220|421|450|454|5\d\d)(?=[ -]|\r?\n)")),
    ("sieve", re.compile(rb"\"IMPLEMENTATION\"", re.IGNORECASE)),
    ("vnc", re.compile(rb"RFB \d")),
    ("mysql", re.compile(rb".{3}\x00\x0a\d", re.DOTALL)),
)


def spoken_protocol(greeting: bytes) -> str | None:
    """The protocol that *greeting* belongs to; None when it is none of those known."""
    return next((name for name, shape in _SPOKEN if shape.match(greeting)), None)


class ServerFacts(Facts, frozen=True, kw_only=True):
    """A greeting, and what follows it."""

    greeting: str = ""
    """First line, as sent."""
    spoken: str | None = None
    """The protocol of the greeting."""
    milliseconds: int = 0
    """From asking for it to the greeting's end."""
    reply_milliseconds: int = 0
    """From there until the capabilities were told."""
    capabilities: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    starttls: bool = False
    open: bool = False
    """The session stands."""
    failure: Failure | None = None
    waited_seconds: float = 0.0
    """For a server that stayed silent: for how long."""
    tls_only: bool = False
    """The port says nothing in clear and answers a TLS handshake."""


def session_key(service: Service) -> str:
    """The shelf's name for the session of *service*."""
    return f"session {service.protocol} {service.host} {service.port}"


def take_session(service: Service, bench: Workbench) -> MailSession | None:
    """The session of *service*, now the caller's to close or put back."""
    return bench.shelf.take(session_key(service), MailSession)  # type: ignore[type-abstract]  # any subclass will do


def probe_server(target: Service, given: Given, bench: Workbench) -> ServerFacts:
    """Take the greeting; when it is the right protocol's, ask for the capabilities."""
    stream = take_stream(target, bench)
    if stream is None:
        raise SkipCheck(text("the connection is gone"))
    started = time.monotonic()
    stream.deadline = patient_deadline(target, bench)
    tls_only = False
    try:
        if stream.tls is None and not stream.wait_readable(SILENT_SECONDS):
            trying = in_background(lambda: _answers_tls(target, given, bench), f"try TLS {target.port}")
            while not stream.wait_readable(0.2) and not trying.done() and not stream.deadline.passed():
                pass
            tls_only = trying.done() and trying.result() and not stream.wait_readable(0.2)
            if tls_only:
                stream.abort()
                return ServerFacts(tls_only=True, waited_seconds=round(time.monotonic() - started, 1))
        line = read_line(stream)
    except OSError as error:
        stream.abort()
        waited = round(time.monotonic() - started, 1)
        return ServerFacts(failure=failure(error, "greeting"), waited_seconds=waited)
    took = round(1000 * (time.monotonic() - started))
    greeting, spoken = line.decode("utf-8", "replace").rstrip(), spoken_protocol(line)
    facts = ServerFacts(greeting=quote(greeting), spoken=spoken, milliseconds=took)
    if spoken != target.protocol or _turns_away(line):
        stream.abort()
        return facts
    stream.unread(line)
    try:
        session = open_session(target.protocol, stream, patient_deadline(target, bench))
    except OSError as error:
        stream.abort()
        return ServerFacts(
            greeting=facts.greeting,
            spoken=spoken,
            milliseconds=took,
            failure=failure(error, "capability"),
            waited_seconds=round(time.monotonic() - started - took / 1000, 1),
        )
    bench.shelf.put(session_key(target), session)
    return ServerFacts(
        greeting=facts.greeting,
        spoken=spoken,
        milliseconds=took,
        reply_milliseconds=round(1000 * (time.monotonic() - started)) - took,
        capabilities=session.capabilities,
        mechanisms=session.mechanisms,
        starttls=session.starttls,
        open=True,
    )


def patient_deadline(target: Service, bench: Workbench) -> Deadline:
    """For a reply: no longer than it takes to see the least patient mail programs of the most give up."""
    limits = [limit.seconds for limit in limits_of(target.protocol)]
    return bench.deadline.share(GREETING_SHARE, median_high(limits) + 1)


def _turns_away(line: bytes) -> bool:
    return bool(re.match(rb"\* (BYE|NO|BAD)|-ERR|[45]\d\d", line, re.IGNORECASE))


def _answers_tls(target: Service, given: Given, bench: Workbench) -> bool:
    address = given.of("reach", ReachFacts).connected
    deadline = bench.deadline.within(5)
    stream = Race((address,), target.port, deadline).winner(deadline) if address else None
    if stream is None:
        return False
    try:
        unverified_handshake(stream, target.host, legacy=False)
    except OSError:
        return False
    finally:
        stream.abort()
    return True


def judge_server(facts: ServerFacts, given: Given, target: Service) -> Iterator[Finding]:
    """The right protocol, in working order, in time? Of a guessed port only the right protocol's own words count."""
    findings = _judge(facts, given, target)
    if target.named or facts.spoken == target.protocol:
        yield from findings
    else:
        yield from (msgspec.structs.replace(finding, certainty="possible") for finding in findings)


def _judge(facts: ServerFacts, given: Given, target: Service) -> Iterator[Finding]:
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    if facts.tls_only:
        yield Finding(
            cause="tls.wrong-mode",
            certainty="confirmed",
            text=text("{host} says nothing in clear on port {port}, and answers a TLS handshake there.", **place),
        )
    elif facts.failure is None and facts.spoken != target.protocol:  # a blank line is a greeting too, and nobody's
        yield Finding(
            cause="reach.wrong-service",
            certainty="confirmed" if facts.spoken else "likely",
            text=text(
                "Port {port} of {host} does not speak {protocol}: {greeting}",
                protocol=target.protocol.upper(),
                greeting=facts.greeting,
                **place,
            ),
        )
    elif facts.failure is not None and (not facts.greeting or facts.failure.name == "timed_out"):
        yield from _judge_silence(facts, facts.failure, given, target)
    elif facts.greeting and not facts.open:
        yield from _judge_turned_away(facts, given, target)
    else:
        longest = max(facts.milliseconds, facts.reply_milliseconds) / 1000
        yield from judge_wait(longest, target, quick_connect=_connected_quickly(given))


def _judge_turned_away(facts: ServerFacts, given: Given, target: Service) -> Iterator[Finding]:
    words = facts.greeting
    if facts.failure is not None and not _turns_away(facts.greeting.encode()):
        words = facts.failure.text
    reading = read_reply(
        words,
        protocol="http" if target.protocol == "webmail" else target.protocol,
        provider=given.provider or providers.by_host(target.host),
        stage="greeting",
    )
    sentence = text("{host} greets on port {port} with: {words}", host=target.host, port=target.port, words=words)
    told = any(suspect.certainty != "possible" for suspect in reading.suspects)
    if not told:  # why is unknown; that it takes no clients is what it says
        yield Finding(cause="server.fault", certainty="confirmed", text=sentence)
    for suspect in reading.suspects:
        if told or suspect.cause != "server.fault":
            yield Finding(cause=suspect.cause, certainty=suspect.certainty, text=sentence)


def _connected_quickly(given: Given) -> bool:
    """Whether the connect gives no reason to blame the line for a wait."""
    if not given.has("reach"):
        return False
    made = [a.milliseconds for a in given.of("reach", ReachFacts).attempts if a.failure is None]
    return bool(made) and min(made) < 1000 * QUICK_CONNECT_SECONDS


def _judge_silence(facts: ServerFacts, known: Failure, given: Given, target: Service) -> Iterator[Finding]:
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    proven = list(judge_wait(facts.waited_seconds, target, quick_connect=_connected_quickly(given)))
    if known.name == "timed_out" and any(finding.certainty != "possible" for finding in proven):
        yield from proven
    elif known.name == "timed_out":
        yield Finding(
            cause="server.slow",
            certainty="likely" if facts.waited_seconds >= 5 else "possible",
            text=text(
                "{host} took the connection on port {port} and then said nothing more for {seconds} s.",
                seconds=round(facts.waited_seconds),
                **place,
            ),
        )
    elif known.name == "too_much_data":
        yield Finding(
            cause="reach.wrong-service",
            certainty="likely",
            text=text("{host} sends on port {port} what is no mail greeting ({words}).", words=known.words, **place),
        )
    elif known.name == "tls_alert":  # in TLS 1.3 the server may turn a client away after the client's last word
        yield Finding(
            cause="tls.handshake-failed",
            certainty="confirmed",
            text=text("The TLS handshake with {host} on port {port} broke off ({words}).", words=known.words, **place),
        )
    else:
        yield Finding(
            cause="server.fault",
            certainty="confirmed",
            text=text(
                "{host} closed the connection on port {port} before greeting ({words}).", words=known.words, **place
            ),
        )


def _mail_implicit(target: Service) -> bool:
    return target.protocol != "webmail" and target.tls == "implicit"


def _mail_starttls(target: Service) -> bool:
    return target.protocol != "webmail" and target.tls == "starttls"


def _usable(facts: ServerFacts) -> bool:
    return facts.open


_TITLE = text("{host} greets as a working {protocol} server on port {port}").msgid

RULED_OUT = ("server.fault", "server.too-many-connections", "server.slow", "reach.wrong-service", "tls.wrong-mode")

CHECKS = (
    Check(
        id="server",
        family="server",
        title=_TITLE,
        each=Service,
        facts=ServerFacts,
        probe=probe_server,
        judge=judge_server,
        rules_out=RULED_OUT,
        needs=("reach", "tls"),
        applies=_mail_implicit,
        usable=_usable,
    ),
    Check(
        id="server",
        family="server",
        title=_TITLE,
        each=Service,
        facts=ServerFacts,
        probe=probe_server,
        judge=judge_server,
        rules_out=RULED_OUT,
        needs=("reach",),
        applies=_mail_starttls,
        usable=_usable,
    ),
)
