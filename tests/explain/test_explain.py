"""From words to causes and what to do: whatever the words are, whoever sends them."""

from __future__ import annotations

import json
import time
import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.explain.explain import close_ids, explain, provider_names
from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import translation
from diagnose.model.text import json_text
from diagnose.providers import Language, provider_ids
from diagnose.replies import load_knowledge

REJECTED, OAUTH = "credentials.rejected", "credentials.oauth-required"
LOCKED = "lockout.account-locked"


def steps(words: str, provider: str | None = None, lang: Language = "en") -> str:
    """All that the remedies of the first cause say."""
    remedies = explain(words, provider=provider, lang=lang).causes[0].remedies
    return "\n".join(step for remedy in remedies for step in remedy.steps)


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("0x800CCC0E", "reach.timeout"),
        ("(0x800CCC0F)", "reach.timeout"),
        ("0x80042108", "reach.timeout"),
        ("0x800ccc0d", "dns.host-missing"),
        ("0x800CCC92", "credentials.rejected"),
        ("0x80190194", "settings.wrong-host"),
        ("0x800CCCFF", None),  # of no table
    ],
)
def test_an_errors_number_alone_means_what_its_table_says(number: str, first: str | None) -> None:
    explanation = explain(number)

    assert next((cause.id for cause in explanation.causes), None) == first
    assert explanation.told_by != "likeness"


def test_with_words_beside_it_a_number_may_be_like_something() -> None:
    assert explain("0x800CCCFF the server for this account was not found").causes


@pytest.mark.parametrize("cause_id", catalogue().ids)
def test_a_cause_id_means_that_cause(cause_id: str) -> None:
    explanation = explain(f" {cause_id}\n")

    (cause,) = explanation.causes
    assert (cause.id, cause.certainty, explanation.matched) == (cause_id, "confirmed", cause_id)
    assert cause.summary == catalogue()[cause_id].summary
    assert [remedy.fixer for remedy in cause.remedies]


def test_a_reply_means_what_the_reader_makes_of_it() -> None:
    explanation = explain("535 5.7.8 Error: authentication failed: account is locked")

    assert explanation.causes[0].id == LOCKED
    assert "locked" in explanation.matched


@pytest.mark.parametrize(
    "words", ["a1 OK LOGIN completed", "+OK", "the weather is fine", b"\x00\xff\x00", "...", "\u202e"]
)
def test_what_reports_no_failure_means_nothing(words: str | bytes) -> None:
    assert explain(words).causes == ()


@pytest.mark.parametrize("misspelt", ["lockout.acount-locked", "lockout.account-lockd", " lockout.account_locked "])
def test_a_misspelt_id_is_no_reply(misspelt: str) -> None:
    """It holds the very words that a reply would, but states nothing with them."""
    assert explain(misspelt).causes == ()
    assert close_ids(misspelt)[0] == LOCKED


@pytest.mark.parametrize("words", [LOCKED, "LOGIN failed", "account locked", "web.de", "server.local", "x" * 200_000])
def test_what_is_no_misspelt_id_is_not_taken_for_one(words: str) -> None:
    assert close_ids(words) == ()


def test_facts_of_the_provider_are_filled_in() -> None:
    assert "1 hour" in steps(LOCKED, provider="aliyun-qiye")
    assert "1 小时" in steps(LOCKED, provider="aliyun-qiye", lang="zh-Hans")
    assert "1 hour" not in steps(LOCKED)


def test_another_name_of_a_provider_stands_for_the_one_it_can_only_be() -> None:
    assert steps("LOGIN failed", provider="gmail") == steps("LOGIN failed", provider="google")
    assert steps(LOCKED, provider="tencent") == steps(LOCKED)  # two houses in one


@pytest.mark.parametrize(("name", "one"), [("qq", "qq-mail"), ("exmail", "tencent-exmail"), ("outlook", "outlook-com")])
def test_a_providers_own_name_stands_for_it_though_its_house_has_others(name: str, one: str) -> None:
    assert steps(LOCKED, provider=name) == steps(LOCKED, provider=one) != steps(LOCKED)


@pytest.mark.parametrize(
    ("words", "provider", "asks"),
    [
        ("a1 NO [ALERT] IMAP access is disabled for your domain. (Failure)", "google", True),
        ("535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.", None, True),
        ("-ERR POP3 access has been turned off by the administrator", "zoho", True),
        (
            "a1 NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page",
            "google",
            False,
        ),
        ("a1 NO You are yet to enable IMAP. Please contact your administrator (Failure)", "zoho", False),  # near miss
    ],
)
def test_a_reply_that_says_who_has_the_switch_sends_the_person_there(
    words: str, provider: str | None, asks: bool
) -> None:
    cause = explain(words, provider=provider).causes[0]

    assert cause.id == "settings.protocol-disabled"
    assert any("only the administrator can switch it on" in step for step in cause.remedies[0].steps) == asks


def test_a_provider_that_shuts_out_busy_programs_for_longer_is_waited_for_longer() -> None:
    assert "24 hours" in steps("lockout.rate-limited", provider="google")
    assert "half an hour" in steps("lockout.rate-limited", provider="fastmail")


@pytest.mark.parametrize(
    ("name", "told"),
    [("tencent-exmail", True), ("aliyun-qiye", True), ("google", True), ("microsoft365", False), ("yahoo", False)],
)
def test_an_administrator_looks_at_the_switch_before_the_password_is_reset(name: str, told: bool) -> None:
    admin = [
        one.steps for one in explain("credentials.rejected", provider=name).causes[0].remedies if one.fixer == "admin"
    ]

    assert any("look here whether mail programs are allowed" in step for steps_ in admin for step in steps_) == told


def test_where_ways_in_are_off_at_first_the_switch_is_told_before_another_password() -> None:
    told = explain("credentials.rejected", provider="webde").causes[0].remedies[0].steps
    switch = next(place for place, step in enumerate(told) if "POP3/IMAP Abruf" in step)

    assert switch < next(place for place, step in enumerate(told) if "another password" in step)


@pytest.mark.parametrize("name", sorted(provider_names()))
def test_without_a_domain_nothing_is_told_that_needs_one(name: str) -> None:
    for cause_id in catalogue().ids:
        for remedy in explain(cause_id, provider=name).causes[0].remedies:
            for said in (*remedy.steps, *(link.url for link in remedy.links)):
                assert "{" not in said
                assert "//." not in said
                assert not said.startswith("https://mail./")


def test_every_provider_may_be_named() -> None:
    assert set(provider_ids()) < provider_names()
    assert {"gmail", "china-mobile"} <= provider_names()


@pytest.mark.parametrize("audience", ["user", "helpdesk", "admin"])
def test_the_audience_comes_first(audience: str) -> None:
    causes = explain("LOGIN failed", audience=audience).causes  # type: ignore[arg-type]  # one of them

    assert causes[0].remedies[0].fixer == audience


def test_everything_is_in_the_language_asked_for() -> None:
    told = explain("LOGIN failed", lang="zh-Hant", translate=translation("zh-Hant")).causes[0]

    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in words) for words in (told.title, told.summary))
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told.remedies[0].steps[0])


WORDS = [
    "LOGIN failed ",
    "密码错误 ",
    "[AUTHENTICATIONFAILED] ",
    "535 ",
    '{"error":',
    "<script>",
    "lockout.",
    "{host}",
    "%s",
]
INVISIBLE = ["\x1b[31m", "\x9b2J", "\u202e", "\u2066", "\x00", "\r\n", "\ud800", "\U000e0041", "\ufeff", "\u200b"]
HOSTILE = st.lists(st.sampled_from([*WORDS, *INVISIBLE]), max_size=30).map("".join)


@settings(max_examples=300, deadline=None)
@given(
    words=st.one_of(st.text(), st.binary(), HOSTILE),
    provider=st.sampled_from([None, *sorted(provider_names())]),
    protocol=st.sampled_from([None, "imap", "pop3", "smtp", "http", "oauth"]),
)
def test_whatever_is_asked_the_answer_is_fit_to_be_shown(
    words: str | bytes, provider: str | None, protocol: str
) -> None:
    explanation = explain(words, provider=provider, protocol=protocol)  # type: ignore[arg-type]  # one of them
    shown = json_text(msgspec.to_builtins(explanation))

    assert json.loads(shown)["matched"] == explanation.matched
    assert {cause.id for cause in explanation.causes} <= set(catalogue().ids)
    assert not {c for c in explanation.matched if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"}}
    assert not {c for c in shown if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs"}}


@pytest.mark.parametrize(
    "piece", ["a", "LOGIN failed ", "[", "{", "lockout.", "\x00", "密", "%C3", "<a ", "x." * 40, "\n"]
)
def test_ten_megabytes_cost_no_more_than_what_is_read_of_them(piece: str) -> None:
    load_knowledge()
    words = piece * (10_000_000 // len(piece))
    started = time.process_time()
    explain(words)
    explain(words.encode())

    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("a1 NO [REFERRAL imap://alice;AUTH=*@imap3.corp.example/] Elsewhere", True),
        ("settings.wrong-host", False),
    ],
)
def test_the_server_that_a_login_referral_names_is_in_the_remedies(words: str, *, named: bool) -> None:
    cause, *_ = explain(words).causes

    assert cause.id == "settings.wrong-host"
    assert any("imap3.corp.example" in step for remedy in cause.remedies for step in remedy.steps) is named


@pytest.mark.parametrize(
    ("words", "provider", "first"),
    [
        (
            "Your account or password is incorrect. If you don't remember your password, reset it now.",
            "microsoft365",
            REJECTED,
        ),
        ("您的帐户或密码不正确。如果您不记得密码，请立即重置。", "outlook-com", REJECTED),
        ("Wrong password. Try again or click Forgot password to reset it.", "google", REJECTED),
        (
            "This username may be incorrect. Make sure you typed it correctly.",
            "microsoft365",
            "activation.mailbox-missing",
        ),
        ("535 5.7.3 Authentication unsuccessful", "microsoft365", OAUTH),  # near miss: a server's
        ("The user name or password is incorrect", "microsoft365", OAUTH),  # near miss: a program's
    ],
)
def test_what_only_a_sign_in_page_says_is_about_the_accounts_own_password(
    words: str, provider: str, first: str
) -> None:
    assert explain(words, provider=provider).causes[0].id == first
