"""`diagnose browser` without an address: the page asks for it, as the command line would take it."""

from __future__ import annotations

import html
import json
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from diagnose.selftest.conversation import Conversation, Matter, MisreadError
from diagnose.selftest.server import LARGEST_REQUEST, application, serving

from .conftest import SelfTest, Webmail
from .test_accessibility import RULES
from .test_server import ANSWER, HERE, PORT, learns_nothing
from .test_server import Browser as Client

Start = Callable[..., SelfTest]


def take_up(typed: str | None) -> Matter:
    """As the command does, of few words."""
    if typed is None:
        return Matter()
    if "@corp.example" not in typed:
        raise MisreadError(f"“{typed}” will not do", "alice@corp.example" if typed == "alice" else None)
    return Matter(name=typed, pages_expected=True)


@pytest.fixture
def client() -> Client:
    """A browser before which the page lies that asks."""
    talk = Conversation(str, take_up=take_up)
    return Client(application(talk, PORT, lang="en", translate=str).test_client(), talk).opened()


def words_of(client: Client, path: str = "") -> str:
    return client.mine(path).get_data(as_text=True)


# -- what the server makes of it


def test_the_page_asks_and_goes_on_with_what_it_was_told(client: Client) -> None:
    assert 'name="matter"' in words_of(client)
    assert client.talk.answer is None  # nothing of the browser is kept before
    answer = client.mine("matter", method="POST", data={"matter": "alice@corp.example"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "./")
    assert "alice@corp.example" in words_of(client)
    assert 'type="password"' not in words_of(client)


def test_what_is_wrong_is_told_where_it_was_typed(client: Client) -> None:
    shown = client.mine("matter", method="POST", data={"matter": "alice"}).get_data(as_text=True)

    assert "“alice” will not do" in shown
    assert 'value="alice"' in shown
    assert 'aria-invalid="true"' in shown
    assert "Yes, take alice@corp.example" in shown
    client.mine("matter", method="POST", data={"matter": "alice", "instead": "alice@corp.example"})
    assert client.talk.matter.name == "alice@corp.example"


def test_the_browser_alone_needs_no_address(client: Client) -> None:
    client.mine("matter", method="POST", data={"matter": "half an addr", "alone": "yes"})

    assert (client.talk.unasked, client.talk.matter) == (False, Matter())
    assert "This browser" in words_of(client)


def test_an_address_can_be_changed_until_the_check_begins(client: Client) -> None:
    client.mine("matter", method="POST", data={"matter": "alice@corp.example"})
    client.mine("answer", method="POST", json=ANSWER)
    assert client.mine("ask-again", method="POST").status_code == 303
    assert (client.talk.unasked, client.talk.answer) == (True, None)
    client.mine("matter", method="POST", data={"matter": "bob@corp.example"})
    client.mine("begin", method="POST")
    client.mine("ask-again", method="POST")
    client.mine("matter", method="POST", data={"matter": "carol@corp.example"})

    assert client.talk.matter.name == "bob@corp.example"


def test_who_was_named_on_the_command_line_is_not_asked_for() -> None:
    talk = Conversation(str, Matter(name="alice@corp.example"))
    client = Client(application(talk, PORT, lang="en", translate=str).test_client(), talk).opened()
    client.mine("ask-again", method="POST")
    client.mine("matter", method="POST", data={"matter": "bob@corp.example"})

    assert talk.matter.name == "alice@corp.example"
    assert "ask-again" not in words_of(client)


@pytest.mark.parametrize(("path", "method"), [("reach", "GET"), ("answer", "POST"), ("begin", "POST")])
def test_nothing_is_carried_out_before(client: Client, path: str, method: str) -> None:
    assert learns_nothing(client.mine(path, method=method, json=ANSWER if method == "POST" else None))
    assert client.talk.progress.phase == "waiting"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("{seat}/matter", {"Origin": "https://evil.example"}),
        ("{seat}/matter", {"Origin": "null"}),
        ("{seat}/matter", {"Host": "evil.example"}),
        ("wrong/matter", {}),
        ("{seat}/ask-again", {"Origin": "https://evil.example"}),
    ],
)
def test_a_stranger_names_nobody(client: Client, path: str, headers: dict[str, str]) -> None:
    asked = "/" + path.format(seat=client.talk.seat)
    host = headers.get("Host", f"127.0.0.1:{PORT}")
    answer = client.ask(asked, method="POST", host=host, headers=headers, data={"matter": "eve@corp.example"})

    assert learns_nothing(answer)
    assert client.talk.unasked


def test_without_an_origin_nobody_is_named(client: Client) -> None:
    path = f"/{client.talk.seat}/matter"
    assert learns_nothing(client.client.post(path, base_url=HERE, data={"matter": "eve@corp.example"}))
    assert client.talk.unasked


@pytest.mark.parametrize(
    "typed",
    [
        '"><script>alert(1)</script>', "]]>", "a\r\nSet-Cookie: x=y", "|", "\u202egnp.exe", "\x1b[31m", "{name}",
        "{0}", "%s", "'" * 1000, "@" * 10_000,
    ],
)  # fmt: skip
def test_whatever_is_typed_is_only_text(client: Client, typed: str) -> None:
    answer = client.mine("matter", method="POST", data={"matter": typed})
    shown = answer.get_data(as_text=True)

    assert answer.status_code == 200
    assert "<script>alert" not in shown
    assert "Set-Cookie" not in answer.headers
    assert len(shown) < 40_000
    assert client.talk.unasked


def test_what_is_larger_than_any_address_is_refused(client: Client) -> None:
    assert learns_nothing(client.mine("matter", method="POST", data={"matter": "a" * (LARGEST_REQUEST + 1)}))


# -- what the command makes of it


class Reader:
    """A person's browser that runs no script: it fetches, and sends forms."""

    def __init__(self, test: SelfTest) -> None:
        self.here = test.here
        with urllib.request.urlopen(test.address, timeout=60) as page:
            self.seat, self.words = page.url, page.read().decode()

    def send(self, path: str, **fields: str) -> str:
        asked = urllib.request.Request(
            self.seat + path, data=urllib.parse.urlencode(fields).encode(), headers={"Origin": self.here}
        )
        with urllib.request.urlopen(asked, timeout=60) as page:
            return html.unescape(page.read().decode())

    def answer(self) -> None:
        asked = urllib.request.Request(
            f"{self.seat}answer?clock={time.time()}",
            data=json.dumps({"scripts": True, "cookies": True}).encode(),
            headers={"Origin": self.here},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.status == 200


def wrong(page: str) -> str:
    """What the page says is wrong."""
    found = re.search(r'id="wrong".*?<bdi>(.*?)</bdi>', page, re.DOTALL)
    return found[1] if found else ""


def test_it_is_taken_as_the_command_line_takes_it(self_test: Start) -> None:
    reader = Reader(self_test("--no-login"))
    told = {
        "alice@qq": "has no dot after the @; did you mean alice@qq.com?",
        "alice@@corp.example": "holds more than one @; did you mean alice@corp.example?",
        "alice": "“alice” is neither a mailbox address nor a mail domain",
        "": "Type your mail address first, or check this browser alone.",
        "https://user:secret@webmail.corp.example/": "may not hold a user name",
        "ftp://webmail.corp.example/": "begins with https:// / http://",
    }
    for typed, words in told.items():
        shown = wrong(reader.send("matter", matter=typed))
        assert words in shown
        assert "secret" not in shown

    page = reader.send("matter", matter="mailto:“Alice” <ａlice@corp.example>")
    assert wrong(page) == ""
    assert "<bdi>alice@corp.example</bdi>" in page


def test_a_login_page_will_do_and_is_looked_for_in_the_browser(self_test: Start, webmail: Webmail) -> None:
    test = self_test("--ca-file", str(webmail.ca_file))
    reader = Reader(test)
    assert f"<bdi>{webmail.url}</bdi>" in reader.send("matter", matter=f" {webmail.url} ")
    with urllib.request.urlopen(reader.seat + "reach", timeout=60) as frame:
        assert webmail.url in frame.read().decode()
    reader.answer()
    reader.send("begin")
    report = test.report()

    assert report["subject"]["domain"] == "127.0.0.1"  # as it was typed
    assert [service["protocol"] for service in report["services"]] == ["webmail"]


def test_the_browser_alone_is_nobody(self_test: Start) -> None:
    """Neither the page nor any format takes this computer's own name for somebody's domain."""
    test = self_test()
    reader = Reader(test)
    reader.send("matter", alone="yes")
    reader.answer()
    reader.send("begin")
    report = test.report()

    assert report["subject"] == {"address": None, "domain": "", "username": None, "provider": None}
    assert [check["id"] for check in report["checks"]] == ["browser.self-test"]
    assert "localhost" not in json.dumps(report)


def test_a_password_is_asked_for_once_it_is_known_whose(self_test: Start) -> None:
    reader = Reader(self_test("--password-in-page"))
    assert 'type="password"' not in reader.words
    assert wrong(reader.send("matter", matter="corp.example")) == "A login test needs a mailbox address."
    page = reader.send("matter", matter="alice@corp.example")

    assert 'type="password"' in page
    assert "Password of alice@corp.example" in page


def test_who_opens_the_page_and_types_nothing_is_told_apart_from_who_never_came(self_test: Start) -> None:
    test = self_test("--wait", "2")
    Reader(test)
    out, err = test.process.communicate(timeout=60)

    assert "Nothing was entered in the page within 2 seconds." in err.decode()
    assert json.loads(out)["verdict"]["exit_code"] == test.process.returncode == 3


def test_an_interrupt_while_it_asks_ends_it(self_test: Start) -> None:
    test = self_test()
    Reader(test)
    test.process.send_signal(signal.SIGINT)
    out, err = test.process.communicate(timeout=60)

    assert test.process.returncode == 130
    assert (out, b"Traceback" in err) == (b"", False)


# -- in a real browser


@pytest.mark.real
@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(chromium: Browser, width: int, scheme: Any) -> None:
    with serving(Conversation(str, take_up=take_up), lang="en", translate=str) as address:
        page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto(address)
        for typed in (None, "alice"):
            if typed:
                page.fill("#matter", typed)
                page.keyboard.press("Enter")
                page.wait_for_selector("#wrong")
                page.wait_for_load_state()  # its words are there before its styles are
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


@pytest.mark.real
def test_the_keyboard_alone_leads_to_the_report(chromium: Browser, self_test: Start, tmp_path: Path) -> None:
    """On a phone's width, from the empty field to the saved report, which is masked as any."""
    test = self_test("--redact", "--skip", "dns", "--timeout", "5", "--resolver", "127.0.0.1:1", "--no-third-party")
    page: Page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto(test.address)
    assert page.evaluate("document.activeElement.id") == "matter"
    page.keyboard.type("alice@corp")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong")
    page.wait_for_selector("#matter:focus")
    assert page.get_attribute("#wrong", "role") == "alert"
    page.keyboard.type(".example")
    page.keyboard.press("End")
    page.keyboard.press("Control+A")
    page.keyboard.type("alice@corp.example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#browser:not(.looking)")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "begin":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/report", timeout=60_000)
    saved = {}
    for link in page.locator(".download").all():
        with page.expect_download() as waiting:
            link.press("Enter")
        saved[Path(waiting.value.suggested_filename).suffix] = Path(waiting.value.path()).read_text("utf-8")
    page.close()
    report = test.report()

    assert json.loads(saved[".json"])["checks"] == report["checks"]
    assert "download=" not in saved[".html"]
    assert all("alice" not in words for words in saved.values())


@pytest.mark.real
def test_without_scripts_it_asks_and_hands_out_all_the_same(chromium: Browser, self_test: Start) -> None:
    test = self_test()
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(test.address)
    page.click("[name=alone]")
    page.wait_for_url("**/report", timeout=60_000)
    with page.expect_download() as waiting:
        page.locator(".download").first.click()
    assert waiting.value.suggested_filename.endswith(".html")
    context.close()

    assert test.causes() == {"browser.javascript-off": "confirmed"}


def test_a_desktop_that_keeps_what_programs_say_learns_nothing(self_test: Start, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    test = self_test("--page-only", "--report", str(file), "--no-login", "--only", "address")
    reader = Reader(test)
    reader.send("matter", matter="alice@corp.example")
    reader.answer()
    reader.send("begin")
    out, err = test.process.communicate(timeout=60)

    assert (out, b"alice" in err) == (b"", False)
    assert test.process.returncode == json.loads(file.read_text("utf-8"))["verdict"]["exit_code"]
