"""Did the activation or verification mail arrive in the other mailbox that it was sent to? Looked at, never touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, Never

import msgspec

from checks.dns.names import is_public_suffix
from checks.lockout.lockout import weigh
from checks.login.counting import recorded_as
from checks.login.mechanism import choose_mechanism
from checks.login.one_try import log_in_once, refusal_so_far
from checks.sessions import Credentials, Reply
from diagnose import providers
from diagnose.account.person import OtherMailbox
from diagnose.discovery import Discovered, DiscoveryOptions, discover
from diagnose.knowledge.loader import KNOWLEDGE, load
from diagnose.model import (
    NO_NEEDS,
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
    quote,
    text,
)
from diagnose.process.first_use import made_once, one_at_a_time
from diagnose.replies import decode, read_reply
from diagnose.running.context import Context

if TYPE_CHECKING:
    from checks.sessions.imap import ImapSession

DAYS = 7
"""How far back mails are looked at; activation links live for days at most."""
LOOK_SECONDS = 60.0
"""For the look into that mailbox, from finding its server to the last header."""
MOST_MAILS = 200
"""Newest mails whose headers are read in a folder, however many there are."""


class AwaitedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that may be the awaited one."""

    folder: Literal["inbox", "junk"]
    sender: str
    subject: str
    at: float | None
    """Its Date, seconds since the epoch."""


class AwaitedFacts(Facts, frozen=True, kw_only=True):
    """What the other mailbox holds."""

    address: str
    takes_mail: bool | None
    """Whether its domain takes mail at all; None: it could not be found out."""
    opened: bool = False
    """The mailbox was looked into."""
    reply: str = ""
    """The server's words when it did not let us in, the secret masked."""
    failure: Failure | None = None
    mails: tuple[AwaitedMail, ...] = ()


class _Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    language: str
    words: tuple[str, ...]


class _Recognition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    words: tuple[_Words, ...]
    junk: tuple[str, ...]


@made_once
def recognition() -> _Recognition:
    """How such mails and folders are recognised. Raises KnowledgeError."""
    return load(KNOWLEDGE / "activation-mails.yaml", _Recognition)


def probe_awaited(_target: Subject, inputs: Inputs[Never], context: Context) -> AwaitedFacts:
    """Find that mailbox's server, log in once, read headers (EXAMINE, BODY.PEEK), leave."""
    other = context.person.other_mailbox
    if other is None:
        raise SkipCheck(text("no other mailbox was named"))
    mx = context.network.resolver.query(other.domain, "MX", context.deadline)
    has_address = bool(context.network.resolver.query(other.domain, "A", context.deadline).records)
    null = mx.records != () and all(record.endswith(" .") for record in mx.records)
    decided = mx.status in {"answered", "no_data", "name_not_found"}
    takes_mail = (mx.status == "answered" and not null) or (mx.status == "no_data" and has_address) if decided else None
    facts = AwaitedFacts(address=other.address, takes_mail=takes_mail)
    if takes_mail is False or other.password is None:
        return facts
    try:
        return _look(facts, other, inputs, context, context.deadline.share(0.8, LOOK_SECONDS))
    except OSError as error:
        return msgspec.structs.replace(facts, failure=failure(error, "mailbox"))


def _look(
    facts: AwaitedFacts, other: OtherMailbox, inputs: Inputs[Never], context: Context, deadline: Deadline
) -> AwaitedFacts:
    with one_at_a_time:
        from checks.sessions.imap import ImapSession

    options = DiscoveryOptions(third_party=context.third_party)
    found = discover(Subject(domain=other.domain), options, context.network, deadline, lambda _: None)
    services = [s for s in found.services if s.protocol == ImapSession.protocol and s.tls == "implicit"]
    if not services or other.password is None:
        return facts
    provider = providers.by_domain(other.domain)
    if why := refusal_so_far(weigh(other.username, other.password, provider, context)):
        raise SkipCheck(why)
    session = _session(services[0], context, deadline)
    try:
        credentials = Credentials(username=other.username, secret=other.password)
        mechanism = choose_mechanism(session.mechanisms, credentials, initial_response=session.initial_response)
        if mechanism is None:
            return facts
        counted = _counted(services[0], provider)
        reply = log_in_once(
            session, credentials, mechanism, lambda: deadline, context, provider=provider, counted=counted
        )
        if not reply.ok:
            return msgspec.structs.replace(facts, reply=reply.words)
        mails = [*_mails(session, "INBOX", "inbox", inputs, deadline)]
        junk = session.junk_folder(recognition().junk, deadline)
        if junk is not None:
            mails += _mails(session, junk, "junk", inputs, deadline)
        return msgspec.structs.replace(facts, opened=True, mails=tuple(mails))
    finally:
        session.close()


def _counted(service: Service, provider: str | None) -> Callable[[Reply], str | None]:
    return lambda reply: recorded_as(
        read_reply(reply.words, protocol=service.spoken.replies, provider=provider, stage="login"), words=reply.words
    )


def _session(service: Service, context: Context, deadline: Deadline) -> ImapSession:
    with one_at_a_time:
        from checks.sessions.imap import ImapSession

    stream = context.network.connect(service.host, service.port, deadline)
    try:
        stream.start_tls(context.network.trust(), service.host)
        return ImapSession(stream, deadline)
    except OSError:
        stream.abort()
        raise


def _mails(
    session: ImapSession, folder: str, kind: Literal["inbox", "junk"], inputs: Inputs[Never], deadline: Deadline
) -> Iterator[AwaitedMail]:
    oldest = time.time() - DAYS * 86400
    senders = expected_senders(inputs)
    for raw in session.recent_headers(folder, DAYS, MOST_MAILS, deadline):
        mail = read_headers(raw, kind)
        if (mail.at is None or mail.at >= oldest) and is_awaited(mail, senders):
            yield mail


def expected_senders(inputs: Inputs[Never]) -> frozenset[str]:
    """Domains that such a mail comes from: the organisation's, and the provider's own."""
    domains: set[str] = set()
    if inputs.provider:
        domains = {host.partition(".")[2] for host in providers.hosts_of(inputs.provider) if "{" not in host}
    return frozenset(domain for domain in domains if not is_public_suffix(domain)) | {inputs.subject.domain}


def read_headers(raw: bytes, folder: Literal["inbox", "junk"]) -> AwaitedMail:
    """Sender, subject and date of a mail's headers, encoded words (RFC 2047) and bare octets decoded."""
    with one_at_a_time:
        import email.parser
        import email.utils
    headers = email.parser.BytesHeaderParser().parsebytes(raw)
    fields: dict[str, str] = {}
    for name, value in headers.raw_items():
        fields.setdefault(name.lower(), _decoded(value.encode("utf-8", "surrogateescape")))
    try:
        sent: float | None = email.utils.parsedate_to_datetime(fields.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        sent = None
    sender = email.utils.parseaddr(fields.get("from", ""))[1]
    return AwaitedMail(folder=folder, sender=quote(sender, 200), subject=quote(fields.get("subject", ""), 200), at=sent)


def _decoded(field: bytes) -> str:
    with one_at_a_time:
        import email.header
    try:
        parts = email.header.decode_header(field.decode("latin-1"))
    except ValueError:  # what looks like an encoded word and is none
        return decode(field)
    # in parts as octets, and in one that is the whole field, each character of Latin-1 stands for an octet
    return "".join(decode(p if isinstance(p, bytes) else p.encode("latin-1"), charset or "") for p, charset in parts)


def is_awaited(mail: AwaitedMail, senders: frozenset[str]) -> bool:
    """Whether *mail* comes from there and its subject speaks of activation, confirmation or a password."""
    domain = mail.sender.rpartition("@")[2].lower()
    known = any(domain == sender or domain.endswith("." + sender) for sender in senders)
    subject = mail.subject.casefold()
    return known and any(word in subject for row in recognition().words for word in row.words)


def judge_awaited(facts: AwaitedFacts, _inputs: Inputs[Never], _target: Subject) -> Iterator[Finding]:
    """In the inbox, in junk, not there, or unable to arrive?"""
    if facts.takes_mail is False:
        yield Finding(
            cause="activation.mail-not-received",
            certainty="confirmed",
            proof="address-takes-none",
            text=text("{address} cannot take mail: its domain has no mail server.", address=facts.address),
        )
    if not facts.opened:
        return
    arrived = [mail for mail in facts.mails if mail.folder == "inbox"]
    if arrived:
        yield Finding(
            cause="activation.not-activated",
            certainty="possible",
            text=text(
                "The mail “{subject}” of {moment} lies in the inbox of {address}.",
                subject=arrived[-1].subject,
                moment=_moment(arrived[-1].at),
                address=facts.address,
            ),
        )
        return
    filed = [mail for mail in facts.mails if mail.folder == "junk"]
    if filed:
        sentence = text(
            "The mail “{subject}” of {moment} lies in the junk folder of {address}.",
            subject=filed[-1].subject,
            moment=_moment(filed[-1].at),
            address=facts.address,
        )
    else:
        sentence = text(
            "Neither inbox nor junk folder of {address} holds such a mail of the last {days} days.",
            address=facts.address,
            days=DAYS,
        )
    yield Finding(cause="activation.mail-not-received", certainty="confirmed", proof="not-in-inbox", text=sentence)


def _moment(at: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at)) if at is not None else "?"


def _untold(facts: AwaitedFacts) -> Text | None:
    return None if facts.opened else text("the other mailbox could not be looked into")


CHECK = Check(
    id="activation.mail",
    family="activation",
    title="The activation or verification mail has arrived in the other mailbox",
    each=Subject,
    facts=AwaitedFacts,
    probe=probe_awaited,
    judge=judge_awaited,
    needs=NO_NEEDS,
    untold=_untold,
    asks=("other_mailbox",),
    starts_after=(Discovered,),
)
