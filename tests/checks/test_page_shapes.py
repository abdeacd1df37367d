"""What a page holds, as a person sees it before its scripts run; gates and pages in place of a login page."""

from __future__ import annotations

from typing import Any

import pytest

from checks.web.html import MOST_TAGS, read_page
from checks.web.web import CHECK, MOST_REFRESHES, WebFacts, judge_web
from diagnose.har.bot_check import bot_check
from diagnose.lab.listener import Listener
from diagnose.model import Inputs
from tests.checks.test_web import GIVEN, answering, visited
from tests.support.build import service

WEB = service("webmail", 443)
FORM = "<form><input name=user><input type=password></form>"


def seen(body: str) -> str:
    return read_page(body.encode()).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div style='display:none'>Cookies are off</div>Welcome", "Welcome"),
        ("<div style='color: red; visibility : hidden'>Session expired</div>Welcome", "Welcome"),
        ("<div hidden><div>An error</div> occurred</div>Welcome", "Welcome"),
        ("<p hidden>An error<p>Welcome", "Welcome"),
        ("<div><span class='alert d-none'>Locked</div>Welcome", "Welcome"),
        ("<div hidden><br>Gone<img src=a></div>Welcome", "Welcome"),
        ("<div style='display:block' class='hidden-scrollbar'>Shown</div>", "Shown"),
        ("<body style='display:none'>Maintenance</body>", "Maintenance"),
        ("</div></p>Welcome<template>later</template>", "Welcome"),
    ],
)
def test_what_waits_for_a_script_is_not_seen(body: str, text: str) -> None:
    """Login pages carry all their messages; those of a body that is hidden until the scripts run are the page's own."""
    assert seen(body) == text


def test_ends_without_a_beginning_close_nothing() -> None:
    deep = MOST_TAGS // 2

    assert seen("<div>" * (deep - 1) + "<div hidden>" + "</p>" * deep + "Welcome") == ""
    assert seen("<div>" * deep + "</p>" * deep + "Welcome") == "Welcome"


@pytest.mark.parametrize(
    ("body", "forms"),
    [
        ("<form role=search><input name=term></form>", 0),
        ("<form><input type=search name=find></form>", 0),
        ("<form action=/><input type=hidden name=lang><input name=q></form>", 0),
        ("<form><input name=user></form>", 1),
        ("<form><input name=quota></form><form><input name=s></form>", 1),
        ("<input type=search>" + FORM, 1),
    ],
)
def test_a_form_to_search_the_site_is_none_to_log_in(body: str, forms: int) -> None:
    assert read_page(body.encode()).forms == forms


def causes(facts: WebFacts, inputs: Inputs = GIVEN) -> list[tuple[str, str]]:
    return [(finding.cause, finding.certainty) for finding in judge_web(facts, inputs, WEB)]


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("503 Service Unavailable\r\ncf-mitigated: challenge", "<title>Just a moment...</title>"),
        ("403 Forbidden\r\nCF-Mitigated: Challenge", ""),
        ("202 Accepted\r\nx-amzn-waf-action: challenge", "<script src=challenge.js></script>"),
        ("405 Method Not Allowed\r\nx-amzn-waf-action: captcha", ""),
        ("429 Too Many Requests\r\nx-vercel-mitigated: challenge", "<title>Vercel Security Checkpoint</title>"),
        ("403 Forbidden", '<p>Press &amp; Hold</p><div id="px-captcha"></div>'),
    ],
)
def test_a_check_for_programs_says_nothing_of_the_page_behind_it(head: str, body: str) -> None:
    """It is neither down nor there: people may pass, and a program does not see."""
    with Listener(answering(head, body), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    found = list(judge_web(facts, GIVEN, target))
    assert [(one.cause, one.certainty) for one in found] == [("web.captcha-required", "possible")]
    assert CHECK.untold is not None
    assert CHECK.untold(facts) is not None
    assert CHECK.shows(facts, GIVEN, target) == {}


@pytest.mark.usefixtures("without_pause")
@pytest.mark.parametrize(
    ("head", "body", "cause"),
    [
        ("503 Service Unavailable\r\nServer: cloudflare", "<title>Maintenance</title>", "web.login-page-down"),
        ("503 Service Unavailable\r\ncf-mitigated: none", "", "web.login-page-down"),
        ("200 OK\r\ncf-mitigated: challenge", FORM, None),
    ],
)
def test_a_gate_that_lets_pass_or_fails_is_no_check(head: str, body: str, cause: str | None) -> None:
    with Listener(answering(head, body), "127.0.0.1") as listener:
        facts, target = visited(listener.port)

    assert [one.cause for one in judge_web(facts, GIVEN, target)] == ([cause] if cause else [])


def test_a_page_may_name_the_gate_that_it_stands_behind() -> None:
    """A policy that admits its scripts is no check, nor is the script that watches pages."""
    headers = {"content-security-policy": "script-src https://challenges.cloudflare.com https://hcaptcha.com"}

    assert bot_check(headers.get, "<script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script>") is None


def page(body: str, status: int = 200) -> WebFacts:
    with Listener(answering(f"{status} Status", body), "127.0.0.1") as listener:
        return visited(listener.port)[0]


COOKIES = "<p>Cookies are required. Your browser settings have cookies disabled.</p>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (COOKIES + "<div id=app></div><script src=app.js></script>", "possible"),
        ("<p>Please enable JavaScript.</p><div id=app></div><script src=app.js></script>", "possible"),
        (COOKIES, "likely"),
    ],
)
def test_a_page_whose_scripts_have_not_run_may_take_back_what_it_says_of_the_browser(body: str, found: str) -> None:
    told = causes(page(body))

    assert {certainty for cause, certainty in told if cause.startswith("browser.") and certainty != "possible"} == (
        {found} - {"possible"}
    )
    assert any(cause.startswith("browser.") for cause, _ in told)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (
            403,
            "Access denied. Webmail may only be used from the company network. Your IP address is not allowed.",
            "settings.address-policy",
        ),
        (200, "The licence of this mail service has expired.", "activation.service-expired"),
        (400, "400 Bad Request</h1><h1>No required SSL certificate was sent", "settings.device-policy"),
    ],
)
def test_a_page_in_place_of_a_form_names_the_rule_or_the_end_of_the_service(status: int, body: str, cause: str) -> None:
    assert (cause, "likely") in causes(page(f"<h1>{body}</h1>", status))
    assert cause not in dict(causes(page(f"<h1>{body}</h1>{FORM}")))


@pytest.mark.parametrize(
    "body",
    [
        "<title>Account Suspended</title><p>This account has been suspended. Contact your hosting provider.",
        "<h1>This website has been suspended</h1><p>by the hosting provider because of an unpaid invoice.",
        "<title>Caddy works!</title><p>Congratulations",
        "<title>Default Web Site Page</title><p>The IP address has changed. The session expired.",
    ],
)
def test_a_page_of_the_hoster_is_no_login_page_whatever_else_it_says(body: str) -> None:
    told = causes(page(body))

    assert told[0] == ("web.login-page-changed", "confirmed")
    assert all(certainty == "possible" for _, certainty in told[1:])


@pytest.mark.parametrize("body", [FORM + "Never share your password: accounts suspended for that stay suspended."])
def test_a_login_page_may_speak_of_suspended_accounts(body: str) -> None:
    assert not any(certainty != "possible" for _, certainty in causes(page(body)))


@pytest.mark.parametrize(
    "body",
    [
        "<a href=sso>Sign in with your company account</a><a>Too many wrong passwords: your account is locked</a>",
        "<h1>Sign in</h1><p>We blocked a sign-in from an unusual place. Was it you?</p><a href=saml>Go on</a>",
        "<h1>Sign in</h1><p>One more wrong password and your account will be locked.</p><a href=oidc>Go on</a>",
    ],
)
def test_a_page_that_nobody_has_given_a_name_on_locks_nobody_out(body: str) -> None:
    """What leads to single sign-on has no form, and its help tells of every fault there is."""
    assert all(certainty == "possible" for _, certainty in causes(page(body)))


def paths(pages: dict[str, str]) -> Any:
    """A server of *pages*; what it does not have is its 404."""

    def answers(connection: Any, *_: Any) -> None:
        path = connection.recv(4096).split(b" ")[1].decode()
        status, body = ("200 OK", pages[path]) if path in pages else ("404 Not Found", "")
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    return answers


@pytest.mark.parametrize(
    "start",
    [
        '<meta http-equiv="refresh" content="0; url=/mail/">',
        "<META HTTP-EQUIV=Refresh CONTENT='3;URL=\"mail/\"'>You are taken to the webmail.",
        "<frameset rows=100%,*><frame src=mail/></frameset>",
        "<meta http-equiv=refresh content='0;/again'>",
    ],
)
def test_a_page_that_leads_on_by_itself_is_judged_by_where_it_leads(start: str) -> None:
    further = {"/again": '<meta http-equiv="refresh" content="1,url=/mail/">', "/mail/": FORM}
    with Listener(paths({"/": start, **further}), "127.0.0.1") as listener:
        facts, target = visited(listener.port)
    with Listener(paths({"/": start}), "127.0.0.1") as listener:
        gone, _ = visited(listener.port)

    assert list(judge_web(facts, GIVEN, target)) == []
    assert [(one.cause, one.certainty) for one in judge_web(gone, GIVEN, target)] == [
        ("web.login-page-changed", "confirmed")
    ]


@pytest.mark.parametrize(
    "start",
    [
        "<meta http-equiv=refresh content=60>",
        "<meta http-equiv=refresh content='300; url=/late'>",
        "<noscript><meta http-equiv=refresh content='0; url=/without-scripts'></noscript>",
        "<meta http-equiv=refresh content='0; url=/'>",
        "<meta http-equiv=refresh content='0; url=mailto:help@corp.example'>",
        "<meta http-equiv=refresh content='0; url=https://[::1/'>",
    ],
)
def test_a_page_that_stays_is_judged_itself(start: str) -> None:
    with Listener(paths({"/": start + "<p>Welcome"}), "127.0.0.1") as listener:
        facts, _ = visited(listener.port)

    assert len(facts.hops) == 1
    assert facts.page is not None
    assert facts.page.text == "Welcome"


def test_pages_that_lead_on_and_on_are_followed_a_few_times() -> None:
    pages = {f"/{'a' * n}": f"<meta http-equiv=refresh content='0; url=/{'a' * (n + 1)}'>" for n in range(50)}
    with Listener(paths(pages), "127.0.0.1") as listener:
        facts, _ = visited(listener.port)

    assert len(facts.hops) == 1 + MOST_REFRESHES


@pytest.mark.parametrize(("body", "certainty"), [(FORM, "possible"), ("<p>Not Found", "confirmed")])
def test_a_form_in_a_page_that_says_it_is_not_there_may_do(body: str, certainty: str) -> None:
    assert ("web.login-page-changed", certainty) in causes(page(body, 404))


@pytest.mark.parametrize(
    "body",
    [
        "",
        " \n",
        "<!doctype html><html><head><title>Webmail</title><link rel=icon href=/i></head><body></body></html>",
        "<html><meta charset=utf-8><style>body { color: red }</style><body>  <!-- nothing --> </body>",
    ],
)
def test_on_an_empty_page_nobody_can_log_in(body: str) -> None:
    assert causes(page(body)) == [("web.login-page-changed", "likely")]


@pytest.mark.parametrize(
    "body",
    [
        "<body><script src=app.js></script></body>",
        "<body><iframe src=/mail></iframe></body>",
        "<body><a href=/owa><img src=logo.png></a></body>",
    ],
)
def test_a_page_that_holds_what_leads_on_may_do_so(body: str) -> None:
    assert causes(page(body)) == [("web.login-page-changed", "possible")]


def test_an_empty_page_at_a_guessed_name_is_nothing() -> None:
    assert list(judge_web(page(""), GIVEN, service("webmail", 443, source="guess"))) == []
