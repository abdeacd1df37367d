"""A request of the self-test's page that is lost on its way is made again: only a program that has ended is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from diagnose.selftest.conversation import Conversation, Matter
from diagnose.selftest.server import serving

pytestmark = pytest.mark.real


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_default_timeout(60_000)  # milliseconds; machines that test are busy
    yield page
    page.close()


def lose(page: Page, what: str, times: int) -> Callable[[], int]:
    """Lose the first *times* requests for *what*; how many were lost."""
    lost: list[str] = []

    def decide(route: Route) -> None:
        if len(lost) < times:
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route(f"**/{what}", decide)
    return lambda: len(lost)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("what", ["begin", "answer?*", "progress", "third-party/*"])
def test_what_was_lost_is_sent_again(page: Page, what: str, times: int) -> None:
    """Whichever it was: what the browser found is shown, and the check begins with the word that was typed."""
    talk = Conversation(str, Matter(name="alice@corp.example", password_wanted=True))
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    with serving(talk, lang="en", translate=str) as address:
        lost = lose(page, what, times)
        page.goto(address)
        page.wait_for_selector("#browser:not(.looking)")
        page.fill("#password", "Correct-Horse 7!")
        page.click("#begin")
        page.wait_for_selector("#during:not([hidden])")
        talk.report = "<title>The report</title>"
        page.wait_for_url("**/report")

    assert lost() == (1 if what == "third-party/*" else times)  # that one tells of the browser, whatever comes
    assert talk.password is not None
    assert talk.password.reveal() == "Correct-Horse 7!"
    assert faults == []


def test_a_page_that_begins_by_itself_begins_though_a_request_was_lost(page: Page) -> None:
    talk = Conversation(str, Matter())
    with serving(talk, lang="en", translate=str) as address:
        lost = lose(page, "begin", 2)
        page.goto(address)
        page.wait_for_selector("#during:not([hidden])")

    assert lost() == 2
    assert talk.progress.phase == "running"


def test_a_program_that_has_ended_is_told_and_what_was_typed_stays(page: Page) -> None:
    """And where it was only out of reach for long, the button works again."""
    talk = Conversation(str, Matter(name="alice@corp.example", password_wanted=True))
    with serving(talk, lang="en", translate=str) as address:
        page.goto(address)
        page.wait_for_selector("#browser:not(.looking)")
        page.fill("#password", "Correct-Horse 7!")
        page.route("**/begin", lambda route: route.abort())
        page.click("#begin")
        page.wait_for_selector("#gone:not([hidden])")
        assert page.input_value("#password") == "Correct-Horse 7!"
        assert page.is_visible("#begin")

        page.unroute("**/begin")
        page.click("#begin")
        page.wait_for_selector("#during:not([hidden])")
        assert page.is_hidden("#gone")
        assert page.input_value("#password") == ""

    assert talk.progress.phase == "running"
