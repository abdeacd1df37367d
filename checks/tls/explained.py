"""A failed handshake once more, without verification and without sending a secret, to see what the server shows."""

from __future__ import annotations

import ssl

import msgspec

from checks.reach.retry import may_pass
from checks.server.first_words import first_words
from checks.sessions import open_session
from checks.tls.certificates import LONGEST_CHAIN, CertificateFacts, organisations, read_certificate
from checks.tls.unverified import client_hello, unverified_handshake
from diagnose.model import ClosedError, Deadline, Failure, Service, failure
from diagnose.network import Stream
from diagnose.replies import decode
from diagnose.running.context import Context

EXPLAIN_SECONDS = 6.0
LONGEST_PLAINTEXT = 1000


class TlsExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """What the second look found."""

    chain: tuple[CertificateFacts, ...] = ()
    """As sent, leaf first."""
    issuer_related: bool | None = None
    """Whether the leaf's issuer and an authority named by hand bear one organisation's name; None where a name is
    missing."""
    legacy_version: str | None = None
    """The TLS version that the server took from a client which takes old versions and weak ciphers, too."""
    plaintext: str | None = None
    """What the server said in clear where TLS was due."""
    failure: Failure | None = None


def explain(known: Failure, target: Service, address: str | None, context: Context) -> TlsExplanation:
    """Look again at the handshake of *target* at *address* that failed as *known*; nothing is sent in it."""
    deadline = context.deadline.share(0.7, EXPLAIN_SECONDS)
    if address is None:
        return TlsExplanation(failure=known)
    if known.name == "tls_not_spoken":
        try:
            return TlsExplanation(plaintext=_plain_greeting(address, target, deadline, context))
        except OSError as error:
            return TlsExplanation(failure=failure(error, "greeting"))
    legacy = known.name == "tls_version_or_cipher"
    try:
        version, ders = _sent(address, target, deadline, context, legacy=legacy)
    except OSError as error:
        again = failure(error, "tls_handshake")
        if legacy or not may_pass(again):
            return TlsExplanation(failure=again)
        try:  # some old servers hang up on what is new to them, without an alert
            version, ders = _sent(address, target, deadline, context, legacy=True)
        except OSError:
            return TlsExplanation(failure=again)
        legacy = True
    chain = tuple(filter(None, (read_certificate(der) for der in ders[:LONGEST_CHAIN])))
    return TlsExplanation(
        chain=chain,
        legacy_version=version if legacy else None,
        issuer_related=_related(chain[0].issuer, context) if chain else None,
    )


def _sent(
    address: str, target: Service, deadline: Deadline, context: Context, *, legacy: bool
) -> tuple[str, list[bytes]]:
    stream = _open_for_tls(address, target, deadline, context)
    try:
        return unverified_handshake(stream, target.host, legacy=legacy)
    finally:
        stream.abort()


def _connect(address: str, port: int, deadline: Deadline, context: Context) -> Stream:
    stream = context.network.connect_all((address,), port, deadline).winner(deadline)
    if stream is None:
        raise ClosedError("no second connection")
    return stream


def _plain_greeting(address: str, target: Service, deadline: Deadline, context: Context) -> str:
    """The first words; a server that waits for its client, as those of HTTP do, says them to a ClientHello."""
    stream = _open_for_tls(address, target, deadline, context)
    try:
        stream.sendall(client_hello(target.host))
        words = first_words(stream, target.protocol)
        if not words.data and words.error is not None:
            raise words.error
        return decode(words.data)[:LONGEST_PLAINTEXT]
    finally:
        stream.abort()


def _open_for_tls(address: str, target: Service, deadline: Deadline, context: Context) -> Stream:
    stream = _connect(address, target.port, deadline, context)
    if target.tls == "starttls":
        session = open_session(target.protocol, stream, deadline)
        if refusal := session.ask_for_tls(deadline):
            session.close()
            raise ClosedError(refusal)
    return stream


def _related(issuer: str, context: Context) -> bool | None:
    """Whether an authority named by hand carries the organisation of *issuer*; None where either has none."""
    ca_file = context.network.ca_file
    if ca_file is None:
        return None
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    store.load_verify_locations(cafile=str(ca_file))
    named = (read_certificate(authority) for authority in store.get_ca_certs(binary_form=True))
    theirs = {name for one in named if one for name in organisations(one.subject)}
    mine = organisations(issuer)
    return bool(mine & theirs) if mine and theirs else None
