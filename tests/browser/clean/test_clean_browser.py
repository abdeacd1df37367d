"""The main job opens local pages in a real Chromium: what it finds, what it bounds, and that it keeps nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.browser.automation.executable import find_executable
from diagnose.model.picture import LARGEST_PICTURE, pictures
from diagnose.model.report import Report
from tests.pace import patient, within

from .site import DOMAIN, FORM, HOST, Site, Visitor, check, page, redirect, script

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("chromium", "nothing_kept")]

LATER = f"setTimeout(() => document.body.innerHTML = '{FORM}', 300)"


def causes(report: Report) -> dict[str, str]:
    return {cause.id: cause.certainty for cause in report.verdict.causes}


def test_a_plain_form_and_nothing_but_what_the_page_names() -> None:
    """Also what the browser would ask for by itself would show: in the name server, and in what is kept out."""
    static, others = f"static.{DOMAIN}", "cdn.example"
    body = f'{FORM}<img src="https://{static}/logo"><script src="https://{others}/a.js"></script>'
    with Site({"/": page(body)}, static, others) as site:
        report = site.diagnosed(third_party=False)

    clean = check(report, "browser.clean")
    assert clean.status == "pass", clean
    assert (clean.facts["status"], clean.facts["url"], clean.facts["title"]) == (200, site.url, "Webmail")
    assert clean.facts["kept_out"] == [others]
    assert {name for name in site.looked_up if name.startswith(("static", "cdn")) or DOMAIN not in name} == {static}
    assert {host for host, _ in site.asked} == {HOST}
    assert site.posted == 0
    assert report.verdict.status == "healthy"
    assert "web.login-page-changed" in {one.id for one in report.verdict.ruled_out}
    (picture,) = pictures(clean.facts)
    assert (picture.width, picture.height) == (1280, 800)
    assert picture.data.startswith(b"\xff\xd8")
    assert len(picture.data) <= LARGEST_PICTURE


def test_neither_the_browser_nor_its_driver_is_told_a_secret(
    nothing_kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this process finds in its environment is not theirs."""
    found = find_executable()
    assert found is not None
    with tempfile.TemporaryDirectory(dir=nothing_kept.parent) as folder:
        for name, program in (("node", _node()), ("chromium", found[1])):
            wrapper = Path(folder, name)
            wrapper.write_text(f'#!/bin/sh\nenv >> {folder}/{name}.env\nexec {program} "$@"\n')
            wrapper.chmod(0o700)
        monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", f"{folder}/node")
        monkeypatch.setenv("PW", "a password")
        monkeypatch.setattr(
            "checks.browser.automation.executable.find_executable", lambda: (found[0], Path(folder, "chromium"))
        )
        with Site({"/": page(FORM)}) as site:
            assert check(site.diagnosed(), "browser.clean").status == "pass"

        for name in ("node", "chromium"):
            given = Path(folder, f"{name}.env").read_text()
            assert "\nPATH=" in f"\n{given}"
            assert "a password" not in given


def _node() -> str:
    from playwright._impl._driver import compute_driver_executable

    return str(compute_driver_executable()[0])


def test_a_form_drawn_by_script_in_a_frame_is_no_missing_form() -> None:
    frame = page('<script src="/a.js"></script>')
    with Site({"/": page('<iframe src="/form"></iframe>'), "/form": frame, "/a.js": script(LATER)}) as site:
        without, with_ = site.diagnosed(clean_run=False), site.diagnosed()

    assert causes(without) == {"web.login-page-changed": "possible"}
    assert causes(with_) == {}
    assert check(with_, "browser.clean").status == "pass"


def test_a_hidden_form_is_none() -> None:
    hidden = "display:none", "position:absolute;left:-999px", "visibility:hidden"
    body = "<p>Welcome</p>" + "".join(f'<div style="{style}">{FORM}</div>' for style in hidden)
    with Site({"/": page(body)}) as site:
        clean = check(site.diagnosed(), "browser.clean")

    assert [one.cause for one in clean.findings] == ["web.login-page-changed"]
    assert clean.facts["fields"] == []


def test_a_script_that_throws_before_it_draws_the_form() -> None:
    pages = {"/": page('<script src="/a.js"></script>'), "/a.js": script(f"startMailApp(); {LATER}")}
    with Site(pages) as site:
        report = site.diagnosed()

    assert causes(report)["web.login-page-down"] == "likely"
    (finding,) = check(report, "browser.clean").findings
    assert "startMailApp is not defined" in finding.text


def test_a_part_of_the_page_behind_a_refusing_port(closed_port: int) -> None:
    with Site({"/": page(f'<script src="https://{HOST}:{closed_port}/a.js?token=1"></script>')}) as site:
        report = site.diagnosed()

    assert causes(report)["web.login-page-down"] == "likely"
    clean = check(report, "browser.clean")
    (failed,) = clean.facts["failed_requests"]
    assert failed["url"] == f"https://{HOST}:{closed_port}/a.js"
    assert failed["error"].startswith("net::ERR_SOCKS")
    assert failed["failure"]["name"] == "connection_refused"
    assert "connection refused" in clean.findings[0].text


def test_a_redirect_loop() -> None:
    with Site({"/": redirect("/login"), "/login": redirect("/")}) as site:
        report = site.diagnosed()

    assert causes(report) == {"web.redirect-loop": "confirmed"}
    clean = check(report, "browser.clean")
    assert clean.facts["error"] == "net::ERR_TOO_MANY_REDIRECTS"
    assert clean.facts["screenshot"] is None


def test_a_page_that_leads_round_by_script() -> None:
    with Site({"/": page("<script>location.href = '/?' + Math.random()</script>")}) as site:
        report = site.diagnosed()

    assert causes(report)["web.redirect-loop"] == "likely"
    assert check(report, "browser.clean").facts["goes_round"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<script>while (true) alert('Welcome')</script>", id="alerts"),
        pytest.param("<script>while (true);</script>", id="a script without end"),
        pytest.param(
            "<script>setInterval(() => open('/'), 1); for (;;) console.error('x'.repeat(1000))</script>",
            id="windows and messages",
        ),
    ],
)
def test_the_deadline_is_kept_whatever_the_page_does(body: str) -> None:
    seconds = min(patient(9.0), 60.0)
    with Site({"/": page(body + FORM)}) as site, within(1, waits=seconds):
        report = site.diagnosed(seconds=seconds)

    clean = check(report, "browser.clean")
    assert clean.status in {"warn", "skip"}, clean
    assert clean.skipped_because in {None, "too little time was left"}  # on a machine that is busy with other tests
    assert not clean.facts.get("settled")
    assert len(json.dumps(clean.facts, default=len)) < 20_000


def test_all_temporary_files_lie_in_the_folder_that_is_removed_in_any_case(nothing_kept: Path) -> None:
    """Also the profile: a driver that is ended, as on a very busy machine, no longer removes it."""
    seen: set[str] = set()

    def look(visitor: Visitor) -> None:
        seen.update(made.name.partition("-")[0] for made in nothing_kept.iterdir())
        page(FORM)(visitor)

    with Site({"/": look}) as site:
        site.diagnosed()

    assert seen - {"site"} == {"diagnose"}  # the site is the server of this test


def test_a_part_that_never_comes_hides_no_form() -> None:
    with Site({"/": page(f'<script async src="/hangs"></script>{FORM}'), "/hangs": _hang}) as site:
        assert check(site.diagnosed(), "browser.clean").status == "pass"


def test_a_part_without_end_is_cut_off() -> None:
    with Site({"/": page('<script src="/endless"></script>'), "/endless": _endless}) as site:
        clean = check(site.diagnosed(), "browser.clean")

    assert clean.facts["too_large"]
    assert {one.certainty for one in clean.findings} == {"possible"}


def test_a_page_that_never_answers_is_not_waited_for_twice() -> None:
    with Site({"/": _hang}) as site, within(1, waits=4):
        report = site.diagnosed(seconds=4.0)

    assert check(report, "browser.clean").status == "skip"
    assert causes(report) == {"server.slow": "possible"}  # so short a silence proves nothing


def test_workers_downloads_and_permissions_leave_nothing(nothing_kept: Path) -> None:
    registered = threading.Event()

    def note(visitor: Visitor) -> None:
        registered.set()
        visitor.say("")

    def held_until_then(visitor: Visitor) -> None:
        registered.wait(20)
        visitor.say("")

    asks = "navigator.geolocation.getCurrentPosition(() => {}); Notification.requestPermission()"
    keeps = "localStorage.been = 'here'; document.body.append('been ' + localStorage.been); fetch('/registered')"
    registers = f"navigator.serviceWorker.register('/worker.js').then(() => {{ {keeps} }})"
    body = page(f'<script>{asks}; {registers}</script><iframe src="/file"></iframe><img src="/held">')
    answers = {"/worker.js": script(""), "/file": _file, "/registered": note, "/held": held_until_then}
    with Site({"/": body, **answers}) as site:
        clean = check(site.diagnosed(), "browser.clean")

    assert {"/worker.js", "/file"} <= {path for _, path in site.asked}
    assert clean.facts["text"] == "been here"
    assert list(nothing_kept.iterdir()) == []


def test_the_authority_vouches_for_the_verified_certificate_alone() -> None:
    with (
        Site({}) as stranger,
        Site({"/": page(f'<script src="https://{HOST}:{stranger.port}/a"></script>{FORM}')}) as site,
    ):
        clean = check(site.diagnosed(), "browser.clean")

    assert [one["error"] for one in clean.facts["failed_requests"]] == ["net::ERR_CERT_AUTHORITY_INVALID"]
    assert stranger.asked == []


def test_a_browser_that_does_not_go_is_ended_by_force(monkeypatch: pytest.MonkeyPatch, nothing_kept: Path) -> None:
    real, ended = os.kill, list[int]()

    def kill(process: int, how: int) -> None:
        ended.append(process)
        real(process, how)

    monkeypatch.setattr("os.kill", kill)
    monkeypatch.setattr("playwright.async_api.Browser.close", _never)
    with Site({"/": page(FORM)}) as site:
        clean = check(site.diagnosed(), "browser.clean")

    assert clean.status == "pass"
    assert len(ended) == 1
    _wait_until(lambda: not _processes(nothing_kept))
    _wait_until(lambda: not list(nothing_kept.iterdir()))


async def _never(*_: object) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_ended(ending: signal.Signals, nothing_kept: Path) -> None:
    with Site({"/": page("<script>while (true);</script>")}) as site:
        command = [sys.executable, "-m", "diagnose", DOMAIN, "--webmail", site.url, "--clean-browser", "--no-history"]
        command += ["--only", "browser", "--ca-file", str(site.ca_file), "--resolver", str(site.resolver)]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_until(lambda: bool(site.asked))
            assert _processes(nothing_kept)
            run.send_signal(ending)
            run.wait(30)
        finally:
            run.kill()
            run.wait()
    _wait_until(lambda: not _processes(nothing_kept) and not _filled(nothing_kept))
    if ending == signal.SIGKILL:  # an empty folder is all that nobody is left to remove
        for path in nothing_kept.iterdir():
            path.rmdir()
    _wait_until(lambda: not list(nothing_kept.iterdir()))


def _processes(folder: Path) -> list[int]:
    """Those that name *folder* on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                named = str(folder).encode() in (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [int(entry.name)] if named else []
    return found


def _filled(folder: Path) -> list[str]:
    """What is left in *folder*, empty folders aside."""
    found = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += [path.name] if any(path.iterdir()) else []
    return found


def _wait_until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def _hang(visitor: Visitor) -> None:
    visitor.connection.settimeout(30)
    visitor.connection.recv(1)


def _endless(visitor: Visitor) -> None:
    visitor.send_response(200)
    visitor.send_header("Content-Type", "text/javascript")
    visitor.end_headers()
    for _ in range(1000):
        visitor.wfile.write(b"//" + b"x" * 1_000_000 + b"\n")
    visitor.close_connection = True


def _file(visitor: Visitor) -> None:
    headers = {"Content-Disposition": "attachment; filename=a.exe"}
    visitor.say("MZ", kind="application/octet-stream", headers=headers)
