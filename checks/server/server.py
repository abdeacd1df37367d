"""Server: who answers on the port, in what state, how fast, and with which capabilities."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from typing import Never

import msgspec

from checks.reach.reach import BAN_SECONDS, ReachFacts, ban_after_rejections, ban_of_one_rejected
from checks.reach.retry import (
    Try,
    call_again,
    hangs_up,
    may_pass,
    other_addresses,
    own_connections,
    standing_stream,
    time_is_left,
)
from checks.server.client_limits import judge_wait, limits_of, telling_deadline, telling_silence
from checks.server.first_words import FirstWords, first_words, is_text
from checks.server.maintenance import announces, announcing
from checks.server.spoken import HTTP, for_good, may_become, spoken_protocol, turns_away
from checks.sessions import MailSession, Resource, StrangerError, TurnedAwayError, open_session
from checks.tls.handshake import TlsFacts
from checks.tls.unverified import unverified_handshake
from checks.web.silent_server import web_servers_words
from diagnose import providers
from diagnose.model import (
    Certainty,
    Check,
    Deadline,
    Facts,
    Failure,
    Finding,
    Inputs,
    Service,
    Sharing,
    Text,
    failure,
    need,
    quote,
    text,
)
from diagnose.network import Stream, in_background, read_line
from diagnose.replies import Reading, decode, read_reply
from diagnose.running.context import Context

GREETING_SHARE = 0.65
"""Of the time left, for the greeting: half a minute of a run is enough for postscreen's 15 s, and for a second try."""
UNKNOWN_LIMIT_SECONDS = 61.0
"""For a reply in a protocol without published limits of its programs."""
REST_SECONDS = 2.0
LONGEST_REST = 4096
"""Bytes of the lines behind the first that are read of a greeting which turns away."""
SILENT_SECONDS = 3.0
"""Without a word by then, the port is tried with TLS beside it: a server that waits for a ClientHello says nothing."""
LOOK_SECONDS = 0.02
"""Between two looks whether TLS was answered."""
NO_MAIL_HERE = "settings.wrong-host"
"""What a server says that greets only to tell that its host has no mail service (RFC 7504): a guess was wrong then."""
PASSING_CAUSES = ("server.fault", "server.too-many-connections")
"""What a greeting may turn away for, and be over a moment later."""
LONGEST_SHOWN = 500
"""Characters of a greeting by which software is recognised."""
QUICK_CONNECT_SECONDS = 1.0
"""A slower connect speaks for a slow line, not for a slow server."""


class HangUp(msgspec.Struct, frozen=True, kw_only=True):
    """An address of a server that took the connection, and ended it without a greeting, twice."""

    address: str
    failure: Failure


class ServerFacts(Facts, frozen=True, kw_only=True):
    """A greeting, and what follows it."""

    greeting: str = ""
    """First line, as sent; of one that turns away, all lines."""
    spoken: str | None = None
    """The protocol of the greeting."""
    milliseconds: int = 0
    """From asking for it to the greeting's end."""
    reply_milliseconds: int = 0
    """From there until the capabilities were told."""
    capabilities: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    starttls: bool = False
    takes_no_login: bool = False
    """The session stands, and offers no way to log in, with no need for one."""
    open: bool = False
    """The session stands."""
    failure: Failure | None = None
    waited_seconds: float = 0.0
    """For a server that stayed silent: for how long."""
    received: int = 0
    """Bytes that came of what never became a whole greeting or answer."""
    readable: bool = True
    """What came is text."""
    fitting: bool = True
    """What came may be the beginning of a greeting of the expected protocol."""
    tls_only: bool = False
    """The port says nothing in clear and answers a TLS handshake."""
    asked: bool = False
    """The server kept silent until it was asked something in HTTP; the greeting is its answer."""
    own_connections: int = 0
    """For a server that turned this client away: other connections of this program to it that stood meanwhile."""
    rejected_lately: int = 0
    """For one that broke off before it greeted: logins of this account that were rejected in the last half hour."""
    rejected_here_at: float | None = None
    """For one that broke off before it greeted: as `ReachFacts` has it."""
    tries: tuple[Try, ...] = ()
    """Both conversations, where the first broke off; the other fields tell of the one that says more."""
    hung_up: HangUp | None = None
    """The address that connected first, where another one greets; the other fields tell of that."""
    address: str = ""
    """That other one."""


def session_key(service: Service) -> str:
    """The key in the connection pool of the session of *service*."""
    return f"session {service.protocol} {service.host} {service.port}"


def take_session(service: Service, context: Context) -> MailSession | None:
    """The session of *service*, now the caller's to close or put back."""
    return context.connections.take(session_key(service), MailSession)  # type: ignore[type-abstract]  # any subclass will do


def probe_server(target: Service, inputs: Inputs[ReachFacts], context: Context) -> ServerFacts:
    """Take the greeting; when it is the right protocol's, ask for the capabilities; once more where that breaks off."""
    stream = standing_stream(target, inputs, context, secure=True)
    first = _converse(stream, target, inputs, context)
    if not _may_pass(first, inputs, target) or not time_is_left(context):
        return first
    try:
        stream = call_again(target, inputs, context, alone=_limited(first, inputs, target))
    except OSError as error:
        return msgspec.structs.replace(first, tries=(_try(first), Try(failure=failure(error, "connect"))))
    second = _converse(stream, target, inputs, context)
    telling = second if second.greeting or not first.greeting else first
    if not first.open and _silent(second) and first.failure is not None and not _silent(first):
        telling = first  # an end says more than a silence
    elif not first.open and not second.open and _silent(first) and _silent(second):
        telling = max(first, second, key=lambda facts: facts.waited_seconds)
    if hangs_up(first.failure) and hangs_up(second.failure):
        elsewhere = _by_another_address(second, target, inputs, context)
        if elsewhere is not None:
            return elsewhere
    return msgspec.structs.replace(telling, tries=(_try(first), _try(second)))


def _by_another_address(
    silent: ServerFacts, target: Service, inputs: Inputs[ReachFacts], context: Context
) -> ServerFacts | None:
    """What another address than that of *silent* says; the run goes on by it. None: no other one works."""
    reach = inputs[ReachFacts]
    if silent.failure is None or reach.connected is None:
        return None
    for address in other_addresses(reach):
        if not time_is_left(context):
            return None
        try:
            stream = call_again(target, inputs, context, at_once=True, address=address)
        except OSError:
            continue
        facts = _converse(stream, target, inputs, context)
        if facts.open:
            context.answering.trust(target, address)
            hung_up = HangUp(address=reach.connected, failure=silent.failure)
            return msgspec.structs.replace(facts, hung_up=hung_up, address=address)
    return None


def _may_pass(facts: ServerFacts, inputs: Inputs[Never], target: Service) -> bool:
    """Whether a second try may fare better, and does no harm: nothing is sent against a ban."""
    if facts.open or facts.tls_only or not target.named:
        return False
    if facts.failure is not None:
        return may_pass(facts.failure)
    if facts.spoken != target.protocol or for_good(facts.greeting):
        return False
    suspects = _read(facts.greeting, inputs, target).suspects
    return not suspects or suspects[0].cause in PASSING_CAUSES


def _silent(facts: ServerFacts) -> bool:
    return not facts.greeting and facts.failure is not None and facts.failure.name == "timed_out"


def _limited(facts: ServerFacts, inputs: Inputs[Never], target: Service) -> bool:
    suspects = _read(facts.greeting, inputs, target).suspects if facts.greeting else ()
    return bool(suspects) and suspects[0].cause == "server.too-many-connections"


def _try(facts: ServerFacts) -> Try:
    return Try(
        greeting=facts.greeting,
        failure=facts.failure,
        waited_seconds=facts.waited_seconds,
        open=facts.open,
        own_connections=facts.own_connections,
    )


def _converse(stream: Stream, target: Service, inputs: Inputs[ReachFacts], context: Context) -> ServerFacts:
    if target.spoken.http:
        return _ask_first(stream, target, context)
    started = time.monotonic()
    stream.deadline = patient_deadline(target, context)
    try:
        if stream.tls is None and _only_answers_tls(stream, target, inputs, context):
            stream.abort()
            return ServerFacts(tls_only=True, waited_seconds=round(time.monotonic() - started, 1))
    except OSError as error:
        words = FirstWords(data=b"", error=error)
    else:
        words = first_words(stream, target.protocol)
    line = words.data
    facts = ServerFacts(greeting=_quoted(line), spoken=spoken_protocol(line), readable=is_text(line))
    if words.error is not None:
        missing = failure(words.error, "greeting")
        waited = round(time.monotonic() - started, 1)
        answer = b"" if line or missing.name != "timed_out" else web_servers_words(stream, context.deadline)
        stream.abort()
        if answer:
            return ServerFacts(greeting=_quoted(answer), spoken=HTTP, asked=True, waited_seconds=waited)
        return msgspec.structs.replace(
            facts,
            failure=missing,
            waited_seconds=waited,
            received=len(line),
            fitting=may_become(line, target.protocol),
        )
    took = round(1000 * (time.monotonic() - started))
    facts = msgspec.structs.replace(facts, milliseconds=took)
    if facts.spoken != target.protocol or turns_away(line):
        greeting = _quoted(line + _rest_of(line, stream))
        others = max(own_connections(target, inputs, context, stream.peer) - 1, 0)
        stream.abort()
        return msgspec.structs.replace(facts, greeting=greeting, received=len(line), own_connections=others)
    before = stream.received
    stream.unread(line)
    try:
        session = open_session(target.protocol, stream, patient_deadline(target, context))
    except OSError as error:
        stream.abort()
        return msgspec.structs.replace(
            facts,
            failure=failure(error, "capability"),
            waited_seconds=round(time.monotonic() - started - took / 1000, 1),
            received=stream.received - before,
        )
    context.connections.put(session_key(target), session)
    return msgspec.structs.replace(
        facts,
        reply_milliseconds=round(1000 * (time.monotonic() - started)) - took,
        capabilities=session.capabilities,
        mechanisms=session.mechanisms,
        takes_no_login=session.takes_no_login,
        starttls=session.starttls,
        open=True,
    )


def _with_record(facts: ServerFacts, target: Service, inputs: Inputs[Never], context: Context) -> ServerFacts:
    """Of a server that broke off before it greeted, with the logins that were rejected before."""
    if facts.failure is None or facts.failure.operation != "greeting" or target.spoken.http:
        return facts
    return msgspec.structs.replace(
        facts,
        rejected_lately=context.history.recent(inputs.subject.username or inputs.subject.domain, BAN_SECONDS),
        rejected_here_at=context.rejecting.rejected_at(target.host, target.port, BAN_SECONDS),
    )


def _ask_first(stream: Stream, target: Service, context: Context) -> ServerFacts:
    """Begin the conversation where the client does; what is answered stands in the place of a greeting."""
    started = time.monotonic()

    def connect(host: str, port: int, deadline: Deadline) -> Stream:
        other = context.network.connect(host, port, deadline)
        other.start_tls(context.network.trust(), host)
        return other

    def waited() -> float:
        return round(time.monotonic() - started, 1)

    try:
        resource = Resource(target.address, connect)
        session = open_session(target.protocol, stream, patient_deadline(target, context), resource)
    except StrangerError as error:
        stream.abort()
        return ServerFacts(greeting=quote(str(error)), spoken=HTTP, waited_seconds=waited())
    except TurnedAwayError as error:
        stream.abort()
        return ServerFacts(greeting=quote(str(error)), spoken=target.protocol, waited_seconds=waited())
    except OSError as error:
        stream.abort()
        return ServerFacts(failure=failure(error, "greeting"), waited_seconds=waited(), received=stream.received)
    context.connections.put(session_key(target), session)
    return ServerFacts(
        greeting=quote(session.said),
        spoken=target.protocol,
        milliseconds=round(1000 * (time.monotonic() - started)),
        capabilities=session.capabilities,
        mechanisms=session.mechanisms,
        takes_no_login=session.takes_no_login,
        open=True,
    )


def _quoted(line: bytes) -> str:
    return quote(decode(line))


def _rest_of(line: bytes, stream: Stream) -> bytes:
    """The further lines of an SMTP reply that began with *line* (RFC 5321 §4.2.1), for two seconds at most."""
    stream.deadline = stream.deadline.within(REST_SECONDS)
    rest = b""
    with contextlib.suppress(OSError):
        while re.match(rb"[245]\d\d-", line) and len(rest) < LONGEST_REST:
            line = read_line(stream)
            rest += line
    return rest


def _only_answers_tls(stream: Stream, target: Service, inputs: Inputs[ReachFacts], context: Context) -> bool:
    """Whether the port keeps silent in clear, and answers a TLS handshake beside that."""
    if stream.wait_readable(SILENT_SECONDS) or stream.deadline.passed():
        return False
    trying = in_background(lambda: _answers_tls(target, inputs, context), f"try TLS {target.port}")
    while not stream.wait_readable(LOOK_SECONDS) and not trying.done() and not stream.deadline.passed():
        pass
    return trying.done() and trying.result() and not stream.wait_readable(0)


def patient_deadline(target: Service, context: Context) -> Deadline:
    """For a reply: no longer than it takes to see the least patient mail programs of the most give up."""
    limits = sorted(limit.seconds for limit in limits_of(target.protocol))
    at_most = limits[len(limits) // 2] + 1 if limits else UNKNOWN_LIMIT_SECONDS
    return telling_deadline(target.protocol, context.deadline, GREETING_SHARE, at_most)


def _answers_tls(target: Service, inputs: Inputs[ReachFacts], context: Context) -> bool:
    address = inputs[ReachFacts].connected
    deadline = context.deadline.within(5)
    if address is None:
        return False
    stream = context.network.connect_all((address,), target.port, deadline).winner(deadline)
    if stream is None:
        return False
    try:
        unverified_handshake(stream, target.host, legacy=False)
    except OSError:
        return False
    finally:
        stream.abort()
    return True


def judge_server(facts: ServerFacts, inputs: Inputs[ReachFacts], target: Service) -> Iterator[Finding]:
    """The right protocol, in working order, in time? Of a guessed port only the right protocol's own words count."""
    for finding in _judge(facts, inputs, target):
        if target.named or (facts.spoken == target.protocol and finding.cause != NO_MAIL_HERE):
            yield finding
        else:
            yield msgspec.structs.replace(finding, certainty="possible", proof="")


def _judge(facts: ServerFacts, inputs: Inputs[ReachFacts], target: Service) -> Iterator[Finding]:
    place = target.place
    if facts.tls_only:
        yield Finding(
            cause="tls.wrong-mode",
            certainty="confirmed",
            proof="waits-for-tls",
            text=text("{host} says nothing in clear on port {port}, and answers a TLS handshake there.", **place),
        )
    elif facts.asked:
        yield Finding(
            cause="reach.wrong-service",
            certainty="confirmed",
            proof="greeting-of-another",
            text=text(
                "{host} keeps silent on port {port}, where {protocol} begins with a greeting, "
                "and answers a web browser's request: {greeting}",
                protocol=target.label,
                greeting=facts.greeting,
                **place,
            ),
        )
    elif facts.spoken == "tls" and target.tls == "starttls":
        yield Finding(
            cause="tls.wrong-mode",
            certainty="confirmed",
            proof="tls-record",
            text=text("{host} sends a TLS record on port {port} where a greeting in clear was due.", **place),
        )
    elif _is_another(facts, target):
        yield from _judge_another(facts, target)
    elif facts.failure is not None and (_broke_off_greeting(facts.failure) or facts.failure.name == "timed_out"):
        yield from _judge_silence(facts, facts.failure, inputs, target)
    elif facts.greeting and not facts.open:
        yield from _judge_turned_away(facts, inputs, target)
    else:
        yield from _judge_hang_up(facts, target)
        yield from _judge_first_try(facts, inputs, target)
        if "[ALERT]" in facts.greeting.upper() and announces(facts.greeting):  # which is meant to be read by people
            sentence = text("{host} greets on port {port} with: {words}", words=facts.greeting, **place)
            hint = Finding(cause="server.fault", certainty="possible", partial=True, text=sentence)
            yield announcing(hint, target.host, facts.greeting)
        longest = max(facts.milliseconds, facts.reply_milliseconds) / 1000
        yield from judge_wait(longest, target, quick_connect=_connected_quickly(inputs))


def _broke_off_greeting(known: Failure) -> bool:
    return known.operation == "greeting"


def _is_another(facts: ServerFacts, target: Service) -> bool:
    """Whether what came is no greeting of the expected protocol, nor a part of one."""
    if facts.failure is None:
        return facts.spoken != target.protocol  # a blank line is a greeting too, and nobody's
    return _broke_off_greeting(facts.failure) and facts.received > 0 and not facts.fitting


def _judge_another(facts: ServerFacts, target: Service) -> Iterator[Finding]:
    place = target.place
    if facts.readable or facts.spoken:
        sentence = text(
            "Port {port} of {host} does not speak {protocol}: {greeting}",
            protocol=target.label,
            greeting=facts.greeting,
            **place,
        )
    else:
        sentence = text(
            "{host} sent {count} bytes on port {port} that are no text, and so no greeting of {protocol}.",
            protocol=target.label,
            count=facts.received,
            **place,
        )
    certainty: Certainty = "confirmed" if facts.spoken not in {None, target.protocol} else "likely"
    yield Finding(cause="reach.wrong-service", certainty=certainty, proof="greeting-of-another", text=sentence)


def _read(words: str, inputs: Inputs[Never], target: Service) -> Reading:
    return read_reply(
        words,
        protocol=target.spoken.replies,
        provider=inputs.provider or providers.by_host(target.host),
        stage="greeting",
    )


def _judge_hang_up(facts: ServerFacts, target: Service) -> Iterator[Finding]:
    """An address of several that a program may come by: now and then it fails."""
    if facts.hung_up is None:
        return
    finding = hang_up_finding(facts.hung_up.failure, target)
    sentence = text(
        "By its address {address}: {words} By {other} it works.",
        address=facts.hung_up.address,
        words=finding.text,
        other=facts.address,
    )
    data = {**finding.data, "address": facts.hung_up.address, "accepted_by": facts.address}
    yield msgspec.structs.replace(finding, partial=True, text=sentence, data=data)


def hang_up_finding(known: Failure, target: Service) -> Finding:
    """A server took the connection, and ended it before its greeting."""
    return Finding(
        cause="server.fault",
        certainty="confirmed",
        proof="closed-before-greeting",
        text=text(
            "{host} closed the connection on port {port} before greeting ({words}).", words=known.words, **target.place
        ),
    )


def _judge_first_try(facts: ServerFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    """What a server that took the second try said to the first: worth a hint, no more."""
    if not facts.tries:
        return
    first = facts.tries[0]
    place = target.place
    if turns_away(first.greeting):
        suspects = _read(first.greeting, inputs, target).suspects
        cause = suspects[0].cause if suspects else "server.fault"
        sentence = text(
            "{host} first answered on port {port}: {words} A second try worked.", words=first.greeting, **place
        )
        if cause == "server.too-many-connections" and first.own_connections:
            sentence = text(
                "{host} turned this program away on port {port} while {count} other connections of it were open: "
                "{words} Without those it worked.",
                words=first.greeting,
                count=first.own_connections,
                **place,
            )
    else:
        known = first.failure
        cause = "server.fault" if known is None or known.name == "connection_closed" else "network.unstable"
        sentence = text(
            "The first connection to {host} on port {port} broke off ({words}). A second try worked.",
            words=known.words if known else "",
            **place,
        )
    yield Finding(cause=cause, certainty="possible", partial=True, text=sentence)


def _judge_turned_away(facts: ServerFacts, inputs: Inputs[Never], target: Service) -> Iterator[Finding]:
    words, place = facts.greeting, target.place
    sentence = text("{host} greets on port {port} with: {words}", words=words, **place)
    if facts.failure is not None and not turns_away(words):
        words = facts.failure.text
        if not turns_away(words):
            ended = text(
                "{host} greets on port {port}, and then ends the conversation ({words}).",
                words=facts.failure.words,
                **place,
            )
            yield Finding(cause="server.fault", certainty="likely", text=ended)
            return
        sentence = text(
            "{host} greets on port {port}, and answers the first command with: {words}", words=words, **place
        )
    reading = _read(words, inputs, target)
    told = any(suspect.certainty != "possible" for suspect in reading.suspects)
    if not told:  # why is unknown; that it takes no clients is what it says, unless it only wants them to wait
        delays = bool(reading.matched) and not reading.suspects
        certainty: Certainty = "possible" if delays else "confirmed"
        finding = Finding(cause="server.fault", certainty=certainty, proof="reply", text=sentence)
        yield announcing(finding, target.host, words)
    ours = facts.own_connections if facts.tries else 0
    for suspect in reading.suspects:
        if told or suspect.cause != "server.fault":
            # a limit that counts our own connections is not shown to be anybody else's
            doubtful = ours and suspect.cause == "server.too-many-connections"
            certainty = "possible" if doubtful else suspect.certainty
            finding = Finding(cause=suspect.cause, certainty=certainty, proof=suspect.proof, text=sentence)
            yield announcing(finding, target.host, words)


def _connected_quickly(inputs: Inputs[ReachFacts]) -> bool:
    """Whether the connect gives no reason to blame the line for a wait."""
    reach = inputs.get(ReachFacts)
    made = [a.milliseconds for a in reach.attempts if a.failure is None] if reach else []
    return bool(made) and min(made) < 1000 * QUICK_CONNECT_SECONDS


def _judge_silence(
    facts: ServerFacts, known: Failure, inputs: Inputs[ReachFacts], target: Service
) -> Iterator[Finding]:
    place = target.place
    proven = list(judge_wait(facts.waited_seconds, target, quick_connect=_connected_quickly(inputs)))
    if known.name == "timed_out" and any(finding.certainty != "possible" for finding in proven):
        yield from proven
    elif known.name == "timed_out":
        yield Finding(
            cause="server.slow",
            certainty="likely" if facts.waited_seconds >= telling_silence(target.protocol) else "possible",
            text=_what_came(facts, known, place),
        )
    elif known.name == "too_much_data":
        yield Finding(
            cause="server.fault" if facts.received else "reach.wrong-service",
            certainty="likely",
            text=text("What {host} sends on port {port} is not a mail greeting ({words}).", words=known.words, **place),
        )
    elif known.name == "tls_alert":  # in TLS 1.3 the server may turn a client away after the client's last word
        yield Finding(
            cause="tls.handshake-failed",
            certainty="confirmed",
            proof="broken-off",
            text=text("The TLS handshake with {host} on port {port} broke off ({words}).", words=known.words, **place),
        )
    else:
        finding = hang_up_finding(known, target)
        if facts.received:
            sentence = text(
                "{host} broke off its greeting on port {port} after {count} bytes ({words}).",
                count=facts.received,
                words=known.words,
                **place,
            )
            finding = msgspec.structs.replace(finding, text=sentence)
        yield finding
        if facts.rejected_here_at is not None:
            yield ban_of_one_rejected(facts.rejected_here_at, target, "likely")
        elif facts.rejected_lately:
            yield ban_after_rejections("possible")


def _what_came(facts: ServerFacts, known: Failure, place: dict[str, str | int]) -> Text:
    """How a server that was waited for kept silent, or what it sent meanwhile."""
    seconds = int(facts.waited_seconds)  # of 7.6 s nobody may say that they were 8
    if facts.received:
        return text(
            "{host} took the connection on port {port}, and in {seconds} s sent {count} bytes of an answer without its "
            "end.",
            seconds=seconds,
            count=facts.received,
            **place,
        )
    if not _broke_off_greeting(known):
        return text(
            "{host} greeted on port {port} and then said nothing more for {seconds} s.", seconds=seconds, **place
        )
    return text(
        "{host} took the connection on port {port} and then said nothing for {seconds} s.", seconds=seconds, **place
    )


def _greets(target: Service) -> bool:
    return "web" not in target.ways and target.tls != "none"


def _after_handshake(target: Service) -> bool:
    return target.tls == "implicit"


def _usable(facts: ServerFacts) -> bool:
    return facts.open


def _untold(facts: ServerFacts) -> Text | None:
    return None if facts.open else text("no conversation came about")


def _shows(facts: ServerFacts, _inputs: Inputs[Never], target: Service) -> Mapping[str, str]:
    """What the server calls itself, where it greets as one of the protocol."""
    greets = facts.spoken == target.protocol and not facts.asked
    return {"greeting": quote(facts.greeting, LONGEST_SHOWN)} if greets and facts.greeting else {}


CHECK = Check(
    id="server",
    family="server",
    title="{host} greets as a working {protocol} server on port {port}",
    each=Service,
    station="server",
    opens="transport",
    facts=ServerFacts,
    probe=probe_server,
    judge=judge_server,
    untold=_untold,
    shows=_shows,
    rules_out=("server.fault", "server.too-many-connections", "server.slow", "reach.wrong-service", "tls.wrong-mode"),
    needs=need(ReachFacts) | need(TlsFacts, where=_after_handshake),
    sharing=Sharing(own=_with_record),
    applies=_greets,
    usable=_usable,
)
