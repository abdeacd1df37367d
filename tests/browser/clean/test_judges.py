"""What is made of a visit, without any browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from checks.browser.automation import FailedRequest, Field, Visit
from checks.browser.automation.executable import find_executable
from checks.browser.clean import judge_clean, probe_clean, shows_login
from checks.browser.difference import DifferenceFacts, judge_difference
from diagnose.account.history import History
from diagnose.account.person import Person
from diagnose.model import Deadline, Failure, Inputs, Service, SkipCheck, Subject
from diagnose.model.browsing import Browsing
from diagnose.network import Network
from diagnose.process.installation import adding
from diagnose.running.context import Context
from tests.commands.command_line import CommandLine

HOST = "webmail.corp.example"
URL = f"https://{HOST}/"
TARGET = Service(protocol="webmail", host=HOST, port=443, tls="implicit", source="option", url=URL)
GUESS = Service(protocol="webmail", host=HOST, port=443, tls="implicit", source="guess", url=URL)
GIVEN = Inputs(subject=Subject(domain="corp.example"), provider=None, services=(TARGET,))
NOT_CONNECTED = Failure(name="connection_refused", operation="connect")


def visit(**more: Any) -> Visit:
    usual: dict[str, Any] = {
        "browser": "Chromium",
        "version": "156",
        "url": URL,
        "status": 200,
        "settled": True,
        "text": "Welcome",
    }
    return Visit(**(usual | more))


def found(facts: Visit, target: Service = TARGET) -> list[tuple[str, str]]:
    return [(one.cause, one.certainty) for one in judge_clean(facts, GIVEN, target)]


def part(url: str = f"{URL}a.js", kind: str = "script", **more: Any) -> FailedRequest:
    return FailedRequest(url=url, kind=kind, **more)


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ([Field(type="password")], ""),
        ([Field(type="text", autocomplete="section-a username webauthn")], ""),
        ([Field(type="email", name="loginfmt i0116")], ""),
        ([Field(type="text", label="请输入邮箱帐号")], ""),
        ([Field(type="tel", label="手机号")], ""),
        ([Field(type="email", label="Email")], "Sign in"),
    ],
)
def test_what_a_person_can_begin_to_log_in_with(fields: list[Field], title: str) -> None:
    facts = visit(fields=tuple(fields), title=title, text="", script_errors=("noise",))

    assert shows_login(facts)
    assert found(facts) == []


@pytest.mark.parametrize(
    "field",
    [
        Field(type="email", label="Your email for our newsletter"),
        Field(type="text", name="q", label="Search"),
        Field(type="checkbox", name="user"),
        Field(type="text", name="domain", label="Find your domain"),
    ],
)
def test_what_is_no_login(field: Field) -> None:
    assert not shows_login(visit(fields=(field,)))


def test_the_browsers_own_question_is_a_login() -> None:
    assert found(visit(status=401)) == []


@pytest.mark.parametrize(
    ("facts", "cause", "certainty"),
    [
        (visit(error="net::ERR_TOO_MANY_REDIRECTS", status=302), "web.redirect-loop", "confirmed"),
        (visit(goes_round=True, settled=False), "web.redirect-loop", "likely"),
        (visit(error="net::ERR_CONNECTION_RESET", status=None), "web.login-page-down", "likely"),
        (visit(error="net::ERR_SOCKS_CONNECTION_FAILED", failure=NOT_CONNECTED), "web.login-page-down", "likely"),
        (visit(error="net::ERR_CERT_AUTHORITY_INVALID", status=None), "web.login-page-down", "possible"),
        (visit(status=503), "web.login-page-down", "likely"),
        (visit(status=403), "web.login-page-down", "possible"),
        (visit(status=404), "web.login-page-changed", "likely"),
        (visit(text="This domain is for sale"), "web.login-page-changed", "confirmed"),
        (visit(text="Your session has expired."), "web.session-expired", "confirmed"),
        (visit(failed_requests=(part(error="net::ERR_CONNECTION_REFUSED"),)), "web.login-page-down", "likely"),
        (visit(failed_requests=(part(status=502),)), "web.login-page-down", "likely"),
        (visit(failed_requests=(part(status=404),)), "web.login-page-down", "possible"),
        (visit(failed_requests=(part("https://cdn.example/a.js", status=502),)), "web.login-page-down", "possible"),
        (visit(failed_requests=(part(kind="image", status=502),)), "web.login-page-changed", "possible"),
        (visit(text="", script_errors=("x is not defined",)), "web.login-page-down", "likely"),
        (visit(text="", pictures=True, script_errors=("x is not defined",)), "web.login-page-down", "possible"),
        (visit(text="", settled=False, script_errors=("x is not defined",)), "web.login-page-down", "possible"),
        (visit(text="Scan this", script_errors=("x is not defined",)), "web.login-page-down", "possible"),
        (visit(settled=False), "web.login-page-down", "possible"),
        (visit(), "web.login-page-changed", "possible"),
        (visit(url="https://parking.example/"), "web.login-page-changed", "likely"),
        (visit(url="https://sso.example/", kept_out=("sso.example",)), "web.login-page-changed", "possible"),
    ],
)
def test_why_there_is_no_form(facts: Visit, cause: str, certainty: str) -> None:
    assert found(facts)[0] == (cause, certainty)
    assert {certainty for _, certainty in found(facts, GUESS)} == {"possible"}
    # who is told that it is no login page is not sent there to log in
    sent = [one.data.get("webmail_page") for one in judge_clean(facts, GIVEN, TARGET)]
    assert sent == ["" if cause == "web.login-page-changed" else None]


@pytest.mark.parametrize(
    ("message", "cause", "certainty"),
    [
        ("mail.example redirected you too many times. ERR_TOO_MANY_REDIRECTS", "browser.stale-cookies", "likely"),
        ("400 Bad Request: Request Header Or Cookie Too Large", "browser.stale-cookies", "likely"),
        ("ChunkLoadError: Loading chunk 7 failed.", "browser.stale-cache", "likely"),
        ("Uncaught SyntaxError: Unexpected token '<'", "browser.stale-cache", "likely"),
    ],
)
def test_what_only_the_persons_own_browser_meets(message: str, cause: str, certainty: str) -> None:
    works, fails = (DifferenceFacts(clean_works=works, messages=(message,)) for works in (True, False))

    assert [(one.cause, one.certainty) for one in judge_difference(works, GIVEN, TARGET)] == [(cause, certainty)]
    assert [one.certainty for one in judge_difference(works, GIVEN, GUESS)] == ["possible"]
    assert list(judge_difference(fails, GIVEN, TARGET)) == []


def test_a_service_worker_in_a_profile_confirms_an_old_page() -> None:
    for message, certainty in (
        ("ChunkLoadError: Loading chunk 7 failed.", "confirmed"),
        ("ERR_CACHE_MISS", "possible"),
    ):
        facts = DifferenceFacts(clean_works=True, messages=(message,), worker=True)

        assert [(one.cause, one.certainty) for one in judge_difference(facts, GIVEN, TARGET)] == [
            ("browser.stale-cache", certainty)
        ]


@pytest.mark.parametrize("message", ["LOGIN failed", "535 5.7.8 Authentication failed", "Certificate has expired"])
def test_what_a_mail_program_says_is_no_word_of_the_browser(message: str) -> None:
    assert list(judge_difference(DifferenceFacts(clean_works=True, messages=(message,)), GIVEN, TARGET)) == []


def skipped(monkeypatch: pytest.MonkeyPatch, *, clean_run: bool = True) -> str:
    bench = Context(
        network=Network(),
        deadline=Deadline(5),
        history=History(None),
        person=Person(browsing=Browsing(clean_run=clean_run)),
    )
    with pytest.raises(SkipCheck) as skip:
        probe_clean(TARGET, GIVEN, bench)
    return skip.value.reason.render()


def test_without_the_option_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--clean-browser" in skipped(monkeypatch, clean_run=False)


def test_without_playwright_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.browser.clean.find_spec", lambda _: None)

    assert f"run {adding('chromium')} first" in skipped(monkeypatch)


def test_without_a_browser_the_reason_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")

    assert find_executable() is None
    assert "Chrome" in skipped(monkeypatch)


@pytest.mark.parametrize("command", [[], ["browser"]])
def test_both_commands_that_diagnose_take_the_option(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = CommandLine(monkeypatch, capsys)(*command, "--help")

    assert "--clean-browser" in told.out


@pytest.mark.parametrize(("title", "said"), [("", f"at {URL}."), ("Welcome", f"at {URL} (Welcome).")])
def test_a_page_without_a_title_is_told_without_one(title: str, said: str) -> None:
    (finding,) = judge_clean(visit(title=title), GIVEN, TARGET)
    assert finding.text.render().endswith(said)


def test_a_check_for_programs_says_nothing_of_the_page_behind_it() -> None:
    """Whatever its status: a browser that nobody sits at does not pass everywhere that people do."""
    facts = visit(status=503, text="Just a moment...", bot_check="cf-mitigated: challenge")

    assert found(facts) == [("web.captcha-required", "possible")]
    assert found(visit(status=503, text="Just a moment...")) == [("web.login-page-down", "likely")]
