"""A certification authority with an intermediate, and server certificates with every usual fault."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .plan import CertificateKind

DAY = datetime.timedelta(days=1)
VALIDITY: dict[CertificateKind, tuple[int, int]] = {
    "expired": (-90, -10),
    "not-yet-valid": (10, 100),
    "expiring": (-80, 5),
}
"""Days from today; days, so that no test depends on the hour."""
USUAL_VALIDITY = (-10, 80)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Issuer:
    """What it takes to sign a certificate."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: x509.Name, signer: Issuer, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )


def _authority(
    subject: Issuer, signer: Issuer, path_length: int, days: tuple[int, int] = (-1000, 3000)
) -> x509.Certificate:
    return (
        _builder(subject.name, signer, subject.key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(signer.key, hashes.SHA256())
    )


class Authority:
    """A root, its intermediate, and the files of what they issued in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        root = Issuer(_name("Estate Root"), ec.generate_private_key(ec.SECP256R1()))
        self._issuer = Issuer(_name("Estate Intermediate"), ec.generate_private_key(ec.SECP256R1()))
        self._intermediate = _authority(self._issuer, root, 0)
        self._stale = _authority(self._issuer, root, 0, days=(-1000, -10))
        self.ca_file = directory / "root.pem"
        """The root alone, as a company hands it out."""
        self._root = _authority(root, root, 1)
        self.ca_file.write_bytes(_pem(self._root))

    def issue(self, host: str, kind: CertificateKind, purpose: str = "") -> Path:
        """A PEM file with private key, certificate and what else the server of *host* sends, there for *purpose*."""
        key = ec.generate_private_key(ec.SECP256R1())
        named = {"wrong-name": f"another-{host}", "wildcard": f"*.{host.partition('.')[2]}"}.get(kind, host)
        days = VALIDITY.get(kind, USUAL_VALIDITY)
        signer = Issuer(_name(named), key) if kind == "self-signed" else self._issuer
        builder = _builder(_name(named), signer, key, days)
        if kind != "without-alternative-name":
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(named)]), critical=False)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(signer.key, hashes.SHA256())
        )
        sent = [certificate]
        if kind == "expired-issuer":
            sent.append(self._stale)
        elif kind == "in-disorder":
            sent += [self._root, self._intermediate, self._intermediate]
        elif kind not in {"self-signed", "incomplete-chain"}:
            sent.append(self._intermediate)
        path = self._directory / f"{host}{purpose}.pem"
        path.touch(mode=0o600)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + b"".join(map(_pem, sent)))
        return path
