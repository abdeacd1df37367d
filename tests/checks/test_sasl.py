"""Mechanisms that prove to know a password without sending it, by the examples of their RFCs."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from checks.sessions import Credentials, open_session
from checks.sessions.sasl import ChallengeError, SaslExchange
from checks.sessions.session import shown
from checks.sessions.smtp import HELO_NAME
from diagnose.account.secret import MASK, Secret
from diagnose.model import Deadline, ProtocolName
from diagnose.redaction.views import views
from tests.checks.conversation import PATIENCE, server

pytestmark = pytest.mark.usefixtures("quiet")

PENCIL = Credentials(username="user", secret=Secret("pencil"))
ROUNDS = {  # RFC 5802 §5, RFC 7677 §3
    "SCRAM-SHA-1": (
        "fyko+d2lbbFgONRv9qkxdawL",
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    "SCRAM-SHA-256": (
        "rOprNGfwEbeRWgbNEkqO",
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
}


def exchange(mechanism: str) -> SaslExchange:
    one = SaslExchange(PENCIL, mechanism, ROUNDS[mechanism][0])
    assert one.answer() == b"n,,n=user,r=" + ROUNDS[mechanism][0].encode()
    assert not one.carries_secret
    return one


@pytest.mark.parametrize("mechanism", ROUNDS)
def test_scram_by_its_examples(mechanism: str) -> None:
    one = exchange(mechanism)
    _, challenge, final, verifier = ROUNDS[mechanism]

    assert one.answer(base64.b64encode(challenge)) == final
    assert one.carries_secret
    assert one.answer(base64.b64encode(verifier)) == b""
    assert not one.carries_secret
    assert one.answer() is None


def test_cram_md5_by_its_example() -> None:
    """RFC 2195 §2."""
    one = SaslExchange(Credentials(username="tim", secret=Secret("tanstaaftanstaaf")), "CRAM-MD5")
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>")

    assert one.answer(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert one.carries_secret


REPEATED: dict[str, Callable[[bytes], bytes]] = {
    "as it came": lambda answer: answer,
    "in base64": base64.b64encode,
    "in hex": lambda answer: answer.hex().encode(),
    "percent-encoded": lambda answer: quote(answer, safe="").encode(),
    "its last part": lambda answer: re.split(rb" |p=", answer)[-1],
}


@pytest.mark.parametrize("repeated", REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("mechanism", ["CRAM-MD5", *ROUNDS])
def test_a_server_that_repeats_a_proof_does_not_get_it_shown(
    mechanism: str, repeated: Callable[[bytes], bytes]
) -> None:
    """A password can be found from it by trial; what else the server says stands."""
    who = Credentials(username="user", secret=Secret("pencil"))
    nonce, challenge = ROUNDS.get(mechanism, ("", b"<1896@corp.example>"))[:2]
    one = SaslExchange(who, mechanism, nonce)
    if mechanism in ROUNDS:
        one.answer()
    answer = one.answer(base64.b64encode(challenge)) or b""
    said = shown(b"NO bad proof " + repeated(answer) + b" from you", who.secret)

    assert said.startswith("NO bad proof ")
    assert said.endswith(" from you")
    assert MASK in said
    proof = re.split(rb" |p=", answer)[-1].decode()
    assert proof not in "".join(views(said, 8))


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"no SCRAM at all",
        b"r=anothers-nonce,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=0",
        b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=9999999999",
        b"m=extension,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096",
    ],
)
def test_a_challenge_that_cannot_be_answered_gets_no_proof(challenge: bytes) -> None:
    one = exchange("SCRAM-SHA-1")

    with pytest.raises(ChallengeError):
        one.answer(base64.b64encode(challenge))
    assert not one.carries_secret


def test_a_server_has_to_know_the_password_as_well() -> None:
    one = exchange("SCRAM-SHA-1")
    one.answer(base64.b64encode(ROUNDS["SCRAM-SHA-1"][1]))

    with pytest.raises(ChallengeError):
        one.answer(base64.b64encode(b"v=" + base64.b64encode(b"x" * 20)))


def test_a_server_that_says_what_is_wrong_is_heard_out() -> None:
    """Its answer to the command follows (RFC 5802 §7)."""
    one = exchange("SCRAM-SHA-1")
    one.answer(base64.b64encode(ROUNDS["SCRAM-SHA-1"][1]))

    assert one.answer(base64.b64encode(b"e=invalid-proof")) == b""


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("user", "user"), ("us\u00ader", "user"), ("\u00aa", "a"), ("\u2168", "IX"), ("a=b,c", "a=3Db=2Cc")],
)
def test_names_are_prepared(typed: str, sent: str) -> None:
    """By the examples of RFC 4013 §3, and RFC 5802 §5.1."""
    one = SaslExchange(Credentials(username=typed, secret=Secret("pencil")), "SCRAM-SHA-256", "abc")

    assert one.answer() == f"n,,n={sent},r=abc".encode()


@pytest.mark.parametrize(
    ("protocol", "begin", "challenge", "refusal"),
    [
        (
            "imap",
            (
                "S: * OK ready",
                "C: %t CAPABILITY",
                "S: * CAPABILITY IMAP4rev1 AUTH=CRAM-MD5",
                "S: %t OK done",
                "C: %t AUTHENTICATE CRAM-MD5",
            ),
            "S: + PDFAeD4=",
            "S: %t NO [AUTHENTICATIONFAILED] wrong",
        ),
        (
            "pop3",
            ("S: +OK ready", "C: CAPA", "S: +OK", "S: SASL CRAM-MD5", "S: .", "C: AUTH CRAM-MD5"),
            "S: + PDFAeD4=",
            "S: -ERR [AUTH] wrong",
        ),
        (
            "smtp",
            ("S: 220 ready", f"C: EHLO {HELO_NAME}", "S: 250-mail", "S: 250 AUTH CRAM-MD5", "C: AUTH CRAM-MD5"),
            "S: 334 PDFAeD4=",
            "S: 535 5.7.8 wrong",
        ),
    ],
)
def test_every_protocol_hands_the_challenge_on(
    protocol: ProtocolName, begin: tuple[str, ...], challenge: str, refusal: str
) -> None:
    expected = SaslExchange(PENCIL, "CRAM-MD5").answer(b"PDFAeD4=")
    assert expected is not None
    answer = base64.b64encode(expected).decode()
    with server(*begin, challenge, f"C: {answer}", refusal) as one:
        session = open_session(protocol, one.stream(), Deadline(PATIENCE))
        reply = session.login(PENCIL, "CRAM-MD5", Deadline(PATIENCE))
        session.stream.abort()

    assert not reply.ok
    assert session.secret_is_out
    assert re.search("wrong", reply.words)
