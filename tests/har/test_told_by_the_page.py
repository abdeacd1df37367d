"""What webmail programs tell by numbers, names and scripts comes before the status of the answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.command_line import CommandLine

from .recordings import FORM, JSON, Recorder, form

Make = Callable[[Recorder], Recorder]


def first(command: CommandLine, tmp_path: Path, r: Recorder) -> tuple[str, str] | None:
    done = command("har", str(r.save(tmp_path / "login.har")), "--format", "json")
    causes = done.json["verdict"]["causes"]
    return (causes[0]["id"], causes[0]["certainty"]) if causes else None


def outlook(reason: int, words: str = "", *, recorded: bool = True) -> Recorder:
    there = f"/owa/auth/logon.aspx?replaceCurrent=1&reason={reason}&url=x"
    r = Recorder().add("/owa/auth/logon.aspx?reason=0", body=FORM).login(url="/owa/auth.owa", leads=there)
    return r.add(there, body=form(words)) if recorded else r


def roundcube(words: str, kind: str = "error", status: int = 401) -> Recorder:
    script = f"<script>rcmail.display_message({json.dumps(words)},{json.dumps(kind)},0);</script>"
    return Recorder().add("/", body=FORM).login(status, FORM + script, url="/?_task=login")


def answered(body: object, status: int = 200, url: str = "/connect") -> Recorder:
    r = Recorder().add("/", body=FORM)
    return r.login(status, json.dumps(body), url=url, kind="xhr", media=JSON)


def nextcloud(errors: str) -> Recorder:
    value = base64.b64encode(json.dumps([[errors], []]).encode()).decode()
    state = f'<input type="hidden" id="initial-state-core-loginErrors" value="{value}">'
    return Recorder().add("/login", body=FORM).login(leads="/login?user=x").add("/login?user=x", body=FORM + state)


TOLD: dict[str, tuple[Recorder, str]] = {
    "outlook_wrong_password": (outlook(2), "credentials.rejected"),
    "outlook_session": (outlook(3, "The connection to your mailbox is closed for inactivity."), "web.session-expired"),
    "outlook_session_page_not_recorded": (outlook(3, recorded=False), "web.session-expired"),
    "outlook_access_rules": (outlook(5), "settings.access-policy"),
    "roundcube_session": (roundcube("Your session is invalid or expired."), "web.session-expired"),
    "roundcube_session_hungarian": (
        roundcube("Érvénytelen vagy lejárt munkamenet"),
        "web.session-expired",
    ),
    "roundcube_invalid_request": (roundcube("Invalid request! No data was saved."), "web.session-expired"),
    "roundcube_invalid_request_warning": (
        roundcube("Некоректний запит! Дані не збережено.", "warning", 200),
        "web.session-expired",
    ),
    "roundcube_storage": (roundcube("Connection to storage server failed."), "server.fault"),
    "roundcube_locked": (roundcube("Too many failed login attempts. Try again later."), "lockout.rate-limited"),
    "roundcube_password": (roundcube("Login failed."), "credentials.rejected"),
    "sogo_wrong_password": (answered({"LDAPPasswordPolicyError": 65535}, 403), "credentials.rejected"),
    "sogo_expired": (answered({"LDAPPasswordPolicyError": 0}, 403), "credentials.expired"),
    "sogo_locked": (answered({"LDAPPasswordPolicyError": 1}, 403), "lockout.account-locked"),
    "sogo_second_factor": (answered({"totpMissingKey": 1}, 202), "credentials.second-factor-required"),
    "rainloop_wrong_password": (
        answered({"Action": "Login", "Result": False, "ErrorCode": 102, "ErrorMessage": ""}, url="/?/Json/"),
        "credentials.rejected",
    ),
    "rainloop_old_page": (
        answered({"Action": "Login", "Result": False, "ErrorCode": 101, "ErrorMessage": ""}),
        "web.session-expired",
    ),
    "nextcloud_wrong_password": (nextcloud("invalidpassword"), "credentials.rejected"),
    "nextcloud_disabled": (nextcloud("userdisabled"), "activation.account-disabled"),
}


@pytest.mark.parametrize(("recorder", "cause"), TOLD.values(), ids=TOLD)
def test_what_the_page_tells_comes_first(command: CommandLine, tmp_path: Path, recorder: Recorder, cause: str) -> None:
    found = first(command, tmp_path, recorder)

    assert found is not None
    assert found == (cause, "likely") or (found[0] == cause and found[1] == "confirmed")


NOT_TOLD: dict[str, Recorder] = {
    "unauthorized_alone": Recorder().add("/", body=FORM).login(401, "", url="/login"),
    "unauthorized_with_its_phrase": Recorder().add("/", body=FORM).login(401, "<h1>401 Unauthorized</h1>"),
    "forbidden_alone": Recorder().add("/", body=FORM).login(403, "", url="/login"),
    "outlook_reason_none": outlook(0),
    "a_number_of_another_program": answered({"ErrorCode": 102, "Result": False}),
    "a_message_that_is_no_error": roundcube("Your session is invalid or expired.", "confirmation", 401),
}


@pytest.mark.parametrize("recorder", NOT_TOLD.values(), ids=NOT_TOLD)
def test_a_status_alone_proves_no_fault_of_the_password(
    command: CommandLine, tmp_path: Path, recorder: Recorder
) -> None:
    found = first(command, tmp_path, recorder)

    assert found is None or found[1] == "possible"


def test_a_password_that_http_itself_carried_and_that_was_refused_is_rejected(
    command: CommandLine, tmp_path: Path
) -> None:
    r = Recorder().add("/mail", 401, received={"WWW-Authenticate": "Basic"})
    r.add("/mail", 401, sent={"Authorization": "Basic YWxpY2U6aHVudGVyMg=="})

    assert first(command, tmp_path, r) == ("credentials.rejected", "likely")


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("mailto:help@corp.example", "web.login-page-changed"),
        ("ftp://files.corp.example/x", "web.login-page-changed"),
        ("https://mail.corp.example:0/", "web.login-page-down"),
        ("https://mail.corp.example:99999/", "web.login-page-down"),
        ("https://mail.corp.example:port/", "web.login-page-down"),
    ],
)
@pytest.mark.parametrize("after_login", [True, False])
def test_a_redirect_to_no_web_address_is_a_finding(
    command: CommandLine, tmp_path: Path, target: str, cause: str, *, after_login: bool
) -> None:
    r = Recorder().add("/", body=FORM).login(leads=target) if after_login else Recorder().add("/", 302, leads=target)

    found = first(command, tmp_path, r)

    assert found == (cause, "likely")


def test_what_led_astray_is_shown_without_the_address_in_it(command: CommandLine, tmp_path: Path) -> None:
    r = Recorder().add("/", body=FORM).login(leads="mailto:alice.private@corp.example?body=hunter2hunter2")
    clean = tmp_path / "clean.har"
    done = command("har", str(r.save(tmp_path / "login.har")), "--sanitize", str(clean), "--format", "json")

    assert "mailto:" in done.out
    assert "alice.private" not in done.out + clean.read_text("utf-8")
    assert "hunter2hunter2" not in done.out + clean.read_text("utf-8")
