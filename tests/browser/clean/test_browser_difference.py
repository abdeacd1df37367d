"""What one browser has kept makes it fail, and a clean one works: the difference is the proof."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.browser.automation.pins import public_key_pins
from diagnose.model import Deadline
from diagnose.model.report import Report
from diagnose.network import Network

from .site import FORM, HOST, Site, Visitor, page, script

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("chromium")]


@contextlib.contextmanager
def own_browser(site: Site, profile: Path) -> Iterator[BrowserContext]:
    """The person's own browser, with what it has kept in *profile*."""
    from playwright.sync_api import sync_playwright

    (pin,) = public_key_pins(Network(site.resolver, site.ca_file), [(HOST, site.port)], Deadline(5))
    arguments = [f"--host-resolver-rules=MAP {HOST} 127.0.0.1", f"--ignore-certificate-errors-spki-list={pin}"]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=arguments
        )
        yield context
        context.close()


def root_cause(report: Report) -> tuple[str, str, str]:
    cause = report.verdict.causes[0]
    return cause.id, cause.certainty, cause.impact


def test_a_redirect_loop_with_an_old_cookie_only(tmp_path: Path) -> None:
    def login(visitor: Visitor) -> None:
        if "session_v1=" in visitor.headers.get("Cookie", ""):
            visitor.say("", status=302, headers={"Location": "/"})
        else:
            page(FORM)(visitor)

    with Site({"/": login}) as site:
        with own_browser(site, tmp_path) as browser:
            cookie: Any = {"name": "session_v1", "value": "old", "url": site.url, "expires": 4_000_000_000}
            browser.add_cookies([cookie])
            tab = browser.pages[0]
            with contextlib.suppress(Exception):
                tab.goto(site.url)
            tab.wait_for_selector("#main-message")
            seen = tab.inner_text("body")
        assert "ERR_TOO_MANY_REDIRECTS" in seen

        report = site.diagnosed(seen=(seen,))

    assert root_cause(report) == ("browser.stale-cookies", "likely", "blocks")
    assert "web.redirect-loop" in report.verdict.causes[0].explains
    assert report.verdict.exit_code == 1


def test_a_service_worker_that_serves_an_old_page(tmp_path: Path) -> None:
    """It answers with a page whose script is gone from the server, which sends its front page in place of it."""
    old = "<!DOCTYPE html><title>Webmail</title><script src='/app-1.js'></script>"
    headers = "{headers: {'Content-Type': 'text/html'}}"
    worker = f"""
        self.oninstall = () => self.skipWaiting();
        self.onactivate = event => event.waitUntil(clients.claim());
        self.onfetch = event => {{
          if (event.request.mode == 'navigate') event.respondWith(new Response("{old}", {headers}));
        }};
    """
    registers = """<script>navigator.serviceWorker.register('/worker.js')
        .then(() => navigator.serviceWorker.ready).then(() => document.title = 'Ready')</script>"""
    with Site({"/": page(registers + FORM), "/worker.js": script(worker)}) as site:
        with own_browser(site, tmp_path) as browser:
            tab, errors = browser.pages[0], list[str]()
            tab.goto(site.url)
            tab.wait_for_function("document.title == 'Ready'")
            site.pages = {"/": page(FORM), "/app-1.js": page(FORM), "/worker.js": script(worker)}
            tab.on("pageerror", lambda error: errors.append(str(error)))
            tab.goto(site.url)
            assert tab.locator("input").count() == 0
        assert errors

        report = site.diagnosed(seen=tuple(errors))

    assert root_cause(report) == ("browser.stale-cache", "likely", "blocks")
    assert report.verdict.exit_code == 1
