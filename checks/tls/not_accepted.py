"""A certificate that is not accepted: each thing that is wrong with it, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.network.reference_clocks import MOST_SKEW_SECONDS, ahead, credible, surely_past
from checks.tls.certificates import CertificateFacts, day, name_matches
from checks.tls.explained import TlsExplanation
from checks.tls.handshake import TlsFacts, dated, openssl_code, outside_validity
from diagnose.model import Failure, Finding, Service, Text, text

CHAIN_CODES = {2, 18, 19, 20, 21}
"""OpenSSL verification errors (X509_V_ERR_*) that are about the way from the leaf to a trusted root.

It looks for that way first: with any other of its errors there is one, and the issuer is trusted.
"""
WEAK_CODES: Mapping[int, Text] = {
    66: text("the key of the server's certificate is too short"),
    67: text("the key of an authority's certificate is too short"),
    68: text("a signature in the chain is made with an outdated digest, such as SHA-1"),
}
"""Errors that say that keys or digests are too weak; no authority that is trusted mends that."""


def _vouched(facts: TlsFacts) -> tuple[bool, float | None]:
    """Whether other clocks confirm that the certificate is outside its dates, and how far they are ahead.

    By this computer's clock alone the clock itself may be wrong.
    """
    outside = outside_validity(facts, facts.at)
    offset = ahead(credible(facts.clocks, facts.validities, facts.at))
    if offset is not None:
        return outside_validity(facts, facts.at + offset) == outside, offset
    past = surely_past(facts.validities, facts.at)
    if past is None or outside != "expired" or outside_validity(facts, past) != "expired":
        return False, None
    return True, max(past - facts.at, 0.0)  # another certificate was made after the end of this one


def judge_certificate(facts: TlsFacts, known: Failure, seen: TlsExplanation, target: Service) -> Iterator[Finding]:
    """What is wrong with the certificate of *target* that was not accepted, as *seen* without verification."""
    place = target.place
    found = [*_judge_dates(facts, place), *_judge_name(seen, target), *_judge_weakness(facts, known, place)]
    if seen.chain and (facts.verify_code in CHAIN_CODES or not (found or openssl_code(facts.verify_code))):
        found += _judge_chain(facts, known, seen, place)
        if facts.verify_code in CHAIN_CODES:  # at which the library stopped, before it looked at keys and digests
            found += _judge_strength(seen, place)
    yield from found
    if not found:
        yield Finding(
            cause="tls.handshake-failed",
            certainty="confirmed",
            proof="broken-off",
            text=text("The certificate of {host} on port {port} is not accepted: {words}.", words=known.text, **place),
        )


def _judge_dates(facts: TlsFacts, place: dict[str, str | int]) -> Iterator[Finding]:
    """Is a certificate of the chain outside its dates? The first one is told."""
    vouched, offset = _vouched(facts)
    # with the right time set it would be refused as well
    stands = vouched and abs(offset or 0.0) > MOST_SKEW_SECONDS
    for certificate in dated(facts):
        if certificate.not_after < facts.at:
            yield Finding(
                cause="tls.cert-expired",
                certainty="confirmed" if vouched else "likely",
                stands=stands,
                proof="not-after",
                text=text(
                    "The certificate that {host} sends on port {port} expired on {day} ({subject}).",
                    subject=_called(certificate),
                    day=day(certificate.not_after),
                    **place,
                ),
            )
            return
        if certificate.not_before > facts.at:
            yield Finding(
                cause="tls.cert-not-yet-valid",
                certainty="confirmed" if vouched else "likely",
                stands=stands,
                proof="not-before",
                text=text(
                    "The certificate that {host} sends on port {port} is valid only from {day} on ({subject}).",
                    subject=_called(certificate),
                    day=day(certificate.not_before),
                    **place,
                ),
            )
            return


def _judge_name(seen: TlsExplanation, target: Service) -> Iterator[Finding]:
    """Is it for another server?"""
    if not seen.chain or name_matches(target.host, seen.chain[0].names):
        return
    names = seen.chain[0].names
    if names:
        sentence = text(
            "The certificate that {host} sends on port {port} is for {names}.", names=names[:8], **target.place
        )
    else:
        sentence = text(
            "The certificate that {host} sends on port {port} has no alternative names, the "
            "only place where programs look for the name of the server. Its subject is {subject}.",
            subject=_called(seen.chain[0]),
            **target.place,
        )
    yield Finding(
        cause="tls.name-mismatch",
        certainty="confirmed",
        proof="no-name-matches",
        text=sentence,
        data={"names": list(names)},
    )


def _judge_weakness(facts: TlsFacts, known: Failure, place: dict[str, str | int]) -> Iterator[Finding]:
    """Does the library call it too weak?"""
    if facts.verify_code is not None and facts.verify_code in WEAK_CODES:
        yield Finding(
            cause="tls.protocol-too-old",
            certainty="confirmed",
            proof="weak-certificate",
            text=_too_weak(facts.verify_code, known.text, place),
            data={"weak_certificate": known.text},
        )


def _too_weak(code: int, words: str, place: dict[str, str | int]) -> Text:
    return text(
        "The certificate of {host} on port {port} is too weak for today's programs: {weakness} ({words}).",
        weakness=WEAK_CODES[code],
        words=words,
        **place,
    )


def _judge_strength(seen: TlsExplanation, place: dict[str, str | int]) -> Iterator[Finding]:
    """Would the certificates be refused as too weak, even under a trusted authority?"""
    weak = next((one for one in seen.chain if one.short_key or one.old_digest), None)
    if weak is None:
        return
    code = 68 if not weak.short_key else 66 if weak is seen.chain[0] else 67
    words = weak.short_key or weak.old_digest
    yield Finding(
        cause="tls.protocol-too-old",
        certainty="likely",
        text=_too_weak(code, words, place),
        data={"weak_certificate": words},
    )


def _judge_chain(
    facts: TlsFacts, known: Failure, seen: TlsExplanation, place: dict[str, str | int]
) -> Iterator[Finding]:
    leaf, rest = seen.chain[0], seen.chain[1:]
    if leaf.self_signed:
        yield Finding(
            cause="tls.untrusted-issuer",
            certainty="confirmed",
            proof="self-signed",
            text=text(
                "The certificate of {host} on port {port} is self-signed ({subject}).", subject=_called(leaf), **place
            ),
        )
        return
    if any(certificate.subject == leaf.issuer for certificate in rest):
        yield Finding(
            cause="tls.untrusted-issuer",
            certainty="confirmed",
            proof="unknown-issuer",
            text=text(
                "The certificate chain of {host} on port {port} ends in {issuer}, which this computer does not trust "
                "({words}).",
                issuer=seen.chain[-1].issuer,
                words=known.text,
                **place,
            ),
        )
        return
    # The issuer is neither sent nor trusted. A root is never sent, so a private root that signed the leaf
    # itself looks the same; what tells is whether anything links the issuer to an authority that is trusted.
    related = seen.issuer_related
    incomplete_first = bool(leaf.ca_issuers) or (facts.private_authorities if related is None else related)
    incomplete = Finding(
        cause="tls.incomplete-chain",
        certainty="confirmed" if incomplete_first else "possible",
        proof="issuer-left-out",
        text=text(
            "{host} sends on port {port} a certificate issued by {issuer}, and leaves that issuer's certificate out.",
            issuer=leaf.issuer,
            **place,
        ),
    )
    unknown = Finding(
        cause="tls.untrusted-issuer",
        certainty="possible" if incomplete_first else "confirmed",
        proof="unknown-issuer",
        text=text(
            "The certificate of {host} on port {port} is issued by {issuer}, which this computer does not trust.",
            issuer=leaf.issuer,
            **place,
        ),
    )
    yield from (incomplete, unknown) if incomplete_first else (unknown, incomplete)


def _called(certificate: CertificateFacts) -> str | Text:
    """What *certificate* is for: its subject, which may be empty where it has names of hosts (RFC 5280 §4.1.2.6)."""
    return certificate.subject or ", ".join(certificate.names[:3]) or text("empty")
