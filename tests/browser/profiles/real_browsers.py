"""Real browsers, started on a profile in its usual place and driven by their own remote control."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from .made import HOST
from .site import OTHER, PATIENCE, Site

CHROMIUM, FIREFOX = "/usr/bin/chromium", "/usr/bin/firefox-esr"


class Driven(Protocol):
    """A browser that does what a test says."""

    def visit(self, url: str) -> str:
        """Open *url*; its title."""

    def wait_for_title(self, title: str) -> None:
        """Wait until a script has set it."""

    def cookies(self) -> str:
        """What scripts of the page see of its cookies."""

    def held_still(self) -> contextlib.AbstractContextManager[None]:
        """Stop all of its processes for a while: they keep their files open and locked, and write nothing."""


Start = Callable[[Path, Site], contextlib.AbstractContextManager[Driven]]


class _Chromium:
    def __init__(self, context: Any, folder: Path) -> None:
        self._page = context.new_page()
        self._folder = folder

    def visit(self, url: str) -> str:
        self._page.goto(url)
        return str(self._page.title())

    def wait_for_title(self, title: str) -> None:
        self._page.wait_for_function(f"document.title === {title!r}", timeout=1000 * PATIENCE)

    def cookies(self) -> str:
        return str(self._page.evaluate("document.cookie"))

    @contextlib.contextmanager
    def held_still(self) -> Iterator[None]:
        with _stopped(_processes_of(self._folder)):
            yield


@contextlib.contextmanager
def chromium(home: Path, site: Site) -> Iterator[Driven]:
    """Chromium, closed in an orderly way at the end."""
    from playwright.sync_api import sync_playwright

    folder = home / ".config" / "chromium"
    arguments = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--disable-quic",
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP {OTHER} 127.0.0.1, MAP * ~NOTFOUND",
        f"--ignore-certificate-errors-spki-list={site.key_hash}",
    ]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, headless=True, args=arguments
        )
        try:
            yield _Chromium(context, folder)
        finally:
            context.close()


class _Firefox:
    def __init__(self, marionette: Any, process: subprocess.Popen[bytes]) -> None:
        self._marionette = marionette
        self._process = process

    def visit(self, url: str) -> str:
        self._marionette.navigate(url)
        return str(self._marionette.title)

    def wait_for_title(self, title: str) -> None:
        until = time.monotonic() + PATIENCE
        while self._marionette.title != title:
            assert time.monotonic() < until, f"still called {self._marionette.title}"
            time.sleep(0.05)

    def cookies(self) -> str:
        return str(self._marionette.execute_script("return document.cookie"))

    @contextlib.contextmanager
    def held_still(self) -> Iterator[None]:
        with _stopped([self._process.pid]):
            yield


@contextlib.contextmanager
def firefox(home: Path, site: Site, name: str = "abcd1234.default-release") -> Iterator[Driven]:
    """Firefox ESR, closed in an orderly way at the end."""
    from marionette_driver.marionette import Marionette

    root = home / ".mozilla" / "firefox"
    profile = root / name
    profile.mkdir(parents=True, exist_ok=True)
    (root / "profiles.ini").write_text(f"[Profile0]\nName={name}\nIsRelative=1\nPath={name}\nDefault=1\n")
    preferences = {
        "marionette.port": "0",
        "network.dns.localDomains": f'"{HOST},{OTHER}"',
        "network.connectivity-service.enabled": "false",
        "network.captive-portal-service.enabled": "false",
        "app.normandy.enabled": "false",
        "services.settings.server": '"data:,#remote-settings-dummy/v1"',
        "browser.safebrowsing.update.enabled": "false",
        # whatever else it wants of the world is sent to a port where nobody listens
        "network.proxy.type": "1",
        "network.proxy.http": '"127.0.0.1"',
        "network.proxy.http_port": "9",
        "network.proxy.ssl": '"127.0.0.1"',
        "network.proxy.ssl_port": "9",
        "network.proxy.no_proxies_on": f'"{HOST},{OTHER}"',
    }
    (profile / "user.js").write_text("".join(f'user_pref("{k}", {v});\n' for k, v in preferences.items()))
    told = profile / "MarionetteActivePort"
    told.unlink(missing_ok=True)
    process = subprocess.Popen(
        [FIREFOX, "--headless", "--marionette", "--remote-allow-system-access", "--profile", str(profile)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: told.exists() and told.read_text().strip().isdigit())
        marionette = Marionette(port=int(told.read_text()))
        marionette.start_session()
        authority = base64.b64encode(ssl.PEM_cert_to_DER_cert(site.authority.cert_pem.bytes().decode())).decode()
        _in_chrome(
            marionette,
            "const certificates = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);"
            "certificates.addCertFromBase64(arguments[0], 'C,,')",
            authority,
        )
        yield _Firefox(marionette, process)
        _in_chrome(marionette, "setTimeout(() => Services.startup.quit(Ci.nsIAppStartup.eAttemptQuit), 0)")
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait(PATIENCE)


def refuse_cookies_in_firefox(browser: Driven, origin: str) -> None:
    """As its settings do for one page."""
    assert isinstance(browser, _Firefox)
    _in_chrome(
        browser._marionette,
        "const page = Services.scriptSecurityManager.createContentPrincipalFromOrigin(arguments[0]);"
        "Services.perms.addFromPrincipal(page, 'cookie', Ci.nsIPermissionManager.DENY_ACTION)",
        origin,
    )


def switch_scripts_off_in_firefox(browser: Driven) -> None:
    """As about:config does for all pages."""
    assert isinstance(browser, _Firefox)
    _in_chrome(browser._marionette, "Services.prefs.setBoolPref('javascript.enabled', false)")


def _in_chrome(marionette: Any, script: str, *arguments: str) -> None:
    with marionette.using_context("chrome"):
        marionette.execute_script(script, arguments)


def _processes_of(folder: Path) -> list[int]:
    """Those that hold the profile: its browser, and what writes its files for it."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"--user-data-dir={folder}" in (entry / "cmdline").read_text().split("\0"):
                found.append(int(entry.name))
    assert found
    return found


@contextlib.contextmanager
def _stopped(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        _until(lambda: all(Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split()[0] == "T" for p in processes))
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def _until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
