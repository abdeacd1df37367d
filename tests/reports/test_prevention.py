"""What keeps a cause from happening again stands in the catalogue, and in the formats that have room for it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from diagnose.knowledge.catalogue import MOST_PRECAUTIONS, Cause, catalogue
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model import CheckResult, Finding, text
from diagnose.model.report import Report
from diagnose.rendering.renderer import RenderStyle
from diagnose.verdict.compose import compose
from reports.html import render as as_html
from reports.json import render as as_json
from reports.markdown import render as as_markdown
from reports.text import render as as_text
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge, record

IMAP = service()


def found(cause: str, lang: Language = "en") -> Report:
    """The report of a run that found *cause* on a server."""
    proof = catalogue()[cause].proof_names[0]
    finding = Finding(cause=cause, certainty="confirmed", proof=proof, text=text("Seen."))
    row = CheckResult(
        id="login.imap.993", check="login", family="login", title=text("T"), target=IMAP, status="fail", facts=SUBJECT,
        findings=(finding,),
    )  # fmt: skip
    judgement = judge((row,), (IMAP,), catalogue(), CHECKS, login_asked=True)
    return compose(record(services=(IMAP,)), (row,), judgement, catalogue(), CHECKS, lang)


def words(page: str) -> str:
    """*page* without markup, lines and blanks, which formats set by themselves."""
    return re.sub(r"<[^<>\n]*>|\\|\s", "", page)


@pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)
def test_every_cause_says_how_it_is_kept_away(cause: Cause) -> None:
    assert 1 <= len(cause.prevention) <= MOST_PRECAUTIONS
    assert len(set(cause.prevention)) == len(cause.prevention)
    for sentence in cause.prevention:
        assert sentence.endswith(".")
        assert not set("{}`") & set(sentence)
        assert len(sentence.split()) <= 20


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
@pytest.mark.parametrize("cause", ["credentials.rejected", "tls.cert-expired", "lockout.account-locked"])
def test_a_report_says_it_in_the_reader_s_language(cause: str, render: Any, lang: Language) -> None:
    report, translate = found(cause, lang), translation(lang)
    page = words(render(report, RenderStyle(translate=translate, verbose=True)))

    wanted = ["So that it does not happen again", *catalogue()[cause].prevention]
    places = [page.find(words(translate(one))) for one in wanted]
    assert -1 not in places
    assert places == sorted(places)
    assert report.verdict.causes[0].prevention == tuple(map(translate, catalogue()[cause].prevention))


def test_the_machine_readable_report_has_it() -> None:
    (cause,) = json.loads(as_json(found("credentials.expired"), RenderStyle()))["verdict"]["causes"]

    assert cause["prevention"] == list(catalogue()["credentials.expired"].prevention)


def test_a_terminal_shows_it_to_those_alone_who_ask_for_all() -> None:
    assert "So that it does not" not in as_text(found("credentials.rejected"), RenderStyle())


@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
def test_a_cause_of_another_package_may_say_nothing(render: Any) -> None:
    report = found("credentials.rejected")
    (cause,) = report.verdict.causes
    bare = msgspec.structs.replace(cause, prevention=())
    report = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, causes=(bare,)))

    assert "So that it does not" not in render(report, RenderStyle(verbose=True))
