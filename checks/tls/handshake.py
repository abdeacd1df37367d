"""What is told of a handshake; apart from who makes it, since the greeting's check reads it, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from checks.network.reference_clocks import Tick, Validity
from checks.tls.certificates import CertificateFacts
from checks.tls.explained import TlsExplanation
from diagnose.model import Facts, Failure

TIME_CODES = {9, 10}
"""OpenSSL verification errors (X509_V_ERR_*) that are about dates."""


class TlsFacts(Facts, frozen=True, kw_only=True):
    """A handshake."""

    verified: bool
    at: float
    """When, by this computer's clock, in seconds since the epoch."""
    version: str | None = None
    cipher: str | None = None
    not_before: float | None = None
    """Begin of the accepted certificate's validity, seconds since the epoch."""
    not_after: float | None = None
    """End of it."""
    issuer: str | None = None
    offered: bool = True
    """For STARTTLS: whether the server listed it."""
    refusal: str | None = None
    """For STARTTLS: the server's words when it listed STARTTLS and refused the command."""
    takes_no_login: bool = False
    """For STARTTLS: as `ServerFacts` has it, under TLS."""
    failure: Failure | None = None
    first_failure: Failure | None = None
    """For a handshake that held at the second try: how the first ended."""
    verify_code: int | None = None
    """OpenSSL's number for why the certificate was not accepted."""
    waited_seconds: float | None = None
    """For a handshake that was not finished in time: for how long it was waited for."""
    rejected_here_at: float | None = None
    """For a handshake that broke off: as `ReachFacts` has it."""
    private_authorities: bool = False
    """Authorities beside the system's were named."""
    explanation: TlsExplanation | None = None
    clocks: tuple[Tick, ...] = ()
    """Other clocks; asked where a certificate is outside its dates by this computer's."""
    validities: tuple[Validity, ...] = ()
    """Dates of the certificates of the servers that were asked for the time."""
    address: str = ""
    """Where an address of several shows a certificate that is not accepted, or none, or hangs up: one that does not."""
    not_accepted: tuple[AtAddress, ...] = ()
    """The other addresses: their certificate is not accepted, they take no STARTTLS or no TLS of today, or hang up."""


class AtAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A handshake with one address of a server."""

    address: str
    told: TlsFacts


def outside_validity(facts: TlsFacts, moment: float) -> Literal["expired", "not-yet"] | None:
    """Which way a certificate of the chain is outside its dates at *moment*, seconds since the epoch."""
    for certificate in dated(facts):
        if certificate.not_after < moment:
            return "expired"
        if certificate.not_before > moment:
            return "not-yet"
    return None


def dated(facts: TlsFacts) -> Iterator[CertificateFacts]:
    """The certificates whose dates count.

    A root that was sent along is not the one that is trusted. Nor need any other beside the leaf stand on the way to
    it; it does where a date is what the certificate was not accepted for.
    """
    seen = facts.explanation or TlsExplanation()
    for_others = openssl_code(facts.verify_code) and facts.verify_code not in TIME_CODES
    return (one for one in seen.chain if one is seen.chain[0] or not (one.self_signed or for_others))


def openssl_code(code: int | None) -> bool:
    """Whether *code* is one of OpenSSL's; the libraries of other systems have large or negative numbers."""
    return code is not None and 0 < code < 256
