"""Certificates of a trusted issuer that must not be used so, and such that nobody needs: trust is not their trouble."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.checks.test_weak_certificates import handshake_with

NOW = datetime.datetime.now(datetime.UTC)
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "middle", "lower", "leaf", "older")}
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")


def called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def issued(
    name: str,
    issuer: str,
    *extensions: tuple[x509.ExtensionType, bool],
    authority: bool = True,
    length: int | None = None,
    host: str = "localhost",
    days: tuple[int, int] = (-60, 90),
) -> bytes:
    """The certificate of *name*, in PEM."""
    key = KEYS[name]
    builder = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=length), critical=True)
    )
    if name == "leaf":
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(KEYS[issuer], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


ROOT = issued("root", "root", days=(-60, 900))
MIDDLE = issued("middle", "root")
CROSS = issued("root", "older", days=(-60, -3))
"""The root, as an older one has signed it: of use to those alone who do not know it, and over."""


def leaf(*extensions: tuple[x509.ExtensionType, bool], issuer: str = "middle", **more: Any) -> bytes:
    return issued("leaf", issuer, *extensions, authority=False, **more)


def shown(folder: Path, *chain: bytes) -> tuple[list[tuple[str, str]], str]:
    """The causes found of a server that shows *chain*, and all that is said of it."""
    private = KEYS["leaf"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _, causes, words = handshake_with(folder, ROOT, private + b"".join(chain))
    return causes, words


FOR_BOTH = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False)
FOR_CLIENTS = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
FOR_OTHERS = (x509.NameConstraints([x509.DNSName("other.example")], None), True)
NOT_FOR_US = (x509.NameConstraints(None, [x509.DNSName("localhost")]), True)


@pytest.mark.parametrize(
    "chain",
    [
        (leaf(FOR_CLIENTS), MIDDLE),
        (leaf((UNKNOWN, True)), MIDDLE),
        (leaf(), issued("middle", "root", FOR_OTHERS)),
        (leaf(), issued("middle", "root", NOT_FOR_US)),
        (leaf(), issued("middle", "root", authority=False)),
        (leaf(issuer="lower"), issued("lower", "middle"), issued("middle", "root", length=0)),
    ],
    ids=["for clients", "unknown", "for other names", "not for this name", "no authority", "too long a chain"],
)
def test_what_is_wrong_is_not_the_issuer(chain: tuple[bytes, ...], tmp_path: Path) -> None:
    """To trust the issuer, which is trusted, would mend nothing."""
    causes, words = shown(tmp_path, *chain)

    assert causes == [("tls.handshake-failed", "confirmed")]
    assert "is not accepted: " in words


@pytest.mark.parametrize(
    "chain",
    [
        (leaf(), MIDDLE, CROSS),
        (leaf(), CROSS, MIDDLE),
        (leaf(issuer="root"), CROSS),
        (leaf((UNKNOWN, False)), MIDDLE),
        (leaf(FOR_BOTH), MIDDLE),
        (leaf(), issued("middle", "root", (x509.NameConstraints([x509.DNSName("localhost")], None), True), length=0)),
    ],
    ids=["old root", "in disorder", "beside the root's own", "unknown and not critical", "both uses", "for this name"],
)  # fmt: skip
def test_what_is_unusual_and_accepted(chain: tuple[bytes, ...], tmp_path: Path) -> None:
    assert shown(tmp_path, *chain) == ([], "")


@pytest.mark.parametrize(
    ("chain", "cause"),
    [
        ((leaf(host="other.example"), MIDDLE, CROSS), "tls.name-mismatch"),
        ((leaf(), CROSS), "tls.incomplete-chain"),
        ((leaf(FOR_CLIENTS), MIDDLE, CROSS), "tls.handshake-failed"),
    ],
    ids=["other name", "no middle", "for clients"],
)
def test_the_dates_of_a_certificate_that_nobody_needs_are_no_fault(
    chain: tuple[bytes, ...], cause: str, tmp_path: Path
) -> None:
    causes, _ = shown(tmp_path, *chain)

    assert cause in [found for found, _ in causes]
    assert "tls.cert-expired" not in [found for found, _ in causes]


@pytest.mark.parametrize(
    "chain",
    [
        (leaf(), issued("middle", "root", days=(-60, -1)), CROSS),
        (leaf(days=(-60, -1)), MIDDLE, CROSS),
        (leaf(days=(-60, -1), host="other.example"), MIDDLE, CROSS),
    ],
    ids=["the middle one", "the server's own", "the server's own, for another name"],
)
def test_the_dates_of_one_that_is_needed_are(chain: tuple[bytes, ...], tmp_path: Path) -> None:
    causes, words = shown(tmp_path, *chain)

    assert causes[0][0] == "tls.cert-expired"
    assert "(CN=root)" not in words
