"""What remedies may quote of a provider."""

from __future__ import annotations

from typing import get_args

import pytest

from diagnose.providers import PLACEHOLDERS, Language, Provider, all_providers, lockout_limit, provider, provider_facts
from diagnose.providers.schema import (
    Password,
    PasswordRule,
    ResetMethod,
    SelfReset,
    Username,
    UsernameForm,
    UsernameRule,
    Words,
)

LANGUAGES: tuple[Language, ...] = ("en", "zh-Hans", "zh-Hant")

RELEASED = """
admin_bind_steps admin_console admin_reset_first admin_reset_fourth admin_reset_second admin_reset_steps
admin_reset_third admin_unbind_steps admin_unlock_steps app_password_length app_password_name app_password_needs
app_password_page app_password_where appeal_page block_duration browsers imap_server lockout_attempts
lockout_duration oauth_scopes password_classes password_history password_max password_min pause_duration plain_rejection
pop3_server protocol_enable_admin protocol_enable_user provider_name reset_page self_reset_ways server_others
smtp_server status_page support_page support_phone unlock_how username_form webmail_page
"""

every_provider = pytest.mark.parametrize("known", list(all_providers()), ids=lambda known: known.id)


def test_placeholder_names_are_stable() -> None:
    """Remedies and translations use them, ours and other people's: add, but never rename or drop."""
    assert sorted(PLACEHOLDERS) == RELEASED.split()


def test_every_placeholder_is_filled_by_some_provider() -> None:
    filled = {name for known in all_providers() for name in provider_facts(known, "corp.example")}

    assert filled == set(PLACEHOLDERS)


@every_provider
@pytest.mark.parametrize("lang", LANGUAGES)
def test_facts_are_finished_text(known: Provider, lang: Language) -> None:
    """Text without line breaks, without holes, under released names only."""
    facts = provider_facts(known, "corp.example", lang)

    assert set(facts) <= set(PLACEHOLDERS)
    assert [text for text in facts.values() if not text.strip() or "\n" in text or "{" in text] == []


@every_provider
def test_languages_know_the_same(known: Provider) -> None:
    english, *others = (provider_facts(known, "corp.example", lang) for lang in LANGUAGES)

    assert all(set(other) == set(english) for other in others)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("icloud", "the part before the @ (the full address if that is refused), SMTP the full address"),
        ("exchange-onprem", "DOMAIN\\username or UPN"),
        ("kddi-au", "The name that the settings page shows"),
        ("naver", "the part before the @ by two others"),
    ],
)
def test_a_user_name_of_no_single_form_is_told_by_the_note(name: str, told: str) -> None:
    assert told in provider_facts(provider(name), "corp.example")["username_form"]


@pytest.mark.parametrize(
    ("name", "told"), [("qq-mail", "the full mail address"), ("microsoft365", "the full mail address")]
)
def test_a_note_beside_one_form_leaves_the_form(name: str, told: str) -> None:
    assert provider(name).username.note is not None
    assert provider_facts(provider(name), "corp.example")["username_form"] == told


def test_facts_of_an_enterprise_provider() -> None:
    facts = provider_facts(provider("aliyun-qiye"), "corp.example", "zh-Hans")

    assert facts["provider_name"] == "阿里云企业邮箱"
    assert facts["imap_server"] == "imap.qiye.aliyun.com:993"
    assert facts["smtp_server"] == "smtp.qiye.aliyun.com:465"
    assert facts["app_password_name"] == "三方客户端安全密码"
    assert facts["self_reset_ways"] == "绑定的手机、密保问题、备用邮箱"
    assert facts["username_form"] == "完整的邮箱地址"
    assert (facts["password_min"], facts["password_max"], facts["password_classes"]) == ("8", "64", "3")
    assert facts["support_phone"] == "95187"
    assert facts["admin_reset_steps"].startswith("员工账号：组织与用户 > ")
    assert facts["admin_reset_first"].endswith("重置密码（员工账号）")
    assert facts["admin_reset_second"].endswith("集团版的超级管理员 gmxxxx）")
    assert "lockout_attempts" not in facts


def test_facts_follow_language_and_domain() -> None:
    assert provider_facts(provider("google"), "corp.example", "zh-Hant")["app_password_name"] == "應用程式密碼"
    assert provider_facts(provider("netease-163"), "126.com")["imap_server"] == "imap.126.com:993"
    assert provider_facts(provider("cpanel"), "corp.example")["webmail_page"] == "https://corp.example:2096/"
    assert provider_facts(provider("netease-163"), "126.com")["webmail_page"] == "https://mail.126.com/"
    assert "webmail_page" not in provider_facts(provider("zimbra"), "corp.example")


@pytest.mark.parametrize(
    ("name", "fact", "noted"),
    [
        ("tencent-exmail", "app_password_where", True),
        ("qq-mail", "protocol_enable_user", True),
        ("aliyun-qiye", "admin_reset_first", True),
        ("netease-qiye", "admin_unlock_steps", True),
        ("google", "app_password_where", False),  # its page speaks the reader's own script
        ("yahoo-japan", "app_password_where", False),
    ],
)
def test_a_menu_in_simplified_characters_is_no_slip(name: str, fact: str, noted: bool) -> None:
    """Whoever reads Traditional Chinese is told that the provider's own page has them."""
    note = "（服務商的頁面為簡體中文）"

    assert (note in provider_facts(provider(name), "corp.example", "zh-Hant").get(fact, "")) == noted
    assert note not in "".join(provider_facts(provider(name), "corp.example", "zh-Hans").values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_fixed_values_have_words(lang: Language) -> None:
    """A value the schema allows is one that a report can say."""
    names = Words(en="X", zh_hans="X", zh_hant="X")
    forms = [form for form in get_args(UsernameForm) if form != "other"]
    known = [Provider(id="x", names=names, username=Username(form=form)) for form in forms]
    known += [Provider(id="x", names=names, reset=SelfReset(methods=(method,))) for method in get_args(ResetMethod)]

    assert all(len(provider_facts(one, "corp.example", lang)) == 2 for one in known)


@pytest.mark.parametrize(
    ("name", "fact", "unsure"),
    [
        ("west-cn", "support_phone", True),
        ("netease-qiye", "lockout_duration", True),
        ("tencent-exmail", "browsers", True),
        ("west-cn", "admin_reset_first", True),
        ("aliyun-qiye", "support_phone", False),
        ("netease-qiye", "admin_unlock_steps", False),
    ],
)
def test_what_is_unsure_is_worded_so(name: str, fact: str, unsure: bool) -> None:
    marks: dict[Language, str] = {"en": " (may differ)", "zh-Hans": "（可能有出入）", "zh-Hant": "（可能有出入）"}

    for lang, mark in marks.items():
        assert (mark in provider_facts(provider(name), "corp.example", lang)[fact]) == unsure


def test_unknown_is_absent() -> None:
    bare = Provider(id="bare", names=Words(en="Bare", zh_hans="空", zh_hant="空"))

    assert provider_facts(bare, "corp.example") == {"provider_name": "Bare"}


def test_lockout_limit() -> None:
    assert lockout_limit(provider("microsoft365")) == 10
    assert lockout_limit(provider("google")) is None


@pytest.mark.parametrize(
    ("protocol", "accepted", "form"),
    [
        ("smtp", "depends", "full-address"),
        ("imap", "never", "local-part"),
        ("pop3", "never", "full-address"),
        ("", "never", "full-address"),
    ],
)
def test_a_protocol_may_have_rules_of_its_own(protocol: str, accepted: str, form: str) -> None:
    password = Password(accepted="never", by_protocol=(PasswordRule(protocol="smtp", accepted="depends"),))
    username = Username(form="full-address", by_protocol=(UsernameRule(protocol="imap", form="local-part"),))

    assert (password.accepted_by(protocol), username.for_protocol(protocol)) == (accepted, form)
