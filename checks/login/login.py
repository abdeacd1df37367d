"""Login: one name, one mechanism, one try."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Literal, Never

import msgspec

from checks.credentials.password import PasswordFacts
from checks.lockout.lockout import LockoutFacts, read_record
from checks.login.bare_rejection import judge_bare_rejection
from checks.login.counting import BARE, counts, recorded_as, undecided, unread
from checks.login.mechanism import PROTOCOL_LOGIN, TOKENS, choose_mechanism
from checks.login.one_try import log_in_once, refusal_so_far
from checks.login.reasons import reasons_behind
from checks.reach.reach import ReachFacts
from checks.server.client_limits import judge_wait
from checks.server.maintenance import announcing
from checks.server.server import ServerFacts, session_key, take_session
from checks.server.spoken import of_the_moment
from checks.sessions import Credentials, MailSession, Reply
from checks.tls.handshake import TlsFacts
from checks.tls.tls import session_again, standing_session
from diagnose import providers
from diagnose.model import (
    Check,
    Deadline,
    Facts,
    Failure,
    Finding,
    Inputs,
    Service,
    SkipCheck,
    Text,
    Turns,
    Way,
    failure,
    need,
    read,
    text,
)
from diagnose.replies import Reading, read_reply
from diagnose.running.context import Context

LOGIN_SECONDS = 25.0
"""Patience for the answer; servers hold back the answer to a wrong password for seconds, on purpose."""
EARLIER_SECONDS = 3.0
"""Patience for the look into the mailbox that an earlier session is used for."""
GOODBYE_SECONDS = 0.3
"""For a server to forget a session that said goodbye."""
UNKNOWN_NAME = ("credentials.rejected", "activation.mailbox-missing")
"""What a server says that does not know the name."""
UNKNOWN_FORM = "settings.username-format"
"""What it may mean by that."""
IN_CLEAR = "settings.plaintext-refused"
"""What a server says that sees no encryption, be it because something before it ends that (RFC 5530, RFC 4954)."""


Outcome = Literal["accepted", "rejected", "unanswered", "no_mechanism", "unasked"]


class LoginFacts(Facts, frozen=True, kw_only=True):
    """One login."""

    outcome: Outcome
    """``unanswered``: the secret was sent, and no answer came; the server may have counted the try. ``unasked``: the
    server let this client in, or said yes, before the secret was sent. That tells nothing of the secret."""
    mechanism: str | None = None
    offered: tuple[str, ...] = ()
    reply: str = ""
    """The server's words, the secret masked."""
    milliseconds: int = 0
    failure: Failure | None = None
    with_token: bool = False
    let_in: bool = False
    """Of ``unasked``: the server wants no login at all."""
    secret_sent: bool = False
    """Of ``unasked``: the secret went out all the same."""
    unlisted: bool = False
    """Of ``rejected``: the server names no way to log in, and the protocol's own was tried all the same."""
    before_secret: bool = False
    """Of ``rejected``: the server refused before the secret was sent, as some do whom they do not know by name."""


def probe_login(
    target: Service, inputs: Inputs[LoginFacts | PasswordFacts | ReachFacts | ServerFacts | TlsFacts], context: Context
) -> LoginFacts:
    """Log in once, if this turn may."""
    if (why := _why_not(target, inputs, context)) is not None:
        no_secret = context.person.password is None and context.person.access_token is None
        if no_secret and _takes_no_login(target, inputs, context):
            return LoginFacts(outcome="no_mechanism")
        raise SkipCheck(why)
    credentials = _credentials(inputs, context)
    session = standing_session(target, inputs, context)
    if credentials is None or session is None or (context.shared is not None and context.shared.ends_here):
        raise SkipCheck(text("the connection is gone"))
    _let_earlier_end(session, target, inputs, context)
    if session.has_ended():  # as servers do with one that stands idle, while others have their turn
        session.close()
        try:
            session = session_again(target, inputs, context)
        except OSError as error:
            raise SkipCheck(text("the connection is gone")) from error
    offered = session.mechanisms
    if session.logged_in:
        session.close()
        greeting = inputs[ServerFacts].greeting
        return LoginFacts(outcome="unasked", offered=offered, reply=greeting, let_in=True)
    mechanism = choose_mechanism(offered, credentials, initial_response=session.initial_response)
    facts = LoginFacts(outcome="no_mechanism", offered=offered, with_token=credentials.is_token)
    if mechanism is None:
        session.close()
        return facts
    started = time.monotonic()

    def patience() -> Deadline:
        nonlocal started
        started = time.monotonic()
        return context.deadline.share(0.9, LOGIN_SECONDS)

    def counted(reply: Reply) -> str | None:
        return refused_as(reply.words, inputs, target)

    if context.shared is not None:
        context.shared.final = True
    try:
        reply = log_in_once(
            session, credentials, mechanism, patience, context, provider=inputs.provider, counted=counted
        )
    except SkipCheck:
        session.close()
        raise
    except OSError as error:
        session.close()
        facts = msgspec.structs.replace(facts, outcome="unanswered", failure=failure(error, "login"))
    else:
        outcome = _outcome(reply, session, target, inputs, context)
        facts = msgspec.structs.replace(facts, outcome=outcome, reply=reply.words)
        if outcome == "unasked":
            facts = msgspec.structs.replace(facts, let_in=not reply.unasked, secret_sent=session.secret_is_out)
        elif outcome == "rejected":
            facts = msgspec.structs.replace(
                facts, before_secret=not session.secret_is_out, unlisted=not session.lists_logins
            )
        context.connections.put(session_key(target), session)
    facts = msgspec.structs.replace(facts, mechanism=mechanism, milliseconds=round(1000 * (time.monotonic() - started)))
    _note(facts, target, inputs, context)
    return facts


def _takes_no_login(target: Service, inputs: Inputs[ServerFacts | TlsFacts], context: Context) -> bool:
    """Whether the server offers no client any way to log in; that is known without a secret."""
    session = take_session(target, context)
    if session is None:  # another run of the fleet had one
        told = inputs.get(TlsFacts) if target.tls == "starttls" else inputs.get(ServerFacts)
        return told is not None and told.takes_no_login
    context.connections.put(session_key(target), session)
    return session.takes_no_login


def _outcome(reply: Reply, session: MailSession, target: Service, inputs: Inputs[Never], context: Context) -> Outcome:
    if reply.ok:
        return "accepted"
    if reply.unasked:
        return "unasked"
    suspects = read_answer(reply.words, inputs, target, "login").suspects
    if not any(suspect.certainty != "possible" for suspect in suspects):
        # a login is refused, without a word of it, by a server that has let this client in already, too
        with contextlib.suppress(OSError):
            if session.lets_everybody_in(context.deadline.share(0.5, EARLIER_SECONDS)):
                return "unasked"
    return "rejected"


def _let_earlier_end(session: MailSession, target: Service, inputs: Inputs[LoginFacts], context: Context) -> None:
    """Wait for sessions of earlier turns: a server that takes one of a user at a time would turn this one away."""
    ports = {
        service.port
        for service, facts in inputs.each(LoginFacts)
        if isinstance(service, Service)
        and (service.host, service.protocol) == (target.host, target.protocol)
        and facts.outcome == "accepted"
    }
    if not ports:
        return
    patience = context.deadline.share(0.2, EARLIER_SECONDS)
    while context.network.open_connections(session.stream.peer, ports) and not patience.passed():
        time.sleep(0.05)
    time.sleep(min(GOODBYE_SECONDS, context.deadline.left()))


def _credentials(inputs: Inputs[Never], context: Context) -> Credentials | None:
    token = context.person.access_token
    secret = token or context.person.password
    if secret is None or inputs.subject.username is None:
        return None
    return Credentials(username=inputs.subject.username, secret=secret, is_token=token is not None)


def _note(facts: LoginFacts, target: Service, inputs: Inputs[Never], context: Context) -> None:
    """Remember which servers reject: they may ban this address."""
    if facts.outcome == "accepted":
        context.rejecting.accepted(target.host, target.port)
    elif facts.outcome == "rejected" and counts(read_answer(facts.reply, inputs, target, "login"), facts.reply):
        context.rejecting.rejected(target.host, target.port)


def refused_as(words: str, inputs: Inputs[PasswordFacts], target: Service) -> str | None:
    """The id of the cause that a refusal by *target* with *words* goes on record as; None where it is no try."""
    reasons = [(one.cause, one.certainty) for one in reasons_behind(inputs, target).found]
    return recorded_as(read_answer(words, inputs, target, "login"), reasons, words)


def _why_not(target: Service, inputs: Inputs[LoginFacts], context: Context) -> Text | None:
    """Why this service gets no login, if it gets none."""
    if context.person.password is None and context.person.access_token is None:
        return text("there is no password to log in with")
    if (why := _spared(target, inputs, context)) is not None:
        return why
    # asked of the record itself: the lockout check may have been left out; and again right before the password is sent
    record = read_record(inputs.subject, inputs, context) if context.person.access_token is None else None
    return refusal_so_far(record) if record is not None else None


def _spared(target: Service, inputs: Inputs[LoginFacts], context: Context) -> Text | None:
    """What earlier turns have answered already."""
    if context.consent.try_all:
        return None
    answered: set[Way] = set()
    for service, facts in inputs.each(LoginFacts):
        if not isinstance(service, Service) or _not_tried(facts):
            continue
        if facts.outcome != "accepted":
            return text("after the answer of {protocol} no other service is tried", protocol=service.label)
        answered |= service.ways
        if target.ways <= answered:
            return text("the login by {protocol} has answered it", protocol=service.label)
    return None


def _not_tried(facts: LoginFacts) -> bool:
    """Whether no server has got to see the secret."""
    return facts.outcome == "no_mechanism" or (facts.outcome == "unasked" and not facts.secret_sent)


def read_answer(words: str, inputs: Inputs[Never], service: Service, stage: str) -> Reading:
    """What *words* of the server of *service* say, at this *stage* of the session."""
    provider = inputs.provider or providers.by_host(service.host)
    return read_reply(words, protocol=service.spoken.replies, provider=provider, stage=stage)


def judge_login(facts: LoginFacts, inputs: Inputs[PasswordFacts], target: Service) -> Iterator[Finding]:
    """What the server's answer to the login says."""
    place: dict[str, str | int] = {"host": target.host, "port": target.port}
    match facts.outcome:
        case "accepted":
            yield from judge_wait(facts.milliseconds / 1000, target, quick_connect=False)
        case "no_mechanism":
            yield from _judge_no_mechanism(facts, target)
        case "unanswered":
            words = facts.failure.words if facts.failure else ""
            late = facts.failure is not None and facts.failure.name == "timed_out"
            yield Finding(
                cause="server.slow" if late else "server.fault",
                certainty="likely",
                text=text("{host} did not answer the login on port {port} ({words}).", words=words, **place),
            )
        case "rejected":
            yield from _judge_rejected(facts, inputs, target)
        case "unasked" if not facts.let_in:
            yield Finding(
                cause="server.fault",
                certainty="possible",
                text=text("{host} said yes on port {port} before it was asked: {reply}", reply=facts.reply, **place),
            )
        case "unasked":
            pass


def _judge_no_mechanism(facts: LoginFacts, target: Service) -> Iterator[Finding]:
    offered = " ".join(name for name in facts.offered if name != PROTOCOL_LOGIN)
    only_oauth = not facts.with_token and any(name in TOKENS for name in facts.offered)
    yield Finding(
        cause="credentials.oauth-required" if only_oauth else "settings.no-common-auth",
        certainty="likely" if only_oauth and not set(facts.offered) <= {*TOKENS, PROTOCOL_LOGIN} else "confirmed",
        proof="only-tokens-offered" if only_oauth else "none-offered",
        text=text(
            "{host} offers on port {port} no way to log in with what was given here; it offers: {offered}.",
            host=target.host,
            port=target.port,
            offered=offered or text("none"),
        ),
    )


def _judge_rejected(facts: LoginFacts, inputs: Inputs[PasswordFacts], target: Service) -> Iterator[Finding]:
    reading = read_answer(facts.reply, inputs, target, "login")
    sentence = text(
        "{host} answered the login on port {port}: {reply}", host=target.host, port=target.port, reply=facts.reply
    )
    if facts.before_secret and not facts.with_token:
        sentence = text(
            "{host} refused the login on port {port} before the password was sent: {reply}",
            host=target.host,
            port=target.port,
            reply=facts.reply,
        )
    data = {"reply": facts.reply, "mechanism": facts.mechanism, "recognised": reading.matched}
    if reading.holds:
        data["holds"] = " ".join(reading.holds)
    if reading.referral:
        data["referred_host"] = reading.referral
        sentence = text(
            "{host} sends this account to the server {other}: {reply}",
            host=target.host,
            other=reading.referral,
            reply=facts.reply,
        )
    findings = [
        announcing(
            Finding(cause=suspect.cause, certainty=suspect.certainty, proof=suspect.proof, text=sentence, data=data),
            target.host,
            facts.reply,
        )
        for suspect in reading.suspects
    ]
    if target.tls != "none":
        findings = [_over_tls(f, facts, target) if f.cause == IN_CLEAR else f for f in findings]
    if (other := _other_form(inputs)) is not None:  # the server may know the mailbox by its other name
        findings = [
            msgspec.structs.replace(f, certainty="likely", proof="")
            if (f.cause, f.certainty) == ("activation.mailbox-missing", "confirmed")
            else f
            for f in findings
        ]
    if facts.with_token:  # no code of a rejection tells one from the other
        findings = [
            msgspec.structs.replace(f, cause="credentials.token-rejected", certainty="likely", proof="")
            if f.cause == BARE
            else f
            for f in findings
        ]
    if reading.outcome == "program-slip" or (
        not findings and unread(reading)
    ):  # a message that could not be read holds no password to be looked at
        yield Finding(
            cause="server.fault",
            certainty="possible",
            text=text(
                "{host} could not read the login on port {port}, and so did not look at the password: {reply}",
                host=target.host,
                port=target.port,
                reply=facts.reply,
            ),
            data=data,
        )
        return
    if facts.unlisted and facts.before_secret and not _sure(findings):  # what is not offered may be refused to anybody
        yield Finding(
            cause="settings.no-common-auth",
            certainty="likely",
            text=text(
                "{host} lists no way to log in on port {port}, and refuses the usual one before the password is sent: "
                "{reply}",
                host=target.host,
                port=target.port,
                reply=facts.reply,
            ),
            data=data,
        )
        yield Finding(cause=BARE, certainty="possible", text=sentence, data=data)
        return
    if undecided(reading, facts.reply):
        if not of_the_moment(facts.reply):
            sentence = text(
                "{host} answered the login on port {port} with neither yes nor no: {reply}",
                host=target.host,
                port=target.port,
                reply=facts.reply,
            )
        fault = Finding(cause="server.fault", certainty="likely", text=sentence, data=data)
        yield announcing(fault, target.host, facts.reply)
        yield from (finding for finding in findings if finding.cause != "server.fault")
        return
    if not findings:  # a rejection that says nothing we know is still a rejection of this login
        cause = "credentials.token-rejected" if facts.with_token else BARE
        findings = [Finding(cause=cause, certainty="likely", text=sentence, data=data)]
    if facts.before_secret:  # by the name alone: the password was not looked at
        findings = [
            msgspec.structs.replace(f, certainty="likely", proof="") if f.cause == BARE else f for f in findings
        ]
        if other is None and findings[0].cause in UNKNOWN_NAME:
            findings.append(Finding(cause=UNKNOWN_FORM, certainty="possible", text=sentence, data=data))
    first, others = findings[0], findings[1:]
    if other is not None and first.cause in UNKNOWN_NAME:
        sentence = text(
            "The user name was sent as {sent}; a server may know it as {other}, which --username sends.",
            sent=inputs.subject.username,
            other=other,
        )
        others.append(Finding(cause=UNKNOWN_FORM, certainty="possible", text=sentence))
    if facts.with_token or facts.before_secret or first.cause != BARE:
        yield from (first, *others)
    else:
        yield from judge_bare_rejection(first, others, inputs, target)


def _over_tls(finding: Finding, facts: LoginFacts, target: Service) -> Finding:
    """*finding*, of a server that takes an encrypted login for one in clear: no setting of a program mends that."""
    sentence = text(
        "The login on port {port} went to {host} over verified TLS, and was refused as one in clear: {reply}",
        host=target.host,
        port=target.port,
        reply=facts.reply,
    )
    return msgspec.structs.replace(finding, text=sentence, data={**finding.data, "over_tls": True})


def _sure(findings: list[Finding]) -> bool:
    return any(finding.certainty != "possible" for finding in findings)


def _other_form(inputs: Inputs[Never]) -> str | None:
    """The address with its domain in the other form, where an internationalised one was the user name."""
    forms = [form for form in (inputs.subject.ascii_address, inputs.subject.address) if form is not None]
    others = [form for form in forms if form != inputs.subject.username]
    return others[0] if len(others) == 1 and inputs.subject.username in forms else None


def _takes_logins(target: Service) -> bool:
    return target.spoken.login


def _accepted(facts: LoginFacts) -> bool:
    return facts.outcome == "accepted"


RULED_OUT = (
    "settings.protocol-disabled",
    "settings.username-format",
    "settings.no-common-auth",
    "settings.wrong-host",
    "settings.access-policy",
    "settings.plaintext-refused",
    "credentials.rejected",
    "credentials.expired",
    "credentials.app-password-required",
    "credentials.oauth-required",
    "credentials.second-factor-required",
    "credentials.web-login-required",
    "credentials.token-rejected",
    "lockout.account-locked",
    "lockout.rate-limited",
    "lockout.address-blocked",
    "lockout.suspicious-login",
    "activation.not-activated",
    "activation.mailbox-missing",
    "activation.account-disabled",
    "activation.service-expired",
)
"""What an accepted login speaks against."""


def _left_open(facts: LoginFacts) -> Text | None:
    if facts.let_in:
        return text("The server lets clients in without a login, so whether it takes this one is not known.")
    if facts.outcome == "unasked":
        return text("The server said yes before it was asked, so whether it takes this login is not known.")
    return None


def _untold(facts: LoginFacts) -> Text | None:
    return None if _accepted(facts) else text("no login was accepted")


CHECK = Check(
    id="login",
    family="login",
    title="{host} accepts the login by {protocol}",
    each=Service,
    station="login",
    opens="login",
    facts=LoginFacts,
    probe=probe_login,
    judge=judge_login,
    untold=_untold,
    left_open=_left_open,
    rules_out=RULED_OUT,
    needs=need(ServerFacts) | need(TlsFacts) | need(ReachFacts) | read(PasswordFacts),
    starts_after=(LockoutFacts,),  # which counts no try of this run
    applies=_takes_logins,
    usable=_accepted,
    turns=Turns(spared=_spared),
)
