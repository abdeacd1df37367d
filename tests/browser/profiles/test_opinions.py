"""What is made of a profile's content: pure, one row a branch."""

from __future__ import annotations

from typing import Any

import pytest

from checks.browser.installed import judge_installed
from checks.browser.stored.holdings import BrowsersFacts, HeldCookies, HeldPage, ProfileFacts, ProfilesFacts, Trial
from checks.browser.stored.installed import InstalledBrowser
from checks.browser.stored.opinions import judge_profiles
from diagnose.knowledge.catalogue import catalogue
from diagnose.model import Failure, Finding, Inputs, Service, Subject

from .made import HOST, NOW, URL

SUBJECT = Subject(domain="corp.example", address="alice@corp.example")
GIVEN = Inputs(subject=SUBJECT, provider=None, services=())
WEBMAIL = Service(protocol="webmail", host=HOST, port=443, tls="implicit", source="option", url=URL)
GUESSED = Service(protocol="webmail", host=HOST, port=443, tls="implicit", source="guess", url=URL)


def held(header_bytes: int = 300, **more: Any) -> HeldCookies:
    usual: dict[str, Any] = {"count": 9, "sent": 9, "header_bytes": header_bytes, "last_used_at": NOW}
    return HeldCookies(**usual | more)


def trial(status: int | None, clean: int | None = 200, failure: Any = None) -> Trial:
    failed = Failure(name=failure, operation="http", text="words") if failure else None
    return Trial(header_bytes=9000, status=status, clean_status=clean, failure=failed)


def profile(browser: str = "firefox", **content: Any) -> ProfileFacts:
    usual: dict[str, Any] = {"browser": browser, "profile": "Default", "cookies": held()}
    return ProfileFacts(**usual | content)


def judged(*profiles: ProfileFacts, target: Service = WEBMAIL, **more: Any) -> list[Finding]:
    usual: dict[str, Any] = {"url": URL, "profiles": profiles, "clean_session_works": True}
    facts = ProfilesFacts(**usual | more)
    return list(judge_profiles(facts, GIVEN, target))


def marked(findings: list[Finding]) -> list[str]:
    marks = {"confirmed": "", "likely": "~", "possible": "?"}
    assert all(f.text.render() and f.cause in catalogue() for f in findings)
    return [f"{f.cause}{marks[f.certainty]}{'/' * f.partial}" for f in findings]


COOKIES, CACHE = "browser.stale-cookies", "browser.stale-cache"


@pytest.mark.parametrize(
    ("one", "more", "causes"),
    [
        (profile(), {}, []),
        (profile(cookies=None), {}, []),
        (profile(cookies=held(3900, count=150, sent=120, expired=30, of_session=40)), {}, []),
        (profile(cookies=held(9000), trial=trial(400)), {}, [COOKIES]),
        (profile(cookies=held(9000), trial=trial(431)), {}, [COOKIES]),
        (profile(cookies=held(9000), trial=trial(494)), {}, [COOKIES]),
        (profile(cookies=held(9000), trial=trial(400, clean=401)), {}, [COOKIES]),
        (profile(cookies=held(9000), trial=trial(200)), {}, []),  # this server takes that many
        (profile(cookies=held(9000), trial=trial(302)), {}, []),
        (profile(cookies=held(9000), trial=trial(503)), {}, [COOKIES + "~"]),
        (profile(cookies=held(9000), trial=trial(403)), {}, [COOKIES + "~"]),
        (profile(cookies=held(9000), trial=trial(429)), {}, [COOKIES + "?"]),  # too many requests, of any size
        (profile(cookies=held(9000), trial=trial(None, failure="timed_out")), {}, [COOKIES + "?"]),
        (profile(cookies=held(9000), trial=trial(None, failure="connection_reset")), {}, [COOKIES + "~"]),
        (profile(cookies=held(9000), trial=trial(400, clean=400)), {}, []),
        (profile(cookies=held(9000), trial=trial(400, clean=None)), {}, []),
        (profile(cookies=held(9000)), {}, [COOKIES + "?"]),
        (profile(cookies=held(9000)), {"clean_session_works": None}, [COOKIES + "?"]),
        (profile(cookies=held(9000)), {"clean_session_works": False}, []),
        (profile(cookies=held(5000)), {}, []),
        (profile(cookies=held(across_domains=1)), {}, [COOKIES + "?"]),
        (profile(cookies=held(across_domains=1, of_login=1)), {}, [COOKIES + "~"]),
        (profile(cookies=held(of_login=1, across_domains=2)), {"clean_session_works": None}, [COOKIES + "?"]),
        (profile(cookies=held(across_domains=1, of_login=1)), {"clean_session_works": False}, []),
        (profile(cookies=held(expired=3)), {}, []),
        (profile(cookies=held(expired=3, expired_of_login=1)), {}, [COOKIES + "?"]),
        (profile(cookies=held(expired=3, sent=0)), {}, [COOKIES + "?"]),
        (profile(cookies=held(expired=3, sent=0)), {"clean_session_works": False}, []),
        (profile(), {"session_complaint": True}, [COOKIES + "~"]),
        (profile(cookies=held(sent=0)), {"session_complaint": True}, []),
        (profile(), {"session_complaint": True, "clean_session_works": None}, []),
        (profile(page=HeldPage(stored_at=NOW, changed=False)), {}, []),
        (profile(page=HeldPage(stored_at=NOW, changed=None)), {}, [CACHE + "?"]),
        (profile(page=HeldPage(stored_at=NOW, changed=True)), {}, [CACHE + "?"]),
        (profile(page=HeldPage(stored_at=NOW, changed=True, gone=2)), {}, [CACHE]),
        (profile(service_workers_gone=1), {}, [CACHE + "~"]),
        (profile(hsts=True, service_worker=True, cached=500), {}, []),
        (profile(cookies_blocked=True), {}, ["browser.cookies-blocked~"]),
        (profile(cookies_blocked=False, javascript_blocked=False), {}, []),
        (profile(javascript_blocked=True), {}, ["browser.javascript-off~"]),
        (profile(javascript_blocked=True), {"scripts": False}, []),
    ],
)  # fmt: skip
def test_one_profile(one: ProfileFacts, more: dict[str, Any], causes: list[str]) -> None:
    assert marked(judged(one, **more)) == causes


def test_a_guessed_page_proves_nothing() -> None:
    large = profile(cookies=held(9000), trial=trial(400))

    assert marked(judged(large, target=GUESSED)) == [COOKIES + "?"]


@pytest.mark.parametrize(("sound", "partial"), [(NOW + 1, True), (NOW - 1, False), (None, False)])
def test_another_browser_used_later_and_sound_means_that_the_way_is_open(sound: float | None, partial: bool) -> None:
    large = profile(cookies=held(9000), trial=trial(400))
    other = profile("chrome", cookies=held(last_used_at=sound))

    (found,) = judged(large, other)
    assert found.partial is partial


def test_two_profiles_with_the_same_fault_are_no_way_out_of_each_other() -> None:
    large = profile(cookies=held(9000), trial=trial(400))
    later = profile("chrome", cookies=held(9500, last_used_at=NOW + 9), trial=trial(400))

    assert not any(found.partial for found in judged(large, later))


def test_the_browser_is_named_and_its_profile_where_it_has_several() -> None:
    blocked = profile("chrome", cookies_blocked=True, profile="Profile 2", browser_version="156.0")
    (alone,) = judged(blocked)
    (among,) = judged(blocked, profile("chrome"))

    assert alone.text.render() == "Google Chrome is set to refuse cookies of the webmail page."
    assert "Google Chrome (profile Profile 2)" in among.text.render()
    assert alone.data == {"browser": "chrome", "profile": "Profile 2", "browser_version": "156.0"}


OLD = InstalledBrowser(browser="chrome", version="70.0.3538.77", engine_version=70, too_old=True)
NEW = InstalledBrowser(browser="firefox", version="153.7.0", engine_version=153)
UNKNOWN = InstalledBrowser(browser="sogou", version="")


@pytest.mark.parametrize(
    ("browsers", "causes"),
    [
        ((), []),
        ((NEW,), []),
        ((UNKNOWN,), []),
        ((OLD,), ["browser.outdated~/"]),
        ((OLD, NEW), ["browser.outdated?/"]),
        ((OLD, UNKNOWN), ["browser.outdated?/"]),
        ((OLD, OLD), ["browser.outdated~/"] * 2),
    ],
)
def test_an_old_browser_never_blocks(browsers: tuple[InstalledBrowser, ...], causes: list[str]) -> None:
    """Which browser the person uses is not known."""
    found = list(judge_installed(BrowsersFacts(browsers=browsers), GIVEN, SUBJECT))

    assert marked(found) == causes
    assert all(f.data["browser_version"] == "70.0.3538.77" for f in found)
