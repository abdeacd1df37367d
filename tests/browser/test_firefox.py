"""The self-test in a real Firefox: what it finds where something is wrong, and nothing where nothing is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from marionette_driver.by import By
from marionette_driver.errors import MarionetteException
from marionette_driver.marionette import Marionette

from tests.machine import one_of

from .conftest import SelfTest, Webmail

Start = Callable[..., SelfTest]
OLD = "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0"
BLOCKED: dict[str, Any] = {
    "network.proxy.type": 1,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 1,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.allow_hijacking_localhost": True,
}
PAC: dict[str, Any] = {
    "network.proxy.type": 2,
    "network.proxy.autoconfig_url": "data:application/x-ns-proxy-autoconfig,"
    "function FindProxyForURL(url, host) { return host == '127.0.0.1' ? 'DIRECT' : 'PROXY 127.0.0.1:1'; }",
    "network.proxy.allow_hijacking_localhost": True,
}
SILENT = {
    "services.settings.server": "data:,",
    "app.normandy.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
"""No word to anybody but the test."""
PATIENCE = 120.0

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    # a file of its own, which Marionette removes first: root has none of /dev/null afterwards
    log = tmp_path_factory.mktemp("firefox") / "gecko.log"
    browser = Marionette(bin=one_of("firefox-esr", "firefox"), headless=True, port=0, gecko_log=str(log), prefs=SILENT)
    browser.start_session({"acceptInsecureCerts": True})
    browser.timeout.page_load = PATIENCE
    yield browser
    browser.quit()


@pytest.fixture
def preferring(firefox: Any) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Sets preferences until the end of the test."""
    touched: set[str] = set()

    def prefer(preferences: dict[str, Any]) -> None:
        touched.update(preferences)
        firefox.set_prefs(preferences)

    yield prefer
    for name in touched:
        firefox.clear_pref(name)


def until(seen: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if seen():
                return
        except MarionetteException:  # between two pages
            pass
        time.sleep(0.1)
    pytest.fail(f"not seen: {what}")


def use(firefox: Any, test: SelfTest, typing: Callable[[Any], None] | None = None) -> dict[str, str]:
    """Open the page, type, start, see the report; the causes found."""
    firefox.navigate(test.address)
    for row in ("#browser", "#webmail"):
        until(lambda row=row: not firefox.find_elements(By.CSS_SELECTOR, f"{row}.looking"), f"{row} settled")  # type: ignore[misc]  # a default is how a lambda remembers
    if typing:
        typing(firefox.find_element(By.ID, "field"))
    firefox.find_element(By.ID, "begin").click()
    until(lambda: firefox.get_url().endswith("/report"), "the report")
    return test.causes()


def about(webmail: Webmail, host: str = "127.0.0.1") -> tuple[str, ...]:
    return (webmail.url.replace("127.0.0.1", host), "--ca-file", str(webmail.ca_file))


def test_a_healthy_browser_has_no_cause(firefox: Any, webmail: Webmail, self_test: Start) -> None:
    assert use(firefox, self_test(*about(webmail)), lambda field: field.send_keys("Correct-Horse 7!")) == {}


@pytest.mark.parametrize(
    ("preferences", "host", "expected"),
    [
        ({"network.cookie.cookieBehavior": 2}, "127.0.0.1", "browser.cookies-blocked"),
        (BLOCKED, "localhost", "browser.blocked-from-browser"),
        (PAC, "localhost", "browser.blocked-from-browser"),
        ({"general.useragent.override": OLD}, "127.0.0.1", "browser.outdated"),
    ],
    ids=["cookies blocked", "page blocked", "page blocked by a PAC file", "old"],
)
def test_what_is_wrong_is_confirmed(
    firefox: Any,
    preferring: Callable[[dict[str, Any]], None],
    webmail: Webmail,
    self_test: Start,
    preferences: dict[str, Any],
    host: str,
    expected: str,
) -> None:
    preferring(preferences)

    assert use(firefox, self_test(*about(webmail, host))) == {expected: "confirmed"}


def test_without_javascript(
    firefox: Any, preferring: Callable[[dict[str, Any]], None], webmail: Webmail, self_test: Start
) -> None:
    preferring({"javascript.enabled": False})
    test = self_test(*about(webmail))
    firefox.navigate(test.address)
    until(lambda: firefox.get_url().endswith("/report"), "the report")
    headline = firefox.find_element(By.CSS_SELECTOR, "h1 .headline").text
    report = test.report()

    assert "JavaScript" in headline
    (cause,) = report["verdict"]["causes"]
    assert (cause["id"], cause["certainty"], cause["impact"]) == ("browser.javascript-off", "confirmed", "blocks")
    assert any("about:config" in step for remedy in cause["remedies"] for step in remedy["steps"])


def caps_lock(field: Any) -> None:
    field.marionette.execute_script(
        """document.getElementById("field").dispatchEvent(
            new KeyboardEvent("keydown", {key: "A", modifierCapsLock: true, bubbles: true}))"""
    )


@pytest.mark.parametrize(
    ("typing", "certainty"),
    [(caps_lock, "likely"), (lambda field: field.send_keys("ｐａｓｓ"), "confirmed")],
    ids=["caps lock", "full width"],
)
def test_odd_typing(
    firefox: Any, webmail: Webmail, self_test: Start, typing: Callable[[Any], None], certainty: str
) -> None:
    assert use(firefox, self_test(*about(webmail)), typing) == {"browser.input-method": certainty}


def test_a_private_window_is_known_as_one(
    firefox: Any, preferring: Callable[[dict[str, Any]], None], self_test: Start
) -> None:
    """And is no fault."""
    found = []
    for private in (False, True):
        preferring({"browser.privatebrowsing.autostart": private})
        test = self_test()
        handle = firefox.open(type="window", private=private)["handle"]
        try:
            firefox.switch_to_window(handle)
            firefox.navigate(test.address)
            firefox.find_element(By.NAME, "alone").click()
            until(lambda: firefox.find_elements(By.CSS_SELECTOR, "#browser:not(.looking)"), "the browser's row")
            firefox.find_element(By.ID, "begin").click()
            until(lambda: firefox.get_url().endswith("/report"), "the report")
            report = test.report()
        finally:
            firefox.close()
            firefox.switch_to_window(firefox.window_handles[0])
        assert report["verdict"]["status"] == "healthy"
        found += [
            check["facts"]["answer"]["private_mode"] for check in report["checks"] if check["id"] == "browser.self-test"
        ]

    assert found == [False, True]
