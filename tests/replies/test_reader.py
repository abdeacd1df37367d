"""How layers, codes, protocols and stages work together."""

from __future__ import annotations

import time

import pytest

from diagnose.replies import Code, Reading, ReplyForm, Suspect, load_knowledge, read_reply
from diagnose.replies.houses import read_message
from diagnose.replies.knowledge import MOST_REMEMBERED, Memory, knowledge_with
from tests.replies.corpus import labelled


def causes(reading: Reading) -> list[str]:
    return [suspect.cause for suspect in reading.suspects]


def first(reading: Reading) -> Suspect | None:
    return reading.suspects[0] if reading.suspects else None


def test_words_that_say_more_win_over_a_general_code() -> None:
    reading = read_reply("a1 NO [AUTH] Account exceeded command or bandwidth limits.", protocol="imap", stage="login")

    assert causes(reading)[0] == "lockout.rate-limited"


def test_a_code_that_says_more_wins_over_general_words() -> None:
    reading = read_reply("a1 NO [EXPIRED] Authentication failed.", protocol="imap", stage="login")

    assert causes(reading)[0] == "credentials.expired"
    assert Code("imap", "EXPIRED") in reading.codes


@pytest.mark.parametrize(
    "reply",
    [
        "a7 NO [NONEXISTENT] Unknown mailbox: Sent Items",
        "a7 NO [NONEXISTENT] Mailbox doesn't exist: Archive",
        "a7 NO [TRYCREATE] Mailbox doesn't exist: Sent",
    ],
)
def test_a_folder_that_is_missing_is_no_missing_mailbox(reply: str) -> None:
    assert causes(read_reply(reply, protocol="imap")) == causes(read_reply(reply)) == []


def test_a_mailbox_that_is_missing_at_login_is_one() -> None:
    reading = read_reply("a1 NO [AUTHENTICATIONFAILED] no such mailbox for this login", protocol="imap", stage="login")

    assert causes(reading)[0] == "activation.mailbox-missing"


def test_code_and_words_that_agree_confirm() -> None:
    reading = read_reply("a1 NO [AUTHENTICATIONFAILED] Invalid password", protocol="imap", stage="login")

    assert first(reading) == Suspect(cause="credentials.rejected", certainty="confirmed")


def test_words_alone_do_not_confirm() -> None:
    assert first(read_reply("a1 NO Invalid password")) == Suspect(cause="credentials.rejected", certainty="likely")


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("a1 NO Account locked", "lockout.account-locked"),
        ("账号已锁定", "lockout.account-locked"),
        ("-ERR Your password has expired", "credentials.expired"),
        ("* BYE IMAP access disabled for this account.", "settings.protocol-disabled"),
    ],
)
def test_a_reply_that_says_so_is_proof_of_what_the_catalogue_lets_it_prove(statement: str, cause: str) -> None:
    assert first(read_reply(statement)) == Suspect(cause=cause, certainty="confirmed")


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("a1 NO Account locked or password wrong", "lockout.account-locked"),
        ("您的账号可能已被锁定", "lockout.account-locked"),
        ("a1 NO [UNAVAILABLE] Account locked", "lockout.account-locked"),
    ],
)
def test_a_statement_with_an_alternative_or_another_code_is_no_proof(statement: str, cause: str) -> None:
    assert first(read_reply(statement)) == Suspect(cause=cause, certainty="likely")


def test_what_a_plain_rejection_hides_follows_from_the_provider() -> None:
    plain = "a1 NO [AUTHENTICATIONFAILED] Authentication failed."

    assert causes(read_reply(plain, provider=None)) == ["credentials.rejected"]
    assert "credentials.app-password-required" in causes(read_reply(plain, provider="icloud"))
    assert causes(read_reply(plain, provider="unheard-of")) == ["credentials.rejected"]


def test_a_lump_is_likely_and_lists_the_others() -> None:
    lump = (
        "535 Login fail. Account is abnormal, service is not open, password is incorrect, "
        "login frequency limited, or system is busy."
    )
    reading = read_reply(lump, protocol="smtp", stage="login")

    assert first(reading) == Suspect(cause="credentials.rejected", certainty="likely")
    assert {s.certainty for s in reading.suspects[1:]} == {"possible"}
    assert "settings.protocol-disabled" in causes(reading)


@pytest.mark.parametrize(
    "reply",
    [
        "a1 NO [CORRUPTION] Mailbox index is damaged",
        "a1 NO [CORRUPTION] xyzzy",
        "a1 NO [SERVERBUG] xyzzy",
        "a1 NO [UNAVAILABLE] xyzzy",
    ],
)
def test_a_code_for_trouble_at_the_server_is_no_verdict_on_the_password(reply: str) -> None:
    """RFC 5530 §3."""
    assert causes(read_reply(reply, protocol="imap", stage="login"))[0] == "server.fault"


def test_a_transient_reply_is_no_verdict_on_the_password() -> None:
    assert causes(read_reply("454 Authentication failed", protocol="smtp", stage="login"))[0] == "server.fault"


@pytest.mark.parametrize(
    ("reply", "protocol"),
    [
        ("", None),
        ("hello world", None),
        ("a1 OK LOGIN completed.", "imap"),
        ("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done", "imap"),
        ("+OK Mailbox locked and ready", "pop3"),
        ("235 2.7.0 Authentication successful", "smtp"),
        ("250-mail.example.com\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN", "smtp"),
        ("334 VXNlcm5hbWU6", "smtp"),
        ("* BYE Logging out\r\na1 OK Logout completed.", "imap"),
        ('{"access_token": "x", "expires_in": 3599}', "oauth"),
        ("<html><title>Sign in</title><body>Forgot your password?</body></html>", "http"),
    ],
)
def test_success_and_noise_name_no_cause(reply: str, protocol: ReplyForm | None) -> None:
    assert read_reply(reply, protocol=protocol).suspects == ()


def test_a_failure_that_is_reported_as_success() -> None:
    reading = read_reply('* OK [Error="UserDisabled" AuthResultFromPopImapEnd=0]\r\na1 OK done', protocol="imap")

    assert causes(reading)[0] == "settings.protocol-disabled"


@pytest.mark.parametrize(
    "challenge",
    ["+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=", "334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0="],
)
def test_a_challenge_with_error_json_is_a_rejected_token(challenge: str) -> None:
    assert causes(read_reply(challenge)) == ["credentials.token-rejected"]


@pytest.mark.parametrize(
    ("reply", "protocol"),
    [
        ("220 mail.example.com ESMTP", "imap"),
        ("+OK ready", "imap"),
        ("* OK IMAP4rev1 ready", "pop3"),
        ("HTTP/1.1 400 Bad Request", "smtp"),
        ("<html><body>nginx</body></html>", "imap"),
    ],
)
def test_another_protocols_reply_is_another_service(reply: str, protocol: ReplyForm) -> None:
    assert causes(read_reply(reply, protocol=protocol, stage="greeting"))[0] == "reach.wrong-service"


def test_the_text_of_a_mail_program_is_not_taken_for_a_servers_reply() -> None:
    assert causes(read_reply("Connection refused", protocol="imap"))[0] == "reach.refused"
    assert causes(read_reply("554 Connection refused, your IP is on a block list", protocol="smtp")) == [
        "lockout.address-blocked"
    ]


def test_what_a_reply_settles_is_said_once() -> None:
    """And beside what it leaves open no more than three others are named."""
    locked = read_reply("535 5.7.8 Authentication failed: account is locked", protocol="smtp", stage="login")
    bare = read_reply("535 5.7.8 Authentication failed", protocol="smtp", stage="login")
    at_a_provider = read_reply("535 5.7.8 Authentication failed", protocol="smtp", stage="login", provider="qq-mail")

    assert [(one.cause, one.certainty) for one in locked.suspects] == [("lockout.account-locked", "confirmed")]
    assert [(one.cause, one.certainty) for one in bare.suspects] == [("credentials.rejected", "confirmed")]
    assert at_a_provider.suspects[0].certainty == "likely"
    assert 1 < len(at_a_provider.suspects) <= 4


def test_a_reply_inside_a_mail_programs_message() -> None:
    reading = read_reply("smtplib.SMTPAuthenticationError: (535, b'5.7.8 Error: authentication failed')")

    assert causes(reading)[0] == "credentials.rejected"
    assert Code("smtp", "535") in reading.codes
    assert Code("enhanced", "5.7.8") in reading.codes


def test_a_number_or_a_clear_pattern_of_a_program_goes_before_a_vague_one() -> None:
    assert causes(read_reply("Could not add the server: Connection refused"))[0] == "reach.refused"


def test_the_name_of_a_host_vetoes_nothing() -> None:
    delay = "Login was delayed by 10 seconds by {}"  # a message that is delayed would be another matter

    assert causes(read_reply(delay.format("mail.example.com"))) == causes(read_reply(delay.format("192.0.2.1")))


def test_links_and_addresses_are_no_statements() -> None:
    assert read_reply("See https://example.com/password-expired or write to account.locked@example.com").suspects == ()


def test_what_is_shown_leaves_out_what_stands_between() -> None:
    reading = read_reply("535 password AGFsaWNlAHNlY3JldA== is wrong", protocol="smtp")

    assert reading.matched == "password … wrong"


def test_a_long_page_makes_nothing_more_than_possible() -> None:
    page = "<html><body><p>Your account is locked.</p>" + "<p>Some text about mail.</p>" * 200 + "</body></html>"

    assert {s.certainty for s in read_reply(page, protocol="http").suspects} == {"possible"}


def test_loading_and_reading_are_quick() -> None:
    """Far looser than what is measured (some 50 ms and 0.2 ms), so that a busy machine does not fail it."""
    knowledge_with.cache_clear()
    started = time.process_time()
    load_knowledge()
    loaded = time.process_time()
    for _ in range(200):
        read_reply("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", protocol="smtp", stage="login")

    assert loaded - started < 1
    assert time.process_time() - loaded < 1


TAILS = (
    "",
    " for user17",
    " for bob",
    "x",
    "-a",
    "ed",
    ".",
    ", zoe",
    " - q",
    "。",
    "的",
    ": please",
    " expired",
    "\nabc",
)
"""What may follow: names, and what changes how the last words are to be taken."""
HEADS = ("", "user17: ", "bob, ", "zoe ", "x", "(ann) ", "please ", "if ", "no ", "0.", "名")
"""And what may stand before."""


def test_texts_that_are_remembered_as_one_are_read_as_each_by_itself() -> None:
    known = load_knowledge()
    remembered = 0
    for text in labelled()[::10]:
        replies = [text.reply[:250] + tail for tail in TAILS] + [head + text.reply[:250] for head in HEADS]
        known.remembered.clear()
        together = [read_reply(reply, protocol=text.protocol, stage=text.stage) for reply in replies]
        remembered += len(replies) - len(known.remembered)
        for reply, reading in zip(replies, together, strict=True):
            known.remembered.clear()
            assert read_reply(reply, protocol=text.protocol, stage=text.stage) == reading, reply
    assert remembered > len(TAILS)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("LOGIN failed for user17", "LOGIN failed for bob", True),
        ("LOGIN failed for user17", "LOGIN failed for user17 at ten", True),
        ("LOGIN failed for user17", "user17: LOGIN failed", True),
        ("LOGIN failed for user17", "The LOGIN of user17 failed", False),
        ("LOGIN failed for user17", "LOGIN, failed for user17", False),
        ("535 LOGIN failed for user17", "454 LOGIN failed for user17", False),
        ("LOGIN failed for user17", "LOGIN failed for user17: password expired", False),
    ],
)
def test_texts_are_remembered_by_all_that_is_heard_in_them(one: str, other: str, *, alike: bool) -> None:
    known = load_knowledge()
    known.remembered.clear()

    for text in (one, other):
        read_reply(text)

    assert (len(known.remembered) == 1) is alike


def test_what_is_remembered_is_bounded() -> None:
    memory = Memory()
    for number in range(2 * MOST_REMEMBERED + 1):
        assert memory.keep(number, str(number)) == str(number)

    assert len(memory) <= MOST_REMEMBERED
    assert memory[2 * MOST_REMEMBERED] == str(2 * MOST_REMEMBERED)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("NO Account is locked", "lockout.account-locked"),
        ("NO Mailbox is disabled", "activation.account-disabled"),
        ("NO users are suspended on this server", "activation.account-disabled"),
        ("BYE Account locked", "lockout.account-locked"),
        ("NO Too many failed logins", "lockout.rate-limited"),
    ],
)
def test_a_status_without_its_tag_is_no_word(reply: str, cause: str) -> None:
    """RFC 9051 §7.1.2: NO refuses; it does not say that there is none."""
    assert cause in [one.cause for one in read_message(reply, protocol="imap", alone=False).suspects[:1]]


def test_no_locked_account_is_none() -> None:
    """A near-miss: where nobody speaks IMAP it is a word."""
    assert read_message("No locked accounts.").suspects == ()
