"""IMAP conversations: what is said, what is understood, and that nothing a server does holds one up or leaks."""

from __future__ import annotations

import errno
import itertools
import json
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from checks.sessions import Credentials, open_session
from checks.sessions.imap import CLIENT_ID, ImapSession
from diagnose.account.secret import MASK, Secret
from diagnose.model import ClosedError, Deadline, DeadlineError
from diagnose.network import Stream
from tests.checks.conversation import CLOSE, PATIENCE, RESET, SOON, TLS, Server, Step, dripping, forever, server
from tests.pace import by_the_hundred
from tests.support.credentials import ALICE, PLAIN, TOKEN, USER, WORD, b64

pytestmark = pytest.mark.usefixtures("quiet")


def hello(capabilities: str = "IMAP4rev1 AUTH=PLAIN") -> tuple[Step, ...]:
    return ("S: * OK ready", "C: %t CAPABILITY", f"S: * CAPABILITY {capabilities}", "S: %t OK done")


def opened(stream: Stream, seconds: float = PATIENCE) -> ImapSession:
    session = open_session("imap", stream, Deadline(seconds))
    assert isinstance(session, ImapSession)
    return session


def test_capabilities_are_read_and_told_apart() -> None:
    """Mechanisms are those listed, and LOGIN unless the server disables it."""
    with server(*hello("IMAP4rev1 starttls auth=plain AUTH=XOAUTH2 LOGINDISABLED SASL-IR")) as one:
        session = opened(one.stream())
        assert session.starttls
        assert session.mechanisms == ("PLAIN", "XOAUTH2")
        assert session.initial_response
        session.close()
    with server(*hello("IMAP4rev1")) as one:
        session = opened(one.stream())
        assert (session.starttls, session.mechanisms, session.initial_response) == (False, ("LOGIN-COMMAND",), False)
        session.close()
    assert one.heard[-1] == b"bye LOGOUT"


@pytest.mark.parametrize(
    ("user", "word", "line"),
    [
        ("alice", "simple", '%t LOGIN "alice" "simple"'),
        ('al"ice\\x', 'p"w\\d', '%t LOGIN "al\\"ice\\\\x" "p\\"w\\\\d"'),
        ("alice", " blank ( ) {5} %* ", '%t LOGIN "alice" " blank ( ) {5} %* "'),
        ("alice", "\\", '%t LOGIN "alice" "\\\\"'),
    ],
)
def test_login_quotes_name_and_password(user: str, word: str, line: str) -> None:
    """RFC 9051 §4.3: within a quoted string, quotes and backslashes are escaped, and nothing else is special."""
    with server(*hello(), f"C: {line}", "S: %t OK in") as one:
        session = opened(one.stream())
        reply = session.login(Credentials(username=user, secret=Secret(word)), "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert reply.ok


@pytest.mark.parametrize("word", ["pässwörd“”", "密码", 'ä"\\{3}', "\udcff\udcfe"])
@pytest.mark.parametrize("answer", ["OK in", "NO [AUTHENTICATIONFAILED] wrong", "BAD what"])
def test_login_sends_what_is_not_ascii_as_a_literal(word: str, answer: str) -> None:
    """RFC 9051 §4.3: a quoted string is ASCII, a literal any octets. The server invites them first."""
    octets = word.encode("utf-8", "surrogateescape")
    heard: list[bytes] = []
    begun = f'C: %t LOGIN "al\\"ice" {{{len(octets)}}}'
    with server(
        *hello("IMAP4rev1"), begun, "S: + go on", lambda one: heard.append(one.line()),
        f"S: %t {answer}", "C: %t CAPABILITY", "S: %t OK",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(Credentials(username='al"ice', secret=Secret(word)), "LOGIN-COMMAND", Deadline(PATIENCE))
        assert session.secret_is_out
        session._client.ask_for_capabilities()
        session.close()
    assert heard == [octets]
    assert (reply.ok, reply.words) == (answer == "OK in", "in" if answer == "OK in" else answer)


@pytest.mark.parametrize("word", ["simple", "pässwörd", ""])
def test_a_name_beyond_ascii_is_a_literal_as_well(word: str) -> None:
    """Each is invited by itself, and the secret is out with the second."""
    octets, heard = word.encode(), list[bytes]()

    def hear(one: Server) -> None:
        heard.append(one.line())

    with server(
        *hello("IMAP4rev1"), "C: %t LOGIN {6}", "S: + name", hear, "S: + word", hear, "S: %t OK in",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        reply = session.login(Credentials(username="älice", secret=Secret(word)), "LOGIN-COMMAND", Deadline(PATIENCE))
        assert (reply.ok, session.secret_is_out) == (True, True)
        session.close()
    assert heard == ["älice".encode() + b" {%d}" % len(octets), octets]


def test_after_a_name_that_is_refused_no_secret_follows() -> None:
    with server(
        *hello("IMAP4rev1"), "C: %t LOGIN {6}", "S: + name", "C: älice {10}", "S: %t NO [AUTHENTICATIONFAILED] no"
    ) as one:
        session = opened(one.stream())
        secret = Secret("pässwörd")
        reply = session.login(Credentials(username="älice", secret=secret), "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, session.secret_is_out) == (False, False)
    assert not any("pässwörd".encode() in line for line in one.heard)


@pytest.mark.parametrize("answer", ["NO [UNAVAILABLE] not now", "BAD no literals here"])
def test_a_literal_that_is_not_invited_stays_here(answer: str) -> None:
    with server(*hello("IMAP4rev1"), 'C: %t LOGIN "alice" {10}', f"S: %t {answer}") as one:
        session = opened(one.stream())
        secret = Secret("pässwörd")
        reply = session.login(Credentials(username="alice", secret=secret), "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.words, session.secret_is_out) == (False, answer, False)


@pytest.mark.parametrize("word", [WORD, "pässwörd“”", "密码"])
def test_plain_goes_with_the_command_where_that_is_allowed(word: str) -> None:
    """RFC 4959, and UTF-8 by RFC 4616."""
    answer = b64(b"\0alice\0" + word.encode())
    with server(*hello("IMAP4rev1 AUTH=PLAIN SASL-IR"), f"C: %t AUTHENTICATE PLAIN {answer}", "S: %t OK in") as one:
        session = opened(one.stream())
        assert session.login(Credentials(username="alice", secret=Secret(word)), "PLAIN", Deadline(PATIENCE)).ok
        session.close()


@pytest.mark.parametrize("invitation", ["+ ", "+"])
def test_plain_waits_for_the_invitation_where_it_has_to(invitation: str) -> None:
    """Without SASL-IR the answer goes after the server's plus sign, with or without a blank."""
    with server(
        *hello(), "C: %t AUTHENTICATE PLAIN", f"S: {invitation}", f"C: {PLAIN}", "S: %t NO [AUTHENTICATIONFAILED] wrong"
    ) as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "PLAIN", Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert reply.words == "NO [AUTHENTICATIONFAILED] wrong"


def test_login_mechanism_answers_two_questions() -> None:
    """AUTH LOGIN asks for the name and for the password."""
    with server(
        *hello("IMAP4rev1 AUTH=LOGIN"),
        "C: %t AUTHENTICATE LOGIN",
        "S: + VXNlciBOYW1lAA==",
        f"C: {b64(USER.encode())}",
        "S: + UGFzc3dvcmQA",
        f"C: {b64(WORD.encode())}",
        "S: %t OK in",
    ) as one:
        session = opened(one.stream())
        assert session.login(ALICE, "LOGIN", Deadline(PATIENCE)).ok
        session.close()


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize(
    ("mechanism", "answer", "last"),
    [
        ("XOAUTH2", b"user=alice@corp.example\1auth=Bearer ya29.tok-en\1\1", ""),
        ("OAUTHBEARER", b"n,a=alice@corp.example,\1auth=Bearer ya29.tok-en\1\1", "AQ=="),
    ],
)
def test_a_token_that_is_refused_brings_readable_words(mechanism: str, answer: bytes, last: str, direct: bool) -> None:
    """RFC 7628 §3.2.2: the server's challenge is JSON in base64; it is shown decoded, and acknowledged."""
    problem = json.dumps({"status": "401", "schemes": "bearer", "scope": "https://mail.example/"})
    begin: tuple[Step, ...] = (f"C: %t AUTHENTICATE {mechanism} {b64(answer)}",)
    if not direct:
        begin = (f"C: %t AUTHENTICATE {mechanism}", "S: + ", f"C: {b64(answer)}")
    with server(
        *hello(f"IMAP4rev1 AUTH={mechanism}" + " SASL-IR" * direct),
        *begin,
        f"S: + {b64(problem.encode())}",
        f"C: {last}",
        "S: %t NO SASL authentication failed",
    ) as one:
        session = opened(one.stream())
        reply = session.login(TOKEN, mechanism, Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert problem in reply.words
    assert "SASL authentication failed" in reply.words


@pytest.mark.parametrize("answer", ["S: * ID NIL", "S: %t NO I do not want to know"])
def test_the_client_names_itself_first_where_that_is_offered(answer: str) -> None:
    """RFC 2971, before the mailbox is asked for; what the server makes of it does not matter."""
    fields = " ".join(f'"{word}"' for word in CLIENT_ID)
    end: tuple[Step, ...] = () if "%t" in answer else ("S: %t OK done",)
    with server(
        *hello("IMAP4rev1 ID AUTH=PLAIN SASL-IR"), f"C: %t AUTHENTICATE PLAIN {PLAIN}", "S: %t OK in",
        f"C: %t ID ({fields})", answer, *end, "C: %t EXAMINE INBOX", "S: * 0 EXISTS",
        "S: %t OK [READ-ONLY] opened",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.login(ALICE, "PLAIN", Deadline(PATIENCE)).ok
        assert session.open_mailbox(Deadline(PATIENCE)).ok
        session.close()


@pytest.mark.parametrize(
    "echo",
    [
        f"S: %t NO no such user or password {WORD}",
        f'S: %t BAD cannot parse LOGIN "{USER}" "{WORD.upper()}"',
        f"S: %t NO bad answer {PLAIN}",
        f"S: * BYE {WORD}",
    ],
)
def test_a_password_that_is_echoed_is_masked(echo: str) -> None:
    """In whatever line it comes back."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', echo, CLOSE) as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert MASK in reply.words
    assert WORD not in reply.words.lower()
    assert PLAIN not in reply.words


def test_a_long_reply_is_masked_before_it_is_cut() -> None:
    """Where the cut falls into the middle of the password, no part of it may stay."""
    word = "Xy7-" * 30
    echo = "* NO " + word * 200
    with server(*hello(), f'C: %t LOGIN "alice" "{word}"', f"S: {echo}", "S: %t NO no") as one:
        session = opened(one.stream())
        reply = session.login(Credentials(username="alice", secret=Secret(word)), "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert "Xy7" not in reply.words


def test_a_goodbye_in_the_middle_of_the_login_is_its_answer() -> None:
    """BYE says why, and then the connection ends (RFC 9051 §7.1.5)."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', "S: * BYE [UNAVAILABLE] going down", CLOSE) as one:
        session = opened(one.stream())
        reply = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert "BYE [UNAVAILABLE] going down" in reply.words


@pytest.mark.parametrize("ending", [CLOSE, RESET])
@pytest.mark.parametrize("before", [(), ("S: * OK still working on it",)])
def test_an_end_without_an_answer_is_no_rejection(ending: str, before: tuple[Step, ...]) -> None:
    """Untagged words beforehand are no answer either."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', *before, ending) as one:
        session = opened(one.stream())
        with pytest.raises(ClosedError):
            session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()


@pytest.mark.parametrize(
    "silence",
    [
        (),
        ("S: * OK Waiting for authentication process to respond..",),
        (dripping(b"* OK wait\r\n"),),
        (dripping(b"x"),),
    ],
    ids=["nothing", "one line", "dripping lines", "dripping letters"],
)
def test_a_login_without_an_answer_ends_at_its_deadline(silence: tuple[Step, ...]) -> None:
    """Whatever else is said meanwhile: it is no rejection, and the session was opened with far more patience."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', *silence, complete=False) as one:
        session = opened(one.stream(), 600.0)
        before = time.monotonic()
        with pytest.raises(DeadlineError):
            session.login(ALICE, "LOGIN-COMMAND", Deadline(SOON))
        assert time.monotonic() - before < PATIENCE / 2
        session.close()


ID = "C: %t ID (" + " ".join(f'"{word}"' for word in CLIENT_ID) + ")"


@pytest.mark.parametrize(
    ("steps", "ask"),
    [
        (
            (*hello(), "C: %t EXAMINE INBOX"),
            lambda session: session.open_mailbox(Deadline(SOON)),
        ),
        (
            (*hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS"),
            lambda session: session.ask_for_tls(Deadline(SOON)),
        ),
        (
            ("S: * PREAUTH ready", *hello("IMAP4rev1 ID")[1:], ID),
            lambda session: session.open_mailbox(Deadline(SOON)),
        ),
    ],
    ids=["EXAMINE", "STARTTLS", "ID"],
)
def test_every_step_ends_at_its_deadline(steps: tuple[Step, ...], ask: Callable[[ImapSession], object]) -> None:
    """A server that falls silent is noticed where it does."""
    if "C: %t EXAMINE INBOX" in steps:
        steps = ("S: * PREAUTH ready", *steps[1:])
    with server(*steps) as one:
        session = opened(one.stream(), 600.0)
        before = time.monotonic()
        with pytest.raises(DeadlineError):
            ask(session)
        assert time.monotonic() - before < PATIENCE / 2
        session.close()


@pytest.mark.parametrize(
    "said",
    [
        ("S: * CAPABILITY IMAP4rev1 SASL-IR", "S: * CAPABILITY AUTH=PLAIN", "S: %t OK done"),
        ("S: * CAPABILITY IMAP4rev1 SASL-IR", "S: * OK still here", "S: * CAPABILITY AUTH=PLAIN", "S: %t OK done"),
        ("S: * capability IMAP4rev1 SASL-IR AUTH=PLAIN", "S: * OK [CAPABILITY AUTH=EVIL] hm", "S: %t OK done"),
    ],
)
def test_capabilities_may_come_in_several_lines(said: tuple[Step, ...]) -> None:
    with server("S: * OK ready", "C: %t CAPABILITY", *said) as one:
        session = opened(one.stream())
        session.close()
    assert session.mechanisms == ("PLAIN", "LOGIN-COMMAND")
    assert session.initial_response


@pytest.mark.parametrize("answer", ["S: %t BAD what?", "S: %t NO not now", "S: %t OK done"])
def test_a_server_that_does_not_list_its_capabilities_is_read_on_without(answer: str) -> None:
    """RFC 9051 §6.1.1 asks for them; LOGIN is what every server has."""
    with server("S: * OK ready", "C: %t CAPABILITY", answer, f'C: %t LOGIN "{USER}" "{WORD}"', "S: %t OK in") as one:
        session = opened(one.stream())
        assert (session.mechanisms, session.starttls) == (("LOGIN-COMMAND",), False)
        assert session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE)).ok
        session.close()


@pytest.mark.parametrize(
    ("asked", "mechanisms"),
    [
        ("S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", ("PLAIN", "LOGIN-COMMAND")),
        ("S: * CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI", ("GSSAPI",)),
    ],
)
def test_that_login_is_disabled_is_asked_again_under_tls(
    asked: str, mechanisms: tuple[str, ...], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """A greeting may be written for connections in clear."""
    with server(
        TLS, "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready", "C: %t CAPABILITY", asked, "S: %t OK done",
        context=server_tls,
    ) as one:  # fmt: skip
        stream = one.stream()
        stream.start_tls(client_tls, "localhost")
        session = opened(stream)
        session.close()
    assert session.mechanisms == mechanisms


def test_in_clear_it_is_believed() -> None:
    with server("S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] ready", "C: bye LOGOUT") as one:
        session = opened(one.stream())
        session.close()
    assert session.mechanisms == ()


@pytest.mark.parametrize(
    ("literal", "end", "ok"),
    [
        (b"* OK {4096}\r\n", "S: %t OK in", True),
        (b"* OK {99999999}\r\nhello\r\n", "S: %t OK [READ-WRITE] in", True),
        (b"* OK {99999999}\r\nhello\r\n", "S: %t NO [AUTHENTICATIONFAILED] wrong", False),
    ],
)
def test_a_literal_that_never_ends_does_not_turn_the_answer(literal: bytes, end: str, ok: bool) -> None:
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', literal, end) as one:
        session = opened(one.stream())
        assert session.login(ALICE, "LOGIN-COMMAND", Deadline(SOON)).ok is ok
        session.close()


def test_the_opening_ends_at_its_deadline() -> None:
    """Greeted, and then silence."""
    with server("S: * OK ready", "C: %t CAPABILITY") as one:
        stream = one.stream()
        with pytest.raises(DeadlineError):
            opened(stream, SOON)
        stream.abort()


def test_a_hundred_thousand_untagged_lines_do_not_hide_the_answer() -> None:
    """Within the byte bound everything is read."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', b"* OK hm\r\n" * 100_000, "S: %t OK in") as one:
        session = opened(one.stream())
        assert session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE)).ok
        session.close()


@pytest.mark.parametrize(
    "data", [b"* OK hm\r\n" * 1000, b"* NO no\r\n" * 1000, b"y" * 10_000], ids=["OK", "NO", "line"]
)
def test_endless_words_end_at_the_byte_bound(data: bytes) -> None:
    """Nothing of it is an answer to the login."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', forever(data)) as one:
        session = opened(one.stream())
        with pytest.raises(OSError):  # noqa: PT011 - which one is not promised
            session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()


@pytest.mark.parametrize(
    "greeting",
    [
        (b"* OK ready\r\n", "C: %t CAPABILITY", b"* CAPABILITY IMAP4rev1 \xc3\xa9\xff\r\n", "S: %t OK done"),
        (b"* OK ready\r\n", "C: %t CAPABILITY", "S: %t OK done"),
        (b"* OK ready\r\n", "C: %t CAPABILITY", "S: %t BAD what?"),
        (b"* OK ready\r\n", "C: %t CAPABILITY", "S: * CAPABILITY ACAP", "S: %t OK done"),
        (b"* OK ready\r\n", "C: %t CAPABILITY", b"* CAPABILITY {99999999}\r\n", CLOSE),
        (b"* OK ready\r\n", "C: %t CAPABILITY", b"* CAPABILITY {99999999999999999999999}\r\nx", CLOSE),
        (b"* OK ready\r\n", "C: %t CAPABILITY", CLOSE),
        (b"* OK ready\r\n", "C: %t CAPABILITY", RESET),
        (b"* BYE go away\r\n", CLOSE),
        (b"hello\r\n", CLOSE),
        (b"\r\n", CLOSE),
        (b"* \xff\xfe\r\n", CLOSE),
        (CLOSE,),
    ],
)
def test_an_opening_that_makes_no_sense_is_an_expected_failure(greeting: tuple[Step, ...]) -> None:
    """An OSError, which becomes a fact; anything else would be shown as a fault of the program."""
    with server(*greeting, complete=False) as one:
        stream = one.stream()
        try:
            opened(stream).close()
        except OSError:
            stream.abort()


def test_words_of_a_failure_hold_nothing_that_was_sent() -> None:
    """imaplib2 quotes commands in its errors; none of that may be passed on, nor be found behind the error."""
    with server(*hello(), f'C: %t LOGIN "{USER}" "{WORD}"', RESET) as one:
        session = opened(one.stream())
        with pytest.raises(ClosedError) as failed:
            session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        session.close()
    assert failed.value.__suppress_context__
    assert failed.value.__cause__ is None
    assert WORD not in str(failed.value)


def test_the_mailbox_is_examined_not_selected() -> None:
    """EXAMINE changes nothing (RFC 9051 §6.3.3)."""
    with server(
        *hello(), f'C: %t LOGIN "{USER}" "{WORD}"', "S: %t OK in",
        "C: %t EXAMINE INBOX", "S: * 3 EXISTS", "S: %t OK [READ-ONLY] done", "C: bye LOGOUT",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert reply.ok
    assert "[READ-ONLY] done" in reply.words


@pytest.mark.parametrize(
    ("told", "opens"),
    [
        (("S: * FLAGS ()", "S: * 12 exists", "S: * 0 RECENT"), True),
        ((), False),
        (("S: * FLAGS ()", "S: * OK [UIDVALIDITY 1] valid"), False),
        (("S: * LIST () NIL EXISTS",), False),
    ],
)
def test_a_yes_without_its_messages_opens_no_mailbox(told: tuple[str, ...], opens: bool) -> None:
    """EXISTS is required (RFC 9051 §6.3.2); who says OK to whatever it hears has no mailbox."""
    with server(
        *hello(), f'C: %t LOGIN "{USER}" "{WORD}"', "S: %t OK in",
        "C: %t EXAMINE INBOX", *told, "S: %t OK done", "C: bye LOGOUT",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert (reply.ok, reply.hollow) == (opens, not opens)


def test_a_goodbye_right_behind_the_login_is_the_mailboxes_answer() -> None:
    """Servers that look at the account after the login say so, and are gone before the mailbox is asked for."""
    closed = threading.Event()
    with server(
        *hello(), f'C: %t LOGIN "{USER}" "{WORD}"', "S: %t OK in", "S: * BYE IMAP access disabled for this account.",
        lambda _: closed.set(), complete=False,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        assert closed.wait(PATIENCE)
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert "IMAP access disabled" in reply.words


def test_a_mailbox_that_is_refused_brings_the_words() -> None:
    """Such as those of a provider that wants to know the client's name."""
    with server(
        *hello(), f'C: %t LOGIN "{USER}" "{WORD}"', "S: %t OK in",
        "C: %t EXAMINE INBOX", "S: %t NO EXAMINE Unsafe Login. Please contact us",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()
    assert not reply.ok
    assert "Unsafe Login" in reply.words


@pytest.mark.parametrize(
    ("lines", "quota"),
    [
        (('* QUOTA "" (STORAGE 10 512)',), (10, 512)),
        (('* QUOTA "" (MESSAGE 5 9 STORAGE 10 512)',), (10, 512)),
        (('* quota "" (storage 10 512)',), (10, 512)),
        (('* QUOTA "a" (STORAGE 10 512)', '* QUOTA "b" (STORAGE 99 100)'), (99, 100)),
        (('* QUOTA "a" (STORAGE 100 100)', '* QUOTA "b" (STORAGE 500 100000)'), (100, 100)),
        (('* QUOTA "a" (STORAGE 7 0)', '* QUOTA "b" (STORAGE 1 100)'), (1, 100)),
        (('* QUOTA "a" (STORAGE 7 0)',), (7, 0)),
        (('* QUOTA "" (MESSAGE 5 9)',), None),
        (('* OK QUOTA "" (STORAGE 10 10)',), None),
        ((), None),
    ],
)
def test_of_several_quotas_the_fullest_counts(lines: tuple[str, ...], quota: tuple[int, int] | None) -> None:
    """RFC 9208 §3.2: a mailbox may belong to several roots, and is full where one of them is."""
    with server(
        "S: * PREAUTH ready", *hello("IMAP4rev1 QUOTA")[1:], "C: %t GETQUOTAROOT INBOX",
        'S: * QUOTAROOT INBOX "a" "b"', *(f"S: {line}" for line in lines), "S: %t OK done",
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.ask_quota(Deadline(PATIENCE)) == quota
        session.close()


# -- STARTTLS


def test_after_starttls_only_what_was_said_under_tls_counts(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Capabilities heard in clear are forgotten (RFC 9051 §6.2.1), however many lines of them there were."""
    in_clear = "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL"
    with server(
        "S: * OK ready", "C: %t CAPABILITY", in_clear, in_clear,
        "S: %t OK done", "C: %t STARTTLS", in_clear, "S: %t OK begin", TLS,
        "C: %t CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", "S: %t OK done",
        context=server_tls,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
        assert session.stream.tls is not None
        assert session.mechanisms == ("PLAIN", "LOGIN-COMMAND")
        session.close()


def test_what_is_injected_behind_the_reply_to_starttls_does_not_count(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Plaintext in the same packet as the reply ends in a failed handshake or in nothing, never in an answer."""

    def inject(one: Server) -> None:
        tag = one.tag
        one.socket.sendall(tag + b" OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n" + tag[:-1] + b"9 OK done\r\n")

    with server(
        *hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS", inject, TLS,
        "C: %t CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", "S: %t OK done",
        context=server_tls, complete=False,
    ) as one:  # fmt: skip
        session = opened(one.stream())
        try:
            session.start_tls(client_tls, "localhost", Deadline(PATIENCE))
        except (ssl.SSLError, OSError):
            pass
        else:
            assert "AUTH=EVIL" not in session.capabilities
        session.close()


@pytest.mark.parametrize(
    "words", ["NO not now", "NO [UNAVAILABLE] not now", "BAD TLS support isn't enabled", "bad unknown command"]
)
def test_starttls_that_is_refused_brings_the_words(words: str) -> None:
    """And the session goes on in clear; a server that knows no STARTTLS says BAD (RFC 9051 §6.2.1)."""
    with server(
        *hello("IMAP4rev1 STARTTLS"),
        "C: %t STARTTLS",
        f"S: %t {words}",
        "C: %t CAPABILITY",
        "S: %t OK",
        "C: bye LOGOUT",
    ) as one:
        session = opened(one.stream())
        assert (session.ask_for_tls(Deadline(PATIENCE)) or "").lower() == words.lower()
        session._client.ask_for_capabilities()
        session.close()


def test_starttls_that_is_answered_with_a_farewell_brings_it() -> None:
    with server(*hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS", "S: * BYE [UNAVAILABLE] going down", CLOSE) as one:
        session = opened(one.stream())
        assert session.ask_for_tls(Deadline(PATIENCE)) == "* BYE [UNAVAILABLE] going down"
        session.close()


@pytest.mark.parametrize("words", ["* OK still here", "* NO hm"])
def test_an_end_without_an_answer_to_starttls_is_no_refusal(words: str) -> None:
    with server(*hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS", f"S: {words}", CLOSE) as one:
        session = opened(one.stream())
        with pytest.raises(ClosedError):
            session.ask_for_tls(Deadline(PATIENCE))
        session.close()


def test_a_certificate_that_is_not_accepted_gets_no_word(server_tls: ssl.SSLContext) -> None:
    """The handshake fails, and nothing is sent in clear afterwards."""
    with server(*hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS", "S: %t OK begin", TLS, context=server_tls,
                complete=False) as one:  # fmt: skip
        session = opened(one.stream())
        with pytest.raises(ssl.SSLCertVerificationError):
            session.start_tls(ssl.create_default_context(), "localhost", Deadline(PATIENCE))
        session.close()
    assert all(b"LOGOUT" not in line for line in one.heard)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_logins_over_starttls_never_stall(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """A hundred and fifty in a row: reader and writer thread share one TLS object, and session tickets come between."""
    client_tls.minimum_version = client_tls.maximum_version = version
    slowest = 0.0
    for _ in by_the_hundred(150):
        with server(
            *hello("IMAP4rev1 STARTTLS"), "C: %t STARTTLS", "S: %t OK begin", TLS,
            "C: %t CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", "S: %t OK done",
            "C: %t AUTHENTICATE PLAIN", "S: + ", f"C: {PLAIN}", "S: %t OK in",
            "C: %t EXAMINE INBOX", "S: * 0 EXISTS", "S: %t OK done", "C: bye LOGOUT",
            context=server_tls,
        ) as one:  # fmt: skip
            session = opened(one.stream())
            began = time.monotonic()
            assert session.start_tls(client_tls, "localhost", Deadline(PATIENCE)) is None
            assert session.stream.tls is not None
            assert session.stream.tls.version() == version.name.replace("v1_", "v1.")
            assert session.login(ALICE, "PLAIN", Deadline(PATIENCE)).ok
            assert session.open_mailbox(Deadline(PATIENCE)).ok
            slowest = max(slowest, time.monotonic() - began)
            session.close()
    assert slowest < PATIENCE / 3


@pytest.mark.parametrize("step", [CLOSE, RESET, forever(b"* OK hm\r\n")], ids=["closed", "reset", "flooded"])
def test_closing_ends_all_threads_whatever_the_server_does(step: Step) -> None:
    """And closing twice does no harm; that no thread is left is seen to after each of these tests."""
    opening_is_over = threading.Event()

    def wait(_: object) -> None:
        opening_is_over.wait(PATIENCE)

    with server(*hello(), wait, step, complete=False) as one:
        session = opened(one.stream())
        opening_is_over.set()
        session.close()
        session.close()
    assert one.gone.is_set()


class _Held:
    """A queue that lets nothing in until it is told to."""

    def __init__(self, lines: queue.Queue[object]) -> None:
        self._lines = lines
        self.somebody_waits, self.go_on = threading.Event(), threading.Event()

    def put(self, line: object) -> None:
        self.somebody_waits.set()
        self.go_on.wait(PATIENCE)
        self._lines.put(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._lines, name)


def test_a_connection_of_somebody_else_with_its_number_holds_no_thread_up() -> None:
    """The stream is closed while a line is dealt with, and the next connection gets its descriptor, and is silent."""
    told = threading.Event()

    def wait(_: object) -> None:
        told.wait(PATIENCE)

    with server(*hello(), wait, "S: * OK still here", complete=False) as one:
        session = opened(one.stream())
        number, client = session.stream.fileno(), session._client
        client.inq = held = _Held(client.inq)
        told.set()
        assert held.somebody_waits.wait(PATIENCE)
        session.stream.abort()
        silent: list[tuple[socket.socket, socket.socket]] = []
        while number not in {side.fileno() for side in itertools.chain(*silent)} and len(silent) < 100:
            silent.append(socket.socketpair())
        held.go_on.set()
        client.rdth.join(PATIENCE / 3)  # it looks up every thirty seconds by itself
        waits = client.rdth.is_alive()
        for side in itertools.chain(*silent):
            side.close()
        session.close()
    assert not waits


def test_a_socket_is_watched_by_no_function_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows os.dup and os.close know no sockets (socket.socket.fileno)."""

    def no_file(_: int) -> int:
        raise OSError(errno.EBADF, "Bad file descriptor")

    with server(*hello()) as one:
        stream = one.stream()
        with monkeypatch.context() as windows:
            windows.setattr(os, "dup", no_file)
            session = opened(stream)
        assert "PLAIN" in session.mechanisms
        session.close()
