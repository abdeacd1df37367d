"""Recordings that end before a mailbox: at a check for robots, a notice, a code; and login pages that say much else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.command_line import CommandLine

from .recordings import FORM, Recorder, form

BOTH = pytest.mark.parametrize("shape", ["chromium", "firefox"])
NOTICES = (
    "<a href=/forgot>Forgot your password?</a> <a href=/terms>Terms of use</a><p>Passwords expire every 90 days.</p>"
    "<p>If your account is locked, call 4711.</p><p>We use cookies. Please accept cookies.</p>"
)


def causes(command: CommandLine, tmp_path: Path, r: Recorder) -> list[tuple[str, str]]:
    number = len(list(tmp_path.iterdir()))
    file = r.save(tmp_path / f"{number}.har")
    shared = tmp_path / f"{number}-shared.har"
    done = command("har", str(file), "--sanitize", str(shared), "--format", "json")
    again = command("har", str(shared), "--format", "json")
    told = [[(cause["id"], cause["certainty"]) for cause in one.json["verdict"]["causes"]] for one in (done, again)]
    assert told[0] == told[1]
    return told[0]


@BOTH
@pytest.mark.parametrize(
    ("status", "header"),
    [
        (403, {"cf-mitigated": "challenge"}),
        (503, {"CF-Mitigated": "challenge"}),
        (202, {"x-amzn-waf-action": "challenge"}),
        (405, {"x-amzn-waf-action": "captcha"}),
    ],
)
def test_a_recording_that_ends_at_a_check_for_robots_says_so(
    command: CommandLine, tmp_path: Path, shape: str, status: int, header: dict[str, str]
) -> None:
    body = "<title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>"
    page = Recorder(shape).add("/", status, body, received=header)
    sent = Recorder(shape).add("/", body=FORM).login(status, body, received=header)

    assert causes(command, tmp_path, page)[0] == ("web.captcha-required", "likely")
    assert causes(command, tmp_path, sent)[0] == ("web.captcha-required", "likely")


def test_a_check_that_was_passed_is_nothing(command: CommandLine, tmp_path: Path) -> None:
    mailbox = "".join(f"<a href=/{n}>Message {n}</a> from somebody, about something else" for n in range(50))
    r = Recorder().add("/", 403, "<title>Just a moment...</title>", received={"cf-mitigated": "challenge"})
    r.add("/", body=FORM).login(leads="/mail").add("/mail", body=mailbox)

    assert causes(command, tmp_path, r) == []


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("<h1>Maintenance</h1><p>Webmail is down for maintenance.</p>", ("web.login-page-down", "likely")),
        (
            "<h1>Access denied</h1><p>Webmail may only be used from the company network.</p>",
            ("settings.address-policy", "likely"),
        ),
        ("<p>Your browser is out of date. Please update your browser.</p>", ("browser.outdated", "possible")),
    ],
)
def test_a_page_that_answers_well_says_what_stands_there_in_place_of_a_form(
    command: CommandLine, tmp_path: Path, body: str, cause: tuple[str, str]
) -> None:
    assert causes(command, tmp_path, Recorder().add("/", body=body))[0] == cause
    assert cause not in causes(command, tmp_path, Recorder().add("/", body=FORM + body))


@BOTH
def test_a_recording_that_ends_where_a_code_is_asked_for_shows_no_login_that_works(
    command: CommandLine, tmp_path: Path, shape: str
) -> None:
    asks = "<h1>Two-factor authentication</h1><p>Enter the code from your app.</p><form><input name=otp></form>"
    r = Recorder(shape).add("/", body=FORM).login(leads="/second").add("/second", body=asks)
    assert causes(command, tmp_path, r)[0][0] == "credentials.second-factor-required"

    r.add("/second", 302, method="POST", fields={"otp": "123456"}, leads="/mail").add("/mail", body="<a>Inbox</a>")
    assert causes(command, tmp_path, r) == []


@BOTH
@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("Login failed. Invalid username or password.", "credentials.rejected"),
        ("用户名或密码错误", "credentials.rejected"),
        ("Ihr Kennwort ist abgelaufen und muss geändert werden.", "credentials.expired"),
        ("Your password has expired.", "credentials.expired"),
        ("Your session has expired. Please log in again.", "web.session-expired"),
        ("Your mailbox is full.", "activation.over-quota"),
    ],
)
def test_what_a_login_page_always_says_hides_no_message(
    command: CommandLine, tmp_path: Path, shape: str, message: str, cause: str
) -> None:
    """Also where the recording began too late for the page to have been seen without its message."""
    r = Recorder(shape).login(200, form(message) + NOTICES)

    assert causes(command, tmp_path, r)[0][0] == cause
