"""What keeps a cause from happening again stands in the catalogue, and in the formats that have room for it."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from diagnose.explain.explain import precautions
from diagnose.knowledge.catalogue import MOST_PRECAUTIONS, Cause, catalogue, precautions_for, prevention_for
from diagnose.locale.language import LANGUAGES, Language, translation
from diagnose.model import CheckResult, Finding, text
from diagnose.model.report import Report
from diagnose.redaction.company import WithoutCompany
from diagnose.rendering.renderer import RenderStyle
from diagnose.verdict.compose import compose
from reports.html import render as as_html
from reports.json import render as as_json
from reports.markdown import render as as_markdown
from reports.text import render as as_text
from tests.support.build import CHECKS, SUBJECT, service
from tests.support.record import judge, record

IMAP = service()


def found(cause: str, lang: Language = "en", provider: str | None = None) -> Report:
    """The report of a run that found *cause* on a server."""
    proof = catalogue()[cause].proof_names[0]
    finding = Finding(cause=cause, certainty="confirmed", proof=proof, text=text("Seen."))
    row = CheckResult(
        id="login.imap.993", check="login", family="login", title=text("T"), target=IMAP, status="fail", facts=SUBJECT,
        findings=(finding,),
    )  # fmt: skip
    judgement = judge((row,), (IMAP,), catalogue(), CHECKS, login_asked=True)
    return compose(record(services=(IMAP,), provider=provider), (row,), judgement, catalogue(), CHECKS, lang)


each_cause = pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)


def words(page: str) -> str:
    """*page* without markup, lines and blanks, which formats set by themselves."""
    return re.sub(r"<[^<>\n]*>|\\|\s", "", page)


@each_cause
def test_every_cause_says_how_it_is_kept_away(cause: Cause) -> None:
    told = prevention_for(cause)

    assert 1 <= len(told) <= MOST_PRECAUTIONS
    assert len(set(told)) == len(told)
    for sentence in told:
        assert sentence.endswith(".")
        assert not set("{}`") & set(sentence)
        assert len(sentence.split()) <= 20


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
@pytest.mark.parametrize("cause", ["credentials.rejected", "tls.cert-expired", "lockout.account-locked"])
def test_a_report_says_it_in_the_reader_s_language(cause: str, render: Any, lang: Language) -> None:
    report, translate = found(cause, lang), translation(lang)
    page = words(render(report, RenderStyle(translate=translate, verbose=True)))

    wanted = ["So that it does not happen again", *prevention_for(catalogue()[cause])]
    places = [page.find(words(translate(one))) for one in wanted]
    assert -1 not in places
    assert places == sorted(places)
    assert report.verdict.causes[0].prevention == prevention_for(catalogue()[cause], translate)


def test_the_machine_readable_report_has_it() -> None:
    (cause,) = json.loads(as_json(found("credentials.expired"), RenderStyle()))["verdict"]["causes"]

    assert cause["prevention"] == list(prevention_for(catalogue()["credentials.expired"]))


def test_a_terminal_shows_it_to_those_alone_who_ask_for_all() -> None:
    assert "So that it does not" not in as_text(found("credentials.rejected"), RenderStyle())


@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
def test_a_cause_of_another_package_may_say_nothing(render: Any) -> None:
    report = found("credentials.rejected")
    (cause,) = report.verdict.causes
    bare = msgspec.structs.replace(cause, prevention=())
    report = msgspec.structs.replace(report, verdict=msgspec.structs.replace(report.verdict, causes=(bare,)))

    assert "So that it does not" not in render(report, RenderStyle(verbose=True))


@each_cause
def test_whoever_has_a_private_mailbox_is_sent_to_no_administrator(cause: Cause) -> None:
    private = prevention_for(cause, traits={"private"})

    assert set(private) <= set(prevention_for(cause))
    assert not [one for one in private if re.search("[Aa]dministrator|company(?!.s mail)|colleague", one)]


@pytest.mark.parametrize(("provider", "told"), [("qq-mail", False), ("tencent-exmail", True), (None, True)])
def test_the_provider_says_which_kind_of_mailbox_it_is(provider: str | None, told: bool) -> None:
    causes = found("credentials.expired", provider=provider).verdict.causes

    assert any("Administrators" in one for one in causes[0].prevention) is told
    assert any("Administrators" in one for one in precautions("credentials.expired", provider=provider)) is told


# -- where nothing is wrong


def worked(lang: Language = "en", provider: str | None = None, *findings: Finding, asked: bool = True) -> Report:
    """The report of a run whose login was accepted."""
    login = (("login", SUBJECT),) if asked else ()
    rows = tuple(
        CheckResult(
            id=f"{check}.imap.993", check=check, family=check, title=text("T"), target=IMAP, facts=facts,
            status="warn" if findings else "pass", usable=True, findings=findings if check == "tls" else (),
        )
        for check, facts in (("reach", SUBJECT), ("tls", SUBJECT), ("server", SUBJECT), *login)
    )  # fmt: skip
    judgement = judge(rows, (IMAP,), catalogue(), CHECKS, login_asked=asked)
    return compose(record(services=(IMAP,), provider=provider), rows, judgement, catalogue(), CHECKS, lang)


def test_a_login_that_works_is_kept_so_in_words_that_causes_say_too() -> None:
    said = {sentence for cause in catalogue() for sentence in prevention_for(cause)}

    assert len(precautions_for()) == MOST_PRECAUTIONS
    assert set(precautions_for()) | set(precautions_for(traits={"no-console"})) <= said


def test_nobody_is_told_of_what_their_own_server_does_not_have() -> None:
    told = precautions_for(traits={"no-console"})

    assert len(told) == MOST_PRECAUTIONS
    assert not [one for one in told if re.search("recovery|records", one)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
@pytest.mark.parametrize("verbose", [False, True])
def test_whoever_can_log_in_reads_how_it_stays_so(render: Any, lang: Language, *, verbose: bool) -> None:
    report, translate = worked(lang), translation(lang)
    page = words(render(report, RenderStyle(translate=translate, verbose=verbose)))

    wanted = ["So that it stays that way", *precautions_for()]
    places = [page.find(words(translate(one))) for one in wanted]
    assert -1 not in places
    assert places == sorted(places)


EXPIRING = Finding(cause="tls.cert-expiring", certainty="likely", text=text("Seen."))


@pytest.mark.parametrize(
    "report",
    [found("credentials.rejected"), worked("en", None, EXPIRING), worked(asked=False)],
    ids=["the login failed", "something hinders", "no login was asked for"],
)
@pytest.mark.parametrize("render", [as_html, as_markdown, as_text])
def test_nobody_else_does(render: Any, report: Report) -> None:
    assert report.verdict.prevention == ()
    assert "So that it stays" not in render(report, RenderStyle(verbose=True))


def test_a_line_for_monitoring_stays_one() -> None:
    assert "So that it stays" not in as_text(worked(), RenderStyle(quiet=True))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("cause", ["credentials.rejected", "lockout.account-locked", "tls.cert-expired"])
def test_what_hides_the_company_leaves_words_of_ours(cause: str, lang: Language) -> None:
    """In every language: Chinese sentences have no blanks by which known words could be told."""
    wrong, fine = found(cause, lang), worked(lang)
    (told,) = wrong.verdict.causes
    (hidden,) = WithoutCompany(wrong).report().verdict.causes

    assert hidden.prevention == told.prevention
    assert [one.shows for one in hidden.commands] == [one.shows for one in told.commands]
    assert WithoutCompany(fine).report().verdict.prevention == fine.verdict.prevention
