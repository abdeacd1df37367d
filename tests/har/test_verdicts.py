"""What is found in a recording, and what is not: causes that must appear, and none in recordings of good logins."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.commands.command_line import CommandLine

from .recordings import FORM, JSON, SITE, Recorder, form

Make = Callable[[Recorder], Recorder]

INBOX = "<title>Inbox</title><p>Re: your password has expired</p>" + "<p>a mail</p>" * 200
SESSION = ("sid=0123456789abcdef; Path=/; Secure; HttpOnly",)


def opened(r: Recorder, **more: Any) -> Recorder:
    return r.add("/login", body=FORM, sets=("pre=aaaaaaaabbbbbbbb; Path=/",), **more)


def let_in(r: Recorder) -> Recorder:
    opened(r).login(leads="/inbox", cookies="pre=aaaaaaaabbbbbbbb", sets=SESSION)
    return r.add("/inbox", body=INBOX, cookies="pre=aaaaaaaabbbbbbbb; sid=0123456789abcdef")


def script_page(r: Recorder) -> Recorder:
    opened(r).add("/api/me", 401, kind="xhr", media=JSON)
    body = '{"success": true, "token": "abcdefgh12345678"}'
    r.login(
        200, body, url="/api/login", kind="xhr", media=JSON, fields='{"user": "alice", "password": "hunter2hunter2"}'
    )
    return r.add("/api/me", 200, '{"name": "alice"}', kind="xhr", media=JSON)


def sign_on(r: Recorder) -> Recorder:
    r.add("/", 302, leads="https://login.idp.example/authorize?state=s1")
    r.add(
        "https://login.idp.example/authorize?state=s1", body=FORM, sets=("idp=abcdabcdabcdabcd; SameSite=None; Secure",)
    )
    r.login(url="https://login.idp.example/login", leads=SITE + "/callback?code=c1", cookies="idp=abcdabcdabcdabcd")
    r.add("/callback?code=c1", 302, leads="/", sets=("sid=0123456789abcdef; Secure; SameSite=Lax",))
    return r.add("/", body=INBOX, cookies="sid=0123456789abcdef")


def blocked_tracker(r: Recorder) -> Recorder:
    r.add("https://stats.tracker.example/t.js", 0, kind="script", response_error="net::ERR_BLOCKED_BY_CLIENT")
    r.add("/favicon.ico", 404, "<h1>Not Found</h1>", kind="other")
    return let_in(r).add(
        "https://stats.tracker.example/hit", 0, kind="xhr", response_error="net::ERR_BLOCKED_BY_CLIENT"
    )


def second_try(r: Recorder) -> Recorder:
    opened(r).login(200, form("Invalid user name or password"), cookies="pre=aaaaaaaabbbbbbbb")
    return let_in(r)


def two_steps(r: Recorder) -> Recorder:
    opened(r).login(200, "<p>Enter the verification code that we sent to your phone.</p>", sets=SESSION)
    r.add("/verify", 302, method="POST", fields={"otp": "123456"}, leads="/inbox", cookies="sid=0123456789abcdef")
    return r.add("/inbox", body=INBOX, cookies="sid=0123456789abcdef")


def log_out(r: Recorder) -> Recorder:
    return let_in(r).add("/logout", 302, leads="/login").add("/login", body=FORM)


def challenge(r: Recorder) -> Recorder:
    r.add("/owa/", 401, received={"WWW-Authenticate": "Negotiate"})
    r.add("/owa/", 401, sent={"Authorization": "NTLM TlRMTVNTUAABAAAAB4IIogAAAAA="})
    return r.add("/owa/", 200, INBOX, sent={"Authorization": "NTLM TlRMTVNTUAADAAAAGAAYAHgAAAA="})


def skewed_but_in(r: Recorder) -> Recorder:
    r.ahead = timedelta(hours=2)
    return let_in(r)


def denied_extra(r: Recorder) -> Recorder:
    """Not everything is open to everybody."""
    script_page(r).add("/api/admin", 403, "{}", kind="xhr", media=JSON)
    return r.add("/inbox", 0, response_error="net::ERR_ABORTED")


def assertion(r: Recorder, status: int = 302) -> Recorder:
    """Single sign-on by a page that sends itself on (SAML 2.0, HTTP POST binding)."""
    r.add("https://login.idp.example/sso?SAMLRequest=abc", body=FORM)
    r.login(
        200,
        '<form action="https://mail.corp.example/acs"><input type="hidden"></form>',
        url="https://login.idp.example/sso",
    )
    r.add(
        "/acs",
        status,
        method="POST",
        fields={"SAMLResponse": "PHNhbWxwOlJlc3BvbnNlPg=="},
        leads="/inbox" * (status == 302),
    )
    return r.add("/inbox", body=INBOX) if status == 302 else r


def unmarked_cookie(r: Recorder) -> Recorder:
    """A cookie that browsers refuse does no harm where the login needs it not."""
    return let_in(r.add("/banner", sets=("ad=1234567812345678; Domain=other.example",)))


def dead_link(r: Recorder) -> Recorder:
    """What the mailbox leads to need not be there."""
    return let_in(r).add("/attachment/17", 404, "<h1>Not Found</h1>")


def icon_without_a_kind(r: Recorder) -> Recorder:
    """A proxy does not tell what was asked for why; an icon accepts anything."""
    let_in(r).add("/favicon.ico", 404, "<h1>Not Found</h1>", kind="")
    r.entries[-1]["request"]["headers"] = [{"name": "Accept", "value": "*/*"}]
    return r


def another_password(r: Recorder) -> Recorder:
    """The mailbox has a form for the password of a key, and for a new password."""
    dialog = '<form action="/smime/unlock"><input type="password"></form>'
    opened(r).login(leads="/inbox", cookies="pre=aaaaaaaabbbbbbbb", sets=SESSION)
    cookies = "pre=aaaaaaaabbbbbbbb; sid=0123456789abcdef"
    r.add("/inbox", body=INBOX + '<a href="/m">Your password has expired</a>' * 60 + dialog, cookies=cookies)
    return r.add("/settings", body=dialog, cookies=cookies)


def waiting_messages(r: Recorder) -> Recorder:
    """A page holds messages for a script to show."""
    body = '<p>Loading</p><div class="a" style="display: none">Your browser is not supported.</div>'
    return (
        opened(r).login(200, body + "<p hidden>Your session has expired.</p>", sets=SESSION).add("/api/me", kind="xhr")
    )


def granted(r: Recorder) -> Recorder:
    body = '{"code": 0, "error": null, "message": "success", "data": {"errors": []}}'
    return opened(r).login(200, body, url="/api/login", kind="xhr", media=JSON)


GOOD: tuple[Make, ...] = (
    let_in, script_page, sign_on, blocked_tracker, second_try, two_steps, log_out, challenge, skewed_but_in,
    unmarked_cookie, denied_extra, assertion, dead_link, icon_without_a_kind, another_password, waiting_messages,
    granted,
)  # fmt: skip


def circles(r: Recorder) -> Recorder:
    for _ in range(10):
        r.add("/mail", 302, leads="/login?next=mail", sets=SESSION)
        r.add("/login?next=mail", 302, leads="/mail")
    r.entries[-1]["response"]["_error"] = "net::ERR_TOO_MANY_REDIRECTS"
    return r


def circles_with_cookies(r: Recorder) -> Recorder:
    for _ in range(10):
        r.add("/mail", 302, leads="http://mail.corp.example/mail", cookies="sid=0123456789abcdef")
        r.add("http://mail.corp.example/mail", 301, leads="/mail", cookies="sid=0123456789abcdef")
    return r


def circles_after_the_login(r: Recorder) -> Recorder:
    opened(r).login(leads="/mail", cookies="pre=aaaaaaaabbbbbbbb")
    for _ in range(20):
        r.add("/mail", 302, leads="/start").add("/start", 302, leads="/mail").add("/a.png", kind="image")
    return r


def reloads(r: Recorder) -> Recorder:
    for _ in range(8):
        r.add("/app", body="<script>location = '/'</script>").add("/", body="<script>location = '/app'</script>")
    return r


def refused_cookie(r: Recorder) -> Recorder:
    r.add("/login", body=FORM).login(leads="/inbox", sets=("sid=0123456789abcdef; SameSite=None",))
    return r.add("/inbox", 302, leads="/login").add("/login", body=FORM)


def secure_over_http(r: Recorder) -> Recorder:
    r.add("http://mail.corp.example/login", body=FORM)
    r.login(url="http://mail.corp.example/login", leads="/inbox", sets=SESSION)
    return r.add("http://mail.corp.example/inbox", 302, leads="/login").add("http://mail.corp.example/login", body=FORM)


def lost_cookie(r: Recorder) -> Recorder:
    r.add("/login", body=FORM).login(leads="/inbox", sets=SESSION)
    return r.add("/inbox", 302, leads="/login").add("/login", body=FORM)


def lost_token_cookie(r: Recorder) -> Recorder:
    """The cookie that the form's hidden token belongs to."""
    return opened(r).login(403, "<p>Forbidden. CSRF verification failed. Request aborted.</p>")


def assertion_refused(r: Recorder) -> Recorder:
    return assertion(r, 500)


def sent_back_to_sign_on(r: Recorder) -> Recorder:
    """The service forgets at once that somebody signed in, and asks the sign-on again."""
    sign_on(r).entries.pop()
    r.add("/", 302, leads="https://login.idp.example/authorize?state=s2")
    return r.add("https://login.idp.example/authorize?state=s2", body=FORM, cookies="idp=abcdabcdabcdabcd")


def denied_at_once(r: Recorder) -> Recorder:
    script_page(r).entries.pop()
    r.entries[-1]["response"]["headers"].append({"name": "Set-Cookie", "value": SESSION[0]})
    sent = {"Referer": SITE + "/login"}
    return r.add("/api/me", 401, kind="xhr", media=JSON, sent=sent).add(
        "/api/mail", 401, kind="xhr", media=JSON, sent=sent
    )


def wrong_password(r: Recorder) -> Recorder:
    return opened(r).login(200, form("Invalid user name or password"), cookies="pre=aaaaaaaabbbbbbbb")


def wrong_password_in_chinese(r: Recorder) -> Recorder:
    return opened(r).login(200, form("用户名或密码错误"), cookies="pre=aaaaaaaabbbbbbbb")


def wrong_password_after_redirect(r: Recorder) -> Recorder:
    opened(r).login(leads="/login?error=1", cookies="pre=aaaaaaaabbbbbbbb")
    return r.add("/login?error=1", body=form("帳號或密碼錯誤"), cookies="pre=aaaaaaaabbbbbbbb")


def wrong_password_by_script(r: Recorder) -> Recorder:
    return opened(r).login(
        401, '{"error": {"message": "Incorrect username or password"}}', url="/api/login", kind="xhr", media=JSON,
        fields='{"login": {"user": "alice", "password": "hunter2hunter2"}}',
    )  # fmt: skip


def refused_by_script(r: Recorder) -> Recorder:
    body = '{"code": "FA_INVALID", "success": false, "msg": "账号或密码错误"}'
    return opened(r).login(200, body, url="/api/login", kind="xhr", media=JSON)


def refused_by_a_script_of_the_page(r: Recorder) -> Recorder:
    """The page says nothing itself; its script will show the error that its data names."""
    data = '{"sErrorCode":"50126","strServiceExceptionMessage":"AADSTS50126: Error validating credentials.","sFT":"x"}'
    return opened(r).login(200, f"<title>Sign in</title><script>$Config={data};</script>", cookies="pre=a")


def refused_with_a_fault(r: Recorder) -> Recorder:
    """SOAP 1.2 tells whatever went wrong with status 500."""
    body = "<Fault><Reason><Text>authentication failed for [alice]</Text></Reason></Fault>"
    sent = "<AuthRequest><account>alice</account><password>hunter2hunter2</password></AuthRequest>"
    return opened(r).login(500, body, url="/soap/", kind="xhr", media="text/xml", fields=sent)


def locked_by_a_name(r: Recorder) -> Recorder:
    return opened(r).login(200, '{"status": "LOCKED_OUT"}', url="/api/login", kind="xhr", media=JSON)


def locked(r: Recorder) -> Recorder:
    return opened(r).login(200, form("Your account has been locked."), cookies="pre=aaaaaaaabbbbbbbb")


def captcha(r: Recorder) -> Recorder:
    return opened(r).login(200, form("请输入验证码"), cookies="pre=aaaaaaaabbbbbbbb")


def label_is_no_message(r: Recorder) -> Recorder:
    """The page asks for a captcha with every form; only what is new is the message."""
    r.add("/login", body=form("请输入验证码"))
    return r.login(200, form("请输入验证码") + "<p>密码错误</p>")


def session_over(r: Recorder) -> Recorder:
    return opened(r).login(200, form("Your session has expired."), cookies="pre=aaaaaaaabbbbbbbb")


def server_error(r: Recorder) -> Recorder:
    return opened(r).login(500, "<h1>Internal Server Error</h1>")


def page_down(r: Recorder) -> Recorder:
    return r.add("/", 503, "<h1>Service Unavailable</h1>")


def limited(r: Recorder) -> Recorder:
    return opened(r).login(429, "{}", kind="xhr", media=JSON)


def posts_to_http(r: Recorder) -> Recorder:
    r.add("/login", body=form(action="http://mail.corp.example/login"))
    r.login(301, url="http://mail.corp.example/login", leads=SITE + "/login")
    return r.add("/login", body=FORM)


def blocked_call(r: Recorder) -> Recorder:
    return opened(r).login(0, url="/api/login", kind="xhr", response_error="net::ERR_BLOCKED_BY_CLIENT")


def blocked_script(r: Recorder) -> Recorder:
    return opened(r).add("/js/login.js", 0, kind="script", response_error="net::ERR_BLOCKED_BY_CLIENT")


def mixed_content(r: Recorder) -> Recorder:
    return opened(r).login(0, url="http://mail.corp.example/api/login", kind="xhr", sent={"Referer": SITE})


def forbidden_form(r: Recorder) -> Recorder:
    policy = {"Content-Security-Policy": "default-src 'self'; form-action 'self'"}
    return r.add("/login", body=form(action="https://sso.corp.example/login"), received=policy)


def not_shared(r: Recorder) -> Recorder:
    sent = {"Origin": SITE, "Sec-Fetch-Mode": "cors"}
    return opened(r).login(
        0, url="https://api.corp.example/login", kind="xhr", sent=sent, response_error="net::ERR_FAILED"
    )


def large_cookies(r: Recorder) -> Recorder:
    body = "<title>400 Request Header Or Cookie Too Large</title>"
    return r.add("/login", 400, body, cookies="; ".join(f"c{n}={'x' * 900}" for n in range(10)))


def no_such_host(r: Recorder) -> Recorder:
    return r.add("/login", 0, response_error="net::ERR_NAME_NOT_RESOLVED")


def clock_off(r: Recorder) -> Recorder:
    r.ahead = timedelta(hours=-3)
    return opened(r).login(200, form("Your session has expired."), cookies="pre=aaaaaaaabbbbbbbb")


def stale_page(r: Recorder) -> Recorder:
    r.add("/login", body=FORM, _fromCache="disk")
    return r.login(419, "<p>Page Expired</p>", cookies="sid=0123456789abcdef")


def stale_worker(r: Recorder) -> Recorder:
    return opened(r).login(503, "offline", url="/api/login", kind="xhr", response_fetchedViaServiceWorker=True)


BAD: dict[Make, tuple[str, set[str]]] = {
    circles: ("browser.cookies-blocked", {"web.redirect-loop"}),
    circles_with_cookies: ("web.redirect-loop", set()),
    circles_after_the_login: ("web.redirect-loop", set()),
    reloads: ("web.redirect-loop", set()),
    refused_cookie: ("browser.cookies-blocked", set()),
    secure_over_http: ("browser.cookies-blocked", set()),
    lost_cookie: ("browser.cookies-blocked", set()),
    lost_token_cookie: ("browser.cookies-blocked", {"web.session-expired"}),
    assertion_refused: ("web.login-page-down", set()),
    sent_back_to_sign_on: ("browser.cookies-blocked", set()),
    denied_at_once: ("browser.cookies-blocked", set()),
    wrong_password: ("credentials.rejected", set()),
    wrong_password_in_chinese: ("credentials.rejected", set()),
    wrong_password_after_redirect: ("credentials.rejected", set()),
    wrong_password_by_script: ("credentials.rejected", set()),
    refused_by_script: ("credentials.rejected", set()),
    refused_by_a_script_of_the_page: ("credentials.rejected", set()),
    refused_with_a_fault: ("credentials.rejected", set()),
    locked_by_a_name: ("lockout.account-locked", set()),
    locked: ("lockout.account-locked", set()),
    captcha: ("web.captcha-required", set()),
    label_is_no_message: ("credentials.rejected", set()),
    session_over: ("web.session-expired", set()),
    server_error: ("web.login-page-down", set()),
    page_down: ("web.login-page-down", set()),
    limited: ("lockout.rate-limited", set()),
    posts_to_http: ("web.redirect-loop", set()),
    blocked_call: ("browser.blocked-from-browser", set()),
    blocked_script: ("browser.blocked-from-browser", set()),
    mixed_content: ("browser.blocked-from-browser", set()),
    forbidden_form: ("web.login-page-down", set()),
    not_shared: ("web.login-page-down", set()),
    large_cookies: ("browser.stale-cookies", set()),
    no_such_host: ("dns.host-missing", set()),
    clock_off: ("network.clock-skew", {"web.session-expired"}),
    stale_page: ("browser.stale-cache", set()),
    stale_worker: ("browser.stale-cache", {"web.login-page-down"}),
}
"""The root cause of each, and what else may be confirmed or likely."""


def sure(report: Any) -> list[str]:
    return [cause["id"] for cause in report["verdict"]["causes"] if cause["certainty"] != "possible"]


@pytest.mark.parametrize("shape", ["chromium", "firefox"])
@pytest.mark.parametrize("make", GOOD, ids=lambda make: make.__name__)
def test_a_good_login_is_healthy(command: CommandLine, tmp_path: Path, make: Make, shape: str) -> None:
    file = make(Recorder(shape)).save(tmp_path / "login.har")
    done = command("har", str(file), "--format", "json")

    assert (done.code, done.json["verdict"]["causes"]) == (0, [])


@pytest.mark.parametrize("shape", ["chromium", "firefox"])
@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_a_failed_login_has_its_cause(command: CommandLine, tmp_path: Path, make: Make, shape: str) -> None:
    """The same before and after the secrets are taken out."""
    root, others = BAD[make]
    file, clean = make(Recorder(shape)).save(tmp_path / "login.har"), tmp_path / "clean.har"
    done = command("har", str(file), "--format", "json", "--sanitize", str(clean))
    again = command("har", str(clean), "--format", "json")

    assert (done.code, sure(done.json)[:1]) == (1, [root])
    assert set(sure(done.json)) <= {root, *others}
    assert again.json["verdict"] == done.json["verdict"]
    assert "request " in done.json["verdict"]["causes"][0]["evidence"][0]["text"] or root == "network.clock-skew"
    assert not {"hunter2hunter2", "0123456789abcdef"} & set(json.dumps(json.loads(clean.read_text())).split('"'))


def no_login(r: Recorder) -> Recorder:
    return opened(r)


def silent(r: Recorder) -> Recorder:
    """Asked again, and nothing tells why."""
    return opened(r).login(200, FORM, cookies="pre=aaaaaaaabbbbbbbb")


def unfinished(r: Recorder) -> Recorder:
    return opened(r).login(leads="/inbox", cookies="pre=aaaaaaaabbbbbbbb", sets=SESSION)


def no_answer(r: Recorder) -> Recorder:
    return opened(r).login(0, cookies="pre=aaaaaaaabbbbbbbb")


def unknown_number(r: Recorder) -> Recorder:
    """An answer that complains of nothing is not yet a mailbox."""
    opened(r).login(200, '{"code": 1001}', url="/api/login", kind="xhr", media=JSON)
    return r.add("/api/visits", 204, method="POST", kind="xhr")


def led_to_a_login_page_without_words(r: Recorder) -> Recorder:
    r.add("/auth/logon.aspx", 200).login(leads="/auth/logon.aspx?reason=0")
    return r.add("/auth/logon.aspx?reason=0", 200)


UNEXPLAINED = (no_login, silent, unfinished, no_answer, unknown_number, led_to_a_login_page_without_words)


@pytest.mark.parametrize("make", UNEXPLAINED, ids=lambda make: make.__name__)
def test_what_does_not_explain_itself_is_inconclusive(command: CommandLine, tmp_path: Path, make: Make) -> None:
    done = command("har", str(make(Recorder()).save(tmp_path / "login.har")), "--format", "json")

    assert (done.code, sure(done.json)) == (3, [])
    assert done.json["verdict"]["unchecked"]
