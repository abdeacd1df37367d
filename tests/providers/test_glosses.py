"""English readers find words of Chinese, Japanese and Korean pages with their meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from diagnose.providers import all_providers, provider, provider_facts
from diagnose.providers.glosses import for_reader, foreign_words, glossed
from diagnose.providers.schema import Words

FOREIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
IN_PARENTHESES = re.compile(r"\([^()]*\)")
BEFORE_SOME = re.compile(r"[^\s(]+ (?=\([^()\u3400-\u9fff]*\))")
"""What has its meaning behind it in the file already."""
OUR_WORDS = {"names", "aliases", "sources", "id"}


def for_english_readers(value: object) -> Iterator[str]:
    """Every text of a provider's file that stands in an English report or page."""
    if isinstance(value, Words):
        yield value.en
    elif isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name not in OUR_WORDS:
                yield from for_english_readers(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from for_english_readers(item)


@pytest.mark.parametrize("known", [one for one in all_providers() if one.id != "hinet"], ids=lambda known: known.id)
def test_no_foreign_word_is_left_without_its_meaning(known: object) -> None:
    bare = [
        left
        for said in for_english_readers(known)
        if FOREIGN.search(left := IN_PARENTHESES.sub("", BEFORE_SOME.sub("", foreign_words().sub("", said))))
    ]

    assert bare == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("设置 > 账户", "设置 (Settings) > 账户 (Account)"),
        (
            "设置 > 开启 (by another guide 设置 > 开启)",
            "设置 (Settings) > 开启 (Switch on) (by another guide 设置 > 开启)",
        ),
        ("use the 授权码.", "use the 授权码 (authorisation code)."),
        ("설정", "설정"),
        ("an authorisation code (授权码)", "an authorisation code (授权码)"),
        ("安全登录 (secure sign-in) is on", "安全登录 (secure sign-in) is on"),
        ("开启IMAP/SMTP服务", "开启IMAP/SMTP服务 (Switch on IMAP/SMTP)"),
        ("Settings > Mail", "Settings > Mail"),
    ],
)
def test_each_meaning_is_told_once_and_where_it_is_not_told_already(said: str, meant: str) -> None:
    assert glossed(said) == meant


def test_only_readers_of_english_are_told() -> None:
    assert for_reader("设置 > 账户", "zh-Hans") == for_reader("设置 > 账户", "zh-Hant") == "设置 > 账户"


@pytest.mark.parametrize(
    ("name", "placeholder", "begins"),
    [
        ("qq-mail", "app_password_where", "设置 (Settings) > 账号与安全 (Account and security) > "),
        ("tencent-exmail", "protocol_enable_user", "设置 (Settings) > 收发信设置 (Receiving and sending) > "),
        ("naver", "protocol_enable_user", "환경설정 (Settings) > POP3/IMAP 설정 (POP3/IMAP settings)"),
    ],
)
def test_steps_hold_the_meaning(name: str, placeholder: str, begins: str) -> None:
    assert provider_facts(provider(name), "corp.example")[placeholder].startswith(begins)
