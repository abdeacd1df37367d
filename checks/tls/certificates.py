"""What a certificate says (RFC 5280), and why a chain was not accepted."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from diagnose.process.first_use import lazy_pattern, one_at_a_time

if TYPE_CHECKING:
    from cryptography import x509

E = TypeVar("E", bound="x509.ExtensionType")

MOST_NAMES = 40
LONGEST_CHAIN = 10
LEAST_RSA_BITS = 2048
"""The shortest RSA key that programs take (NIST SP 800-131A, CA/Browser Forum BR 6.1.5)."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = lazy_pattern(rf"({'|'.join(_MONTHS)}) ([ 1-3]\d) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d) ([1-9]\d{{3}}) GMT")
OLD_DIGESTS = ("md5", "sha1")
"""Digests that authorities may sign certificates with no longer (CA/Browser Forum BR 7.1.3.2)."""


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate."""

    subject: str
    """RFC 4514 string."""
    issuer: str
    names: tuple[str, ...] = ()
    """dNSName and iPAddress entries of subjectAltName."""
    not_before: float
    """Seconds since the epoch."""
    not_after: float
    self_signed: bool = False
    """Subject and issuer are one, and its own key made the signature, where that can still be checked."""
    ca_issuers: tuple[str, ...] = ()
    """Where the issuer's certificate can be had (authorityInfoAccess), as public authorities say."""
    sha256: str = ""
    short_key: str = ""
    """Its key, where that is shorter than today's programs take it."""
    old_digest: str = ""
    """How its issuer signed it, where today's programs take no such signature."""


def read_certificate(der: bytes) -> CertificateFacts | None:
    """The certificate in *der*; None where it cannot be read as one."""
    with one_at_a_time:
        from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        return CertificateFacts(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc.timestamp(),
            not_after=certificate.not_valid_after_utc.timestamp(),
            self_signed=_self_signed(certificate),
            ca_issuers=_ca_issuers(certificate),
            sha256=_fingerprint(certificate),
            short_key=_short_key(certificate),
            old_digest=_old_digest(certificate),
        )
    except (ValueError, TypeError, x509.InvalidVersion):
        return None


def _fingerprint(certificate: x509.Certificate) -> str:
    with one_at_a_time:
        from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def _short_key(certificate: x509.Certificate) -> str:
    with one_at_a_time:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return f"RSA {key.key_size}" if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA_BITS else ""


def _old_digest(certificate: x509.Certificate) -> str:
    """Nothing for what signed itself: whether that is trusted is no matter of its signature."""
    return _outdated(certificate) if certificate.subject != certificate.issuer else ""


def _outdated(certificate: x509.Certificate) -> str:
    """The digest of its signature, where that is one of the old ones."""
    with one_at_a_time:
        from cryptography.exceptions import UnsupportedAlgorithm

    try:
        digest = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return digest.name.upper() if digest is not None and digest.name in OLD_DIGESTS else ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    with one_at_a_time:
        from cryptography import x509

    alternative = _extension(certificate, x509.SubjectAlternativeName)
    if alternative is None:
        return ()
    names = [*alternative.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    return tuple(names[:MOST_NAMES])


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The certificate's extension of *kind*; None where it is missing or cannot be read."""
    with one_at_a_time:
        from cryptography import x509

    unusable = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError)
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except unusable:
        return None


def _ca_issuers(certificate: x509.Certificate) -> tuple[str, ...]:
    with one_at_a_time:
        from cryptography import x509
        from cryptography.x509.oid import AuthorityInformationAccessOID

    access = _extension(certificate, x509.AuthorityInformationAccess)
    if access is None:
        return ()
    return tuple(
        str(entry.access_location.value)
        for entry in access
        if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    )[:3]


def _self_signed(certificate: x509.Certificate) -> bool:
    with one_at_a_time:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if certificate.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, TypeError):
        return False
    except (ValueError, UnsupportedAlgorithm):  # nobody checks old signatures any more; the names have to do
        return bool(_outdated(certificate))
    return True


def organisations(name: str) -> frozenset[str]:
    """The organisations (O) in an RFC 4514 string."""
    return frozenset(part[2:].strip().casefold() for part in name.split(",") if part.startswith("O="))


def name_matches(host: str, names: tuple[str, ...]) -> bool:
    """Whether one of *names* covers *host*, by RFC 9525 §6.3 (a wildcard is the whole leftmost label)."""
    host = host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    else:
        return str(address) in names
    _, _, parent = host.partition(".")
    covered = {name.rstrip(".").lower() for name in names}
    return host in covered or ("." in parent and f"*.{parent}" in covered)


def seconds_at(words: str) -> float:
    """Seconds since 1970 of a date as OpenSSL writes it: ``Nov  3 09:00:00 2026 GMT``. Raises ValueError."""
    if found := _DATE.fullmatch(words):
        month, *numbers = found.groups()
        day, hour, minute, second, year = map(int, numbers)
        with contextlib.suppress(ValueError):
            return datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    return float(ssl.cert_time_to_seconds(words))  # loads what reads dates in every language, 5 ms of a run


def day(moment: float) -> str:
    """The date of *moment*, seconds since 1970, in UTC: ``2026-11-30``."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
