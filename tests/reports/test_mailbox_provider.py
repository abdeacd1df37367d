"""The provider's name in reports, which people know better than its id."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from reports.html import render as as_page
from reports.mailbox_provider import mailbox_provider
from reports.markdown import render as as_markdown
from tests.reports.samples import wrong_password


def of(provider: str | None, lang: str) -> Report:
    report = wrong_password()
    return msgspec.structs.replace(
        report, lang=lang, subject=msgspec.structs.replace(report.subject, provider=provider)
    )


@pytest.mark.parametrize(
    ("provider", "lang", "name"),
    [
        ("tencent-exmail", "zh-Hans", "腾讯企业邮箱"),
        ("tencent-exmail", "zh-Hant", "騰訊企業郵箱"),
        ("tencent-exmail", "en", "Tencent Exmail"),
        ("microsoft365", "zh-Hans", "Microsoft 365"),
        ("corp-mail", "zh-Hans", "corp-mail"),  # near miss: another package's, or of another version
        (None, "en", None),
        ("qq-mail", "tlh", "QQ Mail"),
    ],
)
def test_the_name_is_in_the_language_of_the_report(provider: str | None, lang: str, name: str | None) -> None:
    assert mailbox_provider(of(provider, lang)) == name


def test_who_reads_a_page_reads_no_id() -> None:
    report = of("aliyun-qiye", "zh-Hans")

    for written in (as_page(report, RenderStyle()), as_markdown(report, RenderStyle())):
        said = written.partition('<script type="application/json">')[0].partition("diagnose-report")[0]
        assert "阿里云企业邮箱" in said
        assert "aliyun-qiye" not in said
