"""TLS: a verified handshake, and what is to be said of one that failed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Never, cast

import msgspec

from checks.network.reference_clocks import ask_clocks
from checks.reach.reach import BAN_SECONDS, ReachFacts, ban_of_one_rejected, stream_key
from checks.reach.retry import call_again, hangs_up, may_pass, standing_stream, time_is_left
from checks.server.client_limits import telling_deadline, telling_silence
from checks.server.maintenance import announcing
from checks.server.server import ServerFacts, hang_up_finding, patient_deadline, session_key, take_session
from checks.server.spoken import of_the_moment, speaks, takes_leave, turns_away
from checks.sessions import MailSession, open_session
from checks.tls.addresses import NotOfferedError, Others
from checks.tls.certificates import day, seconds_at
from checks.tls.explained import TlsExplanation, explain
from checks.tls.handshake import AtAddress, TlsFacts, outside_validity
from checks.tls.not_accepted import judge_certificate
from diagnose import providers
from diagnose.model import (
    Check,
    ClosedError,
    Failure,
    Finding,
    Inputs,
    Service,
    Sharing,
    SkipCheck,
    Text,
    failure,
    need,
    text,
)
from diagnose.model.certificates import EXPIRING_DAYS
from diagnose.model.failures import NamedError
from diagnose.network import Stream
from diagnose.replies import read_reply
from diagnose.running.context import Context

HANDSHAKE_SECONDS = 10.0
DAY = 86400
NO_HANDSHAKE = "alert handshake failure"
"""How the TLS library words the alert handshake_failure (RFC 8446 §6.2)."""
OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")

OF_THE_SETUP = ("certificate_not_accepted", "tls_version_or_cipher")
"""Failures of a handshake that every client meets, and at any time."""
ENDED = ("connection_closed", "connection_reset", "timed_out")
"""How a conversation ends, or stands still, that no handshake is to blame for."""
BAN_FAILURES = ("connection_closed", "connection_reset")
"""How a handshake ends with a server that takes the connections of an address which it bans, and drops them."""
OF_THE_SERVER = frozenset({"UNAVAILABLE", "SERVERBUG", "SYS/TEMP", "SYS/PERM"})
"""Codes by which a server says that it is at fault itself (RFC 5530, 3206)."""
DISPROVED = ("reach.wrong-service",)
"""What a refusal of STARTTLS cannot mean: the greeting has told whose protocol it is."""


def probe_tls(target: Service, inputs: Inputs[ReachFacts | ServerFacts], context: Context) -> TlsFacts:
    """A handshake on the connection that stands, or on the session that the greeting opened."""
    others = Others(target, inputs, context)
    facts = (probe_starttls if target.tls == "starttls" else probe_implicit)(target, inputs, context)
    return _with_others(facts, others, target, inputs, context)


def _with_others(
    facts: TlsFacts, others: Others, target: Service, inputs: Inputs[ReachFacts], context: Context
) -> TlsFacts:
    """*facts* of the first address with what the others show; the run goes on with one whose certificate is accepted.

    Which of them connects first is chance, and no matter of what is wrong.
    """
    first, came = context.answering.trusted(target) or inputs[ReachFacts].connected or "", list(others.come())
    wrong = [AtAddress(address=first, told=facts)] if _unfit(facts) else []
    right = first if facts.verified else ""
    for other in came:
        if other.error is not None:
            told = TlsFacts(verified=False, at=time.time(), offered=False)
            if not isinstance(other.error, NotOfferedError):
                told = _failed(other.error, target, other.address, inputs, context)
            wrong += [AtAddress(address=other.address, told=told)] if _unfit(told) else []
        elif other.held is not None and wrong and not right:
            right, facts = other.address, _go_on_with(other.held, target, context)
            context.answering.trust(target, right)
        else:
            other.let_go()
    return msgspec.structs.replace(facts, address=right, not_accepted=tuple(wrong)) if right and wrong else facts


def _go_on_with(held: Stream | MailSession, target: Service, context: Context) -> TlsFacts:
    if isinstance(held, MailSession):
        context.connections.put(session_key(target), held)
        return msgspec.structs.replace(_verified(held.stream), takes_no_login=held.takes_no_login)
    held.deadline = context.deadline
    context.connections.put(stream_key(target), held)
    return _verified(held)


def _unfit(facts: TlsFacts) -> bool:
    """Whether the server at this address is set up so that no client gets in safely, or hangs up."""
    ill_set = facts.failure is not None and facts.failure.name in OF_THE_SETUP
    return not facts.offered or ill_set or hangs_up(facts.failure)


def probe_implicit(target: Service, inputs: Inputs[ReachFacts], context: Context) -> TlsFacts:
    """Handshake on the connection that stands."""
    stream = standing_stream(target, inputs, context)
    stream.deadline = telling_deadline(target.protocol, context.deadline, 0.6, HANDSHAKE_SECONDS)
    started = time.monotonic()
    try:
        stream.start_tls(context.network.trust(), target.host)
    except (ssl.SSLError, OSError) as error:
        stream.abort()
        waited = round(time.monotonic() - started, 1)
        facts = _once_more(error, target, inputs, context)
        late = facts.failure is not None and facts.failure.name == "timed_out"
        return msgspec.structs.replace(facts, waited_seconds=waited) if late else facts
    stream.deadline = context.deadline
    facts = _verified(stream)
    context.connections.put(stream_key(target), stream)
    return facts


def probe_starttls(target: Service, inputs: Inputs[ReachFacts | ServerFacts], context: Context) -> TlsFacts:
    """STARTTLS on the session that the greeting opened."""
    session = take_session(target, context)
    if session is None:
        session = _in_clear(target, inputs, context)
    if not inputs[ServerFacts].starttls:
        session.close()
        return TlsFacts(verified=False, at=time.time(), offered=False)
    started = time.monotonic()
    try:
        refusal = _start_tls(session, target, context)
    except (ssl.SSLError, OSError) as error:
        session.close()
        waited = round(time.monotonic() - started, 1)
        facts = _once_more(error, target, inputs, context)
        late = facts.failure is not None and facts.failure.name == "timed_out"
        return msgspec.structs.replace(facts, waited_seconds=waited) if late else facts
    if refusal is not None:
        session.close()
        return TlsFacts(verified=False, at=time.time(), refusal=refusal)
    facts = msgspec.structs.replace(_verified(session.stream), takes_no_login=session.takes_no_login)
    context.connections.put(session_key(target), session)
    return facts


def _in_clear(target: Service, inputs: Inputs[ReachFacts], context: Context) -> MailSession:
    """A new session where this run has taken over what its server says. Raises SkipCheck."""
    if context.shared is not None:
        stream = standing_stream(target, inputs, context)
        try:
            return open_session(target.protocol, stream, patient_deadline(target, context))
        except OSError:
            stream.abort()
            context.shared.outdate(target.host)
    raise SkipCheck(text("the connection is gone"))


def _start_tls(session: MailSession, target: Service, context: Context) -> str | None:
    """As `MailSession.start_tls`. Raises NamedError where the handshake held, and the conversation ended behind it."""
    try:
        return session.start_tls(context.network.trust(), target.host, context.deadline.share(0.6, HANDSHAKE_SECONDS))
    except OSError as error:
        known = failure(error, "capability")
        # in TLS 1.3 a server may yet turn a client away after the client's last word: an alert, or a verdict of ours
        if session.stream.tls is None or known.name not in ENDED:
            raise
        raise NamedError(known) from error


def _known(error: OSError) -> Failure:
    return error.known if isinstance(error, NamedError) else failure(error, "tls_handshake")


def _held(known: Failure) -> bool:
    """Whether the handshake held, and what broke off is the conversation behind it."""
    return known.operation == "capability"


def _of_handshake(known: Failure) -> bool:
    """Whether a second handshake may show why the first did not hold."""
    return known.name != "timed_out" and known.operation != "greeting" and not _held(known)


def _once_more(
    error: ssl.SSLError | OSError, target: Service, inputs: Inputs[ReachFacts], context: Context
) -> TlsFacts:
    """A handshake that broke off is tried a second time; of two failures the one that says more is told."""
    known = _known(error)
    address = inputs[ReachFacts].connected
    if known.name == "timed_out" or not may_pass(known) or not target.named or not time_is_left(context):
        return _failed(error, target, address, inputs, context)
    takes_no_login = False
    try:
        stream = call_again(target, inputs, context)
        if target.tls == "implicit":
            context.connections.put(stream_key(target), stream)
        else:
            session = open_session(target.protocol, stream, context.deadline.share(0.6, HANDSHAKE_SECONDS))
            if refusal := _start_tls(session, target, context):
                raise ClosedError(refusal)
            takes_no_login = session.takes_no_login
            context.connections.put(session_key(target), session)
    except (ssl.SSLError, OSError) as again:
        telling = error if may_pass(_known(again)) else again
        return _failed(telling, target, address, inputs, context)
    stream.deadline = context.deadline
    return msgspec.structs.replace(_verified(stream), first_failure=known, takes_no_login=takes_no_login)


def standing_session(target: Service, inputs: Inputs[ReachFacts], context: Context) -> MailSession | None:
    """The session that this run keeps; a new one where it has taken over that there is one. None: it is gone."""
    session = take_session(target, context)
    if session is None and context.shared is not None:
        try:
            session = session_again(target, inputs, context, at_once=True)
        except OSError:
            context.shared.outdate(target.host)
    return session


def session_again(
    target: Service, inputs: Inputs[ReachFacts], context: Context, *, at_once: bool = False
) -> MailSession:
    """A new session with *target*, under verified TLS, up to where a login may follow. Raises OSError."""
    stream = call_again(target, inputs, context, at_once=at_once)
    refusal = None
    try:
        session = open_session(target.protocol, stream, patient_deadline(target, context))
        if target.tls == "starttls":
            patience = context.deadline.share(0.6, HANDSHAKE_SECONDS)
            refusal = session.start_tls(context.network.trust(), target.host, patience)
    except BaseException:
        stream.abort()
        raise
    if refusal is not None:
        session.close()
        raise ClosedError(refusal)
    return session


def _verified(stream: Stream) -> TlsFacts:
    tls = stream.tls
    if tls is None:
        raise ClosedError("no TLS after the handshake")
    certificate = tls.getpeercert() or {}
    not_before, not_after = certificate.get("notBefore"), certificate.get("notAfter")
    issuer = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("issuer", ()))
    names = [f"{key}={value}" for row in issuer for key, value in row]
    cipher = tls.cipher()
    return TlsFacts(
        verified=True,
        at=time.time(),
        version=tls.version(),
        cipher=cipher[0] if cipher else None,
        not_before=seconds_at(not_before) if isinstance(not_before, str) else None,
        not_after=seconds_at(not_after) if isinstance(not_after, str) else None,
        issuer=", ".join(names)[:300],
    )


def handshake_elsewhere(target: Service, inputs: Inputs[Never], context: Context) -> TlsFacts:
    """What a handshake with a host beside those of the run comes to, as one that a page leads to. Raises OSError."""
    stream = context.network.connect(target.host, target.port, context.deadline.share(0.6, HANDSHAKE_SECONDS))
    try:
        stream.start_tls(context.network.trust(), target.host)
    except (ssl.SSLError, OSError) as error:
        return _failed(error, target, stream.peer, inputs, context)
    finally:
        stream.abort()
    return TlsFacts(verified=True, at=time.time())


def _failed(
    error: ssl.SSLError | OSError, target: Service, address: str | None, inputs: Inputs[Never], context: Context
) -> TlsFacts:
    known = _known(error)
    code = getattr(error, "verify_code", None)
    message = getattr(error, "verify_message", None)
    if message:
        known = msgspec.structs.replace(known, text=str(message))
    facts = TlsFacts(
        verified=False,
        at=time.time(),
        failure=known,
        verify_code=code if isinstance(code, int) else None,
        private_authorities=context.network.ca_file is not None,
        explanation=explain(known, target, address, context) if _of_handshake(known) else None,
    )
    if outside_validity(facts, facts.at):
        told = ask_clocks(target, inputs, context)
        facts = msgspec.structs.replace(facts, clocks=told.ticks, validities=told.validities)
    return facts


def with_record(facts: TlsFacts, target: Service, _inputs: Inputs[Never], context: Context) -> TlsFacts:
    """Of a handshake that broke off, with the login that was rejected there before."""
    if facts.failure is None or facts.failure.name not in BAN_FAILURES:
        return facts
    rejected = context.rejecting.rejected_at(target.host, target.port, BAN_SECONDS)
    return msgspec.structs.replace(facts, rejected_here_at=rejected)


# -- judging


def judge_tls(facts: TlsFacts, inputs: Inputs[ServerFacts], target: Service) -> Iterator[Finding]:
    """Encrypted, and with the right server?"""
    yield from judge_handshake(facts, target, inputs.get(ServerFacts))


def judge_handshake(facts: TlsFacts, target: Service, server: ServerFacts | None = None) -> Iterator[Finding]:
    """What *facts* say of *target*; *server*: who greeted there before TLS, if that was waited for."""
    if facts.verified:
        yield from _judge_expiring(facts, target)
        yield from _judge_first_try(facts, target)
        yield from _judge_other_addresses(facts, target)
    elif not facts.offered:
        yield Finding(
            cause="tls.starttls-missing",
            certainty="confirmed",
            proof="not-offered",
            text=text(
                "{host} does not offer STARTTLS on port {port}; its capabilities are: {capabilities}.",
                host=target.host,
                port=target.port,
                capabilities=" ".join(server.capabilities if server else ()) or text("none"),
            ),
        )
    elif facts.refusal is not None and takes_leave(facts.refusal):
        yield from _judge_ended(facts.refusal, target)
    elif facts.refusal is not None:
        yield from _judge_refused(facts.refusal, target)
    elif facts.failure is not None:
        there = target.named or _greets(facts, server, target)
        for finding in _judge_failure(facts, facts.failure, target):
            if there and (target.named or finding.cause != "tls.name-mismatch"):
                yield finding
            else:  # whether this is the right name at all is our own guess
                yield msgspec.structs.replace(finding, certainty="possible")


def _greets(facts: TlsFacts, server: ServerFacts | None, target: Service) -> bool:
    """Whether a server of the expected protocol has spoken there, be it a guess or not."""
    if facts.explanation is not None and facts.explanation.plaintext:
        return speaks(facts.explanation.plaintext.encode(), target)
    return server is not None and server.spoken == target.protocol


def _judge_first_try(facts: TlsFacts, target: Service) -> Iterator[Finding]:
    if facts.first_failure is not None:
        yield Finding(
            cause="network.unstable",
            certainty="possible",
            partial=True,
            text=text(
                "The first TLS handshake with {host} on port {port} broke off ({words}). A second try worked.",
                host=target.host,
                port=target.port,
                words=facts.first_failure.words,
            ),
        )


def _judge_other_addresses(facts: TlsFacts, target: Service) -> Iterator[Finding]:
    """A program that comes by such an address is turned away, or warned; by another one it gets in."""
    for other in facts.not_accepted:
        for finding in _judge_at_address(other.told, target):
            places = {"address": other.address, "other": facts.address}
            if hangs_up(other.told.failure):
                sentence = text("By its address {address}: {words} By {other} it works.", words=finding.text, **places)
            else:
                sentence = text(
                    "By its address {address}: {words} By {other} it shows a certificate that is accepted.",
                    words=finding.text,
                    **places,
                )
            data = {**finding.data, "address": other.address, "accepted_by": facts.address}
            yield msgspec.structs.replace(finding, partial=True, text=sentence, data=data)


def _judge_at_address(told: TlsFacts, target: Service) -> Iterator[Finding]:
    if not told.offered:
        sentence = text("{host} does not offer STARTTLS on port {port}.", host=target.host, port=target.port)
        yield Finding(cause="tls.starttls-missing", certainty="confirmed", proof="not-offered", text=sentence)
    elif told.failure is not None and told.failure.operation == "greeting":
        yield hang_up_finding(told.failure, target)
    elif told.failure is not None:
        yield from _judge_failure(told, told.failure, target)


def _judge_expiring(facts: TlsFacts, target: Service) -> Iterator[Finding]:
    if facts.not_after is not None and facts.not_after - facts.at < EXPIRING_DAYS * DAY:
        yield Finding(
            cause="tls.cert-expiring",
            certainty="confirmed",
            proof="not-after",
            text=text(
                "The certificate of {host} on port {port} runs out on {day}, in {days} days.",
                host=target.host,
                port=target.port,
                day=day(facts.not_after),
                days=int((facts.not_after - facts.at) // DAY),
            ),
        )


def _judge_failure(facts: TlsFacts, known: Failure, target: Service) -> Iterator[Finding]:
    seen = facts.explanation or TlsExplanation()
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    if known.name == "certificate_not_accepted":
        yield from judge_certificate(facts, known, seen, target)
    elif _held(known) and known.name == "timed_out":
        waited = facts.waited_seconds or 0.0
        yield Finding(
            cause="server.slow",
            certainty="likely" if waited >= telling_silence(target.protocol) else "possible",
            text=text(
                "{host} finished the TLS handshake on port {port} and then said nothing more for {seconds} s.",
                seconds=int(waited),
                **place,
            ),
        )
    elif _held(known):
        yield from _judge_ended(known.text, target)
    elif known.name == "tls_not_spoken" and seen.plaintext and _turned_away(seen.plaintext, target):
        yield from _judge_ended(seen.plaintext, target)
    elif known.name == "tls_not_spoken" and seen.plaintext and target.tls == "implicit":
        wrong_mode = speaks(seen.plaintext.encode(), target)
        yield Finding(
            cause="tls.wrong-mode" if wrong_mode else "reach.wrong-service",
            certainty="confirmed",
            proof="plain-greeting" if wrong_mode else "greeting-of-another",
            text=text(
                "Port {port} of {host} speaks in clear where TLS was due: {greeting}",
                greeting=seen.plaintext,
                **place,
            ),
        )
    elif known.name == "tls_version_or_cipher" and _takes_no_encryption(known, seen):
        yield Finding(
            cause="tls.handshake-failed",
            certainty="confirmed",
            proof="broken-off",
            text=text(
                "{host} breaks off the TLS handshake on port {port}, with today's encryption and with older one alike. "
                "A server does so that has no certificate, or wants one of its clients ({words}).",
                words=known.text,
                **place,
            ),
        )
    elif known.name == "tls_version_or_cipher" or seen.legacy_version in OLD_VERSIONS:
        older_works = seen.legacy_version in OLD_VERSIONS
        if older_works:
            sentence = text(
                "{host} takes no TLS 1.2 or newer on port {port}; with {version} it does connect.",
                version=seen.legacy_version,
                **place,
            )
        else:
            sentence = text(
                "{host} and this computer find no common TLS version or cipher on port {port} ({words}).",
                words=known.text,
                **place,
            )
        yield Finding(
            cause="tls.protocol-too-old",
            certainty="confirmed",
            proof="older-version-works" if older_works else "alert",
            text=sentence,
        )
    elif known.name == "timed_out" and facts.waited_seconds is None:
        yield Finding(
            cause="tls.handshake-failed",
            certainty="likely",
            text=text("{host} took the connection on port {port} and did not answer the TLS handshake.", **place),
        )
    elif known.name == "timed_out" and facts.waited_seconds is not None:
        yield Finding(
            cause="server.slow",
            certainty="likely" if facts.waited_seconds >= telling_silence(target.protocol) else "possible",
            text=text(
                "{host} took the connection on port {port} and did not finish the TLS handshake within {seconds} s.",
                seconds=int(facts.waited_seconds),
                **place,
            ),
        )
    else:
        yield Finding(
            cause="tls.handshake-failed",
            certainty="confirmed",
            proof="broken-off",
            text=text("The TLS handshake with {host} on port {port} broke off ({words}).", words=known.words, **place),
        )
        if facts.rejected_here_at is not None:
            yield ban_of_one_rejected(facts.rejected_here_at, target, "likely")


def _takes_no_encryption(known: Failure, seen: TlsExplanation) -> bool:
    """Whether a client that takes old versions and weak ciphers, too, was told the same, or shown no certificate.

    An anonymous cipher is all that a server without a certificate has (RFC 5246 §A.5).
    """
    if seen.legacy_version is not None:
        return not seen.chain and seen.legacy_version not in OLD_VERSIONS
    return seen.failure is not None and all(NO_HANDSHAKE in one.text.lower() for one in (known, seen.failure))


def _turned_away(plaintext: str, target: Service) -> bool:
    """Whether a server of the expected protocol has ended the conversation, in clear, instead of the handshake."""
    return speaks(plaintext.encode(), target) and turns_away(plaintext)


def _judge_ended(words: str, target: Service) -> Iterator[Finding]:
    """That the server of *target* ended the conversation for a fault of its own, with *words* or without any."""
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    if not turns_away(words):
        sentence = text("{host} closed the connection on port {port} right after the TLS handshake.", **place)
        yield Finding(cause="server.fault", certainty="likely", text=sentence)
        return
    sentence = text(
        "{host} ended the conversation on port {port} where TLS was to begin: {words}", words=words.strip(), **place
    )
    provider = providers.by_host(target.host)
    suspects = read_reply(words, protocol=target.spoken.replies, provider=provider, stage="starttls").suspects
    if not any(suspect.certainty != "possible" for suspect in suspects):  # why is unknown; that it ended is not
        finding = Finding(cause="server.fault", certainty="confirmed", proof="reply", text=sentence)
        yield announcing(finding, target.host, words)
        suspects = tuple(suspect for suspect in suspects if suspect.cause != "server.fault")
    for suspect in suspects:
        finding = Finding(cause=suspect.cause, certainty=suspect.certainty, proof=suspect.proof, text=sentence)
        yield announcing(finding, target.host, words)


def _judge_refused(words: str, target: Service) -> Iterator[Finding]:
    """What *words* that refuse a listed STARTTLS say of the server."""
    sentence = text(
        "{host} lists STARTTLS on port {port} and refuses it: {reply}", host=target.host, port=target.port, reply=words
    )
    provider = providers.by_host(target.host)
    reading = read_reply(words, protocol=target.spoken.replies, provider=provider, stage="starttls")
    suspects = [suspect for suspect in reading.suspects if suspect.cause not in DISPROVED]
    sure = any(suspect.certainty != "possible" for suspect in suspects)
    if any(one.code in OF_THE_SERVER for one in reading.codes) or (not sure and of_the_moment(words)):
        # whatever its words are: those of a server that has no TLS at all say the same
        yield announcing(Finding(cause="server.fault", certainty="likely", text=sentence), target.host, words)
        for cause in dict.fromkeys(suspect.cause for suspect in suspects if suspect.cause != "server.fault"):
            yield Finding(cause=cause, certainty="possible", text=sentence)
        return
    if not sure:
        yield Finding(cause="tls.starttls-missing", certainty="likely", text=sentence)
        return
    for suspect in suspects:
        finding = Finding(cause=suspect.cause, certainty=suspect.certainty, proof=suspect.proof, text=sentence)
        yield announcing(finding, target.host, words)


def _starttls(target: Service) -> bool:
    """Whether the greeting comes first, in clear."""
    return target.tls == "starttls"


def _usable(facts: TlsFacts) -> bool:
    """Nothing goes over a connection that is not verified."""
    return facts.verified


def _untold(facts: TlsFacts) -> Text | None:
    """Why the server has not proven who it is."""
    return None if facts.verified else text("no handshake came about")


def _unsettled(facts: TlsFacts) -> tuple[str, ...]:
    """What a handshake that holds may leave unsaid."""
    return () if facts.not_after is not None else ("tls.cert-expiring",)


def _title(target: Service) -> str:
    if target.tls == "starttls":
        return text("{host} has a valid certificate on port {port} (STARTTLS)").msgid
    return text("{host} has a valid certificate on port {port} (TLS)").msgid


CHECK = Check(
    id="tls",
    family="tls",
    title=_title,
    each=Service,
    station="encryption",
    opens="transport",
    facts=TlsFacts,
    probe=probe_tls,
    judge=judge_tls,
    untold=_untold,
    unsettled=_unsettled,
    rules_out=(
        "tls.cert-expired",
        "tls.cert-expiring",
        "tls.cert-not-yet-valid",
        "tls.name-mismatch",
        "tls.untrusted-issuer",
        "tls.incomplete-chain",
        "tls.protocol-too-old",
        "tls.handshake-failed",
        "tls.starttls-missing",
    ),
    needs=need(ReachFacts) | need(ServerFacts, where=_starttls),
    applies=lambda target: target.tls != "none",
    asks=("known_answers", "recipient_server"),
    sharing=Sharing(own=with_record),
    usable=_usable,
)
