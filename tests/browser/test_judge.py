"""What the answers of a browser are evidence of, and above all what they are not."""

from __future__ import annotations

import msgspec
import pytest

from checks.browser.self_test import BrowserFacts, judge_browser
from checks.network.clock import ClockFacts
from checks.network.reference_clocks import Tick
from checks.web.web import WebFacts
from diagnose.model import Facts, Finding, Inputs, Service, Subject
from diagnose.model.browsing import BrowserAnswer, Oddity, Reached, Reaching
from diagnose.network import Cookie, Hop

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
PAGE = "https://webmail.corp.example/"
SUBJECT = Subject(domain="corp.example", address="alice@corp.example")
WEBMAIL = Service(protocol="webmail", host="webmail.corp.example", port=443, tls="implicit", source="option", url=PAGE)
HEALTHY = BrowserAnswer(
    scripts=True,
    user_agent=AGENT.format(143),
    cookies=True,
    third_party_cookies=False,
    local_storage=True,
    session_storage=True,
    indexed_db=True,
    service_workers=True,
    private_mode=None,
    clock_ahead_seconds=0.1,
    languages=("zh-CN", "en"),
    reaching=(Reaching(url=PAGE, page="answered", image="failed"),),
)


def visit(**last: object) -> WebFacts:
    hop = Hop(url=PAGE, milliseconds=5, **({"status": 200} | last))  # type: ignore[arg-type]  # a test's own words
    return WebFacts(hops=(hop,), loop=False)


def judged(
    answer: BrowserAnswer | None = HEALTHY,
    *,
    web: WebFacts | None = None,
    facts: tuple[Facts, ...] = (),
    chosen_resolver: bool = False,
    **changes: object,
) -> list[Finding]:
    elsewhere = ((WEBMAIL, web or visit()),)
    given = Inputs(subject=SUBJECT, provider=None, services=(WEBMAIL,), facts=facts, elsewhere=elsewhere)
    if answer is not None:
        answer = msgspec.structs.replace(answer, **changes)
    return list(judge_browser(BrowserFacts(answer=answer, chosen_resolver=chosen_resolver), given, SUBJECT))


def named(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.cause, finding.certainty) for finding in findings]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"local_storage": None, "service_workers": False, "private_mode": True, "third_party_cookies": None},
        {"local_storage": False, "session_storage": False, "indexed_db": False},
        {"clock_ahead_seconds": 299.0},
        {"clock_ahead_seconds": None},
        {"languages": ()},
        {"user_agent": "curl/8.5.0"},
        {"user_agent": ""},
        {"user_agent": AGENT.format(80)},
        {"reaching": (Reaching(url=PAGE, page="failed", image="answered"),)},
        {"reaching": ()},
        {"reaching": (Reaching(url="https://other.example/", page="failed", image="failed"),)},
    ],
)
def test_a_browser_without_a_fault_is_never_called_sick(changes: dict[str, object]) -> None:
    assert judged(msgspec.structs.replace(HEALTHY, **changes)) == []


def test_a_page_that_was_not_opened_tells_nothing() -> None:
    assert judged(None) == []


def test_an_old_browser_is_told_by_its_version_and_named() -> None:
    (finding,) = judged(user_agent=AGENT.format(79))

    assert (finding.cause, finding.certainty) == ("browser.outdated", "confirmed")
    assert (finding.data["browser"], finding.data["browser_version"]) == ("chrome", "79")
    assert "79" in finding.text.render()
    assert "80" in finding.text.render()


def test_a_browser_that_tells_its_engine_only_is_named_without_a_version() -> None:
    (finding,) = judged(user_agent=AGENT.format(69) + " QIHU 360SE")

    assert (finding.cause, finding.data["browser"]) == ("browser.outdated", "360")
    assert " ." not in finding.text.render()


def test_settings_that_shut_the_page_are_confirmed() -> None:
    assert named(judged(cookies=False)) == [("browser.cookies-blocked", "confirmed")]
    assert named(judged(scripts=False, reaching=())) == [("browser.javascript-off", "confirmed")]


def test_a_page_that_was_opened_and_left_is_no_proof() -> None:
    assert judged(scripts=None, cookies=None, reaching=()) == []


@pytest.mark.parametrize(
    ("page", "image", "certainty"),
    [("failed", "failed", "confirmed"), ("failed", "no_answer", "likely"), ("no_answer", "failed", "likely")],
)
def test_what_this_program_reaches_and_the_browser_does_not(page: Reached, image: Reached, certainty: str) -> None:
    reaching = (Reaching(url=PAGE, page=page, image=image),)

    assert named(judged(reaching=reaching)) == [("browser.blocked-from-browser", certainty)]
    assert named(judged(reaching=reaching, web=visit(status=503))) == [("browser.blocked-from-browser", certainty)]
    assert named(judged(reaching=reaching, chosen_resolver=True)) == [("browser.blocked-from-browser", "possible")]


def test_a_page_that_is_slow_for_this_program_too_may_only_be_slow() -> None:
    slow = WebFacts(hops=(Hop(url=PAGE, status=200, milliseconds=7000),), loop=False)
    ways: dict[Reached, str] = {"no_answer": "possible", "failed": "likely"}

    for page, certainty in ways.items():
        reaching = (Reaching(url=PAGE, page=page, image="no_answer"),)
        assert named(judged(reaching=reaching, web=slow)) == [("browser.blocked-from-browser", certainty)]


def test_a_page_that_sends_people_round_until_they_keep_its_cookie_proves_little() -> None:
    """The self-test asks without cookies, which such a page never lets through."""
    first = Hop(url=PAGE, status=302, location=PAGE, cookies=(Cookie(name="seen", attributes=()),), milliseconds=5)
    web = WebFacts(hops=(first, Hop(url=PAGE, status=200, milliseconds=5)), loop=False)
    reaching = (Reaching(url=PAGE, page="failed", image="failed"),)

    assert named(judged(reaching=reaching, web=web)) == [("browser.blocked-from-browser", "possible")]


@pytest.mark.parametrize("last", [{"status": None}, {"resource_policy": "same-origin"}])
def test_what_this_program_does_not_reach_either_is_not_the_browsers_fault(last: dict[str, object]) -> None:
    """Nor is a page that forbids all others to fetch it."""
    assert judged(reaching=(Reaching(url=PAGE, page="failed", image="failed"),), web=visit(**last)) == []


@pytest.mark.parametrize(
    ("oddity", "certainty"),
    [
        ("full_width", "confirmed"),
        ("invisible", "confirmed"),
        ("caps_lock", "likely"),
        ("composition", "possible"),
        ("autofill", "possible"),
    ],
)
def test_odd_typing(oddity: Oddity, certainty: str) -> None:
    assert named(judged(typing=(oddity,))) == [("browser.input-method", certainty)]


def test_another_clock_in_the_browser_is_likely_only_where_servers_agree_with_ours() -> None:
    right = (ClockFacts(ticks=(Tick(host="a.example", ahead_seconds=1.0),)),)
    wrong = (ClockFacts(ticks=(Tick(host="a.example", ahead_seconds=7200.0),)),)

    assert named(judged(clock_ahead_seconds=7200.0)) == [("network.clock-skew", "possible")]
    assert named(judged(clock_ahead_seconds=-7200.0, facts=right)) == [("network.clock-skew", "likely")]
    assert named(judged(clock_ahead_seconds=7200.0, facts=wrong)) == [("network.clock-skew", "possible")]
