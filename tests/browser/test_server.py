"""The self-test's server: what a stranger gets (nothing), and what the page itself may tell."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from diagnose.model.browsing import BrowserAnswer, Reaching
from diagnose.selftest.conversation import Conversation, Matter
from diagnose.selftest.server import COOKIE, LARGEST_REQUEST, MOST_CONNECTIONS, REFUSAL, application, serving
from tests.machine import NOTHING_THERE
from tests.pace import patient, within

PORT = 4711
HERE = f"http://127.0.0.1:{PORT}"
ANSWER = {"scripts": True, "languages": ["en"]}
SECRET = "correct horse"


@pytest.fixture
def talk() -> Conversation:
    talk = Conversation(str, Matter(name="alice@corp.example", pages_expected=True, password_wanted=True))
    talk.pages = ("https://webmail.corp.example/",)
    return talk


class Browser:
    """A browser that has opened the page; without *cookies* it keeps none."""

    def __init__(self, client: FlaskClient, talk: Conversation) -> None:
        self.client, self.talk = client, talk

    def ask(self, path: str, *, method: str = "GET", host: str = f"127.0.0.1:{PORT}", **more: Any) -> TestResponse:
        headers = {"Host": host} | more.pop("headers", {})
        if method == "POST":
            headers = {"Origin": HERE} | headers
        return self.client.open(path, method=method, headers=headers, base_url=HERE, **more)

    def mine(self, path: str = "", **more: Any) -> TestResponse:
        return self.ask(f"/{self.talk.seat}/{path}", **more)

    def opened(self) -> Browser:
        assert self.ask(f"/start/{self.talk.token}").status_code == 303
        return self


@pytest.fixture
def browser(talk: Conversation) -> Browser:
    app = application(talk, PORT, lang="en", translate=str)
    return Browser(app.test_client(), talk)


@pytest.fixture
def without_cookies(talk: Conversation) -> Browser:
    app = application(talk, PORT, lang="en", translate=str)
    return Browser(app.test_client(use_cookies=False), talk)


def said(answer: TestResponse) -> Any:
    """The JSON of *answer*."""
    assert answer.status_code == 200
    return json.loads(answer.get_data())


def learns_nothing(answer: TestResponse) -> bool:
    """The same bare answer whatever was asked for."""
    telling = {"Set-Cookie", "Access-Control-Allow-Origin", "Location"} & set(answer.headers.keys())
    return answer.status_code == 403 and answer.get_data(as_text=True) == REFUSAL and not telling


# -- strangers


@pytest.mark.parametrize(
    "path",
    ["/", "/start/", "/start/wrong", "/favicon.ico", "/wrong/", "/wrong/progress", "/third-party/wrong", "/%00/"],
)
def test_a_wrong_or_missing_token_learns_nothing(browser: Browser, path: str) -> None:
    assert learns_nothing(browser.ask(path))
    assert browser.opened().talk.answer is None


def test_before_the_token_is_exchanged_not_even_the_seat_counts(browser: Browser) -> None:
    assert learns_nothing(browser.mine())


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"localhost:{PORT}", f"127.1:{PORT}", ""],
)
def test_a_name_that_was_made_to_point_here_learns_nothing(browser: Browser, host: str) -> None:
    """DNS rebinding: the browser believes that the foreign page is its own host's."""
    assert learns_nothing(browser.ask(f"/start/{browser.talk.token}", host=host))
    browser.opened()
    assert learns_nothing(browser.mine("progress", host=host))
    assert learns_nothing(browser.mine("answer", method="POST", host=host, json=ANSWER))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", f"http://localhost:{PORT}"])
def test_a_foreign_page_learns_nothing(browser: Browser, origin: str) -> None:
    browser.opened()
    assert learns_nothing(browser.mine("progress", headers={"Origin": origin}))
    assert learns_nothing(browser.mine("answer", method="POST", headers={"Origin": origin}, json=ANSWER))
    assert browser.talk.answer is None


def test_what_changes_something_has_to_say_where_it_comes_from(browser: Browser) -> None:
    browser.opened()
    answer = browser.client.post(f"/{browser.talk.seat}/begin", base_url=HERE, data={"password": SECRET})

    assert learns_nothing(answer)
    assert browser.talk.password is None


def test_the_token_is_good_once(browser: Browser, without_cookies: Browser) -> None:
    browser.opened()
    assert learns_nothing(without_cookies.ask(f"/start/{without_cookies.talk.token}"))


def test_once_the_cookie_came_back_the_address_alone_is_not_enough(browser: Browser, without_cookies: Browser) -> None:
    """A second client, which found the page's address somewhere."""
    assert browser.opened().mine().status_code == 200
    assert learns_nothing(without_cookies.mine())
    assert learns_nothing(without_cookies.mine("report"))
    assert learns_nothing(without_cookies.mine("progress", headers={"Cookie": f"{COOKIE}=wrong"}))


def test_strangers_are_told_apart_by_nothing(browser: Browser) -> None:
    """Wrong path, wrong method, wrong seat, wrong host: one answer."""
    browser.opened()
    answers = [
        browser.ask("/x"),
        browser.ask("/x/", method="PUT"),
        browser.ask("/", method="OPTIONS"),
        browser.ask("/x/report"),
        browser.mine(host="a.example"),
    ]
    headers = [{name: value for name, value in one.headers.items() if name != "Date"} for one in answers]

    assert all(map(learns_nothing, answers))
    assert all(one == headers[0] for one in headers)


def test_a_foreign_page_cannot_read_the_other_sites_answer(browser: Browser) -> None:
    path, host = f"/third-party/{browser.talk.foreign}", f"localhost:{PORT}"

    assert learns_nothing(browser.ask(path, host=host))
    assert learns_nothing(browser.ask(path, host=host, headers={"Origin": "https://evil.example"}))
    assert learns_nothing(browser.ask(path, headers={"Origin": HERE}))
    asked = browser.ask(path, host=host, headers={"Origin": HERE})
    assert (said(asked), asked.headers["Access-Control-Allow-Origin"]) == (False, HERE)


# -- the page


def test_without_cookies_the_page_works_by_its_address(without_cookies: Browser) -> None:
    page = without_cookies.opened()
    assert page.mine().status_code == 200
    assert said(page.mine("answer", method="POST", json=ANSWER))["cookies"] is False

    assert page.talk.answer is not None
    assert page.talk.answer.cookies is False


def test_a_cookie_that_comes_back_is_told(browser: Browser) -> None:
    seen = said(browser.opened().mine("answer", method="POST", json=ANSWER))

    assert seen["cookies"] is True
    assert browser.talk.answer is not None
    assert browser.talk.answer.languages == ("en",)


@pytest.mark.parametrize("clock", ["", "?clock=", "?clock=noon", "?clock=nan", "?clock=inf", "?clock=-1e300"])
def test_a_clock_that_is_not_told_is_not_wrong(browser: Browser, clock: str) -> None:
    assert said(browser.opened().mine("answer" + clock, method="POST", json=ANSWER))["clock_ahead_seconds"] is None


def test_headers_and_clock_are_taken_from_the_request(browser: Browser) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"
    seen = said(browser.opened().mine(
        f"answer?clock={time.time() + 3600}", method="POST", json=ANSWER | {"user_agent": "x", "cookies": False},
        headers={"User-Agent": agent},
    ))  # fmt: skip

    assert seen["browser"].endswith("Firefox 60")
    assert seen["too_old"] is True
    assert seen["cookies"] is True
    assert 3590 < seen["clock_ahead_seconds"] < 3610
    assert browser.talk.answer is not None
    assert browser.talk.answer.user_agent == agent


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"scripts": "yes"}', b'{"scripts": true, "typed": "secret"}',
        b'{"scripts": true, "typing": ["letters"]}', b'{"scripts": true, "languages": ["' + b"x" * 41 + b'"]}',
        b'{"scripts": true, "reaching": [{"url": "https://a.example/"}]}', b"\xff\xfe", b"9" * (LARGEST_REQUEST + 1),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(browser: Browser, body: bytes) -> None:
    browser.opened()

    assert learns_nothing(browser.mine("answer", method="POST", data=body))
    assert browser.talk.answer is None


def test_nothing_is_reached_for_but_what_was_asked(browser: Browser) -> None:
    browser.opened().mine("answer", method="POST", json=ANSWER)
    fits = [{"url": "https://webmail.corp.example/", "page": "failed", "image": "no_answer"}]

    assert learns_nothing(browser.mine("reaching", method="POST", json=[fits[0] | {"url": "https://evil.example/"}]))
    assert browser.mine("reaching", method="POST", json=fits).status_code == 204
    assert browser.talk.answer is not None
    assert browser.talk.answer.reaching == (msgspec.convert(fits[0], Reaching),)
    assert said(browser.mine("progress"))["reached"] == "failed"


def test_the_password_is_taken_once_and_shown_nowhere(browser: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    page = browser.opened()
    page.mine("answer", method="POST", json=ANSWER)
    page.mine("begin", method="POST", data={"password": SECRET})
    page.mine("begin", method="POST", data={"password": "another"})

    assert page.talk.password is not None
    assert page.talk.password.reveal() == SECRET
    shown = [page.mine(path).get_data(as_text=True) for path in ("", "plain", "progress", "reach")]
    assert not any(SECRET in words for words in (*shown, *capfd.readouterr()))


def test_no_password_is_taken_that_was_not_asked_for() -> None:
    talk = Conversation(str, Matter(name="alice@corp.example", pages_expected=True))
    page = Browser(application(talk, PORT, lang="en", translate=str).test_client(), talk).opened()
    page.mine("begin", method="POST", data={"password": SECRET})

    assert page.talk.password is None
    assert 'type="password"' not in page.mine().get_data(as_text=True)


def test_every_page_has_a_strict_policy(browser: Browser) -> None:
    page = browser.opened()
    page.talk.report = "<p>done"
    for path in ("static/selftest.js", "static/selftest.css", "progress", "reach", "report"):
        answer = page.mine(path)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200
        assert policy.startswith("default-src 'none'")
        assert "unsafe-eval" not in policy
        assert re.search(r"script-src (?!'self';)", policy) is None
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        answer.close()
    assert page.talk.collected.is_set()


def test_only_the_frame_may_reach_other_hosts(browser: Browser) -> None:
    page = browser.opened()

    assert "https:" not in page.mine().headers["Content-Security-Policy"]
    assert "connect-src https:" in page.mine("reach").headers["Content-Security-Policy"]


def test_names_from_outside_are_only_text() -> None:
    name = '"><script>alert(1)</script>@corp.example'
    talk = Conversation(str, Matter(name=name, pages_expected=True, password_wanted=True))
    talk.pages = ("https://a.example/</script><script>alert(1)</script>",)
    page = Browser(application(talk, PORT, lang="en", translate=str).test_client(), talk).opened()

    for path in ("", "plain", "reach"):
        assert "<script>alert" not in page.mine(path).get_data(as_text=True)


def test_static_files_are_those_of_the_page_alone(browser: Browser) -> None:
    browser.opened()

    for path in ("static/../server.py", "static/%2e%2e/server.py", "static//etc/passwd", "static/none.js"):
        assert browser.mine(path).status_code == 403


def test_without_script_the_page_ends_with_the_report(browser: Browser) -> None:
    """What a browser does that runs no scripts: it loads the style in noscript, follows the refresh, sends a form."""
    page = browser.opened()
    assert "without-script.css" in page.mine().get_data(as_text=True)
    page.mine("without-script.css")
    assert page.talk.answer == BrowserAnswer(scripts=False, user_agent=page.talk.answer.user_agent, cookies=True)  # type: ignore[union-attr]
    assert "JavaScript is switched off" in page.mine("plain").get_data(as_text=True)
    assert page.mine("begin", method="POST", data={"password": ""}).headers["Location"] == "plain"
    assert "refresh" in page.mine("plain").get_data(as_text=True)
    page.talk.report = "<p>done"
    assert page.mine("plain").headers["Location"] == "report"
    assert page.mine("report").get_data() == b"<p>done"


def test_what_comes_after_the_beginning_is_too_late(browser: Browser) -> None:
    page = browser.opened()
    page.mine("answer", method="POST", json=ANSWER)
    page.mine("begin", method="POST")
    page.mine("answer", method="POST", json=ANSWER | {"languages": ["fr"]})

    assert page.talk.answer is not None
    assert page.talk.answer.languages == ("en",)


# -- over a socket


@pytest.fixture
def served(talk: Conversation) -> Iterator[urllib.parse.SplitResult]:
    with serving(talk, lang="en", translate=str) as address:
        yield urllib.parse.urlsplit(address)


def asked(port: int, *lines: str) -> tuple[bytes, bytes]:
    """Head and body of what answers these request lines."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def test_whoever_holds_many_connections_keeps_nobody_else_away(served: urllib.parse.SplitResult) -> None:
    """Each would have its thread, and its file descriptor, of which the diagnosis needs some, too."""
    port, before = served.port or 0, threading.active_count()
    with contextlib.ExitStack() as stack:
        silent = []
        for _ in range(3 * MOST_CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            connection.sendall(b"GET / HTTP/1.1\r\n")
            silent.append(connection)
        head, _body = asked(port, f"GET {served.path} HTTP/1.1", f"Host: 127.0.0.1:{port}")

        assert b" 303 " in head.partition(b"\r\n")[0]
        for shut in silent[: 2 * MOST_CONNECTIONS]:
            with contextlib.suppress(ConnectionError):
                assert shut.recv(1) == b""
        end = time.monotonic() + patient(5)
        while threading.active_count() > before + MOST_CONNECTIONS + 1:  # a thread ends a moment after its connection
            assert time.monotonic() < end
            time.sleep(0.01)


def test_over_the_wire(served: urllib.parse.SplitResult, talk: Conversation) -> None:
    port = served.port or 0
    host = f"Host: 127.0.0.1:{port}"
    refused = [
        asked(port, f"GET {served.path} HTTP/1.1", "Host: evil.example"),
        asked(port, f"GET {served.path} HTTP/1.1"),
        asked(port, "GET /start/wrong HTTP/1.1", host),
        asked(port, f"GET {served.path} HTTP/1.1", host, "Origin: https://evil.example"),
        asked(port, "GET / HTTP/1.1", host),
    ]
    assert all(head.startswith(b"HTTP/1.1 403") and body == REFUSAL.encode() for head, body in refused)
    assert not any(b"Python" in head or b"Werkzeug" in head for head, _ in refused)

    head, _body = asked(port, f"GET {served.path} HTTP/1.1", host)
    assert head.startswith(b"HTTP/1.1 303")
    assert b"HttpOnly" in head
    assert b"SameSite=Strict" in head
    second, body = asked(port, f"GET {served.path} HTTP/1.1", host)
    assert (second.split(b"\r\n")[0], body) == (b"HTTP/1.1 403 FORBIDDEN", REFUSAL.encode())
    _head, body = asked(port, f"GET /{talk.seat}/progress HTTP/1.1", host)
    assert json.loads(body)["phase"] == "waiting"


def test_only_this_computer_can_connect(served: urllib.parse.SplitResult) -> None:
    assert served.hostname == "127.0.0.1"
    with pytest.raises(OSError, match=NOTHING_THERE), socket.socket(socket.AF_INET6) as other:
        other.connect(("::1", served.port))


def test_a_client_that_says_nothing_holds_up_nobody(served: urllib.parse.SplitResult) -> None:
    with socket.create_connection(("127.0.0.1", served.port or 0), timeout=60), within(2):
        asked(served.port or 0, "GET / HTTP/1.1", f"Host: 127.0.0.1:{served.port}")


# -- waiting


def test_nobody_comes() -> None:
    talk = Conversation(str, Matter())
    began = time.monotonic()
    with within(1.5, waits=0.3):
        talk.wait(0.3)

    assert time.monotonic() - began > 0.25
    assert talk.answer is None


def test_a_person_who_came_and_did_nothing_more_is_not_waited_for_longer(browser: Browser) -> None:
    browser.opened().mine("answer", method="POST", json=ANSWER)
    browser.talk.wait(0.1)

    assert browser.talk.answer is not None
    assert said(browser.mine("progress"))["phase"] == "running"
