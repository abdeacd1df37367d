"""Whose words a text is: a provider that nobody named gives its steps, or its name, where the text tells it."""

from __future__ import annotations

import pytest

from diagnose.explain.explain import explain
from tests.commands.command_line import CommandLine

GOOGLE = "535-5.7.8 Username and Password not accepted. For more information, go to {} x - gsmtp"


@pytest.mark.parametrize(
    ("words", "provider", "step"),
    [
        (GOOGLE.format("https://support.google.com/mail/?p=BadCredentials"), "google", "mail.google.com"),
        ("535 Login fail. More information at http://service.mail.qq.com/cgi-bin/help?id=28", "qq-mail", "mail.qq.com"),
        ("smtp.163.com said: 535 Error: authentication failed", "netease-163", "mail.163.com"),
        ("imap.exmail.qq.com: a1 NO LOGIN Login error password error", "tencent-exmail", "exmail.qq.com"),
    ],
)
def test_a_provider_whose_server_or_page_is_named_gives_its_steps(words: str, provider: str, step: str) -> None:
    told = explain(words)

    assert told.provider == provider
    assert step in "".join(one for remedy in told.causes[0].remedies for one in remedy.steps)


@pytest.mark.parametrize(
    "words",
    [
        "535 5.7.8 Error: authentication failed",
        "I followed https://support.google.com/mail/answer/7126229 for my work account: wrong password",
        "535 5.7.8 Authentication failed, see https://help.corp.example/mail",
        "credentials.rejected",
        "535 Login fail. http://[broken and https://",
    ],
)
def test_what_names_nobody_gives_nobodys_steps(words: str) -> None:
    """A link that people send leads anywhere."""
    assert explain(words).provider is None


def test_the_provider_that_is_given_goes_before() -> None:
    words = GOOGLE.format("https://support.google.com/mail/?p=BadCredentials")

    assert explain(words, provider="gmx").provider == "gmx"


@pytest.mark.parametrize(
    "words",
    [
        "535 Error: authentication failed, system busy",
        "535 authentication failed, system busy",
        "535 Error: Authentication failed, system busy, 15",
    ],
)
def test_what_one_house_means_otherwise_is_possible_and_the_house_is_named(words: str) -> None:
    """Others mean it literally, so that stays the likelier."""
    told = explain(words)

    assert told.causes[0].id == "server.fault"
    assert (told.causes[-1].id, told.causes[-1].certainty) == ("credentials.rejected", "possible")
    assert "Tencent Exmail" in told.elsewhere


@pytest.mark.parametrize(
    ("words", "provider"),
    [
        ("535 Error: authentication failed, system busy", "tencent-exmail"),
        ("-ERR system busy", None),
        ("421 4.3.2 System busy, try again later", None),
        ("535 5.7.8 Error: authentication failed", None),
        ("账号已被锁定", None),
    ],
)
def test_other_words_are_nobodys(words: str, provider: str | None) -> None:
    assert explain(words, provider=provider).elsewhere == ()


def test_the_page_says_whose_words_they_are(command: CommandLine) -> None:
    named = command("explain", "smtp.163.com said: 535 Error: authentication failed")
    house = command("explain", "535 Error: authentication failed, system busy")
    given = command("explain", "--provider", "qq-mail", "535 Error: authentication failed, system busy")

    assert "The steps are those for NetEase Mail" in named.out
    assert "Tencent Exmail such words mean" in house.out
    assert "The steps are those for" not in given.out
