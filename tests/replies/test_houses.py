"""What a provider's own file adds to a reply."""

from __future__ import annotations

import pytest

from diagnose.replies import read_message, read_reply
from diagnose.replies.houses import owners_named_in


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("Login to server imap.gmail.com failed", ("google",)),
        ("[outlook.office365.com] NO LOGIN failed", ("microsoft365", "outlook-com")),
        ("host p12-imap.mail.me.com: failed", ("icloud",)),
        ("user alice@yahoo.com: failed", ("yahoo",)),
        ("IMAP.GMAIL.COM: failed", ("google",)),
        # a link, a company's server, an address beside a server of somebody else
        ("failed, see https://imap.gmail.com/help", ()),
        ("mail.corp.example: failed", ()),
        ("mail.corp.example: alice@gmail.com failed", ()),
        ("imap.gmail.com.evil.example: failed", ()),
        ("failed", ()),
    ],
)
def test_the_server_named_in_a_text_tells_the_provider(text: str, owners: tuple[str, ...]) -> None:
    assert owners_named_in(text) == owners


@pytest.mark.parametrize(
    ("provider", "cause"),
    [
        ("google", "credentials.app-password-required"),
        ("gmail", "credentials.app-password-required"),
        ("icloud", "credentials.app-password-required"),
        ("qq-mail", "credentials.app-password-required"),
        ("microsoft365", "credentials.oauth-required"),
        ("outlook-com", "credentials.oauth-required"),
        ("dovecot-generic", "credentials.rejected"),
        ("gmx", "credentials.rejected"),
        ("nobody-knows", "credentials.rejected"),
        (None, "credentials.rejected"),
    ],
)
def test_a_plain_rejection_means_what_the_providers_file_says(provider: str | None, cause: str) -> None:
    reading = read_message("a1 NO [AUTHENTICATIONFAILED] Login failed", protocol="imap", provider=provider)

    assert reading.suspects[0].cause == cause
    assert cause == "credentials.rejected" or reading.suspects[0].certainty == "likely"
    assert "credentials.rejected" in [suspect.cause for suspect in reading.suspects]


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("535 5.7.13 User account disabled", "activation.account-disabled"),
        ("535 Too many login attempts, please try again later", "lockout.rate-limited"),
        ("535 5.7.8 Password expired", "credentials.expired"),
    ],
)
def test_a_servers_own_words_win(reply: str, cause: str) -> None:
    assert read_message(reply, protocol="smtp", provider="icloud", stage="login").suspects[0].cause == cause


def test_a_sign_in_page_takes_the_accounts_own_password() -> None:
    reading = read_message("Wrong password. Try again.", protocol="http", provider="google")

    assert reading.suspects[0].cause == "credentials.rejected"


@pytest.mark.parametrize(
    ("reply", "host"),
    [
        (
            "a1 NO [REFERRAL imap://alice;AUTH=*@imap3.corp.example/] Invalid user here",
            "imap3.corp.example",
        ),
        (
            "a1 NO [REFERRAL IMAP://BOB;AUTH=GSSAPI@SERVER2.corp.example/] Auth failed",
            "server2.corp.example",
        ),
        ("* BYE [REFERRAL imap://imap4.corp.example:993/] Password expired here", "imap4.corp.example"),
        ("a1 NO [REFERRAL imaps://alice@[2001:db8::7]/] Elsewhere", "2001:db8::7"),
        ("a1 NO [REFERRAL http://corp.example/] Elsewhere", ""),
        ("a1 NO [AUTHENTICATIONFAILED] see imap://imap3.corp.example/", ""),
    ],
)
def test_a_login_referral_names_the_server_before_any_words(reply: str, host: str) -> None:
    reading = read_reply(reply, protocol="imap", stage="login")

    assert reading.referral == host
    assert (reading.suspects[0].cause == "settings.wrong-host") == ("[REFERRAL" in reply)


def test_a_referral_beside_success_is_no_failure() -> None:
    reply = "a1 OK [REFERRAL IMAP://MATTHEW@SERVER2/] Personal mailboxes are elsewhere"

    assert read_reply(reply, protocol="imap", stage="login").suspects == ()
