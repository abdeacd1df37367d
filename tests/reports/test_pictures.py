"""A picture among the facts: shown in HTML, base64 in JSON, nowhere in text, gone where names are to be hidden."""

from __future__ import annotations

import base64
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are no dependency here
import msgspec
import pytest

from diagnose.model.picture import pictures
from diagnose.model.report import Report
from diagnose.redaction.redact import redact
from diagnose.rendering.renderer import RenderStyle
from reports import html
from reports import json as json_report
from reports import text as text_report
from tests.reports.samples import check, healthy

DATA = b"\xff\xd8\xff" + bytes(range(256)) * 20
PICTURE = {"media_type": "image/jpeg", "width": 1280, "height": 800, "data": DATA}
ENCODED = base64.b64encode(DATA).decode()


def with_facts(facts: dict[str, Any]) -> Report:
    return msgspec.structs.replace(healthy(), checks=(check("browser.clean", "The page", facts=facts),))


REPORT = with_facts({"title": "Webmail", "screenshot": PICTURE})


def test_the_page_shows_it_and_names_its_check() -> None:
    page = html.render(REPORT, RenderStyle())

    assert page.count("<img ") == 1
    assert f'src="data:image/jpeg;base64,{ENCODED}"' in page
    assert page.count(ENCODED) == 1
    assert "img-src data:" in page


def test_json_keeps_it() -> None:
    plain = json.loads(json_report.render(REPORT, RenderStyle()))

    jsonschema.validate(plain, json.loads(json_report.SCHEMA.read_text(encoding="utf-8")))
    assert plain["checks"][0]["facts"]["screenshot"] == PICTURE | {"data": ENCODED}


def test_text_has_none_of_it() -> None:
    shown = text_report.render(REPORT, RenderStyle(verbose=True))

    assert "Webmail" in shown
    assert ENCODED[:40] not in shown
    assert "\\xff" not in shown


def test_nobody_knows_what_a_picture_shows_so_it_is_hidden() -> None:
    hidden = redact(REPORT)

    assert ENCODED[:40] not in json_report.render(hidden, RenderStyle())
    assert "<img" not in html.render(hidden, RenderStyle())


@pytest.mark.parametrize(
    "facts",
    [
        {"a": PICTURE | {"data": ENCODED}},
        {"a": PICTURE | {"media_type": 'image/svg+xml" onload="x'}},
        {"a": PICTURE | {"data": b""}},
        {"a": "data:image/jpeg;base64," + ENCODED},
        {"a": {"b": {}}},
    ],
)
def test_what_a_server_says_never_becomes_one(facts: dict[str, Any]) -> None:
    """Only bytes are a picture's, and what servers say is text."""
    assert list(pictures(facts)) == []
    assert "<img" not in html.render(with_facts(facts), RenderStyle())
