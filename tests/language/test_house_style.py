"""The house style of docs/wording.md, and the glossary, held against every text that a person sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from diagnose.providers import Language, provider, provider_ids
from diagnose.providers.schema import Words
from diagnose.providers.vocabulary import reference_words, vocabulary
from tests.language.catalogues import TRANSLATED, catalogue_of, ids, messages, texts, translations

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.yaml"
CHINESE = "\u3400-\u9fff"
ANOTHERS_WORDS = re.compile(r"“[^”]*”|「[^」]*」|`[^`]*`")
"""What a server, a page or a menu says, and what is typed: no words of ours."""
FILLED_IN = re.compile(r"\{[^}]*\}")
MENU_PATH = re.compile(r"[^，。；：:]* > .*?(?=[，。；）]|$)")
CROWDED = re.compile(rf"[{CHINESE}][A-Za-z0-9]|[A-Za-z0-9][{CHINESE}]")
LOOSE = re.compile(r"[，。；：、！？（）《》「」『』【】“”] | [，。；：、！？（）《》「」『』【】“”]")
NARROW = re.compile(rf"[{CHINESE}][,;:!?.()'\"]|[,;:!?()'\"][{CHINESE}]")
SPELT_OUT = re.compile(
    "(?<![第几幾半上下之])(?:十[一二三四五六七八九]?|[一二两兩三四五六七八九])"
    "(?:个月|個月|分钟|分鐘|小时|小時|天|周|週|年|秒)(?!期)"
)
SENTENCE = re.compile(r"\b[A-Za-z]+(?:[ ,]+[a-z][a-z'’]+){3,}")
"""Four words in a row, all but the first in small letters: no name, no command, no menu."""

in_each_language = pytest.mark.parametrize("language", TRANSLATED)


def ours(said: str) -> str:
    """*said* with a mark in place of what is quoted."""
    return ANOTHERS_WORDS.sub(lambda quoted: f"{quoted[0][0]}…{quoted[0][-1]}", said)


@cache
def glossary() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(GLOSSARY.read_text(encoding="utf-8"))
    return entries


def avoided(said: str, language: str, *, in_a_provider_file: bool = False) -> list[str]:
    """Each word of *said* that the glossary replaces."""
    plain = ours(MENU_PATH.sub("", said) if in_a_provider_file else said)
    entries = (entry[language] for entry in glossary() if not (in_a_provider_file and entry.get("own_names")))
    never = (word for entry in entries for word in entry.get("never", ()))
    return [found[0] for word in never for found in re.finditer(word, plain)]


def slips(said: str) -> list[str]:
    """Each place of the Chinese text *said* that breaks the rules of punctuation, spacing and numbers."""
    plain = FILLED_IN.sub("…", ours(said))
    rules = {"crowded": CROWDED, "loose": LOOSE, "narrow": NARROW, "spelt out": SPELT_OUT, "English": SENTENCE}
    return [f"{name}: {found[0]}" for name, rule in rules.items() for found in rule.finditer(plain)]


def spoken(said: object) -> Iterator[Words]:
    """All texts in several languages that *said*, a part of a provider's file, holds; its names are none of them."""
    if isinstance(said, Words):
        yield said
    elif isinstance(said, tuple):
        for part in said:
            yield from spoken(part)
    elif hasattr(said, "__struct_fields__"):
        for field in said.__struct_fields__:
            if field != "names":
                yield from spoken(getattr(said, field))


@cache
def of_providers(language: Language) -> list[tuple[str, str]]:
    return [(one, words.in_language(language)) for one in provider_ids() for words in spoken(provider(one))]


def test_the_glossary_has_a_word_for_each_thing_in_each_language() -> None:
    for entry in glossary():
        assert set(entry) <= {"thing", "own_names", *get_args(Language)}
        for language in get_args(Language):
            assert entry[language]["word"]
            assert not [word for word in entry[language].get("never", ()) if re.search(word, entry[language]["word"])]


@pytest.mark.parametrize(
    ("said", "language", "found"),
    [
        ("请在登陆页输入密码", "zh-Hans", ["登陆"]),
        ("在本机打开邮件程序", "zh-Hans", ["邮件程序", "本机"]),
        ("請在伺服器的默認端口設置", "zh-Hant", ["端口", "默認", "設置"]),
        ("Load the page anew", "en", ["anew"]),
        ("打开“账户设置”", "zh-Hans", []),
        ("必须先在本机回环地址上运行 `本机`", "zh-Hans", []),
        ("租用戶允許連接埠 25", "zh-Hant", []),
        ("Renew the certificate", "en", []),
    ],
)
def test_the_glossary_finds_words_of_ours_alone(said: str, language: str, found: list[str]) -> None:
    assert sorted(avoided(said, language)) == sorted(found)


@pytest.mark.parametrize(
    "said",
    [
        "开启IMAP服务",
        "等待 10 分钟， 再试",
        "请重试,不要修改",
        "请等十五分钟",
        "再等兩週",
        "备注：The login password works by default",
    ],
)
def test_each_slip_is_found(said: str) -> None:
    assert len(slips(said)) >= 1


@pytest.mark.parametrize(
    "said",
    [
        "开启 IMAP 服务（端口 993）",
        "等半小时，或几分钟后再试一次",
        "第一周期",
        "提示“Your password is not correct”时",
        "用 `openssl s_client -connect host:port` 查看",
        "{request}的响应",
        "Settings > Security Center > Change password",
        "由 Google Workspace 的管理员开启 SMTP AUTH",
        "每次回复都要三分之一秒",
    ],
)
def test_what_is_right_is_no_slip(said: str) -> None:
    assert slips(said) == []


@in_each_language
def test_translations_keep_the_glossary(language: Language) -> None:
    assert [(found, said) for _, said in translations(language) if (found := avoided(said, language))] == []


def test_sources_keep_the_glossary() -> None:
    sources = {one for message in messages(catalogue_of(TRANSLATED[0])) for one in ids(message)}

    assert [(found, said) for said in sorted(sources) if (found := avoided(said, "en"))] == []


@in_each_language
def test_translations_are_punctuated_and_spaced_alike(language: Language) -> None:
    every = [said for message in messages(catalogue_of(language)) for said in texts(message)]

    assert [(found, said) for said in every if (found := slips(said))] == []


def in_chinese(part: object, *, chinese: bool = False) -> Iterator[str]:
    """Every text within *part*, what a data file holds, that stands under a language key of Chinese."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from in_chinese(value, chinese=chinese or key in TRANSLATED)
    elif isinstance(part, list):
        for value in part:
            yield from in_chinese(value, chinese=chinese)
    elif isinstance(part, str) and chinese:
        yield part


def test_no_blank_stands_beside_full_width_punctuation_in_any_data_file() -> None:
    """Replies are others' words; whatever else is in Chinese is ours."""
    files = [file for file in (ROOT / "diagnose").rglob("*.yaml") if "replies" not in file.parts]
    said = [(file.name, one) for file in files for one in in_chinese(yaml.safe_load(file.read_text("utf-8")))]

    assert len(said) > 1500
    assert [(name, one) for name, one in said if LOOSE.search(ours(one))] == []


@pytest.mark.parametrize("said", ["好。 再试", "再试 （一次）", "是吗？ 再试", "快！ 再试", "《手册》 里"])
def test_a_blank_beside_full_width_punctuation_is_found(said: str) -> None:
    assert LOOSE.search(ours(said))


@in_each_language
def test_each_script_has_its_own_quotation_marks(language: Language) -> None:
    other = re.compile("[「」]" if language == "zh-Hans" else "[“”]")
    every = [said for _, said in translations(language)] + [said for _, said in of_providers(language)]

    assert [said for said in every if other.search(said)] == []


@in_each_language
def test_words_for_fixed_values_keep_the_house_style(language: Language) -> None:
    """Those that stand in every provider's page: the kinds, the forms of a user name, the ways to prove who one is."""
    said = [one for values in msgspec.to_builtins(vocabulary()).values() for one in worded(values, language)]

    assert len(said) > 40
    assert [(found, one) for one in said if (found := avoided(one, language) + slips(one))] == []


def worded(values: dict[str, Any], language: Language) -> list[str]:
    """The texts of one part of the vocabulary: it is one text, or one for each of its values."""
    return [values[language]] if "en" in values else [one[language] for one in values.values()]


@in_each_language
def test_a_source_is_told_with_the_punctuation_of_its_language(language: Language) -> None:
    for ref in (
        "public code excerpt (github sgao19/erp-go mail providers)",
        "public code excerpts naming hwimap.qiye.163.com and hwsmtp.qiye.163.com",
        "public code excerpts naming 账号与安全 → 安全设置, service.mail.qq.com/detail/0/75",
    ):
        assert not re.search(r"[()]|, ", reference_words(ref, language)), ref
    assert reference_words("https://example.com/a (b)", language) == "https://example.com/a (b)"


@in_each_language
def test_texts_of_providers_keep_the_house_style(language: Language) -> None:
    found = [
        (one, wrong, said)
        for one, said in of_providers(language)
        if (wrong := avoided(said, language, in_a_provider_file=True) + slips(MENU_PATH.sub("", said)))
    ]

    assert found == []


FREE_FIELDS = ("mx_note", "mfa", "browsers", "quirks", "reports", "rejection")


@pytest.mark.parametrize("one", provider_ids())
def test_no_note_of_a_provider_is_in_english_alone(one: str) -> None:
    """Menu paths, commands and names of editions may be: they are what the provider's own pages show."""
    alone = [said for said in untranslated(provider(one)) if SENTENCE.search(ours(said)) and " > " not in said]

    assert alone == []


def untranslated(part: object, field: str = "") -> Iterator[str]:
    """Texts of *part* that are in one language alone; addresses, sources and words for recognition are none."""
    if isinstance(part, str):
        if field in {*FREE_FIELDS, "note", "edition", "steps", "needs", "unlock", "where", "where_user", "where_admin"}:
            yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from untranslated(one, field)
    elif hasattr(part, "__struct_fields__") and not isinstance(part, Words):
        for name in part.__struct_fields__:
            if name != "sources":
                yield from untranslated(getattr(part, name), name)
