"""SASL: the client's side of each mechanism, from the first answer to the last."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.sessions.session import Credentials

SCRAM = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512", "SCRAM-SHA-1": "sha1"}
"""The digest of each (RFC 5802, RFC 7677), best mechanism first."""
CHALLENGED = (*SCRAM, "CRAM-MD5")
"""Mechanisms that prove to know a password, and do not send it; best first."""
SERVER_FIRST = ("LOGIN", "CRAM-MD5")
"""Mechanisms in which the server speaks first: one that takes no first answer would get the password as the name."""
MOST_ITERATIONS = 1_000_000
"""Of SCRAM's key derivation; a server that asks for more keeps the processor busy for seconds."""


class ChallengeError(OSError):
    """The server's challenge cannot be answered."""


class SaslExchange:
    """One login by one mechanism: PLAIN (RFC 4616), LOGIN, XOAUTH2, OAUTHBEARER (RFC 7628), CRAM-MD5 (RFC 2195),
    SCRAM (RFC 5802).
    """

    carries_secret = False
    """Whether the last answer holds the secret, or the proof that the client knows it."""

    def __init__(self, credentials: Credentials, mechanism: str, nonce: str = "") -> None:
        self._name = credentials.username
        self._kept = credentials.secret
        self._secret = self._kept.reveal()
        self._nonce = (nonce or secrets.token_urlsafe(18)).encode("ascii")
        self._challenge = b""
        self._answers = self._by(mechanism)

    def answer(self, challenge: bytes = b"") -> bytes | None:
        """What to say to *challenge*, as it came in base64; None after the last. Raises ChallengeError."""
        self._challenge, self.carries_secret = b"", False
        with contextlib.suppress(ValueError):
            self._challenge = base64.b64decode(challenge, validate=True)
        return next(self._answers, None)

    def _by(self, mechanism: str) -> Iterator[bytes]:
        name, secret = self._name.encode(), self._secret.encode("utf-8", "surrogateescape")
        if mechanism in SCRAM:
            yield from self._scram(SCRAM[mechanism])
            return
        if mechanism == "LOGIN":
            yield name
        self.carries_secret = True
        match mechanism:
            case "PLAIN":
                yield b"\0" + name + b"\0" + secret
            case "LOGIN":
                yield secret
            case "CRAM-MD5":
                proof = hmac.new(secret, self._challenge, "md5").hexdigest()
                self._kept.is_told_by(proof)
                yield name + b" " + proof.encode("ascii")
            case "XOAUTH2":
                yield b"user=" + name + b"\1auth=Bearer " + secret + b"\1\1"
            case "OAUTHBEARER":
                yield b"n,a=" + _escaped(name) + b",\1auth=Bearer " + secret + b"\1\1"
        # RFC 7628 §3.2.3 wants an answer after a failure, too
        yield b"\1" if mechanism == "OAUTHBEARER" else b""

    def _scram(self, digest: str) -> Iterator[bytes]:
        """RFC 5802 §5, without channel binding; the server has to prove that it knows the password as well."""
        own = b"n=" + _escaped(_prepared(self._name).encode()) + b",r=" + self._nonce
        yield b"n,," + own
        given = self._challenge
        found = re.fullmatch(rb"r=([!-+\--~]{1,1000}),s=([A-Za-z0-9+/]{1,1000}={0,2}),i=([1-9]\d{0,9})(,.*)?", given)
        if found is None or not found[1].startswith(self._nonce):
            raise ChallengeError("the server's challenge is none of SCRAM")
        if int(found[3]) > MOST_ITERATIONS:
            raise ChallengeError(f"the server's challenge asks for {found[3].decode()} rounds")
        password = _prepared(self._secret).encode("utf-8", "surrogateescape")
        salted = hashlib.pbkdf2_hmac(digest, password, base64.b64decode(found[2] + b"=="), int(found[3]))
        final = b"c=biws,r=" + found[1]
        signed = b",".join((own, given, final))
        key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, key).digest(), signed, digest)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True)))
        self._kept.is_told_by(proof.decode("ascii"))
        self.carries_secret = True
        yield final + b",p=" + proof
        expected = hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest)
        verifier, _, _ = self._challenge.partition(b",")
        if verifier.startswith(b"v=") and not hmac.compare_digest(verifier[2:], base64.b64encode(expected)):
            raise ChallengeError("the server does not prove that it knows the password")
        yield b""


def _escaped(name: bytes) -> bytes:
    """*name* as it stands between commas (RFC 5802 §5.1)."""
    return name.replace(b"=", b"=3D").replace(b",", b"=2C")


def _prepared(words: str) -> str:
    """*words* by SASLprep (RFC 4013 §2.1, §2.2): as the server has them, whatever keyboard they come from."""
    mapped = ("" if stringprep.in_table_b1(c) else " " if stringprep.in_table_c12(c) else c for c in words)
    return unicodedata.normalize("NFKC", "".join(mapped))
