"""What phones and Outlook speak to a provider, and no check does, is said to those who ask for all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from diagnose.knowledge.catalogue import catalogue
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model import CheckResult, text
from diagnose.model.report import Report
from diagnose.providers import all_providers
from diagnose.rendering.renderer import RenderStyle
from diagnose.verdict.compose import compose
from reports.html import render as as_html
from reports.json import render as as_json
from reports.markdown import render as as_markdown
from reports.text import render as as_text
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge, record

EXCHANGE = ("Exchange ActiveSync", "MAPI", "EWS")
OWN = service(host="mail.corp.example")


def report(provider: str | None, lang: Language = "en", greeting: str = "* OK Ready.") -> Report:
    row = CheckResult(
        id="server.imap.993", check="server", family="server", title=text("T"), target=OWN, status="pass",
        facts=SUBJECT, usable=True, shown={"greeting": greeting},
    )  # fmt: skip
    judgement = judge((row,), (OWN,), catalogue(), CHECKS, login_asked=False)
    return compose(record(services=(OWN,), provider=provider), (row,), judgement, catalogue(), CHECKS, lang)


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("microsoft365", EXCHANGE),
        ("microsoft365-21vianet", EXCHANGE),
        ("exchange-onprem", EXCHANGE),
        ("outlook-com", EXCHANGE[:1]),
        ("zoho", EXCHANGE[:1]),
        ("kerio-connect", EXCHANGE[:1]),
        ("posteo", ()),
        (None, ()),
    ],
)
def test_the_provider_s_file_says_what(provider: str | None, names: tuple[str, ...]) -> None:
    assert report(provider).verdict.untested == names


def test_so_does_the_software_of_a_company_s_own_servers() -> None:
    assert report(None, greeting="* OK The Microsoft Exchange IMAP4 service is ready.").verdict.untested == EXCHANGE
    assert report(None, greeting="* OK Dovecot ready.").verdict.untested == ()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
def test_every_whole_report_says_it(render: Any, lang: Language) -> None:
    page = render(report("microsoft365", lang), RenderStyle(translate=translation(lang), verbose=True))
    bare = render(report("posteo", lang), RenderStyle(translate=translation(lang), verbose=True))

    assert all(name in page and name not in bare for name in EXCHANGE)


def test_the_answer_alone_does_not() -> None:
    assert "ActiveSync" not in as_text(report("microsoft365"), RenderStyle())


def test_programs_read_it() -> None:
    assert json.loads(as_json(report("microsoft365"), RenderStyle()))["verdict"]["untested"] == list(EXCHANGE)


def test_nothing_is_called_untested_that_a_check_speaks() -> None:
    spoken = {"imap", "pop3", "smtp", "jmap", "managesieve"}

    assert [one.id for one in all_providers() if spoken & {name.lower() for name in one.untested}] == []
