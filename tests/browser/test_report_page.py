"""The HTML report in a real browser: on paper, on a phone, for everybody, and its buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from diagnose.knowledge.catalogue import catalogue, remedies_for
from diagnose.model.report import Contact, Replay
from diagnose.rendering.renderer import RenderStyle
from reports.html import render
from tests.reports.samples import SAMPLES, wrong_password

from .conftest import until
from .test_accessibility import RULES

PHONE = {"width": 390, "height": 844}
ORDINARY = sorted(set(SAMPLES) - {"hostile"})
JUDGED_AGAIN = Replay(saved_by="0.9.0", judged_by="1.0.0")
CONTACT = Contact(help_desk="IT, ext. 4711, help@corp.example", status_page="https://status.corp.example/")

pytestmark = pytest.mark.real


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a sample from a file, as whoever gets it in a mail does."""
    contexts = []

    def opened(name: str, **seen: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(render(SAMPLES[name](), RenderStyle()), "utf-8")
        context = chromium.new_context(**seen)
        contexts.append(context)
        page = context.new_page()
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ORDINARY)
def test_it_prints_on_two_sheets_of_paper_at_most(opened: Any, name: str) -> None:
    """What only a screen can fold, raw facts above all, is left out."""
    printed = opened(name).pdf(format="A4")
    assert 1 <= len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 2


def test_the_wordiest_causes_print_on_two_sheets_of_paper_at_most(chromium: Browser, tmp_path: Path) -> None:
    """With the steps of everybody, of which the catalogue has more than the samples."""
    page = chromium.new_page()
    report = msgspec.structs.replace(wrong_password(), replay=JUDGED_AGAIN, contact=CONTACT)
    told = {cause.id: remedies_for(cause, {"address": "alice@corp.example"}) for cause in catalogue()}
    wordiest = sorted(told, key=lambda one: -sum(len(w) for r in told[one] for w in (*r.steps, *r.further)))[:4]
    sheets = {}
    for cause in wordiest:
        first = msgspec.structs.replace(report.verdict.causes[0], id=cause, remedies=told[cause])
        verdict = msgspec.structs.replace(report.verdict, causes=(first,))
        file = tmp_path / "report.html"
        file.write_text(render(msgspec.structs.replace(report, verdict=verdict), RenderStyle()), "utf-8")
        page.goto(file.as_uri())
        sheets[cause] = len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4")))
    page.close()
    assert "credentials.rejected" in sheets
    assert max(sheets.values()) <= 2, sheets


@pytest.mark.parametrize("name", ORDINARY)
def test_a_phone_shows_the_first_step_at_once(opened: Any, name: str) -> None:
    page = opened(name, viewport=PHONE)
    steps = page.locator(".cause .steps").first.locator("li").first
    if page.locator(".cause").count():
        box = steps.bounding_box()
        assert box["y"] + box["height"] <= PHONE["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_wider_than_a_narrow_phone(opened: Any, name: str) -> None:
    page = opened(name, viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(opened: Any, name: str, scheme: str) -> None:
    """WCAG 2.2 AA, by axe-core; all that is folded is opened."""
    page = opened(name, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(one["id"], [node["html"][:100] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("clipboard", [True, False])
def test_what_is_to_be_pasted_is_copied(opened: Any, clipboard: bool) -> None:
    """By the Clipboard API or, where a page from a file has none, by the selection."""
    page = opened("wrong_password", permissions=["clipboard-read", "clipboard-write"])
    if not clipboard:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    button = page.locator(".paste .copy")
    button.click()
    until(page, "document.querySelector('.paste .copy').textContent === document.body.dataset.done")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("textarea").focus()
    page.keyboard.press("Control+V")
    pasted = page.locator("textarea").input_value()
    assert pasted == page.locator(".paste pre").text_content()


COPYING = {
    "allowed": "",
    "not there": "Object.defineProperty(navigator, 'clipboard', { value: undefined })",
    "refused": "void (navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')))",
}


@pytest.mark.parametrize("clipboard", COPYING)
def test_who_cannot_see_the_button_hears_that_it_was_copied(opened: Any, clipboard: str) -> None:
    page = opened("wrong_password", permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(COPYING[clipboard])
    page.evaluate(
        """() => { window.heard = []; new MutationObserver(
            () => window.heard.push(document.querySelector('[role=status]').textContent)
        ).observe(document.querySelector('[role=status]'), { childList: true }); }"""
    )
    button = page.locator(".paste .copy")
    assert (
        page.locator("#" + button.get_attribute("aria-describedby")).text_content()
        == page.locator(".paste pre").text_content()
    )
    button.focus()
    page.keyboard.press("Enter")
    until(page, "window.heard.length > 0")
    assert page.evaluate("window.heard[0]") == "Copied"
    assert page.evaluate("document.activeElement.className") == "copy"
    assert page.evaluate("navigator.clipboard ? 1 : 0") == (clipboard != "not there")


def test_where_nothing_can_be_copied_it_is_marked_and_said(opened: Any) -> None:
    page = opened("wrong_password")
    page.evaluate(COPYING["refused"])
    page.evaluate("void (document.execCommand = () => false)")
    page.locator(".paste .copy").click()
    until(page, "document.querySelector('[role=status]').textContent === 'Press Ctrl+C to copy'")
    assert page.evaluate("getSelection().toString().trim()") == page.locator(".paste pre").inner_text().strip()


def test_without_scripts_there_are_no_buttons_and_nothing_is_missed(opened: Any) -> None:
    page = opened("wrong_password", java_script_enabled=False)
    assert page.locator("button").count() == 0
    assert page.locator(".paste pre").is_visible()


def test_the_page_asks_nobody_for_anything(opened: Any) -> None:
    """And its own policy lets all of it work."""
    page = opened("wrong_password")
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    page.locator(".copy").first.click()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


LINES_OF = """([headline, word]) => {
    const found = [];
    const letters = document.createTreeWalker(headline, NodeFilter.SHOW_TEXT);
    const all = [];
    while (letters.nextNode()) {
        for (let i = 0; i < letters.currentNode.length; i++) all.push([letters.currentNode, i]);
    }
    const text = headline.textContent;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        const tops = all.slice(at, at + word.length).map(([node, i]) => {
            const range = document.createRange();
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            return Math.round(range.getBoundingClientRect().top);
        });
        found.push(new Set(tops).size);
    }
    return found;
}"""
"""On how many lines of the headline each occurrence of a word stands."""


@pytest.mark.parametrize(
    ("lang", "headline", "words"),
    [
        ("zh-Hans", "这个域名没有指定邮件服务器，服务器拒绝连接这个端口", ("指定", "服务器", "拒绝", "连接", "端口")),
        ("zh-Hans", "浏览器阻止了登录所需的 Cookie，密码太弱或已泄露", ("浏览器", "登录", "Cookie", "密码", "泄露")),
        ("zh-Hant", "管理員只允許從指定的 IP 位址、地區或時段登入信箱", ("管理員", "允許", "指定", "地區", "登入")),
    ],
)
def test_a_headline_without_blanks_breaks_between_words(
    chromium: Browser, tmp_path: Path, lang: str, headline: str, words: tuple[str, ...]
) -> None:
    """Chinese may break anywhere; whoever reads aloud stumbles over a word in two lines."""
    report = wrong_password()
    told = msgspec.structs.replace(
        report, lang=lang, verdict=msgspec.structs.replace(report.verdict, headline=headline)
    )
    file = tmp_path / "report.html"
    file.write_text(render(told, RenderStyle()), "utf-8")
    lines = dict[str, int]()
    for script in (True, False):
        context = chromium.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.locator(".headline").text_content() == headline
        context.close()
    page = chromium.new_page()
    page.goto(file.as_uri())
    shown = page.locator(".headline").element_handle()
    for width in range(260, 420, 20):
        page.set_viewport_size({"width": width, "height": 800})
        for word in words:
            lines[f"{word} at {width}"] = max(page.evaluate(LINES_OF, [shown, word]))
    page.close()

    assert [one for one, count in lines.items() if count > 1] == []
