"""What real servers say that the books do not, and what they should never be quoted with."""

from __future__ import annotations

import pytest

from checks.server.spoken import spoken_protocol
from checks.sessions import Credentials, MailSession, open_session
from checks.sessions.smtp import SmtpSession
from diagnose.account.secret import Secret
from diagnose.model import Deadline
from diagnose.model.protocols import ProtocolName
from tests.checks.conversation import PATIENCE, Server, Step, server

WORD = "s3cret-word"
ALICE = Credentials(username="alice", secret=Secret(WORD))


def opened(one: Server, protocol: ProtocolName) -> MailSession:
    return open_session(protocol, one.stream(), Deadline(PATIENCE))


@pytest.mark.parametrize(
    ("greeting", "listed", "done"),
    [
        ("* ok ready", "* capability imap4rev1", "ok done"),
        ("* OK", "* CAPABILITY IMAP4rev1", "OK"),
        ("* OK ready", "* CAPABILITY IMAP4rev2", "OK done"),
    ],
    ids=["lower case", "no text", "IMAP4rev2 alone"],
)
@pytest.mark.parametrize("ending", ["\r\n", "\n"], ids=["CRLF", "LF"])
def test_imap_in_any_spelling(greeting: str, listed: str, done: str, ending: str) -> None:
    def said(line: str) -> Step:
        return lambda one: one.socket.sendall(line.replace("%t", one.tag.decode()).encode() + ending.encode())

    script: tuple[Step, ...] = (
        said(greeting),
        "C: %t CAPABILITY",
        said(listed),
        said(f"%t {done}"),
        f'C: %t LOGIN "alice" "{WORD}"',
        said(f"%t {done}"),
        "C: %t EXAMINE INBOX",
        said("* 3 EXISTS"),
        said(f"%t {done}"),
    )
    with server(*script) as one:
        session = opened(one, "imap")
        logged_in = session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        mailbox = session.open_mailbox(Deadline(PATIENCE))
        session.close()

    assert logged_in.ok
    assert mailbox is not None
    assert mailbox.ok


def test_a_password_that_imap_repeats_later_is_masked() -> None:
    script: tuple[Step, ...] = (
        "S: * OK [CAPABILITY IMAP4rev1] ready",
        f'C: %t LOGIN "alice" "{WORD}"',
        "S: %t OK in",
        "C: %t EXAMINE INBOX",
        f"S: %t NO no mailbox for {WORD}",
    )
    with server(*script) as one:
        session = opened(one, "imap")
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()

    assert reply is not None
    assert not reply.ok
    assert WORD not in reply.words


def test_a_password_that_pop3_repeats_later_is_masked() -> None:
    script: tuple[Step, ...] = (
        "S: +OK ready",
        "C: CAPA",
        "S: -ERR what",
        "C: USER alice",
        "S: +OK",
        f"C: PASS {WORD}",
        "S: +OK",
        "C: STAT",
        f"S: -ERR no mailbox for {WORD}",
    )
    with server(*script) as one:
        session = opened(one, "pop3")
        session.login(ALICE, "LOGIN-COMMAND", Deadline(PATIENCE))
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()

    assert reply is not None
    assert WORD not in reply.words


def test_a_password_that_smtp_repeats_later_is_masked() -> None:
    script: tuple[Step, ...] = (
        "S: 220 ready",
        "C: EHLO [127.0.0.1]",
        "S: 250-mail",
        "S: 250 AUTH PLAIN",
        "C: AUTH PLAIN AGFsaWNlAHMzY3JldC13b3Jk",
        "S: 235 in",
        "C: MAIL FROM:<>",
        f"S: 550 5.7.1 {WORD} may not send",
    )
    with server(*script) as one:
        session = opened(one, "smtp")
        session.login(ALICE, "PLAIN", Deadline(PATIENCE))
        assert isinstance(session, SmtpSession)
        reply = session.begin_mail()
        session.close()

    assert WORD not in reply.words


SASL_LOGIN: dict[ProtocolName, tuple[Step, ...]] = {
    "imap": (
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=LOGIN LOGINDISABLED] ready",
        "C: %t AUTHENTICATE LOGIN",
        "S: + VXNlcm5hbWU6",
        "C: YWxpY2U=",
        "S: + UGFzc3dvcmQ6",
        "C: czNjcmV0LXdvcmQ=",
        "S: %t OK in",
    ),
    "pop3": (
        "S: +OK ready",
        "C: CAPA",
        b"+OK\r\nSASL LOGIN\r\n.\r\n",
        "C: AUTH LOGIN",
        "S: + VXNlcm5hbWU6",
        "C: YWxpY2U=",
        "S: + UGFzc3dvcmQ6",
        "C: czNjcmV0LXdvcmQ=",
        "S: +OK in",
    ),
    "smtp": (
        "S: 220 ready",
        "C: EHLO [127.0.0.1]",
        "S: 250-mail",
        "S: 250 AUTH LOGIN",
        "C: AUTH LOGIN",
        "S: 334 VXNlcm5hbWU6",
        "C: YWxpY2U=",
        "S: 334 UGFzc3dvcmQ6",
        "C: czNjcmV0LXdvcmQ=",
        "S: 235 in",
    ),
}


@pytest.mark.parametrize("protocol", SASL_LOGIN)
def test_login_waits_for_the_server_to_ask(protocol: ProtocolName) -> None:
    """A server that ignores a first answer and asks for the name would else get the password for it."""
    with server(*SASL_LOGIN[protocol]) as one:
        session = opened(one, protocol)
        reply = session.login(ALICE, "LOGIN", Deadline(PATIENCE))
        session.close()

    assert reply.ok


def test_a_server_that_lets_everybody_in_is_not_logged_in_to() -> None:
    script: tuple[Step, ...] = (
        "S: * PREAUTH hello alice",
        "C: %t CAPABILITY",
        "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
        "S: %t OK done",
        "C: %t EXAMINE INBOX",
        "S: * 0 EXISTS",
        "S: %t OK done",
    )
    with server(*script) as one:
        session = opened(one, "imap")
        assert session.logged_in
        reply = session.open_mailbox(Deadline(PATIENCE))
        session.close()

    assert reply is not None
    assert reply.ok


def test_a_reply_may_be_a_code_alone() -> None:
    """RFC 5321 §4.2: clients take a code without a text."""
    assert spoken_protocol(b"220\r\n") == "smtp"
    assert spoken_protocol(b"2200 things\r\n") is None
