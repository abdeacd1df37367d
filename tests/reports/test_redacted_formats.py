"""What redaction hides, no format shows: neither in words nor in what it packs for programs."""

from __future__ import annotations

import msgspec
import pytest

from diagnose.cli.formats import formats, rendered, renderer
from diagnose.model.report import Report
from diagnose.model.saved import SavedReportError, saved_report
from diagnose.redaction.redact import redact
from diagnose.rendering.renderer import RenderStyle
from tests.reports.samples import wrong_password
from tests.reports.texts import with_every_text

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
