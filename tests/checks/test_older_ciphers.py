"""What ciphers a server may have: those that mail programs and browsers still take are no fault."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.checks.test_weak_certificates import handshake


def only(ciphers: str) -> ssl.SSLContext:
    """A server of TLS 1.2 that takes these *ciphers* and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    "ciphers",
    ["AES128-GCM-SHA256", "AES256-SHA", "AES256-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384"],
    ids=["no forward secrecy", "the one that all have (RFC 5246 §9), longer", "SHA-256", "SHA-1 as HMAC", "CBC"],
)
def test_a_cipher_that_mail_programs_take_is_taken(ciphers: str, tmp_path: Path) -> None:
    facts, causes, _ = handshake(tmp_path, server=only(ciphers))

    assert (facts.verified, facts.cipher, causes) == (True, ciphers, [])


@pytest.mark.parametrize("ciphers", ["NULL-SHA256", "aNULL"], ids=["no encryption", "no certificate"])
def test_a_cipher_that_protects_nothing_is_not_taken(ciphers: str, tmp_path: Path) -> None:
    facts, causes, _ = handshake(tmp_path, server=only(ciphers))

    assert not facts.verified
    assert [cause for cause, _ in causes] in (["tls.protocol-too-old"], ["tls.handshake-failed"])
