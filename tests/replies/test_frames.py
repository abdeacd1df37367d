"""A server's words are read before what a program or a log wrote around them."""

from __future__ import annotations

import time

import pytest

from diagnose.replies import read_message, read_reply
from diagnose.replies.frames import LONGEST_INNER, inner_reply


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("SMTPAuthenticationError: (535, b'5.7.8 Error: account disabled')", "535 5.7.8 Error: account disabled"),
        ('smtplib.SMTPDataError: (554, "5.2.2 mailbox full")', "554 5.2.2 mailbox full"),
        ("imaplib.IMAP4.error: b'[ALERT] Your mailbox is full (Failure)'", "[ALERT] Your mailbox is full (Failure)"),
        ('{"code":"EAUTH","response":"535 5.7.8 account locked","command":"AUTH"}', "535 5.7.8 account locked"),
        ("S: * OK ready\nC: A2 LOGIN x\nS: A2 NO [ALERT] Too many connections", "A2 NO [ALERT] Too many connections"),
        ("12:00 SERVER -> CLIENT: 535 5.7.8 password expired", "535 5.7.8 password expired"),
        ("(host mx.example.com said: 552 5.2.2 Mailbox full (in reply to RCPT TO command))", "552 5.2.2 Mailbox full"),
        ("Invalid login: 535-5.7.8 Error\n535 5.7.8 password expired", "535-5.7.8 Error\n535 5.7.8 password expired"),
        ('no response: code: None, info: Some("[ALERT] Mailbox is full")', "[ALERT] Mailbox is full"),
    ],
)
def test_the_inner_words_of_known_frames(text: str, inner: str) -> None:
    assert inner_reply(text) == inner


@pytest.mark.parametrize(
    "text",
    [
        "Wrong password",
        "S: * OK ready\nC: A2 LOGIN x",
        "port: 587 is open",
        "HTTP error: 500 Internal Server Error",
        "(220, 'ready')",
        "a1 NO [AUTHENTICATIONFAILED] Login failed",
        "",
    ],
)
def test_what_is_no_frame(text: str) -> None:
    assert inner_reply(text) == ""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("TLS certificate check is off. (535, b'5.7.8 your password has expired')", "credentials.expired"),
        ("Is the server down? SERVER -> CLIENT: 535 5.7.8 account locked", "lockout.account-locked"),
        (r"SMTPAuthenticationError: (535, b'\xc3\xdc\xc2\xeb\xd2\xd1\xb9\xfd\xc6\xda')", "credentials.expired"),
        (r"(535, '\xe5\xaf\x86\xe7\xa0\x81\xe5\xb7\xb2\xe8\xbf\x87\xe6\x9c\x9f')", "credentials.expired"),
    ],
)
def test_the_inner_words_are_read_first(text: str, cause: str) -> None:
    assert read_message(text).suspects[0].cause == cause


def test_inner_words_that_say_nothing_leave_the_rest_to_be_read() -> None:
    reading = read_message("Your password has expired. (535, b'Error: authentication failed')")

    assert reading.suspects[0].cause == "credentials.expired"


def test_a_reply_whose_protocol_is_known_is_no_frame() -> None:
    reading = read_reply("a1 NO (535, b'5.7.8 password expired')", protocol="imap", stage="login")

    assert reading.protocol == "imap"
    assert reading.suspects[0].cause != "reach.wrong-service"


@pytest.mark.parametrize(
    "text",
    [
        "(535, b'" + "\\" * 60_000,
        "b'" * 30_000,
        'Some("' * 10_000,
        "S: 535 " * 9_000,
        ": 535 5.7.8 x" * 5_000,
        '"response":"' * 5_000,
        "\\x8" * 20_000,
        "\\xe5a" * 16_000,
        "said: 550 (in reply to " * 2_500,
    ],
)
def test_no_text_is_slow(text: str) -> None:
    started = time.process_time()
    read_message(text)

    assert len(inner_reply(text)) <= LONGEST_INNER
    assert time.process_time() - started < 5


def test_an_object_that_node_shows_is_a_frame() -> None:
    shown = (
        "{ [Error: Can't send mail]\n code: 'EENVELOPE',\n response: '550 5.7.1 Unable to relay for a@example.com' }"
    )

    assert inner_reply(shown) == "550 5.7.1 Unable to relay for a@example.com"
    assert read_message(shown).suspects[0].cause == "settings.auth-not-sent"
    assert inner_reply("{ response: 'none yet', code: '550 5.7.1' }") == ""


def test_a_path_is_no_octet() -> None:
    assert read_message(r"C:\xampp\mail: Your password has expired").suspects[0].cause == "credentials.expired"
