"""Profiles that a real Chromium and a real Firefox leave, judged in a whole run against a real nginx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from checks.browser.stored import profiles
from diagnose.account.person import Person
from diagnose.model import Deadline, Subject
from diagnose.model.browsing import Browsing
from diagnose.model.report import Report
from diagnose.planning.selection import Selection
from diagnose.running.diagnosis import diagnose
from diagnose.running.request import NetworkOptions, Presentation, Request
from tests.machine import need
from tests.pace import patient

from ...discovery.nameserver import ScriptedNameserver
from . import made, real_browsers
from .made import HOST
from .real_browsers import Start
from .site import OTHER, OTHER_NAME, Site
from .site import site as serve
from .test_hostile_profiles import tree

pytestmark = pytest.mark.real

PROGRAMS = {"nginx": "nginx-light", "chromium": "chromium", "firefox-esr": "firefox-esr"}
both = pytest.mark.parametrize("start", [real_browsers.chromium, real_browsers.firefox], ids=["chromium", "firefox"])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site. Leaves out the tests where it cannot stand."""
    need(**PROGRAMS)
    with serve(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture(scope="session")
def names() -> Iterator[ScriptedNameserver]:
    """A name server that knows the site."""
    server = ScriptedNameserver({(host, "A"): ["127.0.0.1"] for host in (HOST, OTHER)})
    yield server
    server.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's home folder; nothing else of this computer's browsers is read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


@pytest.fixture
def run(site: Site, names: ScriptedNameserver, home: Path) -> Run:
    """Runs the diagnosis of the webmail page."""
    return Run(site, names, home)


class Run:
    """A diagnosis, and what holds of every one."""

    def __init__(self, site: Site, names: ScriptedNameserver, home: Path) -> None:
        self._site, self._names, self._home = site, names, home

    def __call__(self, path: str = "/", *, seen: tuple[str, ...] = (), redact: bool = False) -> Report:
        before = tree(self._home)
        report = diagnose(
            Request(
                subject=Subject(domain="corp.example"),
                person=Person(browsing=Browsing(profiles=True), seen=seen),
                discovery=self._site.options(path),
                network=NetworkOptions(nameserver=self._names.address, ca_file=self._site.folder / "ca.pem"),
                selection=Selection(only=("web", "browser.installed", "browser.profiles")),
                presentation=Presentation(redact=redact),
            )
        ).report
        text = json.dumps(msgspec.to_builtins(report))
        assert OTHER not in text
        assert OTHER_NAME not in text
        assert "xxxx" not in text, "a value of a cookie is told"
        assert tree(self._home) == before, "the profile was changed"
        assert not [check.id for check in report.checks if check.status == "error"]
        return report


def causes(report: Report) -> list[tuple[str, str, str]]:
    return [(cause.id, cause.certainty, cause.impact) for cause in report.verdict.causes]


def held(report: Report) -> dict[str, object]:
    """The facts about the one profile there is."""
    facts = next(check.facts for check in report.checks if check.id.startswith("browser.profiles"))
    (one,) = facts["profiles"]
    assert one["unread"] == []
    return dict(one)


@both
def test_a_profile_in_everyday_use_is_healthy(start: Start, run: Run, home: Path, site: Site) -> None:
    """With cookies, a service worker, an HSTS pin and a kept copy of a page, for this host and for another."""
    with start(home, site) as browser:
        browser.visit(site.url("/own", OTHER))
        browser.visit(site.url("/few"))
        browser.visit(site.url())
        browser.wait_for_title("ready")
        browser.visit(site.url("/kept/"))
        with browser.held_still():
            before = tree(home)
            running = [
                profiles.read(one, HOST, site.url(), made.NOW, Deadline(patient(20))) for one in profiles.profiles()
            ]
            assert tree(home) == before
        assert len(running) == 1
        assert {one.why for one in running[0].unread} <= {"in_use"}

    report = run()
    assert causes(report) == []
    assert report.verdict.status == "healthy"
    found = held(report)
    cookies = dict(found["cookies"])  # type: ignore[call-overload]  # facts are plain data
    sizes = sum(len(f"c{place}=") + 200 + 2 for place in range(3)) + len("wide=1")
    assert (cookies["count"], cookies["sent"], cookies["expired"]) == (4, 4, 0)
    assert abs(cookies["header_bytes"] - sizes) <= (4 * 8 if cookies["estimated"] else 0)
    assert (found["hsts"], found["service_worker"], found["cookies_blocked"], found["javascript_blocked"]) == (
        True,
        True,
        False,
        False,
    )
    assert isinstance(found["cached"], int)
    assert found["cached"] > 0

    assert causes(run("/kept/")) == [
        ("browser.stale-cache", "possible", "hinders")
    ]  # that it may be kept, by the web check
    site.release(f"{browser.__class__.__name__}.js")
    report = run("/kept/")
    assert causes(report)[0] == ("browser.stale-cache", "confirmed", "blocks")


@both
def test_a_service_worker_that_the_server_no_longer_knows(start: Start, run: Run, home: Path, site: Site) -> None:
    with start(home, site) as browser:
        browser.visit(site.url())
        browser.wait_for_title("ready")
    script = site.folder / "root" / "worker.js"
    kept = script.read_text()
    try:
        script.unlink()
        report = run()
    finally:
        script.write_text(kept)

    assert causes(report) == [("browser.stale-cache", "likely", "blocks")]


@both
def test_cookies_too_large_for_the_server_are_proven(start: Start, run: Run, home: Path, site: Site) -> None:
    """The browser itself gets 400, and so does a header as long as its own."""
    with start(home, site) as browser:
        browser.visit(site.url("/own", OTHER))
        assert browser.visit(site.url()) in {"Login", "ready"}
        browser.visit(site.url("/many"))
        assert browser.visit(site.url()).startswith("400 ")

    report = run()
    assert causes(report) == [("browser.stale-cookies", "confirmed", "blocks")]
    (cause,) = report.verdict.causes
    assert report.verdict.exit_code == 1
    assert any("400" in one.text for one in cause.evidence)

    told = json.dumps(msgspec.to_builtins(run(redact=True)))
    assert str(home) not in told
    assert "abcd1234" not in told


def test_chromium_set_to_refuse_cookies_of_the_page(run: Run, home: Path, site: Site) -> None:
    """The browser obeys the exception as it is read here."""
    profile = home / ".config/chromium/Default"
    profile.mkdir(parents=True)
    made.content_settings(
        profile, content_settings={"exceptions": {"cookies": {f"https://{HOST}:{site.port},*": {"setting": 2}}}}
    )
    with real_browsers.chromium(home, site) as browser:
        browser.visit(site.url("/few"))
        assert browser.cookies() == ""
        browser.visit(site.url("/own", OTHER))
        assert OTHER_NAME in browser.cookies()

    report = run()
    assert causes(report) == [("browser.cookies-blocked", "likely", "blocks")]


def test_firefox_set_to_refuse_cookies_of_the_page_and_scripts_of_all(run: Run, home: Path, site: Site) -> None:
    with real_browsers.firefox(home, site) as browser:
        real_browsers.refuse_cookies_in_firefox(browser, site.url(""))
        browser.visit(site.url("/few"))
        assert browser.cookies() == ""
        browser.visit(site.url("/own", OTHER))
        assert OTHER_NAME in browser.cookies()
        real_browsers.switch_scripts_off_in_firefox(browser)
        assert browser.visit(site.url()) == "Login"

    report = run()
    assert causes(report) == [
        ("browser.cookies-blocked", "likely", "blocks"),
        ("browser.javascript-off", "likely", "blocks"),
    ]
