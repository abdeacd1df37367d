"""What may be behind a rejection that gives no reason: by the user name, the password and the provider's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from checks.credentials.password import PasswordFacts
from checks.login.login import LoginFacts, judge_login
from diagnose.model import Inputs, Service, Subject

BARE = "NO [AUTHENTICATIONFAILED] Authentication failed."


def service(host: str, source: Any = "option", protocol: Any = "imap") -> Service:
    return Service(protocol=protocol, host=host, port=993, tls="implicit", source=source)


def found(
    reply: str = BARE,
    *,
    host: str = "mail.corp.example",
    provider: str | None = None,
    username: str = "alice@corp.example",
    password: PasswordFacts | None = None,
    **more: Any,
) -> list[tuple[str, str]]:
    given = Inputs(
        subject=Subject(domain="corp.example", address="alice@corp.example", username=username),
        provider=provider,
        services=(),
        facts=(password or PasswordFacts(oddities=()),),
    )
    findings = judge_login(LoginFacts(outcome="rejected", reply=reply), given, service(host, **more))
    return list(dict.fromkeys((finding.cause, finding.certainty) for finding in findings))


REJECTED, LIKELY_REJECTED = ("credentials.rejected", "confirmed"), ("credentials.rejected", "likely")
OAUTH, APP_PASSWORD = "credentials.oauth-required", "credentials.app-password-required"
FORMAT, INPUT = "settings.username-format", "credentials.input-error"


def test_on_an_own_server_it_is_what_it_says() -> None:
    assert found() == [REJECTED]


@pytest.mark.parametrize(
    ("provider", "host", "reply", "first"),
    [
        ("microsoft365", "outlook.office365.com", "NO LOGIN failed.", (OAUTH, "likely")),
        ("microsoft365", "outlook.office365.com", "NO AUTHENTICATE failed.", (OAUTH, "likely")),
        ("outlook-com", "outlook.office365.com", "NO LOGIN failed.", (OAUTH, "likely")),
        ("google", "imap.gmail.com", "NO [AUTHENTICATIONFAILED] Invalid credentials", (APP_PASSWORD, "likely")),
        ("yahoo", "imap.mail.yahoo.com", BARE, (APP_PASSWORD, "likely")),
        ("qq-mail", "imap.qq.com", BARE, (APP_PASSWORD, "likely")),
        ("netease-163", "imap.163.com", BARE, (APP_PASSWORD, "likely")),
        ("fastmail", "imap.fastmail.com", BARE, (APP_PASSWORD, "likely")),
        (None, "imap.gmail.com", BARE, (APP_PASSWORD, "likely")),  # told by the host alone
        # near misses: it depends, it is no more than hearsay, both are taken, the words say something else
        ("gmx", "imap.gmx.net", BARE, LIKELY_REJECTED),
        ("tencent-exmail", "imap.exmail.qq.com", BARE, LIKELY_REJECTED),
        ("mail-com", "imap.mail.com", BARE, LIKELY_REJECTED),
        ("ovh", "ssl0.ovh.net", BARE, REJECTED),
        ("google", "imap.gmail.com", "NO Account is locked", ("lockout.account-locked", "confirmed")),
        ("google", "mail.corp.example", BARE, LIKELY_REJECTED),  # which is not theirs
    ],
)  # fmt: skip
def test_what_the_provider_documents_comes_first(
    provider: str | None, host: str, reply: str, first: tuple[str, str]
) -> None:
    causes = found(reply, provider=provider, host=host)

    assert causes[0] == first
    if first[0] in {OAUTH, APP_PASSWORD}:
        assert LIKELY_REJECTED in causes


@pytest.mark.parametrize(
    ("provider", "host", "excluded"),
    [
        ("outlook-com", "outlook.office365.com", APP_PASSWORD),
        ("microsoft365", "outlook.office365.com", APP_PASSWORD),
        ("google", "imap.gmail.com", OAUTH),
        ("ovh", "ssl0.ovh.net", APP_PASSWORD),
    ],
)
def test_what_the_provider_excludes_is_not_named(provider: str, host: str, excluded: str) -> None:
    assert excluded not in dict(found(provider=provider, host=host))


@pytest.mark.parametrize(
    ("username", "provider", "host", "certainty"),
    [
        ("alice", None, "mail.corp.example", "possible"),
        ("a.smith", None, "mail.corp.example", "possible"),
        ("alice", "rackspace", "secure.emailsrvr.com", "likely"),
        ("alice", "ovh", "ssl0.ovh.net", "likely"),
        ("alice", "gmx", "imap.gmx.net", "likely"),
        ("alice", "webde", "imap.web.de", None),  # which documents the part before the @
        ("alice", "so-net", "mail.so-net.ne.jp", "possible"),  # of a weak source
        ("alice@corp.example", None, "mail.corp.example", None),
        ("alice@corp.example", "ovh", "ssl0.ovh.net", None),
        ("CORP\\alice", None, "mail.corp.example", None),
    ],
)
def test_a_bare_name_where_an_address_may_be_wanted(
    username: str, provider: str | None, host: str, certainty: str | None
) -> None:
    assert dict(found(username=username, provider=provider, host=host)).get(FORMAT) == certainty


@pytest.mark.parametrize(
    ("facts", "causes"),
    [
        (PasswordFacts(oddities=(), beyond_ascii=True), [LIKELY_REJECTED, (INPUT, "possible")]),
        (PasswordFacts(oddities=("full_width",), beyond_ascii=True), [LIKELY_REJECTED, (INPUT, "confirmed")]),
        (PasswordFacts(oddities=("caps_lock",)), [LIKELY_REJECTED, (INPUT, "possible")]),
        (PasswordFacts(oddities=()), [REJECTED]),
    ],
)
def test_what_is_odd_about_the_password(facts: PasswordFacts, causes: list[tuple[str, str]]) -> None:
    assert found(password=facts) == causes


@pytest.mark.parametrize("reply", ["NO [EXPIRED] Password expired", "NO [UNAVAILABLE] Temporary failure"])
def test_a_reply_that_gives_a_reason_is_no_bare_one(reply: str) -> None:
    told = dict(found(reply, username="alice", password=PasswordFacts(oddities=("caps_lock",), beyond_ascii=True)))

    assert FORMAT not in told
    assert INPUT not in told


def test_the_evidence_of_what_is_documented_holds_the_answer() -> None:
    subject = Subject(domain="gmail.com", address="alice@gmail.com", username="alice@gmail.com")
    given = Inputs(subject=subject, provider="google", services=())
    facts = LoginFacts(outcome="rejected", reply=BARE)
    findings = [f for f in judge_login(facts, given, service("imap.gmail.com", "provider")) if f.cause == APP_PASSWORD]

    assert any(BARE in finding.text.render() for finding in findings)
