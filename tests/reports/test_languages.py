"""Every format for programs and trackers, whole, in each language.

``ACCEPT_GOLDEN=1 pytest tests/reports`` renews the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model.report import Evidence, Report, ReportRemedy, ReportVerdict
from diagnose.rendering.renderer import Renderer, RenderStyle
from reports import junit, markdown, nagios, openmetrics
from tests.reports.samples import (
    IMAP,
    SMTP,
    StationName,
    cause,
    check,
    chinese,
    expired_certificate,
    finding,
    report,
    way,
)

GOLDEN = Path(__file__).with_name("golden")
TRADITIONAL: tuple[tuple[StationName, str], ...] = (
    ("computer", "這部電腦"),
    ("dns", "DNS"),
    ("server", "郵件伺服器"),
    ("encryption", "加密"),
    ("login", "登入"),
    ("mailbox", "信箱"),
)


def traditional() -> Report:
    """A mailbox that wants an app password, told in Chinese in the Traditional script."""
    wanted = "credentials.app-password-required"
    return report(
        ReportVerdict(
            status="problem",
            exit_code=1,
            headline="需要使用授權碼，而不是網頁登入密碼",
            causes=(
                cause(
                    wanted,
                    "需要使用授權碼，而不是網頁登入密碼",
                    "這個信箱在郵件程式裡只接受授權碼。",
                    evidence=(Evidence(check="login.imap.993", text="imap.corp.example:993 回覆：NO 請使用授權碼"),),
                    remedies=(
                        ReportRemedy(fixer="user", steps=("用瀏覽器登入網頁信箱。", "產生一個新的授權碼。")),
                        ReportRemedy(fixer="admin", steps=("確認使用者是否開啟了兩步驟驗證。",)),
                    ),
                ),
            ),
        ),
        way("ok", "ok", "ok", "ok", "broken", "unknown", titles=TRADITIONAL),
        (
            check("dns.domain", "corp.example 公布了它的郵件伺服器", at=3, took=24),
            check(
                "login.imap.993", "imap.corp.example 接受登入", "fail", at=110, took=1420,
                findings=(finding(wanted, "伺服器要求使用授權碼。"),),
            ),
            check("login.smtp.587", "smtp.corp.example 接受登入", "skip", because="login.imap.993"),
        ),
        (IMAP, SMTP),
        lang="zh-Hant",
    )  # fmt: skip


SPOKEN: dict[Language, Callable[[], Report]] = {
    "en": expired_certificate,
    "zh-Hans": chinese,
    "zh-Hant": traditional,
}
WRITTEN = {"md": markdown.RENDERER, "xml": junit.RENDERER, "nagios": nagios.RENDERER, "prom": openmetrics.RENDERER}


def test_all_languages_are_here() -> None:
    assert tuple(SPOKEN) == LANGUAGES


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("language", SPOKEN)
def test_the_whole_document(language: Language, suffix: str) -> None:
    actual = shown(WRITTEN[suffix], language)
    golden = GOLDEN / f"{language}.{suffix}"
    if os.environ.get("ACCEPT_GOLDEN"):
        golden.write_text(actual, encoding="utf-8", newline="\n")
    assert actual == golden.read_text(encoding="utf-8"), (
        "if this is how it should read: ACCEPT_GOLDEN=1 pytest tests/reports"
    )


NAMES = {"autoconfig", "diagnose", "encoding", "error", "fail", "failure", "properties", "skipped", "system"}
NAMES |= {"testcase", "testsuite", "testsuites"}
"""Of elements, of statuses where programs read them, and what a server said."""


@pytest.mark.parametrize("suffix", sorted(WRITTEN.keys() - {"prom"}))
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_no_word_of_a_format_is_left_in_english(language: Language, suffix: str) -> None:
    """But names of protocols, states, ids, and what programs read."""
    written = re.sub(r"<!--.*?-->|'[^']*'=\S+|<propert.*?>|<test\w+ |\w+=\"", " ", shown(WRITTEN[suffix], language))
    english = set(re.findall(r"(?<![\w.@:/`-])[a-z]{4,}(?![\w.@:/`-])", written))
    assert english <= NAMES


def shown(format_: Renderer, language: Language) -> str:
    """The document; what is packed at its end differs by the library that packs."""
    document = format_.render(SPOKEN[language](), RenderStyle(translate=translation(language)))
    return re.sub(r"<!--\n.*?\n-->", "<!-- packed -->", document, flags=re.DOTALL)
