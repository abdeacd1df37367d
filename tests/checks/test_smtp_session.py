"""Submission conversations: what is said, what is understood, and that nothing a server does holds one up or leaks."""

from __future__ import annotations

import json
import ssl
import time

import pytest

from checks.sessions import Credentials, open_session
from checks.sessions.smtp import HELO_NAME, SmtpSession
from diagnose.account.secret import MASK, Secret
from diagnose.model import ClosedError, Deadline, DeadlineError, TooMuchDataError
from diagnose.network import Stream
from tests.checks.conversation import CLOSE, PATIENCE, RESET, SOON, TLS, Server, Step, dripping, forever, server
from tests.support.credentials import ALICE, PLAIN, TOKEN, USER, WORD, b64

pytestmark = pytest.mark.usefixtures("quiet")


def hello(*keywords: str) -> tuple[Step, ...]:
    lines = ["mail.corp.example at your service", *keywords]
    marked = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
    return ("S: 220 mail.corp.example ESMTP", f"C: EHLO {HELO_NAME}", *marked)


def opened(stream: Stream, seconds: float = PATIENCE) -> SmtpSession:
    session = open_session("smtp", stream, Deadline(seconds))
    assert isinstance(session, SmtpSession)
    return session


@pytest.mark.parametrize(
    ("listed", "mechanisms", "starttls"),
    [
        ((), (), False),
        (("STARTTLS", "SIZE 1000"), (), True),
        (("AUTH PLAIN LOGIN", "8BITMIME"), ("PLAIN", "LOGIN"), False),
        (("AUTH=PLAIN LOGIN", "auth login XOAUTH2"), ("PLAIN", "LOGIN", "XOAUTH2"), False),
        (("starttls",), (), True),
    ],
)
def test_keywords_are_read(listed: tuple[str, ...], mechanisms: tuple[str, ...], starttls: bool) -> None:
    """RFC 5321 §4.1.1.1, and the old spelling with an equals sign."""
    with server(*hello(*listed), "C: QUIT") as one:
        session = opened(one.stream())
        assert (session.mechanisms, session.starttls) == (mechanisms, starttls)
        session.close()


def test_a_greeting_of_many_lines_is_waited_for() -> None:
    """Nothing is said before the last line (postscreen watches for that)."""
    with server("S: 220-welcome", "S: 220-be patient", *hello("AUTH PLAIN")) as one:
        session = opened(one.stream())
        assert session.mechanisms == ("PLAIN",)
        session.close()


def test_an_old_server_gets_helo() -> None:
    """And offers nothing."""
    with server("S: 220 hi", f"C: EHLO {HELO_NAME}", "S: 502 what?", f"C: HELO {HELO_NAME}", "S: 250 hi") as one:
        session = opened(one.stream())
        assert (session.mechanisms, session.starttls, session.capabilities) == ((), False, ())
        session.close()


@pytest.mark.parametrize("word", [WORD, "pässwörd“”", "密码"])
def test_plain_goes_with_the_command(word: str) -> None:
    """RFC 4954 §4; the reply's lines keep their codes."""
    answer = b64(b"\0alice\0" + word.encode())
    with server(*hello("AUTH PLAIN"), f"C: AUTH PLAIN {answer}", "S: 535-5.7.8 wrong", "S: 535 5.7.8 see page") as one:
        session = opened(one.stream())
        reply = session.login(Credentials(username="alice", secret=Secret(word)), "PLAIN", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words) == (False, "535 5.7.8 wrong\n535 5.7.8 see page")


def test_login_mechanism_answers_two_questions() -> None:
    """AUTH LOGIN asks for the name and for the password."""
    with server(
        *hello("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", f"C: {b64(USER.encode())}",
        "S: 334 UGFzc3dvcmQ6", f"C: {b64(WORD.encode())}", "S: 235 2.7.0 in",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.login(ALICE, "LOGIN", Deadline(PATIENCE)).ok
        session.close()


def test_no_password_follows_a_name_that_was_refused() -> None:
    """The refusal is the answer."""
    with server(
        *hello("AUTH LOGIN"), "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", f"C: {b64(USER.encode())}",
        "S: 535 5.7.8 no such user", "C: QUIT",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words) == (False, "535 5.7.8 no such user")


def test_a_server_that_asks_on_and_on_gets_the_password_once() -> None:
    """Every further question is answered with nothing, and then no more."""
    with server(*hello("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", "S: 334 ", "C: ", "S: 334 ", "C: QUIT") as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "PLAIN", Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert sum(PLAIN.encode() in line for line in one.heard) == 1


@pytest.mark.parametrize(
    ("mechanism", "answer", "last"),
    [
        ("XOAUTH2", b"user=alice@corp.example\1auth=Bearer ya29.tok-en\1\1", ""),
        ("OAUTHBEARER", b"n,a=alice@corp.example,\1auth=Bearer ya29.tok-en\1\1", "AQ=="),
    ],
)
def test_a_token_that_is_refused_brings_readable_words(mechanism: str, answer: bytes, last: str) -> None:
    """RFC 7628 §3.2.2, in SMTP."""
    problem = json.dumps({"status": "401", "schemes": "bearer"})
    with server(
        *hello(f"AUTH {mechanism}"), f"C: AUTH {mechanism} {b64(answer)}", f"S: 334 {b64(problem.encode())}",
        f"C: {last}", "S: 535-5.7.8 not accepted", "S: 535 5.7.8 see page",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(TOKEN, mechanism, Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert problem in reply.words
    assert "535 5.7.8 not accepted" in reply.words


@pytest.mark.parametrize("echo", [f"S: 535 {WORD} is wrong", f"S: 501 cannot decode {PLAIN}", f"S: 535 {WORD.upper()}"])
def test_a_password_that_is_echoed_is_masked(echo: str) -> None:
    """In whatever form it comes back."""
    with server(*hello("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", echo) as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "PLAIN", Deadline(PATIENCE))
        session.close()
    assert MASK in reply.words
    assert WORD not in reply.words.lower()
    assert PLAIN not in reply.words


def test_submission_has_no_mailbox() -> None:
    """Nothing is asked."""
    with server(*hello(), "C: QUIT") as one:
        session = opened(one.stream())
        assert session.open_mailbox(Deadline(PATIENCE)) is None  # type: ignore[func-returns-value]
        session.close()


@pytest.mark.parametrize("ending", [CLOSE, RESET])
@pytest.mark.parametrize(
    "steps",
    [
        ("S: 220 hi", f"C: EHLO {HELO_NAME}"),
        ("S: 220 hi", f"C: EHLO {HELO_NAME}", "S: 250-half"),
        (*hello("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}"),
        (*hello("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}", "S: 535-half"),
    ],
    ids=["EHLO", "in EHLO", "AUTH", "in AUTH"],
)
def test_an_end_in_the_middle_is_told_as_such(steps: tuple[Step, ...], ending: str) -> None:
    """Never as a rejection."""
    with server(*steps, ending) as one:
        stream = one.stream()
        with pytest.raises(OSError) as failed:  # noqa: PT011 - a reset comes as such
            opened(stream).login(ALICE, "PLAIN", Deadline(PATIENCE))
        stream.abort()
    assert isinstance(failed.value, ClosedError | ConnectionResetError)
    assert WORD not in str(failed.value)


@pytest.mark.parametrize(
    "silence", [(), (dripping(b"x"),), (dripping(b"250-x\r\n"),)], ids=["nothing", "drip", "lines"]
)
@pytest.mark.parametrize(
    "steps",
    [
        (),
        ("S: 220 hi", f"C: EHLO {HELO_NAME}"),
        (*hello("AUTH PLAIN"), f"C: AUTH PLAIN {PLAIN}"),
    ],
    ids=["greeting", "EHLO", "AUTH"],
)
def test_silence_ends_at_the_deadline(steps: tuple[Step, ...], silence: tuple[Step, ...]) -> None:
    """And is told as such: silence has other causes than an end."""
    with server(*steps, *silence, complete=False) as one:
        stream = one.stream()
        before = time.monotonic()
        with pytest.raises(DeadlineError):
            opened(stream, SOON).login(ALICE, "PLAIN", Deadline(SOON))
        assert time.monotonic() - before < PATIENCE / 2
        stream.abort()


@pytest.mark.parametrize("data", [b"250-x\r\n" * 1000, b"250-" + b"x" * 4000 + b"\r\n"])
def test_endless_keywords_end_at_the_byte_bound(data: bytes) -> None:
    """With that as the reason."""
    with server("S: 220 hi", f"C: EHLO {HELO_NAME}", forever(data)) as one:
        stream = one.stream()
        with pytest.raises(TooMuchDataError):
            opened(stream)
        stream.abort()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (("S: 554 5.7.1 go away",), "554 5.7.1 go away"),
        (("S: 421 4.3.2 closing",), "421 4.3.2 closing"),
        ((b"220 " + b"x" * 140_000 + b"\r\n",), ""),
        ((b"\xff\xfe\r\n",), ""),
        ((b"\r\n",), ""),
        ((b"999999999999 x\r\n",), ""),
        (("S: 220 hi", f"C: EHLO {HELO_NAME}", "S: 421 bye"), "421 bye"),
        (("S: 220 hi", f"C: EHLO {HELO_NAME}", b"250-\xff\r\nabc\r\n", f"C: HELO {HELO_NAME}", "S: 500 no"), "500 no"),
    ],
    ids=["refused", "closing", "long", "no text", "blank", "number", "closing later", "garbled"],
)
def test_an_opening_that_makes_no_sense_is_an_expected_failure(steps: tuple[Step, ...], words: str) -> None:
    """With the server's words where it said any."""
    with server(*steps, complete=False) as one:
        stream = one.stream()
        with pytest.raises(ClosedError) as failed:
            opened(stream)
        stream.abort()
    assert words in str(failed.value)


def test_a_server_that_is_busy_is_not_taken_for_an_old_one() -> None:
    """It might take HELO, and then nothing would be on offer."""
    with server("S: 220 hi", f"C: EHLO {HELO_NAME}", "S: 421 4.3.2 busy") as one:
        stream = one.stream()
        with pytest.raises(ClosedError, match=r"421 4\.3\.2 busy"):
            opened(stream)
        stream.abort()
        assert one.gone.wait(PATIENCE)
    assert not [line for line in one.heard if line.startswith(b"HELO")]


def test_foreign_letters_among_the_keywords_are_no_fault() -> None:
    """The rest of the list counts."""
    with server("S: 220 hi", f"C: EHLO {HELO_NAME}", b"250-h\xfc\r\n250-X-\xe9\r\n250 AUTH PLAIN\r\n") as one:
        session = opened(one.stream())
        assert session.mechanisms == ("PLAIN",)
        session.close()


def test_after_starttls_only_what_was_said_under_tls_counts(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """RFC 3207 §4.2; what an attacker adds to the reply in clear is not read as the answer to the second EHLO."""

    def inject(one: Server) -> None:
        one.socket.sendall(b"220 go ahead\r\n250-mail\r\n250 AUTH EVIL\r\n")

    with server(
        *hello("STARTTLS", "AUTH EVIL"), "C: STARTTLS", inject, TLS, *hello("AUTH PLAIN")[1:], context=server_tls,
        complete=False,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        try:
            assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        except OSError:
            pass
        else:
            assert session.mechanisms == ("PLAIN",)
        session.close()


def test_login_over_starttls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """EHLO is said again under TLS."""
    with server(
        *hello("STARTTLS"), "C: STARTTLS", "S: 220 go ahead", TLS, *hello("AUTH PLAIN")[1:],
        f"C: AUTH PLAIN {PLAIN}", "S: 235 in", "C: QUIT", context=server_tls,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        assert (session.mechanisms, session.starttls) == (("PLAIN",), False)
        assert session.login(ALICE, "PLAIN", Deadline(PATIENCE)).ok
        session.close()


def test_starttls_that_is_refused_brings_the_words() -> None:
    """And the session goes on in clear."""
    with server(*hello("STARTTLS"), "C: STARTTLS", "S: 454 4.7.0 not now", "C: QUIT") as one:
        session = opened(one.stream())
        assert session.ask_for_tls(Deadline(PATIENCE)) == "454 4.7.0 not now"
        session.close()


def test_a_question_about_a_recipient_sends_no_mail() -> None:
    """MAIL, RCPT, RSET, and never DATA."""
    with server(
        *hello(), "C: MAIL FROM:<>", "S: 250 ok", "C: RCPT TO:<bob@corp.example>", "S: 550-5.1.1 no",
        "S: 550 5.1.1 user", "C: RSET", "C: QUIT",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        session.begin_mail()
        assert session.ask_recipient("bob@corp.example").words == "550 5.1.1 no\r\n550 5.1.1 user"
        session.close()


@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
@pytest.mark.parametrize(("mail", "recipient", "to_recipient"), [("250", "550", True), ("550", "503", False)])
def test_which_of_the_two_was_refused_is_told(
    keywords: tuple[str, ...], mail: str, recipient: str, to_recipient: bool
) -> None:
    asked = (f"C: RCPT TO:<{USER}>", f"S: {recipient} 5.7.1 no") if keywords or mail == "250" else ()
    with server(*hello(*keywords), f"C: MAIL FROM:<{USER}>", f"S: {mail} 2.1.0 well", *asked) as one:
        session = opened(one.stream())
        reply = session.try_sender(USER)
        session.close()
    assert (reply.ok, reply.to_recipient) == (False, to_recipient)
