"""The command, a webmail page on loopback, and real browsers to open the self-test with."""

from __future__ import annotations

import http.server
import json
import os
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.machine import one_of
from tests.support import loaded

QUIET = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-quic",
)  # fmt: skip
LOGIN_PAGE = b"<!doctype html><title>Webmail</title><form><input name=user><input name=pass type=password></form>"
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)  # fmt: skip


class Webmail(NamedTuple):
    """A login page, and whom to trust for it."""

    url: str
    ca_file: Path
    authority: trustme.CA
    certificate: trustme.LeafCert


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers break off handshakes as they like."""


class WebmailPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        picture = self.path == "/favicon.ico"
        self.send_response(200)
        self.send_header("Content-Type", "image/gif" if picture else "text/html")
        self.end_headers()
        self.wfile.write(PIXEL if picture else LOGIN_PAGE)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Nothing."""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=one_of("chromium", "chromium-browser"), args=QUIET)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def webmail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webmail]:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "webmail.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = Server(("127.0.0.1", 0), WebmailPage)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    ca_file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Webmail(f"https://127.0.0.1:{server.server_port}/", ca_file, authority, certificate)
    server.shutdown()
    server.server_close()
    thread.join()


def until(page: Page, expression: str) -> None:
    """Wait until *expression* is true; `wait_for_function` has the page evaluate words, which its policy may forbid."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never true: {expression}")


class SelfTest:
    """`diagnose browser`, running until its page has been used."""

    def __init__(self, *arguments: str, home: Path) -> None:
        command = [*loaded.command(), "browser", *arguments, "--no-open", "--format", "json"]
        environment = os.environ | {"LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(home)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        assert self.process.stderr is not None
        told = self.process.stderr.readline().decode()
        match = re.search(r"http://127\.0\.0\.1:\d+/start/\S+", told)
        assert match is not None, told + self.process.stderr.read().decode()
        self.address = match[0]

    @property
    def here(self) -> str:
        """Scheme, host and port."""
        return self.address.partition("/start/")[0]

    def report(self, seconds: float = 120) -> Any:
        """The JSON report, and that the exit code is its own."""
        out, err = self.process.communicate(timeout=seconds)
        assert "Traceback" not in err.decode()
        report = json.loads(out)
        assert self.process.returncode == report["verdict"]["exit_code"]
        return report

    def causes(self) -> dict[str, str]:
        """Cause to certainty."""
        return {cause["id"]: cause["certainty"] for cause in self.report()["verdict"]["causes"]}


@pytest.fixture
def self_test(tmp_path: Path) -> Iterator[Any]:
    """Starts self-tests; what still runs in the end is stopped."""
    running: list[SelfTest] = []

    def start(*arguments: str) -> SelfTest:
        running.append(SelfTest(*arguments, home=tmp_path))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.process.terminate()
        one.process.communicate(timeout=60)
