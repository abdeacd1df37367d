"""POP3 conversations: what is said, what is understood, and that nothing a server does holds one up or leaks."""

from __future__ import annotations

import json
import ssl
import time

import pytest

from checks.sessions import Credentials, open_session
from checks.sessions.pop3 import Pop3Session
from diagnose.account.secret import MASK, Secret
from diagnose.model import ClosedError, Deadline, DeadlineError
from diagnose.network import Stream
from tests.checks.conversation import CLOSE, PATIENCE, RESET, SOON, TLS, Server, Step, dripping, forever, server
from tests.support.credentials import ALICE, PLAIN, TOKEN, USER, WORD, b64

pytestmark = pytest.mark.usefixtures("quiet")


def hello(*capabilities: str) -> tuple[Step, ...]:
    return ("S: +OK ready", "C: CAPA", "S: +OK list follows", *(f"S: {one}" for one in capabilities), "S: .")


def opened(stream: Stream, seconds: float = PATIENCE) -> Pop3Session:
    session = open_session("pop3", stream, Deadline(seconds))
    assert isinstance(session, Pop3Session)
    return session


@pytest.mark.parametrize(
    ("listed", "mechanisms", "starttls"),
    [
        (("USER", "UIDL"), ("LOGIN-COMMAND",), False),
        (("SASL PLAIN login XOAUTH2", "STLS"), ("PLAIN", "LOGIN", "XOAUTH2"), True),
        (("USER", "SASL PLAIN"), ("PLAIN", "LOGIN-COMMAND"), False),
        (("user", "sasl plain", "stls"), ("PLAIN", "LOGIN-COMMAND"), True),
        (("TOP",), ("LOGIN-COMMAND",), False),
        (("SASL",), ("LOGIN-COMMAND",), False),
    ],
)
def test_capabilities_are_read(listed: tuple[str, ...], mechanisms: tuple[str, ...], starttls: bool) -> None:
    """RFC 2449; a server that lists neither USER nor SASL takes USER, as all did before."""
    with server(*hello(*listed), "C: QUIT") as one:
        session = opened(one.stream())
        assert (session.mechanisms, session.starttls) == (mechanisms, starttls)
        session.close()


def test_a_server_that_knows_no_capabilities_takes_user_and_pass() -> None:
    """RFC 1939 alone."""
    with server("S: +OK ready", "C: CAPA", "S: -ERR what?") as one:
        session = opened(one.stream())
        assert session.mechanisms == ("LOGIN-COMMAND",)
        session.close()


@pytest.mark.parametrize("odd", [b"\r\n", b"   \r\n", b"IMPLEMENTATION M\xfcller \xe9\r\n", b"\x00\xff\r\n", b"..\r\n"])
def test_an_odd_line_among_the_capabilities_costs_itself_only(odd: bytes) -> None:
    """Blank lines and foreign letters are legal nowhere and seen everywhere."""
    with server("S: +OK ready", "C: CAPA", "S: +OK", b"USER\r\n" + odd + b"SASL PLAIN\r\n.\r\n") as one:
        session = opened(one.stream())
        assert session.mechanisms == ("PLAIN", "LOGIN-COMMAND")
        session.close()


def test_a_status_may_come_in_lower_case() -> None:
    """Servers have to use upper case (RFC 1939 §3), and one that does not is understood all the same."""
    with server(
        "S: +ok ready", "C: CAPA", "S: +Ok list follows", "S: USER", "S: .",
        f"C: USER {USER}", "S: +ok", f"C: PASS {WORD}", "S: +Ok in", "C: STAT", "S: -err No mailbox",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        mailbox = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert reply.ok
    assert (mailbox.ok, mailbox.words) == (False, "-ERR No mailbox")


@pytest.mark.parametrize("word", [WORD, "a b", '"quoted"', "%s%d", "\\"])
def test_user_and_pass_carry_the_rest_of_the_line(word: str) -> None:
    """Nothing is quoted in POP3."""
    with server(*hello("USER"), f"C: USER {USER}", "S: +OK", f"C: PASS {word}", "S: +OK in") as one:
        session = opened(one.stream())
        reply = session.login(Credentials(username=USER, secret=Secret(word)), "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert reply.ok


def test_no_password_follows_a_name_that_was_refused() -> None:
    """The refusal is the answer."""
    with server(*hello("USER"), f"C: USER {USER}", "S: -ERR [SYS/PERM] no such user", "C: QUIT") as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words) == (False, "-ERR [SYS/PERM] no such user")


@pytest.mark.parametrize("word", [WORD, "pässwörd“”", "密码"])
def test_plain_goes_with_the_command(word: str) -> None:
    """RFC 5034 §4."""
    answer = b64(b"\0alice\0" + word.encode())
    with server(*hello("SASL PLAIN"), f"C: AUTH PLAIN {answer}", "S: -ERR [AUTH] wrong") as one:
        session = opened(one.stream())
        reply = session.login(Credentials(username="alice", secret=Secret(word)), "PLAIN", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words) == (False, "-ERR [AUTH] wrong")


@pytest.mark.parametrize(
    ("mechanism", "answer", "last"),
    [
        ("XOAUTH2", b"user=alice@corp.example\1auth=Bearer ya29.tok-en\1\1", ""),
        ("OAUTHBEARER", b"n,a=alice@corp.example,\1auth=Bearer ya29.tok-en\1\1", "AQ=="),
    ],
)
def test_a_token_that_is_refused_brings_readable_words(mechanism: str, answer: bytes, last: str) -> None:
    """RFC 7628 §3.2.2, in POP3."""
    problem = json.dumps({"status": "401", "schemes": "bearer"})
    with server(
        *hello(f"SASL {mechanism}"), f"C: AUTH {mechanism} {b64(answer)}", f"S: + {b64(problem.encode())}",
        f"C: {last}", "S: -ERR Authentication failure",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(TOKEN, mechanism, Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert problem in reply.words
    assert "-ERR Authentication failure" in reply.words


@pytest.mark.parametrize("echo", [f"S: -ERR {WORD} is wrong", f"S: -ERR PASS {WORD.upper()}", f"S: -ERR {PLAIN}"])
def test_a_password_that_is_echoed_is_masked(echo: str) -> None:
    """In whatever form it comes back."""
    with server(*hello("USER"), f"C: USER {USER}", "S: +OK", f"C: PASS {WORD}", echo) as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert MASK in reply.words
    assert WORD not in reply.words.lower()
    assert PLAIN not in reply.words


def test_the_mailbox_is_looked_at_with_stat() -> None:
    """STAT changes nothing, and QUIT right after it deletes nothing."""
    with server(*hello("USER"), f"C: USER {USER}", "S: +OK", f"C: PASS {WORD}", "S: +OK", "C: STAT", "S: +OK 2 320",
                "C: QUIT") as one:  # fmt: skip
        session = opened(one.stream())
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words) == (True, "+OK 2 320")


@pytest.mark.parametrize("ending", [CLOSE, RESET])
@pytest.mark.parametrize(
    "steps",
    [
        ("S: +OK ready", "C: CAPA"),
        ("S: +OK ready", "C: CAPA", "S: +OK", "S: USER"),
        (*hello("USER"), f"C: USER {USER}"),
        (*hello("USER"), f"C: USER {USER}", "S: +OK", f"C: PASS {WORD}"),
    ],
    ids=["CAPA", "in CAPA", "USER", "PASS"],
)
def test_an_end_in_the_middle_is_told_as_such(steps: tuple[Step, ...], ending: str) -> None:
    """Never as a server without capabilities, and never as a rejection."""
    with server(*steps, ending) as one:
        stream = one.stream()
        with pytest.raises(OSError) as failed:  # noqa: PT011 - a reset comes as such
            opened(stream).login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        stream.abort()
    assert isinstance(failed.value, ClosedError | ConnectionResetError)
    assert WORD not in str(failed.value)


@pytest.mark.parametrize("begun", [(), ("S: +OK", "S: USER")], ids=["before", "within"])
def test_an_end_of_the_capabilities_is_no_server_without_any(begun: tuple[Step, ...]) -> None:
    """Else a server that fails would be told to offer no STARTTLS."""
    with server("S: +OK ready", "C: CAPA", *begun, CLOSE) as one:
        stream = one.stream()
        with pytest.raises(ClosedError):
            opened(stream)
        stream.abort()


@pytest.mark.parametrize("silence", [(), (dripping(b"x"),)], ids=["nothing", "dripping"])
@pytest.mark.parametrize(
    "steps",
    [
        (),
        ("S: +OK ready", "C: CAPA"),
        ("S: +OK ready", "C: CAPA", "S: +OK", "S: USER"),
        (*hello("USER"), f"C: USER {USER}", "S: +OK", f"C: PASS {WORD}"),
    ],
    ids=["greeting", "CAPA", "in CAPA", "PASS"],
)
def test_silence_ends_at_the_deadline(steps: tuple[Step, ...], silence: tuple[Step, ...]) -> None:
    """Whether it is complete or drips."""
    with server(*steps, *silence, complete=False) as one:
        stream = one.stream()
        before = time.monotonic()
        with pytest.raises(DeadlineError):
            opened(stream, SOON).login(ALICE, "LOGIN-COMMAND", Deadline(SOON))
        assert time.monotonic() - before < PATIENCE / 2
        stream.abort()


@pytest.mark.parametrize(
    "steps",
    [
        (forever(b"+OK " + b"x" * 10_000),),
        (b"+OK " + b"x" * 5000 + b"\r\n", CLOSE),
        (b"-ERR [SYS/TEMP] not now\r\n",),
        (b"\xff\xfe\r\n",),
        (b"\r\n",),
        ("S: +OK ready", "C: CAPA", "S: +OK", forever(b"X" * 100 + b"\r\n")),
        ("S: +OK ready", "C: CAPA", "S: +OK", forever(b"X" * 10_000)),
    ],
    ids=["endless greeting", "long greeting", "turned away", "no text", "blank", "endless list", "endless line"],
)
def test_an_opening_that_makes_no_sense_is_an_expected_failure(steps: tuple[Step, ...]) -> None:
    """An OSError, which becomes a fact; anything else would be shown as a fault of the program."""
    with server(*steps, complete=False) as one:
        stream = one.stream()
        with pytest.raises(OSError):  # noqa: PT011 - which one is not promised
            opened(stream)
        stream.abort()


def test_a_greeting_that_turns_away_brings_its_words() -> None:
    """As evidence."""
    with server("S: -ERR [SYS/TEMP] not now") as one:
        stream = one.stream()
        with pytest.raises(ClosedError, match=r"-ERR \[SYS/TEMP\] not now"):
            opened(stream)
        stream.abort()


def test_after_stls_only_what_was_said_under_tls_counts(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """What an attacker adds to the reply in clear is not read as the answer to what is asked under TLS."""

    def inject(one: Server) -> None:
        one.socket.sendall(b"+OK begin\r\n+OK list\r\nSASL EVIL\r\n.\r\n")

    with server(
        *hello("STLS", "SASL EVIL"), "C: STLS", inject, TLS, *hello("SASL PLAIN")[1:], context=server_tls,
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


def test_login_over_stls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """The whole way."""
    with server(
        *hello("STLS", "USER"), "C: STLS", "S: +OK begin", TLS, *hello("SASL PLAIN")[1:],
        f"C: AUTH PLAIN {PLAIN}", "S: +OK in", "C: STAT", "S: +OK 0 0", "C: QUIT", context=server_tls,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        assert (session.mechanisms, session.starttls) == (("PLAIN",), False)
        assert session.login(ALICE, "PLAIN", Deadline(PATIENCE)).ok
        assert session.open_mailbox(Deadline(PATIENCE)).ok
        session.close()


def test_stls_that_is_refused_brings_the_words() -> None:
    """And the session goes on in clear."""
    with server(*hello("STLS"), "C: STLS", "S: -ERR not now", "C: QUIT") as one:
        session = opened(one.stream())
        assert session.ask_for_tls(Deadline(PATIENCE)) == "-ERR not now"
        session.close()


@pytest.mark.parametrize(
    ("answer", "opens"),
    [
        ("+OK 0 0", True),
        ("+OK 3 12000 octets", True),
        ("+OK", False),
        ("+OK fine", False),
        ("+OK maildrop has 3", False),
    ],
)
def test_a_yes_without_a_count_opens_no_mailbox(answer: str, opens: bool) -> None:
    """STAT is answered with numbers (RFC 1939 §5); who says +OK to whatever it hears has no mailbox."""
    with server(
        *hello("USER"),
        f"C: USER {USER}",
        "S: +OK",
        f"C: PASS {WORD}",
        "S: +OK in",
        "C: STAT",
        f"S: {answer}",
        "C: QUIT",
    ) as one:
        session = opened(one.stream())
        assert session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE)).ok
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.hollow) == (opens, not opens)


@pytest.mark.parametrize(
    ("listed", "names_one"),
    [(("USER", "UIDL"), True), (("SASL PLAIN",), True), (("UIDL", "TOP"), False), (("APOP",), False)],
)
def test_whether_a_way_in_is_listed_is_known(listed: tuple[str, ...], names_one: bool) -> None:
    """RFC 2449 §6.2 and §6.3; where none is, the oldest is tried."""
    with server(*hello(*listed), "C: QUIT") as one:
        session = opened(one.stream())
        assert session.lists_logins is names_one
        assert bool(session.mechanisms)
        session.close()
