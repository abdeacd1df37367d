"""A throw-away certificate authority, and the good and bad certificates of an estate's servers."""

from __future__ import annotations

import datetime
import ssl
import warnings
from pathlib import Path

import trustme

from diagnose.lab.scenario import CertificateKind
from diagnose.process.first_use import one_at_a_time

_DAY = datetime.timedelta(days=1)
_VALIDITY: dict[str, tuple[int, int]] = {"expired": (-400, -2), "expiring": (-83, 7), "not-yet-valid": (30, 120)}
"""Days from now to notBefore and notAfter; every other kind is valid for ninety days, thirty of which are over."""
_INTERMEDIATES = {"long-chain": 3, "incomplete-chain": 1}


class Authority:
    """Issues certificates for the hosts of one estate, with keys made on the spot."""

    def __init__(self, *, days_ahead: int = 0) -> None:
        """An authority whose clock is *days_ahead* days ahead of this computer's."""
        self._now = datetime.datetime.now(datetime.UTC) + days_ahead * _DAY
        self._root = trustme.CA(organization_name="Lab", organization_unit_name="Lab Root CA")

    def write_root(self, file: Path) -> None:
        """Write the root certificate to *file*, PEM."""
        self._root.cert_pem.write_to_path(file)

    def server_context(self, kind: CertificateKind, host: str) -> ssl.SSLContext:
        """The server side of TLS for *host*, with a certificate of *kind*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf(kind, host).configure_cert(context)
        if kind == "old-tls":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # an obsolete version is the point here
                context.minimum_version = ssl.TLSVersion.TLSv1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 makes its SHA-1 signatures on this level only
        return context

    def _leaf(self, kind: CertificateKind, host: str) -> trustme.LeafCert:
        start, end = _VALIDITY.get(kind, (-30, 60))
        others = {
            "other-name": ("mail.hosting.example", "www.hosting.example"),
            "wildcard": (f"*.{host.partition('.')[2]}",),
        }
        names = others.get(kind, (host,))
        issuer = self._root
        if kind == "unknown-issuer":
            issuer = trustme.CA(organization_name="Elsewhere", organization_unit_name="Elsewhere Root CA")
        for depth in range(_INTERMEDIATES.get(kind, 0)):
            unit = f"Lab Intermediate CA {depth + 1}"
            issuer = trustme.CA(issuer, 8 - depth, organization_name="Lab", organization_unit_name=unit)
        leaf = issuer.issue_cert(
            *names,
            common_name=names[0],
            organization_name="Lab",
            not_before=self._now + start * _DAY,
            not_after=self._now + end * _DAY,
            key_type=trustme.KeyType.RSA if kind == "rsa" else trustme.KeyType.ECDSA,
        )
        own = leaf.cert_chain_pems[0].bytes()
        if kind == "incomplete-chain":
            return trustme.LeafCert(leaf.private_key_pem.bytes(), own, [])
        if kind == "unknown-issuer":  # with the root, or it could not be told from an incomplete chain
            return trustme.LeafCert(leaf.private_key_pem.bytes(), own, [issuer.cert_pem.bytes()])
        if kind == "self-signed":
            return _signed_by_itself(leaf)
        return leaf


def _signed_by_itself(leaf: trustme.LeafCert) -> trustme.LeafCert:
    """*leaf* again with its own key and name as issuer."""
    with one_at_a_time:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("certificates of an estate have elliptic-curve keys")
    issued = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    builder = x509.CertificateBuilder(
        issuer_name=issued.subject,
        subject_name=issued.subject,
        public_key=key.public_key(),
        serial_number=issued.serial_number,
        not_valid_before=issued.not_valid_before_utc,
        not_valid_after=issued.not_valid_after_utc,
    ).add_extension(names.value, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    return trustme.LeafCert(leaf.private_key_pem.bytes(), certificate.public_bytes(serialization.Encoding.PEM), [])
