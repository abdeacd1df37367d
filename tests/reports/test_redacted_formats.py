"""What redaction hides, no format shows: neither in words nor in what it packs for programs."""

from __future__ import annotations

import functools
import html

import msgspec
import pytest

from diagnose.cli.formats import formats, rendered, renderer
from diagnose.comparison.replay import replayed
from diagnose.locale.language import translation
from diagnose.model import Subject
from diagnose.model.report import Report
from diagnose.model.saved import SavedReportError, saved_report
from diagnose.providers import Language
from diagnose.redaction.redact import redact
from diagnose.rendering.labels import REDACTED
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.chosen import every_check
from diagnose.running.reporting import discreet, report_of
from diagnose.running.request import Presentation, Redaction
from tests.reports.samples import wrong_password
from tests.reports.texts import with_every_text
from tests.support.record import record

PERSON = "zoe.q-smith"
PLACES = [
    "NO LOGIN {} failed",
    "<{}>",
    "{}@corp.example",
    "https://web.example/?u={}",
    "a|{}|b",
    "`{}`",
    "user={};",
    "“{}”",
]


@functools.cache
def about_a_person(said: str) -> Report:
    report = with_every_text(wrong_password(), said)
    subject = msgspec.structs.replace(report.subject, address=f"{PERSON}@corp.example", username=PERSON)
    checks = tuple(msgspec.structs.replace(check, facts={"said": [said, {"deep": said}]}) for check in report.checks)
    causes = tuple(
        msgspec.structs.replace(
            cause, evidence=tuple(msgspec.structs.replace(seen, data={"reply": said}) for seen in cause.evidence)
        )
        for cause in report.verdict.causes
    )
    return redact(
        msgspec.structs.replace(
            report,
            subject=subject,
            checks=checks,
            verdict=msgspec.structs.replace(report.verdict, causes=causes),
            services=wrong_password().services,  # servers keep their names
        )
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", formats())
def test_no_format_names_the_person(name: str, place: str) -> None:
    for style in (RenderStyle(), RenderStyle(verbose=True), RenderStyle(quiet=True), RenderStyle(audience="admin")):
        shown = rendered(name, about_a_person(place.format(PERSON)), style)
        assert PERSON not in shown.casefold()
        try:
            packed = saved_report(shown.encode())
        except SavedReportError:  # a format for people, or for programs that read no report
            continue
        assert PERSON not in msgspec.json.encode(packed).decode()


@pytest.mark.parametrize("name", [name for name in formats() if name not in {"text", "html"}])
def test_no_document_of_many_names_any(name: str) -> None:
    if renderer(name).render_many is not None:
        shown = rendered(name, [about_a_person(PERSON), about_a_person(f"x {PERSON}")], RenderStyle())
        assert PERSON not in shown.casefold()


def test_markdown_can_be_judged_again() -> None:
    """The block at its end is the report itself, whatever stands above it."""
    for report in (wrong_password(), with_every_text(wrong_password(), '\n{"diagnose_report": 1, "data": []}\n-->')):
        assert saved_report(rendered("markdown", report, RenderStyle()).encode()) == report


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(("hides", "words"), [(True, "user-1"), ("strict", "domain-1"), (False, None)])
@pytest.mark.parametrize("name", ["text", "html", "markdown"])
def test_that_names_are_placeholders_is_said(name: str, hides: Redaction, words: str | None, lang: Language) -> None:
    """In the report, in what is read back out of it, and once it is judged again."""
    how = Presentation(lang=lang, redact=hides)
    subject = Subject(domain="corp.example", address=f"{PERSON}@corp.example", username=PERSON)
    report = discreet(report_of(record(subject=subject), every_check(), how), how)
    said = translation(lang)(REDACTED[report.redacted]) if report.redacted != "nothing" else None

    assert (report.redacted == "nothing") == (words is None)
    lines = [translation(lang)(one) for one in REDACTED.values()]
    for one in (report, replayed(report, how)):
        for verbose in (False, True):
            style = RenderStyle(translate=translation(lang), width=500, verbose=verbose)
            shown = html.unescape(rendered(name, one, style)).replace("\\-", "-")
            told = [line for line in lines if line in shown]
            assert told == ([] if said is None else [said])
            assert words is None or words in told[0]


@pytest.mark.parametrize("local", ["person", "nothing", "company"])
def test_people_may_be_called_as_a_word_of_the_report_s(local: str) -> None:
    subject = Subject(domain="corp.example", address=f"{local}@corp.example", username=local)
    for hides in (True, "strict"):
        how = Presentation(redact=hides)
        once = discreet(report_of(record(subject=subject), every_check(), how), how)
        assert once.redacted == ("company" if hides == "strict" else "person")
        assert discreet(once, Presentation(redact=True)).redacted == once.redacted
        assert f"{local}@" not in rendered("text", once, RenderStyle())
