"""The page of a run over many in a real browser: for everybody, on paper, and its filter and sorting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from diagnose.rendering.renderer import RenderStyle
from reports.fleet_page import render_fleet
from tests.fleet.scenery import fleet

from .test_accessibility import RULES

pytestmark = pytest.mark.real


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    file = tmp_path / "fleet.html"
    file.write_text("".join(render_fleet(*fleet(), RenderStyle())), "utf-8")
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    errors = list[str]()
    opened.on("console", lambda message: errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(file.as_uri())
    yield opened
    assert errors == []  # the policy forbids nothing that the page wants
    context.close()


def test_for_everybody_and_on_paper(page: Page, tmp_path: Path) -> None:
    """WCAG 2.2 AA by axe-core, all that is folded opened; and a narrow screen scrolls the table alone."""
    page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
    found = Axe().run(page, options=RULES).response["violations"]
    assert found == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    badge = page.locator("tbody tr .badge").first.bounding_box()
    assert badge is not None
    assert badge["x"] + badge["width"] <= 360  # what a row ended in is seen without scrolling
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_it_filters_and_sorts(page: Page) -> None:
    """Each row opens its report."""

    def lines() -> list[str]:
        return page.locator("tbody tr:visible td:first-child").all_inner_texts()

    page.get_by_role("button", name="Line").click()
    assert lines() == ["2", "3", "4", "5", "6", "7", "10"]  # as numbers
    page.get_by_role("button", name="Line").click()
    assert lines()[0] == "10"
    page.get_by_role("searchbox").fill("corp.example BERLIN")
    assert lines() == ["2"]
    assert page.locator(".filter output").inner_text() == "1 / 7"
    page.locator("tbody tr:visible summary").click()
    assert page.locator("tbody tr:visible ol li").first.is_visible()


def test_a_healthy_row_opens_to_something_too(page: Page) -> None:
    """When it was looked at, and where."""
    row = page.locator("tbody tr", has_text="dave@other.example")
    row.locator("summary").click()
    told = row.locator("details").inner_text()
    assert "2026-03-02 08:15 UTC" in told
    assert "imap.corp.example" in told
