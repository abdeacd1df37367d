"""The self-test in a real Chromium: what it finds where something is wrong, and nothing where nothing is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route

from diagnose.lab.account import Account
from diagnose.lab.estate import Estate
from diagnose.lab.scenario import SCENARIOS
from diagnose.selftest.server import REFUSAL
from tests.machine import one_of

from .conftest import QUIET, SelfTest, Webmail

Start = Callable[..., SelfTest]
OLD = "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.90 Safari/537.36"

pytestmark = pytest.mark.real


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that trusts the company's authority, as the program does."""
    made = chromium.new_context(ignore_https_errors=True)
    made.set_default_timeout(60_000)  # milliseconds; machines that test are busy
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def about(webmail: Webmail) -> tuple[str, ...]:
    return (webmail.url, "--ca-file", str(webmail.ca_file))


def use(page: Page, test: SelfTest, typing: Callable[[Page], None] | None = None) -> dict[str, str]:
    """Open the page, type, start, see the report; the causes found."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(test.address)
    page.wait_for_selector("#browser:not(.looking)")
    if page.query_selector("#webmail"):
        page.wait_for_selector("#webmail:not(.looking)")
    if typing:
        page.focus("#field")
        typing(page)
    page.click("#begin")
    page.wait_for_url("**/report")
    assert page.locator("h1 .headline").inner_text()
    assert faults == []
    return test.causes()


def test_a_healthy_browser_has_no_cause(page: Page, webmail: Webmail, self_test: Start) -> None:
    test = self_test(*about(webmail))
    found = use(page, test, lambda page: page.keyboard.type("Correct-Horse 7!"))

    assert found == {}


def test_without_an_address_only_the_browser_is_looked_at(page: Page, self_test: Start) -> None:
    test = self_test()
    page.goto(test.address)
    page.click("[name=alone]")
    page.wait_for_selector("#browser:not(.looking)")
    page.click("#begin")
    page.wait_for_url("**/report")
    report = test.report()

    assert report["verdict"]["status"] == "healthy"
    assert [check["id"] for check in report["checks"]] == ["browser.self-test"]
    answer = next(c["facts"]["answer"] for c in report["checks"] if c["id"] == "browser.self-test")
    assert answer["cookies"] is answer["local_storage"] is answer["indexed_db"] is answer["service_workers"] is True
    assert abs(answer["clock_ahead_seconds"]) < 10
    assert answer["languages"][0] == "en-US"
    assert answer["third_party_cookies"] is not None


def test_a_report_that_is_there_at_once_is_not_lost(page: Page, self_test: Start) -> None:
    """A form is led on to the report by way of the page without scripts; a script that followed would take it."""
    test = self_test()
    page.goto(test.address)
    page.click("[name=alone]")
    page.wait_for_selector("#browser:not(.looking)")
    seat = page.url

    def late(route: Route) -> None:
        """The page has its answer when the report is there."""
        answer = route.fetch(max_redirects=0)
        for _ in range(600):
            if page.request.get(seat + "progress").json()["phase"] == "finished":
                break
            time.sleep(0.05)
        route.fulfill(response=answer)

    page.route("**/begin", late)
    page.evaluate("document.querySelector('#begin').click()")
    page.wait_for_url("**/report")

    assert test.report()["verdict"]["status"] == "healthy"


def test_blocked_cookies(playwright: Playwright, webmail: Webmail, self_test: Start, tmp_path: Path) -> None:
    profile = tmp_path / "profile" / "Default"
    profile.mkdir(parents=True)
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(preferences), "utf-8")
    context = playwright.chromium.launch_persistent_context(
        profile.parent, executable_path=one_of("chromium", "chromium-browser"), args=QUIET, ignore_https_errors=True
    )
    try:
        test = self_test(*about(webmail))
        page = context.new_page()
        page.goto(test.address)
        page.wait_for_selector("#cookies.fail")
        page.click("#begin")
        page.wait_for_url("**/report")
        report = test.report()
    finally:
        context.close()

    (cause,) = report["verdict"]["causes"]
    assert (cause["id"], cause["certainty"], cause["impact"]) == ("browser.cookies-blocked", "confirmed", "blocks")
    assert any("On-device site data" in step for remedy in cause["remedies"] for step in remedy["steps"])


def test_without_javascript(chromium: Browser, webmail: Webmail, self_test: Start) -> None:
    context = chromium.new_context(java_script_enabled=False)
    try:
        test = self_test(*about(webmail))
        page = context.new_page()
        page.goto(test.address)
        page.wait_for_url("**/report", timeout=60_000)
        headline = page.locator("h1 .headline").inner_text()
    finally:
        context.close()

    assert "JavaScript" in headline
    assert test.causes() == {"browser.javascript-off": "confirmed"}


def test_a_page_that_only_the_browser_does_not_reach(
    playwright: Playwright, webmail: Webmail, self_test: Start
) -> None:
    host = webmail.url.removeprefix("https://").rstrip("/")
    page_url = webmail.url.replace("127.0.0.1", "localhost")
    browser = playwright.chromium.launch(
        executable_path=one_of("chromium", "chromium-browser"),
        args=[*QUIET, f"--host-resolver-rules=MAP localhost:{host.partition(':')[2]} 127.0.0.1:1"],
    )
    try:
        page = browser.new_context(ignore_https_errors=True).new_page()
        found = use(page, self_test(page_url, "--ca-file", str(webmail.ca_file)))
    finally:
        browser.close()

    assert found == {"browser.blocked-from-browser": "confirmed"}


def test_an_old_browser(context: BrowserContext, page: Page, webmail: Webmail, self_test: Start) -> None:
    session = context.new_cdp_session(page)
    brands = [{"brand": brand, "version": "60"} for brand in ("Google Chrome", "Chromium")]
    metadata: dict[str, object] = dict.fromkeys(("platform", "platformVersion", "architecture", "model"), "")
    metadata |= {"mobile": False, "brands": brands}
    session.send("Emulation.setUserAgentOverride", {"userAgent": OLD, "userAgentMetadata": metadata})

    found = use(page, self_test(*about(webmail)))

    assert found == {"browser.outdated": "confirmed"}


def caps_lock(page: Page) -> None:
    """As a keyboard with caps lock on: playwright knows no such key, so the event says what it would say."""
    page.evaluate(
        """() => document.getElementById("field").dispatchEvent(
            new KeyboardEvent("keydown", {key: "A", modifierCapsLock: true, bubbles: true}))"""
    )


def full_width(page: Page) -> None:
    page.keyboard.insert_text("ｐａｓｓ")


def invisible(page: Page) -> None:
    page.keyboard.insert_text("pass\u200bword")


def composition(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "mima", "selectionStart": 4, "selectionEnd": 4})
    session.send("Input.insertText", {"text": "密码"})


def sentences(page: Page) -> None:
    for part in ("你好", "，世界！", "\u3000می\u200cخواهم"):
        page.keyboard.insert_text(part)


@pytest.mark.parametrize(
    ("typing", "expected"),
    [
        (sentences, {}),
        (caps_lock, {"browser.input-method": "likely"}),
        (full_width, {"browser.input-method": "confirmed"}),
        (invisible, {"browser.input-method": "confirmed"}),
    ],
)
def test_odd_typing(
    page: Page, webmail: Webmail, self_test: Start, typing: Callable[[Page], None], expected: dict[str, str]
) -> None:
    assert use(page, self_test(*about(webmail)), typing) == expected


def test_an_input_method_alone_is_only_a_hint(page: Page, webmail: Webmail, self_test: Start) -> None:
    test = self_test(*about(webmail))
    assert use(page, test, composition) == {}


def test_nothing_that_is_typed_leaves_the_page(page: Page, webmail: Webmail, self_test: Start) -> None:
    """Neither in what is sent nor in how long it is."""
    sent: list[tuple[str, str | None]] = []
    page.on("request", lambda request: sent.append((request.url, request.post_data)))
    lengths = []
    for word in ("ｑ", "ｑｗｅｒｔｙ"):
        sent.clear()
        use(page, self_test(*about(webmail)), lambda page, word=word: page.keyboard.insert_text(word))  # type: ignore[misc]  # a default is how a lambda remembers
        assert not any(word in f"{url} {body}" or "qwerty" in f"{url} {body}" for url, body in sent)
        (answer,) = [body for url, body in sent if "/answer" in url and body and "full_width" in body]
        lengths.append(len(answer))

    assert lengths[0] == lengths[1]


def test_a_second_browser_is_turned_away(chromium: Browser, page: Page, self_test: Start) -> None:
    test = self_test()
    page.goto(test.address)
    page.click("[name=alone]")
    page.wait_for_selector("#browser:not(.looking)")
    other = chromium.new_context()
    try:
        answer = other.new_page().goto(test.address)
        assert answer is not None
        assert (answer.status, answer.text()) == (403, REFUSAL)
        answer = other.new_page().goto(page.url)
        assert answer is not None
        assert (answer.status, answer.text()) == (403, REFUSAL)
    finally:
        other.close()
    page.click("#begin")
    page.wait_for_url("**/report")


def test_a_page_that_is_left_open_goes_on_when_the_program_waits_no_longer(page: Page, self_test: Start) -> None:
    test = self_test("--wait", "8")
    page.goto(test.address)
    page.click("[name=alone]")
    page.focus("#field")  # which stops the page's own clock
    page.wait_for_url("**/report")

    assert test.causes() == {}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with Estate(SCENARIOS["healthy"]) as built:
        yield built


def for_estate(playwright: Playwright, estate: Estate) -> Browser:
    """A browser whose names lead to the estate, as the company's own DNS would have it."""
    return playwright.chromium.launch(
        executable_path=one_of("chromium", "chromium-browser"),
        args=[*QUIET, "--host-resolver-rules=MAP *.example 127.0.0.1"],
    )


@pytest.mark.parametrize(("word", "found"), [(None, {}), ("guessed-badly", {"credentials.rejected": "confirmed"})])
def test_the_whole_diagnosis_from_the_page(
    playwright: Playwright,
    estate: Estate,
    self_test: Start,
    monkeypatch: pytest.MonkeyPatch,
    word: str | None,
    found: dict[str, str],
) -> None:
    """With the password typed into the page's own field for it; the report follows in the browser."""
    log_in, shown = Account.log_in, threading.Event()

    def slowly(self: Account, *args: Any, **more: Any) -> bool:
        """Once the page has shown what is being checked."""
        shown.wait(60)
        return log_in(self, *args, **more)

    monkeypatch.setattr(Account, "log_in", slowly)
    browser = for_estate(playwright, estate)
    try:
        page: Any = browser.new_context(ignore_https_errors=True).new_page()
        test = self_test(estate.address, "--webmail", str(estate.webmail_url), "--resolver", estate.resolver,
                         "--ca-file", str(estate.ca_file), "--no-third-party", "--password-in-page")  # fmt: skip
        page.goto(test.address)
        page.wait_for_selector("#webmail.pass")
        page.fill("#password", word or estate.password)
        page.click("#begin")
        page.wait_for_selector("#checks .check")
        shown.set()
        page.wait_for_url("**/report")
        seen = page.content()
        report = test.report()
    finally:
        browser.close()

    sure = {c["id"]: c["certainty"] for c in report["verdict"]["causes"] if c["certainty"] != "possible"}
    assert sure == found
    assert (word or estate.password) not in json.dumps(report)
    assert estate.address in seen


def test_the_whole_diagnosis_without_javascript(playwright: Playwright, estate: Estate, self_test: Start) -> None:
    """A form and pages that load themselves anew are enough."""
    browser = for_estate(playwright, estate)
    try:
        page = browser.new_context(ignore_https_errors=True, java_script_enabled=False).new_page()
        test = self_test(estate.address, "--webmail", str(estate.webmail_url), "--resolver", estate.resolver,
                         "--ca-file", str(estate.ca_file), "--no-third-party", "--password-in-page")  # fmt: skip
        page.goto(test.address)
        page.wait_for_url("**/plain")
        page.fill("#password", estate.password)
        page.click("button")
        page.wait_for_url("**/report")
        report = test.report()
    finally:
        browser.close()

    assert {c["id"] for c in report["verdict"]["causes"] if c["certainty"] != "possible"} == {"browser.javascript-off"}
    assert report["verdict"]["status"] == "problem"  # though mail programs get in: the webmail page is shut
    assert any(check["id"].startswith("login.") and check["status"] == "pass" for check in report["checks"])
    assert estate.password not in json.dumps(report)
