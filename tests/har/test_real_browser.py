"""Recordings that a real Chromium makes of logins on pages served here, and one that a real nginx turns away."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.commands.command_line import CommandLine
from tests.machine import need

from .recordings import FIELDS, form
from .test_verdicts import sure

pytestmark = pytest.mark.real

CHROMIUM, NGINX = "/usr/bin/chromium", "nginx"
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
SECRET = "Tr0ub4dor&3-zebra"
INBOX = "<title>Inbox</title>" + "<p>A mail about a locked account</p>" * 50
SCRIPT = """<title>Mail</title><form id="f">FIELDS</form><p id="p"></p><script>
document.getElementById("f").onsubmit = async event => {
  event.preventDefault()
  const body = JSON.stringify({user: "alice", password: document.querySelector("[type=password]").value})
  try {
    const answer = await fetch("/api/login", {method: "POST", body, headers: {"Content-Type": "application/json"}})
    if (answer.ok) location = "/inbox"
  } finally { document.getElementById("p").textContent = "over" }
}</script>""".replace("FIELDS", FIELDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    need(**{CHROMIUM: "chromium"})
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield started
        started.close()


@pytest.fixture
def site() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


Visit = Callable[[Any, str], None]
Serve = Callable[[HTTPServer], None]


def type_in(page: Any, address: str) -> None:
    """As a person does."""
    page.goto(address + "/login")
    page.fill("[name=user]", "alice")
    page.fill("[type=password]", SECRET)


def sign_in(page: Any, address: str) -> None:
    """And see what comes back: what is on its way when a page is closed is not recorded."""
    type_in(page, address)
    with page.expect_event("requestfinished", lambda request: request.method == "POST", timeout=60_000):
        page.click("button")
    page.wait_for_load_state()


def sign_in_to_the_inbox(page: Any, address: str) -> None:
    type_in(page, address)
    page.click("button")
    page.wait_for_url("**/inbox", timeout=60_000)


def sign_in_by_script(page: Any, address: str) -> None:
    type_in(page, address)
    page.click("button")
    page.wait_for_function("document.getElementById('p').textContent == 'over'", timeout=60_000)


def look(page: Any, address: str) -> None:
    with contextlib.suppress(Exception):  # Chromium gives up on circles
        page.goto(address + "/inbox")


def blocked(page: Any, address: str) -> None:
    page.route("**/api/login", lambda route: route.abort("blockedbyclient"))
    sign_in_by_script(page, address)


def answering(first: str, *, sets: str = "", message: str = "", status: int = 302) -> Serve:
    """A login page; after the password comes a redirect to the inbox with a cookie, or the page with a message."""

    def login(request: Request) -> Response:
        if request.method == "GET":
            return Response(first, content_type="text/html; charset=utf-8")
        if status == 302:
            return Response(status=302, headers={"Location": "/inbox", "Set-Cookie": sets})
        return Response(form(message), status, content_type="text/html; charset=utf-8")

    def inbox(request: Request) -> Response:
        if "sid" in request.cookies:
            return Response(INBOX, content_type="text/html")
        return Response(status=302, headers={"Location": "/login"})

    def serve(server: HTTPServer) -> None:
        server.expect_request("/login").respond_with_handler(login)
        server.expect_request("/inbox").respond_with_handler(inbox)
        server.expect_request("/api/login").respond_with_json(
            {"success": status < 400, "message": message},
            status=200 if status == 302 else status,
            headers={"Set-Cookie": sets},
        )

    return serve


def circle(server: HTTPServer) -> None:
    server.expect_request("/inbox").respond_with_response(Response(status=302, headers={"Location": "/login"}))
    server.expect_request("/login").respond_with_response(Response(status=302, headers={"Location": "/inbox"}))


GOOD_COOKIE = "sid=0123456789abcdef; Path=/; HttpOnly; SameSite=Lax"
UNSAFE_COOKIE = "sid=0123456789abcdef; SameSite=None"
FOREIGN_COOKIE = "sid=0123456789abcdef; Domain=mail.example"
WRONG, WRONG_IN_CHINESE = "Invalid user name or password", "用户名或密码错误"
SCENARIOS: dict[str, tuple[Serve, Visit, list[str]]] = {
    "a good login": (answering(form(), sets=GOOD_COOKIE), sign_in_to_the_inbox, []),
    "a good login by script": (answering(SCRIPT, sets=GOOD_COOKIE), sign_in_to_the_inbox, []),
    "a circle": (circle, look, ["web.redirect-loop"]),
    "a refused cookie": (answering(form(), sets=UNSAFE_COOKIE), sign_in, ["browser.cookies-blocked"]),
    "a foreign cookie": (answering(form(), sets=FOREIGN_COOKIE), sign_in, ["browser.cookies-blocked"]),
    "a wrong password": (answering(form(), message=WRONG, status=200), sign_in, ["credentials.rejected"]),
    "the same in Chinese": (answering(form(), message=WRONG_IN_CHINESE, status=200), sign_in, ["credentials.rejected"]),
    "a server error": (answering(SCRIPT, message="error", status=500), sign_in_by_script, ["web.login-page-down"]),
    "a blocked call": (answering(SCRIPT), blocked, ["browser.blocked-from-browser"]),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_recorded_login(browser: Any, site: HTTPServer, command: CommandLine, tmp_path: Path, name: str) -> None:
    serve, visit, causes = SCENARIOS[name]
    serve(site)
    site.expect_request("/favicon.ico").respond_with_data("", status=404)
    context = browser.new_context(record_har_path=tmp_path / "login.har")
    visit(context.new_page(), site.url_for("").rstrip("/"))
    context.close()
    done = command("har", str(tmp_path / "login.har"), "--format", "json", "--sanitize", str(tmp_path / "clean.har"))
    again = command("har", str(tmp_path / "clean.har"), "--format", "json")

    assert (done.code, sure(done.json)[:1]) == (len(causes), causes)
    assert again.json["verdict"] == done.json["verdict"]
    for secret in (SECRET, SECRET[:6], "0123456789abcdef", "alice", "locked account"):
        assert secret not in (tmp_path / "clean.har").read_text("utf-8")


def test_too_many_cookies_for_nginx(browser: Any, command: CommandLine, tmp_path: Path) -> None:
    """Eight kilobytes of them are too many by nginx's own defaults."""
    need(**{NGINX: "nginx-light"})
    with _nginx(tmp_path) as address:
        context = browser.new_context(record_har_path=tmp_path / "login.har")
        context.add_cookies([{"name": f"old{n}", "value": "x" * 3000, "url": address} for n in range(4)])
        context.new_page().goto(address + "/login")
        context.close()
    done = command("har", str(tmp_path / "login.har"), "--format", "json")

    assert (done.code, sure(done.json)) == (1, ["browser.stale-cookies"])


@contextlib.contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; "
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 'ok'; }} }} }}\n"
    )
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
