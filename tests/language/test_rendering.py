"""What people read in each language: every cause, and whole reports of a real run."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from diagnose.cli.lab import request_for
from diagnose.knowledge.catalogue import PLACEHOLDERS, Cause, catalogue, remedies_for
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.locale.language import LANGUAGES, translation
from diagnose.model import Text, text
from diagnose.model.report import Report
from diagnose.providers import Language, provider, provider_facts, provider_ids
from diagnose.rendering.renderer import RenderStyle
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import Presentation
from reports import html
from reports import json as json_report
from reports import text as text_report
from tests.language.catalogues import HAN, TRANSLATED
from tests.pace import patient

SCENARIOS_SHOWN = ("wrong-password", "healthy", "cert-expired")
RUN = {"address": "zoë@corp.example", "domain": "corp.example", "host": "imap.corp.example", "port": "993"}


def sentences(report: Report) -> list[str]:
    """All that a report says in the reader's language."""
    verdict = report.verdict
    said = [verdict.headline, *verdict.unchecked]
    for cause in verdict.causes:
        said += [cause.title, cause.summary, *(seen.text for seen in cause.evidence)]
        said += [step for remedy in cause.remedies for step in remedy.steps]
    for check in report.checks:
        ids = {other.id for other in report.checks}
        why = check.skipped_because
        said += [check.title, *([why] if why and why not in ids else []), *(found.text for found in check.findings)]
    return said


@pytest.fixture(scope="module", params=SCENARIOS_SHOWN)
def scenario(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


@pytest.fixture(scope="module")
def report(scenario: str, language: Language) -> Report:
    with Estate(SCENARIOS[scenario]) as estate:
        request = request_for(estate, seconds=patient(30), presentation=Presentation(lang=language))
        return diagnose(request).report


@pytest.mark.parametrize("chosen", LANGUAGES)
@pytest.mark.parametrize("cause", list(catalogue()), ids=lambda cause: cause.id)
@pytest.mark.parametrize("facts", [{}, RUN, RUN | dict.fromkeys(PLACEHOLDERS, "«»")], ids=["nothing", "run", "all"])
def test_every_cause_is_told_without_a_brace_left(cause: Cause, chosen: Language, facts: dict[str, str]) -> None:
    translate = translation(chosen)
    remedies = remedies_for(cause, facts, translate)
    said = [
        translate(cause.title),
        translate(cause.summary),
        *(step for one in remedies for step in (*one.steps, *one.further)),
    ]

    assert not any(brace in words for words in said for brace in "{}")
    assert all(bool(HAN.search(words)) == (chosen != "en") for words in said if not words.startswith("`"))


@pytest.mark.parametrize("chosen", TRANSLATED)
def test_facts_of_a_provider_come_in_the_language(chosen: Language) -> None:
    """Names of menus and firms stay as they are; what is our own wording does not."""
    for name in provider_ids():
        facts = provider_facts(provider(name), "corp.example", chosen)
        for key in ("username_form", "self_reset_ways"):
            assert not facts.get(key) or HAN.search(facts[key])


def test_a_report_is_in_its_language_throughout(report: Report, language: Language) -> None:
    assert report.lang == language
    assert [words for words in sentences(report) if not HAN.search(words)] == []
    assert not any(brace in words for words in sentences(report) for brace in "{}")


def test_stations_and_phrases_are_in_the_language(report: Report, language: Language) -> None:
    translate = translation(language)
    shown = text_report.render(report, RenderStyle(translate=translate, verbose=True))
    page = html.render(report, RenderStyle(translate=translate))

    assert [station.title for station in report.path if not HAN.search(station.title)] == ["DNS"]
    assert f'<html lang="{language}">' in page
    for phrase in ("Checks", "Servers looked at", "passed"):
        assert translate(phrase) in shown
        assert phrase not in shown
    for phrase in ("The way to the mailbox", "Where this was checked"):
        assert translate(phrase) in page
        assert phrase not in page


def test_names_for_programs_stay_as_they_are(report: Report, language: Language) -> None:
    written = json_report.render(report, RenderStyle(translate=translation(language)))
    back = msgspec.json.decode(written, type=Report)

    assert back.verdict.status == report.verdict.status
    assert all(check.status in {"pass", "warn", "fail", "skip", "error"} for check in back.checks)
    assert all(cause.id.isascii() and cause.certainty.isascii() for cause in back.verdict.causes)
    assert all(check.id.isascii() and check.family.isascii() for check in back.checks)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_columns_stand_straight_in_wide_characters(report: Report, language: Language, width: int) -> None:
    translate = translation(language)
    lines = text_report.render(report, RenderStyle(translate=translate, width=width, verbose=True)).splitlines()
    milliseconds = translate("{number} ms").replace("{number}", "").strip()
    begins = lines.index(translate("Servers looked at")) + 1
    services = lines[begins : begins + len(report.services)]

    assert max(map(cell_len, lines)) <= width
    assert {cell_len(line) for line in lines if line.startswith("  ✓ ") and line.endswith(milliseconds)} == {width}
    if width >= 80:
        columns = {
            cell_len(line[: line.index(f"{service.host}:{service.port}")])
            for line, service in zip(services, report.services, strict=True)
        }
        assert len(columns) == 1


@pytest.mark.parametrize(("chosen", "expected"), [("en", "a, b"), ("zh-Hans", "a、b"), ("zh-Hant", "a、b")])
def test_lists_are_joined_as_the_language_does(chosen: Language, expected: str) -> None:
    assert text("{names}", names=("a", "b")).render(translation(chosen)) == expected


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    outer = Text("{inner}", {"inner": text("none")})

    assert outer.render(translation("zh-Hans")) == translation("zh-Hans")("none") != "none"
