"""Keys and digests that are too weak are no matter of trust, whoever vouches for the certificate."""

from __future__ import annotations

import datetime
import functools
import ssl
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from checks.network.interception import probe_interception
from checks.network.reference_clocks import Testimony
from checks.reach.reach import ReachFacts, stream_key
from checks.tls.certificates import CertificateFacts, read_certificate
from checks.tls.handshake import TlsFacts
from checks.tls.tls import judge_tls, probe_implicit
from diagnose.account.history import History
from diagnose.knowledge.catalogue import catalogue, remedies_for
from diagnose.lab.listener import Listener
from diagnose.model import Deadline, Inputs, Service, SkipCheck, Subject, failure
from diagnose.network import Network, Race
from diagnose.running.context import Context
from tests.network.given import bench, certificate, refused_certificate, service
from tests.network.given import given as given_of
from tests.support.build import SUBJECT as ALICE

SUBJECT = Subject(domain="corp.example")
NOW = datetime.datetime.now(datetime.UTC)
STRONG = 2048
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.cache
def key(bits: int, owner: str = "anybody") -> Key:
    """That of *owner*; making a long one takes long."""
    assert owner
    return rsa.generate_private_key(65537, bits) if bits > 512 else ec.generate_private_key(ec.SECP256R1())


def issued(name: str, own: Key, by: Key, issuer: str, digest: str, days: int = 30, *, authority: bool = False) -> bytes:
    def called(common_name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(issuer))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=60))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    signed = crypto.X509.from_cryptography(builder.sign(by, hashes.SHA256()))
    signed.sign(crypto.PKey.from_cryptography_key(by), digest)  # which takes digests that nobody should
    return crypto.dump_certificate(crypto.FILETYPE_PEM, signed)


def handshake(
    folder: Path,
    *,
    leaf: int = STRONG,
    leaf_digest: str = "sha256",
    middle: int = STRONG,
    middle_digest: str = "sha256",
    root: int = STRONG,
    root_digest: str = "sha256",
    days: int = 30,
    server: ssl.SSLContext | None = None,
) -> tuple[TlsFacts, list[tuple[str, str]], str]:
    """A handshake with a server whose chain is trusted and made so; the causes, and all that is said."""
    leaf_key, middle_key, root_key = key(leaf, "leaf"), key(middle, "middle"), key(root, "root")
    root_pem = issued("Root", root_key, root_key, "Root", root_digest, authority=True)
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    leaf_pem = issued("localhost", leaf_key, middle_key, "Middle", leaf_digest, days)
    middle_pem = issued("Middle", middle_key, root_key, "Root", middle_digest, authority=True)
    return handshake_with(folder, root_pem, private + leaf_pem + middle_pem, server)


def handshake_with(
    folder: Path, root: bytes, shown: bytes, server: ssl.SSLContext | None = None
) -> tuple[TlsFacts, list[tuple[str, str]], str]:
    """As `handshake`, by a client that trusts *root*, with a server that has the key and the chain *shown*."""
    trusted, chain = folder / "root.pem", folder / "server.pem"
    trusted.write_bytes(root)
    chain.write_bytes(shown)
    context = server or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if server is None:
        context.set_ciphers("ALL:@SECLEVEL=0")  # as a server whose administrator wanted it so
    context.load_cert_chain(chain)

    def waits(connection: Any, *_: Any) -> None:
        connection.recv(1)

    with Listener(waits, "127.0.0.1", tls=context) as listener:
        target = Service(protocol="imap", host="localhost", port=listener.port, tls="implicit", source="option")
        bench = Context(network=Network(ca_file=trusted), deadline=Deadline(30), history=History(None))
        bench.network.once("clocks", Testimony)  # none is asked: they are elsewhere
        stream = Race(("127.0.0.1",), listener.port, Deadline(10)).winner(Deadline(10))
        assert stream is not None
        bench.connections.put(stream_key(target), stream)
        reach = ReachFacts(addresses=("127.0.0.1",), connected="127.0.0.1", attempts=())
        given = Inputs(subject=SUBJECT, provider=None, services=(target,), facts=(reach,))
        facts = probe_implicit(target, given, bench)
        bench.connections.close()
    findings = list(judge_tls(facts, given, target))
    words = " ".join(finding.text.render() for finding in findings)
    return facts, [(finding.cause, finding.certainty) for finding in findings], words


WEAK = [("tls.protocol-too-old", "confirmed")]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"leaf": 1024}, 66),
        ({"middle": 1024}, 67),
        ({"root": 1024}, 67),
        ({"leaf_digest": "sha1"}, 68),
        ({"middle_digest": "sha1"}, 68),
        ({"leaf_digest": "md5"}, 68),
    ],
    ids=["short key", "short key in between", "short key of the root", "SHA-1", "SHA-1 in between", "MD5"],
)
def test_a_weak_certificate_is_too_weak(made: dict[str, Any], code: int, tmp_path: Path) -> None:
    facts, causes, words = handshake(tmp_path, **made)
    assert facts.verify_code == code
    assert causes == WEAK
    assert "too weak for today's programs" in words


@pytest.mark.parametrize(
    "made",
    [{}, {"leaf": 256}, {"leaf": 3072}, {"root_digest": "sha1"}],
    ids=["usual", "P-256", "longer", "the root's own signature, which nobody looks at"],
)
def test_what_is_strong_enough_is_taken(made: dict[str, Any], tmp_path: Path) -> None:
    facts, causes, _ = handshake(tmp_path, **made)
    assert facts.verified, facts.failure
    assert causes == []


def test_weak_and_out_of_date_are_both_said(tmp_path: Path) -> None:
    _, causes, _ = handshake(tmp_path, leaf=1024, days=-1)
    assert {cause for cause, _ in causes} == {"tls.cert-expired", "tls.protocol-too-old"}


def test_trusting_an_authority_is_no_advice() -> None:
    """The administrator has a stronger one issued."""
    cause = catalogue()["tls.protocol-too-old"]
    weak = {"host": "mail.corp.example", "port": "993", "weak_certificate": "EE certificate key too weak"}
    said = {remedy.fixer: " ".join(remedy.steps) for remedy in remedies_for(cause, weak)}
    assert cause.fixer == "admin"
    assert "EE certificate key too weak" in said["user"]
    assert "2048 bits" in said["admin"]
    assert not any("--ca-file" in steps for steps in said.values())
    usual = {remedy.fixer: " ".join(remedy.steps) for remedy in remedies_for(cause, {"host": "mail.corp.example"})}
    assert "outdated encryption" in usual["user"]
    assert "too weak" not in usual["admin"]


@pytest.mark.parametrize(
    "reason",
    ["EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "DH_KEY_TOO_SMALL", "NO_SUITABLE_SIGNATURE_ALGORITHM"],
)
def test_what_the_library_refuses_in_the_handshake_is_named_so(reason: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower().replace('_', ' ')} (_ssl.c:1006)")
    error.reason = reason
    assert failure(error, "tls_handshake").name == "tls_version_or_cipher"


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ({"short_key": "RSA 1024"}, "too short (RSA 1024)"),
        ({"old_digest": "SHA1"}, "(SHA1)"),
        ({}, ""),
    ],
)
def test_what_nobody_trusts_may_be_too_weak_besides(chain: dict[str, str], words: str) -> None:
    """The library stops at the issuer; to trust that one would not be the end of it."""
    leaf = certificate("mail.corp.example", "CN=Corp Root")
    facts = refused_certificate(msgspec.structs.replace(leaf, **chain))
    findings = list(judge_tls(facts, given_of(), service("mail.corp.example")))
    weak = [finding for finding in findings if finding.cause == "tls.protocol-too-old"]
    assert findings[0].cause == "tls.untrusted-issuer"
    assert [finding.certainty for finding in weak] == ["likely"] * bool(words)
    assert all(words in finding.text.render() for finding in weak)


def test_what_a_certificate_says_of_its_strength() -> None:
    own, other = key(1024), key(STRONG)

    def read(pem: bytes) -> CertificateFacts:
        found = read_certificate(ssl.PEM_cert_to_DER_cert(pem.decode()))
        assert found is not None
        return found

    assert read(issued("localhost", own, other, "Root", "sha256")).short_key == "RSA 1024"
    assert read(issued("localhost", other, own, "Root", "sha1")).old_digest == "SHA1"
    assert read(issued("localhost", other, own, "Root", "md5")).old_digest == "MD5"
    root = read(issued("Root", other, other, "Root", "sha1", authority=True))
    strong = read(issued("localhost", key(256), other, "Root", "sha384"))
    assert [one.short_key + one.old_digest for one in (root, strong)] == ["", ""]
    assert root.self_signed
    assert not strong.self_signed


@pytest.mark.parametrize("code", [66, 67, 68])
def test_a_weak_certificate_is_no_sign_of_somebody_in_between(code: int) -> None:
    leaf = certificate("mail.corp.example", "CN=Corp Root")
    seen = given_of(elsewhere=((service("mail.corp.example"), refused_certificate(leaf, code=code)),))
    with pytest.raises(SkipCheck):
        probe_interception(ALICE, seen, bench())
