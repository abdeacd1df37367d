"""The self-test's pages for everybody: WCAG 2.2 AA by axe-core, the keyboard alone, and narrow screens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from diagnose.model.browsing import BrowserAnswer
from diagnose.selftest.conversation import Conversation, Matter
from diagnose.selftest.server import serving

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
RUNNING = {
    "phase": "running",
    "reached": "answered",
    "reaching_over": True,
    "over": 4,
    "checks": [
        {"title": f"The {state} check of corp.example", "state": state}
        for state in ("pass", "warn", "fail", "error", "running", "planned")
    ],
}

pytestmark = pytest.mark.real


@pytest.fixture
def talk() -> Conversation:
    talk = Conversation(str, Matter(name="alice@corp.example", pages_expected=True, password_wanted=True))
    talk.pages = ()
    return talk


@pytest.fixture
def address(talk: Conversation) -> Iterator[str]:
    with serving(talk, lang="en", translate=str) as address:
        yield address


def started(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#webmail:not(.looking)")


def typed(page: Page, address: str) -> None:
    """What is wrong stands in the page, too."""
    started(page, address)
    page.focus("#field")
    page.keyboard.insert_text("ｐ")
    page.wait_for_selector("#typed.warn")


def running(page: Page, address: str) -> None:
    """A page that is told so by itself needs no click, and no longer has what to click."""
    started(page, address)
    page.route("**/progress", lambda route: route.fulfill(body=json.dumps(RUNNING), content_type="application/json"))
    page.evaluate("document.querySelector('#begin').click()")
    page.wait_for_selector("#checks .running")


def gone(page: Page, address: str) -> None:
    """A page that asks without an answer before it is clicked has already put away what to click."""
    started(page, address)
    page.route("**/progress", lambda route: route.abort())
    page.evaluate("document.querySelector('#begin').click()")
    page.wait_for_selector("#gone:not([hidden])")


def plain(page: Page, address: str) -> None:
    """The page for browsers that run no scripts, in one that does, for axe is a script."""
    page.goto(address)
    page.goto(page.url + "plain")


@pytest.mark.parametrize("reach", [started, typed, running, gone, plain])
def test_nothing_stands_in_anybodys_way(
    chromium: Browser, address: str, talk: Conversation, reach: Callable[[Page, str], None]
) -> None:
    """Light, dark, on a screen and on a phone."""
    page = chromium.new_page()
    reach(page, address)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, f"{scheme} {width}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_keyboard_alone_is_enough(chromium: Browser, address: str, talk: Conversation) -> None:
    page: Any = chromium.new_page()
    started(page, address)
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    page.keyboard.press("Enter")
    page.wait_for_selector("#during:not([hidden])")
    focused = page.evaluate("document.activeElement.id")
    page.close()

    assert order == ["field", "password", "begin"]
    assert focused == "headline"
    assert talk.progress.phase == "running"
    assert isinstance(talk.answer, BrowserAnswer)


def test_who_does_nothing_is_told_and_can_stop_it(chromium: Browser) -> None:
    talk = Conversation(str, Matter())
    with serving(talk, lang="en", translate=str) as address:
        page = chromium.new_page()
        page.goto(address)
        page.wait_for_selector("#soon:not([hidden])")
        page.click("#stay")
        assert page.is_hidden("#soon")
        assert page.evaluate("document.activeElement.id") == "field"
        page.close()

    assert talk.progress.phase == "waiting"
